"""The commands for jobs and workers."""

import math
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from njst.cli.api_client import ApiClient
from njst.cli.cli_errors import CliError
from njst.cli.exit_codes import ExitCode
from njst.cli.follow.follow_job import ENDED
from njst.cli.follow.interrupts import follow_other, follow_own
from njst.cli.follow.progress import ProgressMode, ProgressOption
from njst.cli.follow.progress_line import progress_line
from njst.cli.output import (
    Output,
    OutputOption,
    ReportOutput,
    ReportOutputOption,
    SaveOption,
    files_to_save,
    of_document,
    show,
)
from njst.cli.shared_options import with_client
from njst.report.text_table import table

JobFile = Annotated[
    str, typer.Argument(help="An NjstJob or a bare spec, in YAML or JSON; - reads stdin.")
]
JobId = Annotated[str, typer.Argument(help="Job ID.")]
Key = Annotated[
    str | None, typer.Option(help="Idempotency key; the same key again returns the same job.")
]
Wait = Annotated[
    bool,
    typer.Option(
        "--wait", help="If there are too few workers, wait for more, up to queueTimeoutSeconds."
    ),
]
Timeout = Annotated[
    float,
    typer.Option(
        "--timeout", help="How long to wait for the job to end, in seconds; inf: for ever."
    ),
]


def say(text: str) -> None:
    """Print a message for the user on stderr; stdout has results only."""
    print(text, file=sys.stderr, flush=True)


def read(file: str) -> bytes:
    """Return a file, or stdin.

    Raises:
        CliError: the file cannot be read.
    """
    if file == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise CliError(f"{file}: {error.strerror}", ExitCode.USAGE) from error


@with_client
def run(
    file: JobFile,
    client: ApiClient,
    key: Key = None,
    detach: Annotated[
        bool, typer.Option("--detach", help="Print the job ID and do not wait.")
    ] = False,
    wait: Wait = False,
    timeout_s: Timeout = math.inf,
    progress: ProgressOption = ProgressMode.AUTO,
    output: ReportOutputOption = ReportOutput.TABLE,
    save: SaveOption = None,
) -> None:
    """Submit a job, follow it and print its report; the exit code is the verdict."""
    files = files_to_save(save)
    if detach:
        of_document(output)
    shown = client.submit(read(file), key, wait=wait)
    _say_hints(shown)
    if detach:
        show(shown, of_document(output), lambda: str(shown["id"]))
        return
    _follow_submitted(client, shown, progress, timeout_s, output, files)


@with_client
def submit(
    file: JobFile,
    client: ApiClient,
    key: Key = None,
    watch_it: Annotated[bool, typer.Option("--watch", help="Follow the job, as run does.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only validate the job.")] = False,
    wait: Wait = False,
    timeout_s: Timeout = math.inf,
    progress: ProgressOption = ProgressMode.AUTO,
    output: ReportOutputOption = ReportOutput.TABLE,
) -> None:
    """Submit a job and print its ID."""
    document = read(file)
    if not watch_it:
        of_document(output)
    if dry_run:
        checked = client.submit(document, key, dry_run=True)
        _say_hints(checked)
        show(checked, of_document(output), lambda: "valid")
        return
    shown = client.submit(document, key, wait=wait)
    _say_hints(shown)
    if not watch_it:
        show(shown, of_document(output), lambda: str(shown["id"]))
        return
    _follow_submitted(client, shown, progress, timeout_s, output)


@with_client
def watch(
    job: JobId,
    client: ApiClient,
    timeout_s: Timeout = math.inf,
    progress: ProgressOption = ProgressMode.AUTO,
    output: ReportOutputOption = ReportOutput.TABLE,
    save: SaveOption = None,
) -> None:
    """Follow a job until it ends and print its report; the exit code is the verdict."""
    files = files_to_save(save)
    follow_other(client, job, progress, timeout_s)
    raise typer.Exit(_print_report(client, job, output, files=files))


@with_client
def list_jobs(
    client: ApiClient,
    phase: Annotated[str, typer.Option(help="Show only jobs in this phase.")] = "",
    limit: Annotated[
        int, typer.Option(min=1, max=500, help="Largest number of jobs to show.")
    ] = 50,
    output: OutputOption = Output.TABLE,
) -> None:
    """List the newest jobs."""
    jobs = client.jobs(limit, phase)
    show(jobs, output, lambda: _table(_JOB_COLUMNS, map(_job_row, jobs)))


