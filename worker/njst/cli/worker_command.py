"""`njst worker`: one member of the mesh, with its HTTP API."""

import asyncio
import signal
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from njst.agent.worker import Worker, WorkerSettings, open_worker
from njst.api.app import create_app
from njst.api.server import serve
from njst.api.services import Services
from njst.api.startup_gate import StartupGate
from njst.cli.cli_errors import CliError
from njst.cli.exit_codes import ExitCode
from njst.contract.names.mesh import is_mesh
from njst.journal import log_lines
from njst.journal.interfaces import JournalUnavailableError
from njst.journal.startup_retry import StartupRetry
from njst.login.control_options import BY_KEY, control_connection
from njst.login.login_errors import LoginError
from njst.login.nats_context import DEFAULT_FOLDER


@dataclass(frozen=True)
class HttpSettings:
    """Where the HTTP API listens; port 0 takes a free one."""

    host: str
    port: int


@dataclass(frozen=True)
class Patience:
    """For how long to wait for a control NATS at the start, and for own jobs at the end."""

    start_s: float
    drain_s: float


async def run_worker(
    settings: Callable[[], WorkerSettings], http: HttpSettings, patience: Patience
) -> None:
    """Serve until SIGTERM or SIGINT.

    Args:
        settings: read anew for each attempt to join: a file may come late, or be mended.
        http: answers from the first moment on.
        patience: how long to wait.

    Raises:
        JournalUnavailableError: the control NATS cannot carry a job log.
        ApiError: what is given for it is no login.
        OSError: the HTTP address is taken.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    door = StartupGate()
    waiting = StartupRetry(patience.start_s, door.wait_for, stop.is_set)
    async with serve(door, http.host, http.port) as url, AsyncExitStack() as stack:
        node = await waiting.until_made(
            lambda: stack.enter_async_context(open_worker(settings())),
            *(JournalUnavailableError, CliError),
        )
        door.open(create_app(_services(node)))
        servers = ", ".join(node.client.connection.servers)
        print(
            f"njst worker {node.me.worker} serves {url} (mesh {node.mesh}, NATS {servers})",
            flush=True,
        )
        await stop.wait()
        if patience.drain_s:
            await node.drain(patience.drain_s)


def _services(node: Worker) -> Services:
    return Services(
        mesh=str(node.mesh),
        jobs=node.jobs,
        members=node.members,
        me=node.describe,
        log_now_ns=node.clock.now_ns,
        ready=node.not_ready,
        remove_streams=node.remove_streams,
        target_at=node.target_at,
    )


def _nats(key: str) -> Any:
    """Return an option of the control connection, named as the nats CLI names it."""
    option = BY_KEY[key]
    return typer.Option(*option.flags, envvar=list(option.variables), help=option.help)


def worker(
    nats: Annotated[str, _nats("url")] = "",
    context: Annotated[str, _nats("context")] = "",
    http: Annotated[
        str,
        typer.Option(envvar="NJST_HTTP", help="Where the API listens; port 0 takes a free one."),
    ] = "127.0.0.1:5000",
    mesh: Annotated[str, typer.Option(envvar="NJST_MESH", help="Name of the mesh.")] = "default",
    name: Annotated[str, typer.Option(envvar="NJST_NAME", help="This worker's; the host's.")] = "",
    zone: Annotated[str, typer.Option(envvar="NJST_ZONE", help="Where it runs; shown.")] = "",
    label: Annotated[
        str,
        typer.Option(
            envvar="NJST_LABELS",
            help="Labels for spec.workerSelector: key=value, comma separated.",
        ),
    ] = "",
    user: Annotated[str, _nats("user")] = "",
    password: Annotated[str, _nats("password")] = "",
    token: Annotated[str, _nats("token")] = "",
    creds: Annotated[str, _nats("creds")] = "",
    nkey: Annotated[str, _nats("nkey")] = "",
    user_jwt: Annotated[str, _nats("user_jwt")] = "",
    user_seed: Annotated[str, _nats("user_seed")] = "",
    cert: Annotated[str, _nats("cert")] = "",
    key: Annotated[str, _nats("key")] = "",
    ca: Annotated[str, _nats("ca")] = "",
    tls_hostname: Annotated[str, _nats("tls_hostname")] = "",
    tls_first: Annotated[str, _nats("tls_first")] = "",
    jetstream_domain: Annotated[str, _nats("jetstream_domain")] = "",
    jetstream_api_prefix: Annotated[str, _nats("jetstream_api_prefix")] = "",
    inbox_prefix: Annotated[str, _nats("inbox_prefix")] = "",
    contexts: Annotated[
        Path, typer.Option(envvar="NJST_CONTEXTS", help="Folder of NATS contexts for targets.")
    ] = DEFAULT_FOLDER,
    allow_target: Annotated[
        str,
        typer.Option(
            envvar="NJST_ALLOW_TARGETS",
            help="Targets that spec.target.servers may name: host:port, * for any part, comma"
            " separated. The control NATS always may be.",
        ),
    ] = "",
    payloads: Annotated[
        Path, typer.Option(envvar="NJST_PAYLOADS", help="Folder of files that may be payloads.")
    ] = Path("~/.config/njst/payloads"),
    processes: Annotated[
        int, typer.Option(envvar="NJST_PROCESSES", min=0, help="Load processes; 0: one a core.")
    ] = 0,
    log_replicas: Annotated[
        int,
        typer.Option(
            envvar="NJST_LOG_REPLICAS",
            min=0,
            max=5,
            help="Copies of the job log; 0: as many as the cluster gives, up to 3.",
        ),
    ] = 0,
    expect_workers: Annotated[
        int,
        typer.Option(
            envvar="NJST_EXPECT_WORKERS",
            min=0,
            help="How many workers there should be; a job that got fewer says so.",
        ),
    ] = 0,
    wait_seconds: Annotated[
        float,
        typer.Option(
            envvar="NJST_WAIT_SECONDS",
            min=0,
            help="How long to wait at the start for a control NATS that can be used.",
        ),
    ] = 0,
    drain_seconds: Annotated[
        float,
        typer.Option(
            envvar="NJST_DRAIN_SECONDS",
            min=0,
            help="How long SIGTERM waits for the jobs of this worker to end; new ones it refuses.",
        ),
    ] = 0,
) -> None:
    """Run one worker of the mesh."""
    log_lines.set_up()
    host, _, port = http.rpartition(":")
    if not port.isdigit() or int(port) > 65_535:
        raise typer.BadParameter("must be host:port", param_hint="--http")
    if not is_mesh(mesh):
        raise typer.BadParameter(
            "must be 1 to 32 lower-case letters, digits or inner dashes", param_hint="--mesh"
        )
    given = {
        "url": nats,
        "context": context,
        "user": user,
        "password": password,
        "token": token,
        "creds": creds,
        "nkey": nkey,
        "user_jwt": user_jwt,
        "user_seed": user_seed,
        "cert": cert,
        "key": key,
        "ca": ca,
        "tls_hostname": tls_hostname,
        "tls_first": tls_first,
        "jetstream_domain": jetstream_domain,
        "jetstream_api_prefix": jetstream_api_prefix,
        "inbox_prefix": inbox_prefix,
    }
    labels = _labels(label)

    def settings() -> WorkerSettings:
        try:
            control = control_connection(given, name="njst-worker", contexts=contexts)
        except LoginError as error:
            raise CliError(f"control NATS: {error}", ExitCode.USAGE) from error
        return WorkerSettings(
            control=control,
            mesh=mesh,
            name=name,
            zone=zone,
            labels=labels,
            contexts=contexts,
            allow_targets=_split(allow_target),
            payloads=payloads,
            processes=processes,
            log_replicas=log_replicas,
            expect_workers=expect_workers,
        )

    at = HttpSettings(host or "0.0.0.0", int(port))  # noqa: S104
    try:
        asyncio.run(run_worker(settings, at, Patience(wait_seconds, drain_seconds)))
    except (JournalUnavailableError, OSError) as error:
        raise CliError(str(error)) from error


def _labels(text: str) -> dict[str, str]:
    labels = [part.partition("=") for part in _split(text)]
    if any(not key or not equals for key, equals, _ in labels):
        raise typer.BadParameter("must be key=value, comma separated", param_hint="--label")
    return {key: value for key, _, value in labels}


def _split(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())
