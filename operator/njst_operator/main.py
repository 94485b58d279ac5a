"""`njst-operator`: connects, wires the parts together, and runs until SIGTERM or SIGINT."""

import asyncio
import contextlib
import gc
import logging
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

from njst.contract.connection import Connection
from njst.contract.names.mesh import Mesh
from njst.journal import log_lines
from njst.journal.experiments import Experiments
from njst.journal.interfaces import JournalUnavailableError, Stores, both
from njst.journal.jobs import Jobs
from njst.journal.nats.baseline_store import BaselineStore
from njst.journal.nats.control_connection import connect
from njst.journal.nats.job_log import JetStreamLog
from njst.journal.nats.log_clock import LogClock
from njst.journal.nats.worker_discovery import NatsDiscovery
from njst.journal.startup_retry import StartupRetry
from njst.journal.state.experiments.experiment_store import ExperimentStore
from njst.journal.state.job_store import JobStore
from njst.login.login_errors import LoginError
from njst_operator.config import Config, parse_config
from njst_operator.controllers.manager import Manager, MeshLog
from njst_operator.health_server import Health, served
from njst_operator.kopf_watch import watch
from njst_operator.kube.api_transport import ApiTransport, KubeError
from njst_operator.kube.kube_client import KubeClient
from njst_operator.kube.preflight import check
from njst_operator.watch_loop import WatchLoop

log = logging.getLogger(__name__)

# Generation 0 of the garbage collector. A page of a list has some ten thousand containers, without
# cycles and soon freed: with the default threshold, collecting takes four times as long as parsing.
GC_THRESHOLD = 50_000


@asynccontextmanager
async def open_kube(config: Config) -> AsyncIterator[KubeClient]:
    """Connect to the API server, and check that it has all that the operator needs.

    Raises:
        KubeError: it cannot be reached, or lacks something.
    """
    api = ApiTransport()
    kube = KubeClient(api)
    try:
        await api.open()
        await check(kube, config.scope)
        yield kube
    finally:
        await api.close()


@asynccontextmanager
async def open_manager(config: Config, kube: KubeClient, health: Health) -> AsyncIterator[Manager]:
    """Connect to the mesh and make the manager; the operator itself never runs load.

    Raises:
        JournalUnavailableError: the control NATS cannot be reached, or cannot have a job log.
    """
    mesh = Mesh(config.mesh)
    client = await connect(_control(config))
    journal = JetStreamLog(client, mesh, replicas=config.log_replicas)
    clock = LogClock(client, mesh)
    job_store, experiment_store = JobStore(), ExperimentStore()
    try:
        await journal.open()
        await clock.start()
        await journal.follow(
            both(job_store.on_entry, experiment_store.on_entry), job_store.on_progress
        )
        members = NatsDiscovery(client, mesh)
        await members.listen()
        baselines = BaselineStore(client, mesh)
        mesh_log = MeshLog(
            jobs=Jobs(
                journal,
                job_store,
                members,
                Stores(baselines=baselines),
                expect=config.expect_workers,
            ),
            job_store=job_store,
            experiments=Experiments(journal, experiment_store, baselines),
            experiment_store=experiment_store,
            clock=clock,
        )
        manager = Manager(config, kube, mesh_log, lambda: client.is_connected)
        endings = (
            job_store.listen(manager.on_job_changed),
            experiment_store.listen(manager.on_experiment_changed),
        )
        try:
            health.on_started(manager, client)
            yield manager
        finally:
            for end in endings:
                end()
            await manager.stop()
    finally:
        await clock.stop()
        await journal.close()
        await client.close()


def _control(config: Config) -> Connection:
    try:
        return config.control()
    except LoginError as error:
        raise JournalUnavailableError(f"control NATS: {error}") from error


async def run(config: Config) -> None:
    """Run until SIGTERM or SIGINT; with `--once` until nothing is left to be done now.

    kopf runs in a thread with an event loop of its own, because it does not stop before all tasks
    of its loop have ended.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    health = Health()
    startup_retry = StartupRetry(config.wait_s, health.wait_for, stop.is_set)
    async with served(config.health, health), AsyncExitStack() as stack:
        kube = await startup_retry.until_made(
            lambda: stack.enter_async_context(open_kube(config)), KubeError
        )
        manager = await startup_retry.until_made(
            lambda: stack.enter_async_context(open_manager(config, kube, health)),
            JournalUnavailableError,
        )
        if config.once:
            await manager.once()
            return
        managing = asyncio.create_task(manager.run(), name="manager")
        print(
            f"njst operator {config.replica} watches {config.scope} for mesh {config.mesh}",
            flush=True,
        )
        watching = WatchLoop(
            check=partial(check, kube, config.scope),
            watch=partial(watch, config.scope, manager, loop),
            replica_health=manager.replica_health,
            wait_s=config.wait_s,
        )
        try:
            await watching.run(stop)
        finally:
            managing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await managing


def main() -> None:
    """Run the operator; without NATS or Kubernetes it logs one line and exits with code 1."""
    config = parse_config(sys.argv[1:])
    log_lines.set_up(config.mesh, config.log_format, config.log_level)
    # WatchLoop logs why a watch has ended, in one line.
    logging.getLogger("kopf").setLevel(logging.CRITICAL)
    gc.set_threshold(GC_THRESHOLD)
    try:
        asyncio.run(run(config))
    except (JournalUnavailableError, KubeError, OSError) as error:
        log.error("%s", error)  # noqa: TRY400 - the message says it all
        sys.exit(1)


if __name__ == "__main__":
    main()
