"""The commands for jobs and workers: through any worker, or straight to the control NATS."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from njst.cli.api_client import ApiClient
from njst.cli.cli_errors import CliError
from njst.cli.exit_codes import ExitCode, of_verdict
from njst.cli.follow_job import ENDED, follow, progress_line
from njst.cli.output import Output, OutputOption, show
from njst.contract.results.report import Report
from njst.report.terminal import render, table

DEFAULT_API = "http://127.0.0.1:5000"
CANCEL_S = 60.0

ApiUrl = Annotated[
    str,
    typer.Option(
        "--api", envvar="NJST_API", help="Any worker's address; several, comma separated."
    ),
]
Nats = Annotated[str, typer.Option("--nats", "-s", help="Control NATS to go to without a worker.")]
Context = Annotated[str, typer.Option("--context", help="NATS context of the control NATS.")]
MeshName = Annotated[str, typer.Option("--mesh", envvar="NJST_MESH", help="With --nats: its name.")]
JobFile = Annotated[
    str, typer.Argument(help="An NjstJob or a bare spec, YAML or JSON; - is stdin.")
]
JobId = Annotated[str, typer.Argument(help="A job's id.")]
Key = Annotated[str | None, typer.Option(help="Submitting again is the same job.")]
Wait = Annotated[
    bool,
    typer.Option("--wait", help="Too few workers: wait for more, up to queueTimeoutSeconds."),
]
Timeout = Annotated[float, typer.Option("--timeout", help="Seconds to wait.")]


def say(text: str) -> None:
    """Print for the person who waits; never part of a result."""
    print(text, file=sys.stderr, flush=True)


def read(file: str) -> bytes:
    """Return a file, or stdin.

    Raises:
        ApiError: it cannot be read.
    """
    if file == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise CliError(f"{file}: {error.strerror}", ExitCode.USAGE) from error


@contextmanager
def _door(api: str, nats: str, context: str, mesh: str) -> Iterator[ApiClient]:
    """Yield the API of a worker, or one of this process's own."""
    if not (nats or context):
        with ApiClient(api) as door:
            yield door
        return
    from njst.cli.embedded_api import embedded_api  # noqa: PLC0415
    from njst.contract.names.mesh import is_mesh  # noqa: PLC0415
    from njst.login.control_options import OPTIONS, control_connection, from_environment  # noqa: PLC0415
    from njst.login.login_errors import LoginError  # noqa: PLC0415

    if not is_mesh(mesh):
        raise CliError(f"--mesh {mesh!r} is no name of a mesh", ExitCode.USAGE)
    given = {option.key: from_environment(option) for option in OPTIONS}
    given |= {"url": nats, "context": context}
    try:
        connection = control_connection(given, name="njst-cli")
    except LoginError as error:
        raise CliError(f"control NATS: {error}", ExitCode.USAGE) from error
    with embedded_api(connection, mesh) as url, ApiClient(url) as door:
        yield door


def run(
    file: JobFile,
    api: ApiUrl = DEFAULT_API,
    nats: Nats = "",
    context: Context = "",
    mesh: MeshName = "default",
    key: Key = None,
    detach: Annotated[bool, typer.Option("--detach", help="Print the id, do not wait.")] = False,
    wait: Wait = False,
    timeout_s: Timeout = 86_400.0,
    output: OutputOption = Output.TABLE,
) -> None:
    """Submit a job, follow it, and print its report; the exit code is the verdict."""
    with _door(api, nats, context, mesh) as door:
        shown = door.submit(read(file), key, wait=wait)
        _go_on(door, shown, None if detach else timeout_s, output)


def submit(
    file: JobFile,
    api: ApiUrl = DEFAULT_API,
    nats: Nats = "",
    context: Context = "",
    mesh: MeshName = "default",
    key: Key = None,
    watch_it: Annotated[bool, typer.Option("--watch", help="Follow it, as run does.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only have it checked.")] = False,
    wait: Wait = False,
    timeout_s: Timeout = 86_400.0,
    output: OutputOption = Output.TABLE,
) -> None:
    """Submit a job and print its id."""
    with _door(api, nats, context, mesh) as door:
        document = read(file)
        if dry_run:
            checked = door.submit(document, key, dry_run=True)
            show(checked, output, lambda: "valid")
            return
        shown = door.submit(document, key, wait=wait)
        _go_on(door, shown, timeout_s if watch_it else None, output)


