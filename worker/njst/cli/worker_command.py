"""`njst worker`: one member of the mesh, with its HTTP API."""

import asyncio
import inspect
import signal
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from njst.agent.worker import Worker, WorkerSettings, open_worker
from njst.api.access.guarded import guarded
from njst.api.app import create_app
from njst.api.metrics.worker_metrics import WorkerMetrics
from njst.api.server import serve
from njst.api.services import Services
from njst.api.startup_gate import StartupGate
from njst.cli.cli_errors import CliError
from njst.cli.exit_codes import ExitCode
from njst.cli.http.http_options import HttpSettings, split_list, with_http
from njst.cli.shared_options import Command, expanded
from njst.contract.names.mesh import is_mesh
from njst.journal import log_lines
from njst.journal.interfaces import JournalUnavailableError
from njst.journal.log_lines import LogFormat, LogLevel
from njst.journal.startup_retry import StartupRetry
from njst.login.control_options import OPTIONS, Option, control_connection
from njst.login.login_errors import LoginError
from njst.login.nats_context import DEFAULT_FOLDER


@dataclass(frozen=True)
class WaitLimits:
    """How many seconds to wait for a control NATS at startup and for running jobs at the end."""

    start_s: float
    drain_s: float


async def run_worker(
    settings: Callable[[], WorkerSettings], http: HttpSettings, limits: WaitLimits
) -> None:
    """Serve until SIGTERM or SIGINT.

    Args:
        settings: read again for each attempt to join, since a file may appear late or be corrected.
        http: where to listen, and for whom; the API answers before the worker has joined.
        limits: how long to wait.

    Raises:
        JournalUnavailableError: the control NATS cannot be used for a job log.
        CliError: the options of the control connection are invalid.
        OSError: the HTTP address is in use.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    gate = StartupGate()
    waiting = StartupRetry(limits.start_s, gate.wait_for, stop.is_set)
    app = guarded(gate, http.access)
    async with serve(app, http.host, http.port, http.tls) as url, AsyncExitStack() as stack:
        node = await waiting.until_made(
            lambda: stack.enter_async_context(open_worker(settings())),
            *(JournalUnavailableError, CliError),
        )
        gate.open(create_app(_services(node)))
        servers = ", ".join(node.client.connection.servers)
        print(
            f"njst worker {node.me.worker} serves {url} (mesh {node.mesh}, NATS {servers})",
            flush=True,
        )
        await stop.wait()
        if limits.drain_s:
            await node.drain(limits.drain_s)


def _services(node: Worker) -> Services:
    return Services(
        mesh=str(node.mesh),
        jobs=node.jobs,
        experiments=node.experiments,
        baselines=node.baselines,
        courses=node.courses,
        members=node.members,
        metrics=WorkerMetrics.of(node.me.worker, node.job_store, node.clock.now_ns),
        me=node.describe,
        log_now_ns=node.clock.now_ns,
        ready=node.not_ready,
        remove_streams=node.remove_streams,
        target_at=node.target_at,
    )


def with_control(command: Command) -> Command:
    """Give a command the options of the control connection, in its parameter `control`.

    That is a mapping from the keys of OPTIONS to their values; "" means not given.
    """

    def call(**given: Any) -> None:
        control: Mapping[str, str] = {option.key: given.pop(option.key) for option in OPTIONS}
        command(control=control, **given)

    return expanded(command, "control", [_parameter(option) for option in OPTIONS], call)


def _parameter(option: Option) -> inspect.Parameter:
    shown = typer.Option(
        *option.flags,
        envvar=list(option.variables),
        help=option.help,
        rich_help_panel="Control NATS",
    )
    return inspect.Parameter(
        option.key, inspect.Parameter.KEYWORD_ONLY, default="", annotation=Annotated[str, shown]
    )


@with_control
@with_http
def worker(
    control: Mapping[str, str],
    http: HttpSettings,
    mesh: Annotated[str, typer.Option(envvar="NJST_MESH", help="Mesh name.")] = "default",
    name: Annotated[
        str, typer.Option(envvar="NJST_NAME", help="Worker name (default: host name).")
    ] = "",
    zone: Annotated[
        str,
        typer.Option(envvar="NJST_ZONE", help="Zone label, shown in reports and `njst cluster`."),
    ] = "",
    label: Annotated[
        str,
        typer.Option(
            envvar="NJST_LABELS",
            help="Labels that spec.workerSelector matches: key=value, comma separated.",
        ),
    ] = "",
    contexts: Annotated[
        Path,
        typer.Option(
            envvar="NJST_CONTEXTS", help="Folder of the NATS contexts that targets may name."
        ),
    ] = DEFAULT_FOLDER,
    allow_target: Annotated[
        str,
        typer.Option(
            envvar="NJST_ALLOW_TARGETS",
            help="Servers that spec.target.servers may name: host:port with * as a wildcard, comma"
            " separated. The control NATS is always allowed.",
        ),
    ] = "",
    payloads: Annotated[
        Path,
        typer.Option(envvar="NJST_PAYLOADS", help="Folder of the files that payloads may use."),
    ] = Path("~/.config/njst/payloads"),
    processes: Annotated[
        int,
        typer.Option(
            envvar="NJST_PROCESSES", min=0, help="Number of load processes; 0: one per core."
        ),
    ] = 0,
    log_replicas: Annotated[
        int,
        typer.Option(
            envvar="NJST_LOG_REPLICAS",
            min=0,
            max=5,
            help="Replicas of the job log; 0: as many as the cluster allows, up to 3.",
        ),
    ] = 0,
    expect_workers: Annotated[
        int,
        typer.Option(
            envvar="NJST_EXPECT_WORKERS",
            min=0,
            help="Expected number of workers; a job that gets fewer reports it.",
        ),
    ] = 0,
    wait_seconds: Annotated[
        float,
        typer.Option(
            envvar="NJST_WAIT_SECONDS",
            min=0,
            help="How long to wait for a usable control NATS at startup, in seconds.",
        ),
    ] = 0,
    drain_seconds: Annotated[
        float,
        typer.Option(
            envvar="NJST_DRAIN_SECONDS",
            min=0,
            help="How long to wait for running jobs to end after SIGTERM, in seconds; new jobs are"
            " refused.",
        ),
    ] = 0,
    log_format: Annotated[
        LogFormat, typer.Option(envvar="NJST_LOG_FORMAT", help="Form of the log lines.")
    ] = LogFormat.TEXT,
    log_level: Annotated[
        LogLevel, typer.Option(envvar="NJST_LOG_LEVEL", help="Least level that is logged.")
    ] = LogLevel.INFO,
) -> None:
    """Run one worker of the mesh."""
    log_lines.set_up(mesh, log_format, log_level)
    if not is_mesh(mesh):
        raise typer.BadParameter(
            "must be 1 to 32 lower-case letters, digits or inner dashes", param_hint="--mesh"
        )
    labels = _labels(label)

    def settings() -> WorkerSettings:
        try:
            connection = control_connection(control, name="njst-worker", contexts=contexts)
        except LoginError as error:
            raise CliError(f"control NATS: {error}", ExitCode.USAGE) from error
        return WorkerSettings(
            control=connection,
            mesh=mesh,
            name=name,
            zone=zone,
            labels=labels,
            contexts=contexts,
            allow_targets=split_list(allow_target),
            payloads=payloads,
            processes=processes,
            log_replicas=log_replicas,
            expect_workers=expect_workers,
        )

    try:
        asyncio.run(run_worker(settings, http, WaitLimits(wait_seconds, drain_seconds)))
    except (JournalUnavailableError, OSError) as error:
        raise CliError(str(error)) from error


def _labels(text: str) -> dict[str, str]:
    labels = [part.partition("=") for part in split_list(text)]
    if any(not key or not equals for key, equals, _ in labels):
        raise typer.BadParameter("must be key=value, comma separated", param_hint="--label")
    return {key: value for key, _, value in labels}
