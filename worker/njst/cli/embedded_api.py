"""The API in this process, directly on the control NATS, for the duration of one command.

It is the same API as that of a worker, on a port of 127.0.0.1, so commands need not know which.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import Future
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from typing import NoReturn

import nats.errors
from nats.js.errors import APIError, NotFoundError

from njst import __version__
from njst.api.access.guarded import Access, guarded
from njst.api.app import create_app
from njst.api.metrics.worker_metrics import WorkerMetrics
from njst.api.server import serve
from njst.api.services import Services
from njst.cli.cli_errors import CliError
from njst.cli.exit_codes import ExitCode
from njst.contract.connection import Connection
from njst.contract.names.mesh import Mesh, is_mesh
from njst.journal.course_reader import Courses
from njst.journal.experiments import Experiments
from njst.journal.interfaces import JournalUnavailableError, Member, Stores, both
from njst.journal.jobs import Jobs
from njst.journal.nats.baseline_store import BaselineStore
from njst.journal.nats.control_connection import connect
from njst.journal.nats.job_log import JetStreamLog
from njst.journal.nats.log_clock import LogClock
from njst.journal.nats.report_store import ReportStore
from njst.journal.nats.window_store import WindowStore
from njst.journal.nats.worker_discovery import NatsDiscovery
from njst.journal.state.experiments.experiment_store import ExperimentStore
from njst.journal.state.job_store import JobStore
from njst.login.control_options import OPTIONS, control_connection, from_environment
from njst.login.login_errors import LoginError
from njst.login.nats_client import LoginClient


def command_connection(nats: str, context: str, mesh: str) -> Connection:
    """Return the control connection that options and the environment describe.

    Raises:
        CliError: an option is invalid.
    """
    if not is_mesh(mesh):
        raise CliError(f"--mesh: {mesh!r} is not a valid mesh name", ExitCode.USAGE)
    given = {option.key: from_environment(option) for option in OPTIONS}
    given |= {"url": nats, "context": context}
    try:
        return control_connection(given, name="njst-cli")
    except LoginError as error:
        raise CliError(f"control NATS: {error}", ExitCode.USAGE) from error


@contextmanager
def embedded_api(connection: Connection, mesh: str) -> Iterator[str]:
    """Serve the API of a mesh, and yield its address.

    Raises:
        CliError: the control NATS cannot be reached, or has no such mesh.
    """
    ready: Future[str] = Future()
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()

    async def run() -> None:
        try:
            async with _served(connection, Mesh(mesh)) as url:
                ready.set_result(url)
                await stop.wait()
        except BaseException as error:
            if ready.done():
                raise
            ready.set_exception(error)

    thread = threading.Thread(target=lambda: loop.run_until_complete(run()), name="api")
    thread.start()
    try:
        yield ready.result()
    except JournalUnavailableError as error:
        raise CliError(str(error), ExitCode.UNREACHABLE) from error
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()


@asynccontextmanager
async def _served(connection: Connection, mesh: Mesh) -> AsyncIterator[str]:
    client = await connect(connection)
    log, clock = JetStreamLog(client, mesh), LogClock(client, mesh)
    job_store, members = JobStore(), NatsDiscovery(client, mesh)
    experiment_store = ExperimentStore()
    courses, baselines = Courses(WindowStore(client, mesh)), BaselineStore(client, mesh)
    try:
        await _need_mesh(client, mesh)
        await clock.start()
        await log.follow(both(job_store.on_entry, experiment_store.on_entry), job_store.on_progress)
        services = Services(
            mesh=mesh.name,
            jobs=Jobs(log, job_store, members, Stores(ReportStore(client, mesh), baselines)),
            experiments=Experiments(log, experiment_store, baselines),
            baselines=baselines,
            courses=courses,
            members=members,
            metrics=WorkerMetrics.of("", job_store, clock.now_ns),
            me=_no_member,
            log_now_ns=clock.now_ns,
            ready=lambda: None,
            remove_streams=_not_here,
            target_at=_not_here,
        )
        async with serve(guarded(create_app(services), Access()), "127.0.0.1", 0) as url:
            yield url
    finally:
        await courses.close()
        await clock.stop()
        await log.close()
        await client.close()


async def _need_mesh(client: LoginClient, mesh: Mesh) -> None:
    """Require that the mesh exists: a mistyped name must not create streams."""
    where = ", ".join(client.connection.servers)
    try:
        await client.jetstream().stream_info(mesh.log_stream)
    except NotFoundError as error:
        raise JournalUnavailableError(
            f"there is no mesh {mesh.name!r} on {where}: no worker has ever joined it; use"
            " --mesh to name another"
        ) from error
    except (APIError, nats.errors.Error, TimeoutError) as error:
        raise JournalUnavailableError(f"control NATS {where}: {error}") from error


def _no_member() -> Member:
    return Member(
        worker="", name="njst", host="", version=__version__, started_at=datetime.now(UTC)
    )


async def _not_here(_: object) -> NoReturn:
    raise NotImplementedError("only a worker serves the original API")
