"""A worker without its HTTP API: joins the mesh, with journal, agent and load wired together."""

import asyncio
import logging
import os
import re
import secrets
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from njst import __version__
from njst.agent.control_alias import resolves_alike
from njst.agent.deps import AgentDeps, LoadHandle
from njst.agent.experiments.experimenter import Experimenter
from njst.agent.orphan_reaper import OrphanReaper
from njst.agent.runner import Agent
from njst.contract.connection import Connection
from njst.contract.names.mesh import Mesh
from njst.contract.plan import LoadPlan
from njst.contract.results.outcome import Problem, SetupError
from njst.contract.spec.stream import Retain
from njst.contract.spec.target import Target
from njst.journal.course_reader import Courses
from njst.journal.experiments import Experiments
from njst.journal.interfaces import Member, Stores, both
from njst.journal.jobs import Jobs
from njst.journal.nats.baseline_store import BaselineStore
from njst.journal.nats.control_connection import connect
from njst.journal.nats.job_log import JetStreamLog
from njst.journal.nats.log_clock import LogClock
from njst.journal.nats.report_store import ReportStore
from njst.journal.nats.window_store import WindowStore
from njst.journal.nats.worker_discovery import NatsDiscovery
from njst.journal.state.append_failures import CONTROL_LOST, silent
from njst.journal.state.experiments.experiment_store import ExperimentStore
from njst.journal.state.job_store import JobStore
from njst.journal.state.job_view import JobView
from njst.load.host.cores import usable_cores
from njst.load.host.standby import Standby
from njst.load.readback.readback_client import READBACK_PROCESS, read_slice
from njst.load.runtime.process_group import LOAD_PROCESS, LoadGroup, LoadProblem
from njst.login.nats_client import LoginClient
from njst.login.nats_context import DEFAULT_FOLDER
from njst.provisioning import provision, teardown
from njst.provisioning.target.target_policy import TargetPolicy, resolve

log = logging.getLogger(__name__)

# What servers call the clients of a load, whatever connection they have.
CLIENT_NAME = "njst"
LINGER_S = 1.0
# Load processes that wait for the next job; each has about 45 MB.
MOST_STANDBY = 8


@dataclass(frozen=True)
class WorkerSettings:
    """How a worker joins its mesh and which targets it serves."""

    control: Connection
    mesh: str = "default"
    name: str = ""
    zone: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    contexts: Path = DEFAULT_FOLDER
    allow_targets: tuple[str, ...] = ()
    payloads: Path = Path("~/.config/njst/payloads")
    # Concurrent load processes; 0: one for each usable core.
    processes: int = 0
    # Replicas of the job log; 0: as many as the cluster allows, up to 3.
    log_replicas: int = 0
    # How many workers the mesh should have; 0: unknown.
    expect_workers: int = 0


@dataclass(frozen=True)
class Worker:
    """A worker that has joined its mesh."""

    me: Member
    mesh: str
    jobs: Jobs
    experiments: Experiments
    baselines: BaselineStore
    courses: Courses
    job_store: JobStore
    members: NatsDiscovery
    clock: LogClock
    agent: Agent
    client: LoginClient
    log: JetStreamLog

    def describe(self) -> Member:
        """Return this worker's present description."""
        return self.me.model_copy(
            update={
                "clock_error_us": self.clock.error_us,
                "job": self.agent.current_job,
                "load_millicores": int(os.getloadavg()[0] * 1000),
            }
        )

    def not_ready(self) -> Problem | None:
        """Return why this worker cannot take a job now; None if it can."""
        if self.members.gone:
            return Problem(reason="Draining", message="the worker finishes its jobs and ends")
        if self.client.is_connected:
            return silent(self.clock.silent_s) or self.log.problem
        why = f": {self.client.trouble}" if self.client.trouble else ""
        return Problem(reason=CONTROL_LOST, message=f"the control NATS is not connected{why}")

    async def drain(self, limit_s: float) -> None:
        """Take no new jobs; return once all jobs of this worker are over, or after `limit_s`."""
        await self.members.leave()
        changed = asyncio.Event()
        stop_listening = self.job_store.listen(lambda _: changed.set())
        try:
            async with asyncio.timeout(limit_s):
                # A submission that has just discovered this worker may still name it.
                await asyncio.sleep(LINGER_S)
                while self._is_needed():
                    changed.clear()
                    await changed.wait()
        except TimeoutError:
            log.warning("a job is not over after %.0f s: this worker's part is stopped", limit_s)
        finally:
            stop_listening()

    def _is_needed(self) -> bool:
        return any(
            view.ended is None and self.me.worker in view.created.participants
            for view in self.job_store.open_jobs()
        )

    async def target_at(self, server: str) -> Target:
        """Return the target that a server's URL means: the control NATS also by another name.

        Raises:
            SetupError: this worker may not test it.
        """
        target = Target(servers=[server])
        try:
            self.agent.deps.connection_to(target)
        except SetupError:
            if await resolves_alike(server, self.client.connection.servers):
                return Target()
            raise
        return target

    async def remove_streams(self, view: JobView) -> list[str]:
        """Remove the streams that a job made, also those that it is to retain.

        Raises:
            SetupError: the target cannot be reached.
        """
        spec = view.created.spec
        streams = [s.model_copy(update={"retain": Retain.DELETE}) for s in spec.streams]
        deps = self.agent.deps
        return await deps.teardown(
            view.id, spec.model_copy(update={"streams": streams}), deps.connection_to(spec.target)
        )


