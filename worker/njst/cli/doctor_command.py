"""`njst doctor`: is this installation fit to measure, and if not, what is to be done?"""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from njst.cli.cli_errors import CliError
from njst.cli.exit_codes import ExitCode
from njst.cli.http.http_options import split_list
from njst.cli.output import Output, OutputOption, show
from njst.cli.worker_command import with_control
from njst.contract.connection import Connection
from njst.contract.names.mesh import Mesh, is_mesh
from njst.doctor.check_control import check_control
from njst.doctor.check_host import check_host
from njst.doctor.check_mesh import check_mesh
from njst.doctor.check_targets import check_targets, context_files
from njst.doctor.finding import Finding, Level
from njst.login.control_options import control_connection
from njst.login.login_errors import LoginError
from njst.login.nats_context import DEFAULT_FOLDER

_MARKS = {Level.OK: "ok", Level.WARNING: "warning", Level.FAILED: "FAILED"}


@with_control
def doctor(
    control: Mapping[str, str],
    mesh: Annotated[str, typer.Option(envvar="NJST_MESH", help="Mesh name.")] = "default",
    contexts: Annotated[
        Path,
        typer.Option(
            envvar="NJST_CONTEXTS", help="Folder of the NATS contexts that targets may name."
        ),
    ] = DEFAULT_FOLDER,
    allow_target: Annotated[
        str, typer.Option(envvar="NJST_ALLOW_TARGETS", help="As of `njst worker`.")
    ] = "",
    output: OutputOption = Output.TABLE,
) -> None:
    """Check this host, the control NATS, the mesh and the targets; nothing is changed.

    It takes the options and variables of `njst worker`. The exit code is 1 if a check failed.
    """
    if not is_mesh(mesh):
        raise typer.BadParameter(
            "must be 1 to 32 lower-case letters, digits or inner dashes", param_hint="--mesh"
        )
    try:
        connection = control_connection(control, name="njst-doctor", contexts=contexts)
    except LoginError as error:
        raise CliError(f"control NATS: {error}", ExitCode.USAGE) from error
    allowed = split_list(allow_target)
    findings = asyncio.run(_examine(connection, Mesh(mesh), context_files(contexts), allowed))
    document = {"findings": [finding.model_dump(mode="json") for finding in findings]}
    show(document, output, lambda: "\n".join(_lines(findings)))
    if any(finding.level is Level.FAILED for finding in findings):
        raise typer.Exit(ExitCode.ERROR)


async def _examine(
    connection: Connection, mesh: Mesh, contexts: list[Path], allowed: tuple[str, ...]
) -> list[Finding]:
    found = check_host() + await check_control(connection, mesh)
    if not any(finding.level is Level.FAILED for finding in found):
        found += await check_mesh(connection, mesh)
    return found + await check_targets(contexts, allowed)


def _lines(findings: list[Finding]) -> list[str]:
    lines = []
    for finding in findings:
        lines.append(f"{_MARKS[finding.level]:8} {finding.subject}: {finding.message}")
        if finding.advice:
            lines.append(f"{'':8} -> {finding.advice}")
    counts = [sum(finding.level is level for finding in findings) for level in Level]
    lines.append("{} ok, {} warnings, {} failed".format(*counts))
    return lines