@with_client
def get(
    job: JobId,
    client: ApiClient,
    output: OutputOption = Output.TABLE,
) -> None:
    """Print the state of a job, or its report once it has ended."""
    document = client.job(job)
    if output is Output.TABLE and document["phase"] in ENDED:
        _print_report(client, job, ReportOutput.TABLE)
        return
    show(document, output, lambda: _state_text(document))


@with_client
def report(
    job: JobId,
    client: ApiClient,
    output: ReportOutputOption = ReportOutput.TABLE,
    workload: Annotated[
        str, typer.Option(help="With -o csv and -o hgrm: only this workload.")
    ] = "",
    save: SaveOption = None,
) -> None:
    """Print the full report of a job that has ended; the exit code is the verdict."""
    raise typer.Exit(_print_report(client, job, output, workload, files_to_save(save)))


@with_client
def cancel(
    job: JobId,
    client: ApiClient,
    output: OutputOption = Output.TABLE,
) -> None:
    """Stop a job and keep what it measured; a job that has ended does not change."""
    document = client.cancel(job)
    show(document, output, lambda: str(document["phase"]))


@with_client
def cluster(
    client: ApiClient,
    output: OutputOption = Output.TABLE,
) -> None:
    """List the workers of the mesh."""
    members = client.cluster()
    show(members, output, lambda: _table(_MEMBER_COLUMNS, map(_member_row, members)))


def _say_hints(shown: dict[str, Any]) -> None:
    """Say what the spec may not mean as it was meant; an older worker knows of nothing."""
    for hint in shown.get("hints", []):
        say(f"hint: {hint}")


def _follow_submitted(
    client: ApiClient,
    shown: dict[str, Any],
    progress: ProgressMode,
    timeout_s: float,
    output: ReportOutput,
    files: Sequence[tuple[ReportOutput, Path]] = (),
) -> None:
    job = shown["id"]
    say(f"job {job} for {len(shown['participants'])} workers")
    follow_own(client, job, progress, timeout_s, meanwhile=_load_models)
    raise typer.Exit(_print_report(client, job, output, files=files))


def _load_models() -> None:
    """Load and build what a report needs: better while a job prepares than after its end."""
    from njst.cli.report_output import build_models  # noqa: PLC0415

    build_models()


def _print_report(
    client: ApiClient,
    job: str,
    output: ReportOutput,
    workload: str = "",
    files: Sequence[tuple[ReportOutput, Path]] = (),
) -> ExitCode:
    from njst.cli.report_output import print_report  # noqa: PLC0415 - loads all models of results

    return print_report(client, job, output, workload, files)


def _state_text(document: dict[str, Any]) -> str:
    why = document.get("message") or ""
    return progress_line(document) + (f"\n{document['reason']}: {why}" if why else "")


_JOB_COLUMNS = ["ID", "NAME", "PHASE", "WORKERS", "REASON", "CREATED"]


def _job_row(job: dict[str, Any]) -> list[str]:
    workers = job.get("workers", {}).get("summary", "")
    return [job["id"], job["name"], job["phase"], workers, job["reason"], job["createTime"]]


_MEMBER_COLUMNS = ["WORKER", "HOST", "ZONE", "VERSION", "CORES", "LOAD", "CLOCK ERROR", "JOB"]


def _member_row(member: dict[str, Any]) -> list[str]:
    return [
        member["worker"],
        member["host"],
        member.get("zone") or "-",
        member["version"],
        str(member["cores"]),
        f"{member.get('loadMillicores', 0) / 1000:.1f}",
        f"{member['clockErrorUs']} us",
        member.get("job", "") or "-",
    ]


def _table(columns: list[str], rows: Any) -> str:
    return "\n".join(table(columns, list(rows)))


COMMANDS: dict[str, Callable[..., None]] = {
    "run": run,
    "submit": submit,
    "watch": watch,
    "list": list_jobs,
    "get": get,
    "report": report,
    "cancel": cancel,
    "cluster": cluster,
}