def watch(
    job: JobId,
    api: ApiUrl = DEFAULT_API,
    nats: Nats = "",
    context: Context = "",
    mesh: MeshName = "default",
    timeout_s: Timeout = 86_400.0,
    output: OutputOption = Output.TABLE,
) -> None:
    """Follow a job until it has ended, and print its report; the exit code is the verdict."""
    with _door(api, nats, context, mesh) as door:
        follow(door, job, say, timeout_s)
        raise typer.Exit(_print_report(door, job, output))


def list_jobs(
    api: ApiUrl = DEFAULT_API,
    nats: Nats = "",
    context: Context = "",
    mesh: MeshName = "default",
    phase: Annotated[str, typer.Option(help="Only those in this phase.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=500, help="So many, the newest.")] = 50,
    output: OutputOption = Output.TABLE,
) -> None:
    """List the newest jobs."""
    with _door(api, nats, context, mesh) as door:
        jobs = door.jobs(limit, phase)
        show(jobs, output, lambda: _table(_JOB_COLUMNS, map(_job_row, jobs)))


def get(
    job: JobId,
    api: ApiUrl = DEFAULT_API,
    nats: Nats = "",
    context: Context = "",
    mesh: MeshName = "default",
    output: OutputOption = Output.TABLE,
) -> None:
    """Print where a job is; once it has ended, its report."""
    with _door(api, nats, context, mesh) as door:
        document = door.job(job)
        if output is Output.TABLE and document["phase"] in ENDED:
            _print_report(door, job, output)
            return
        show(document, output, lambda: _standing(document))


def report(
    job: JobId,
    api: ApiUrl = DEFAULT_API,
    nats: Nats = "",
    context: Context = "",
    mesh: MeshName = "default",
    output: OutputOption = Output.TABLE,
) -> None:
    """Print the whole report of a job that has ended; the exit code is the verdict."""
    with _door(api, nats, context, mesh) as door:
        raise typer.Exit(_print_report(door, job, output))


def cancel(
    job: JobId,
    api: ApiUrl = DEFAULT_API,
    nats: Nats = "",
    context: Context = "",
    mesh: MeshName = "default",
    output: OutputOption = Output.TABLE,
) -> None:
    """Stop a job; what it measured is kept. One that is over stays as it is."""
    with _door(api, nats, context, mesh) as door:
        document = door.cancel(job)
        show(document, output, lambda: str(document["phase"]))


def cluster(
    api: ApiUrl = DEFAULT_API,
    nats: Nats = "",
    context: Context = "",
    mesh: MeshName = "default",
    output: OutputOption = Output.TABLE,
) -> None:
    """List the workers of the mesh."""
    with _door(api, nats, context, mesh) as door:
        members = door.cluster()
        show(members, output, lambda: _table(_MEMBER_COLUMNS, map(_member_row, members)))


def _go_on(door: ApiClient, shown: dict[str, Any], timeout_s: float | None, output: Output) -> None:
    """Follow a job that was submitted for so long; None: not at all."""
    job = shown["id"]
    if timeout_s is None:
        show(shown, output, lambda: str(job))
        return
    say(f"job {job} for {len(shown['participants'])} workers")
    try:
        follow(door, job, say, timeout_s)
    except KeyboardInterrupt:
        say("cancelling; what was measured is kept")
        door.cancel(job)
        follow(door, job, say, CANCEL_S)
    raise typer.Exit(_print_report(door, job, output))


def _print_report(door: ApiClient, job: str, output: Output) -> ExitCode:
    document = door.report(job)
    ended = Report.model_validate(document)
    show(document, output, lambda: render(ended, door.job(job).get("name") or job))
    return of_verdict(ended.verdict, ended.reason)


def _standing(document: dict[str, Any]) -> str:
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
