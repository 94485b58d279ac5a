"""A mesh in memory with the HTTP API of one worker, and the events that its workers publish."""

from dataclasses import dataclass, field

import httpx
from fastapi import FastAPI

from njst.api.access.guarded import Access, guarded
from njst.api.app import create_app
from njst.api.metrics.worker_metrics import WorkerMetrics
from njst.api.services import Services
from njst.contract.events import (
    Cancelled,
    Cleaned,
    Deleted,
    Ended,
    Finished,
    Progress,
    Ready,
    Started,
)
from njst.contract.names.mesh import EventName
from njst.contract.results.outcome import Outcome, Problem, SetupError
from njst.contract.results.tallies import WorkloadTally
from njst.contract.spec.target import Target
from njst.journal.course_reader import Courses
from njst.journal.experiments import Experiments
from njst.journal.interfaces import Log, Member, Members, Stores
from njst.journal.jobs import Jobs
from njst.journal.report_builder import final_report
from njst.journal.state.experiments.experiment_store import ExperimentStore
from njst.journal.state.job_store import JobStore
from njst.journal.state.job_view import JobView
from njst.testing.fake_members import FakeMembers, member
from njst.testing.memory_baselines import MemoryBaselines
from njst.testing.memory_log import MemoryLog
from njst.testing.memory_windows import MemoryWindows

URL = "http://worker:5000"


@dataclass
class Mesh:
    """Everything behind the API of one worker, and the API."""

    log: MemoryLog = field(default_factory=MemoryLog)
    members: FakeMembers = field(default_factory=lambda: FakeMembers("n1", "n2", "n3"))
    job_store: JobStore = field(default_factory=JobStore)
    experiment_store: ExperimentStore = field(default_factory=ExperimentStore)
    windows: MemoryWindows = field(default_factory=MemoryWindows)
    baselines: MemoryBaselines = field(default_factory=MemoryBaselines)
    me: Member = field(default_factory=lambda: member("n1", clock_error_us=1_250))
    not_ready: Problem | None = None
    removed: list[str] = field(default_factory=list)
    # Why the streams of a job cannot be removed.
    unremovable: dict[str, SetupError] = field(default_factory=dict)
    # Jobs that somebody else deletes when the first streams are removed.
    deleted_meanwhile: list[str] = field(default_factory=list)
    # Servers that may not be tested, and other names of the control NATS.
    forbidden: set[str] = field(default_factory=set)
    aliases: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.courses = Courses(self.windows)

    @classmethod
    async def open(cls) -> "Mesh":
        mesh = cls()
        await mesh.log.follow(mesh.job_store.on_entry, mesh.job_store.on_progress)
        await mesh.log.follow(mesh.experiment_store.on_entry)
        return mesh

    def app(self) -> FastAPI:
        log: Log = self.log
        members: Members = self.members
        return create_app(
            Services(
                mesh="default",
                jobs=Jobs(log, self.job_store, members, Stores(baselines=self.baselines)),
                experiments=Experiments(log, self.experiment_store, self.baselines),
                baselines=self.baselines,
                courses=self.courses,
                members=members,
                metrics=WorkerMetrics.of(self.me.worker, self.job_store, self.log.clock.now_ns),
                me=lambda: self.me,
                log_now_ns=self.log.clock.now_ns,
                ready=lambda: self.not_ready,
                remove_streams=self._remove_streams,
                target_at=self._target_at,
            )
        )

    def client(self, *, raises: bool = True, access: Access | None = None) -> httpx.AsyncClient:
        """A client of the API; with `raises` a mistake of the app is an error of the test."""
        app = guarded(self.app(), access or Access())
        transport = httpx.ASGITransport(app, raise_app_exceptions=raises)
        return httpx.AsyncClient(transport=transport, base_url=URL)

    def view(self, job: str) -> JobView:
        view = self.job_store.view(job)
        assert view is not None
        return view

    async def _remove_streams(self, view: JobView) -> list[str]:
        if (error := self.unremovable.get(view.id)) is not None:
            raise error
        self.removed.append(view.id)
        while self.deleted_meanwhile:
            job = self.deleted_meanwhile.pop()
            await self.log.append(EventName(job, "cancelled"), Cancelled(reason="Requested"))
            await self.log.append(EventName(job, "deleted"), Deleted())
        return []

    async def _target_at(self, server: str) -> Target:
        if server in self.forbidden:
            raise SetupError("TargetNotAllowed", f"spec.target.servers: {server} is not allowed")
        return Target() if server in self.aliases else Target(servers=[server])

    async def start(self, job: str) -> None:
        """All participants are ready and begin."""
        workers = sorted(self.view(job).parts)
        for worker in workers:
            await self.log.append(EventName(job, "ready", worker), Ready())
        self.log.clock.advance(1)
        await self.log.append(EventName(job, "started"), Started(run=workers, lead_ms=0))

    async def progress(self, job: str, worker: str, tally: WorkloadTally) -> None:
        """What a worker has done so far."""
        await self.log.publish_progress(job, worker, Progress(elapsed_ms=1, workloads=[tally]))

    async def end(self, job: str, tallies: dict[str, WorkloadTally] | None = None) -> None:
        """All finish with their tallies, and the job is concluded and cleaned up."""
        tallies = tallies or {}
        for worker in self.view(job).run:
            finished = Finished(
                outcome=Outcome.COMPLETED,
                workloads=[tallies[worker]] if worker in tallies else [],
            )
            await self.log.append(EventName(job, "finished", worker), finished)
        self.log.clock.advance(2)
        report = final_report(self.view(job), self.job_store.progress(job), self.log.clock.now_ns())
        await self.log.append(EventName(job, "ended"), Ended(report=report))
        await self.log.append(EventName(job, "cleaned"), Cleaned())