def worker_id(name: str) -> str:
    """Return the id of a new worker: its name as a subject token, and a nonce of this process.

    A restarted worker is a new member: it does not continue the jobs of its predecessor.
    """
    safe = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:63] or "worker"
    return f"{safe}-{secrets.token_hex(3)}"


@asynccontextmanager
async def open_worker(settings: WorkerSettings) -> AsyncIterator[Worker]:
    """Join the mesh; at the end stop own loads and leave.

    Raises:
        JournalUnavailableError: the control NATS cannot be reached, or cannot have a job log.
    """
    mesh = Mesh(settings.mesh)
    client = await connect(settings.control)
    journal = JetStreamLog(client, mesh, replicas=settings.log_replicas)
    clock = LogClock(client, mesh)
    members = NatsDiscovery(client, mesh)
    job_store, reports = JobStore(), ReportStore(client, mesh, settings.log_replicas)
    experiment_store = ExperimentStore()
    windows = WindowStore(client, mesh, settings.log_replicas)
    courses = Courses(windows)
    baselines = BaselineStore(client, mesh, settings.log_replicas)
    standby = _standby(settings)
    me = _describe_me(settings)
    try:
        await journal.open()
        await windows.try_open()
        await clock.start()
        await journal.follow(
            both(job_store.on_entry, experiment_store.on_entry), job_store.on_progress
        )
        stores = _Stores(journal, job_store, reports, windows)
        agent = Agent(_deps(settings, me.worker, clock, stores, standby))
        jobs = Jobs(
            journal,
            job_store,
            members,
            Stores(reports, baselines),
            expect=settings.expect_workers,
        )
        experiments = Experiments(journal, experiment_store, baselines)
        node = Worker(
            me=me,
            mesh=mesh.name,
            jobs=jobs,
            experiments=experiments,
            baselines=baselines,
            courses=courses,
            job_store=job_store,
            members=members,
            clock=clock,
            agent=agent,
            client=client,
            log=journal,
        )
        await members.listen()
        await members.answer(node.describe)
        async with _working(node, experiment_store):
            yield node
    finally:
        await standby.close()
        await courses.close()
        await clock.stop()
        await journal.close()
        await client.close()


@asynccontextmanager
async def _working(node: Worker, experiment_store: ExperimentStore) -> AsyncIterator[None]:
    """Act on jobs and experiments, and reap orphans; at the end stop own loads."""
    stop, deps = asyncio.Event(), node.agent.deps
    experimenter = Experimenter(
        me=node.me.worker,
        log=node.log,
        jobs=node.jobs,
        job_store=node.job_store,
        store=experiment_store,
        time=node.clock,
        run_in_thread=deps.run_in_thread,
    )
    reaper = OrphanReaper(deps, node.log.ids, node.log.claim_reaping)
    working = asyncio.create_task(node.agent.run(stop), name="agent")
    experimenting = asyncio.create_task(experimenter.run(stop), name="experiments")
    reaping = asyncio.create_task(reaper.run(stop), name="reaper")
    try:
        yield
    finally:
        stop.set()
        reaping.cancel()
        await asyncio.wait({working, experimenting, reaping})
        working.result()
        experimenting.result()


@dataclass(frozen=True)
class _Stores:
    """What this process reads from and writes to the control NATS."""

    journal: JetStreamLog
    job_store: JobStore
    reports: ReportStore
    windows: WindowStore


def _deps(
    settings: WorkerSettings, me: str, clock: LogClock, stores: _Stores, standby: Standby
) -> AgentDeps:
    policy = TargetPolicy(
        control=settings.control.model_copy(update={"name": CLIENT_NAME}),
        contexts=settings.contexts.expanduser(),
        allow=settings.allow_targets,
    )
    return AgentDeps(
        me=me,
        log=stores.journal,
        job_store=stores.job_store,
        time=clock,
        resolve=partial(resolve, policy=policy),
        provision=partial(
            provision.provision,
            home=provision.WorkerFiles(settings.payloads.expanduser(), stores.journal.id),
        ),
        teardown=teardown.teardown,
        prepare=partial(_prepare, settings.processes or usable_cores(), standby),
        read_slice=partial(read_slice, start=standby.take),
        warm_up=standby.warm,
        reports=stores.reports,
        windows=stores.windows,
        run_in_thread=asyncio.to_thread,
    )


def _standby(settings: WorkerSettings) -> Standby:
    processes = settings.processes or usable_cores()
    return Standby({LOAD_PROCESS: min(processes, MOST_STANDBY), READBACK_PROCESS: 1})


async def _prepare(
    processes: int, standby: Standby, plan: LoadPlan, timeout_s: float
) -> LoadHandle:
    try:
        return await LoadGroup.prepare(
            plan, processes=processes, timeout_s=timeout_s, start=standby.take
        )
    except LoadProblem as problem:
        raise SetupError(problem.reason, problem.message) from problem


def _describe_me(settings: WorkerSettings) -> Member:
    name = settings.name or socket.gethostname()
    return Member(
        worker=worker_id(name),
        name=name,
        host=socket.gethostname(),
        version=__version__,
        zone=settings.zone,
        labels=dict(settings.labels),
        cores=usable_cores(),
        started_at=datetime.now(UTC),
    )
