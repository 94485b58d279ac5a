"""A mesh in memory: the journal's port without a NATS, and what workers would have said."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
from fastapi import FastAPI

from njst.api.app import create_app
from njst.api.services import Services
from njst.contract.events import (
    DECISIONS,
    Cleaned,
    Ended,
    Finished,
    Payload,
    Progress,
    Ready,
    Started,
)
from njst.contract.names.mesh import EventName
from njst.contract.results.outcome import Outcome, Problem, SetupError
from njst.contract.results.tallies import WorkloadTally
from njst.contract.spec.target import Target
from njst.journal.interfaces import (
    Appended,
    JournalUnavailableError,
    Log,
    Member,
    Members,
    OnEntry,
    OnProgress,
)
from njst.journal.jobs import Jobs
from njst.journal.report_builder import final_report
from njst.journal.state.job_store import JobStore
from njst.journal.state.job_view import JobView
from njst.journal.state.projection import LogEntry

# 2026-01-02T03:04:05Z and so many nanoseconds that a microsecond cannot hold them.
START_NS = 1_767_323_045_000_000_789
URL = "http://worker:5000"


class MemoryLog:
    """A log that stores and echoes at once; `broken` makes it refuse."""

    def __init__(self) -> None:
        self.now_ns = START_NS
        self.broken = ""
        self._names: set[EventName] = set()
        self._seq = 0
        self._on_entry: OnEntry | None = None
        self._on_progress: OnProgress | None = None

    async def append(self, name: EventName, payload: Payload) -> Appended:
        if self.broken:
            raise JournalUnavailableError(self.broken)
        if name.event in DECISIONS and name in self._names:
            return Appended(stored=False)
        self._names.add(name)
        self._seq += 1
        entry = LogEntry(self._seq, self.now_ns, name.job, name.worker, payload)  # type: ignore[arg-type]
        assert self._on_entry is not None
        self._on_entry(entry)
        return Appended(stored=True, seq=self._seq, time_ns=self.now_ns)

    @property
    def max_event_bytes(self) -> int:
        return 2**20

    async def holds(self, name: EventName) -> bool:
        return name in self._names

    async def forget(self, job: str) -> None:
        self._names = {name for name in self._names if name.job != job}

    async def publish_progress(self, job: str, worker: str, progress: Progress) -> None:
        assert self._on_progress is not None
        self._on_progress(job, worker, progress, self.now_ns)

    async def follow(self, on_entry: OnEntry, on_progress: OnProgress | None = None) -> None:
        self._on_entry, self._on_progress = on_entry, on_progress

    async def close(self) -> None:
        self._on_entry = None


class FixedMembers:
    """The workers that are said to be there."""

    def __init__(self, *workers: str) -> None:
        self.workers = list(workers)
        self.broken = ""

    async def present(self) -> list[Member]:
        if self.broken:
            raise JournalUnavailableError(self.broken)
        return [member(worker) for worker in sorted(self.workers)]


def member(worker: str, **changes: Any) -> Member:
    """A worker as it describes itself."""
    return Member(
        worker=worker,
        name=worker,
        host="host",
        version="1",
        cores=2,
        started_at=datetime(2026, 1, 2, tzinfo=UTC),
        **changes,
    )


@dataclass
class Mesh:
    """Everything behind the API of one worker, and the API."""

    log: MemoryLog = field(default_factory=MemoryLog)
    members: FixedMembers = field(default_factory=lambda: FixedMembers("n1", "n2", "n3"))
    job_store: JobStore = field(default_factory=JobStore)
    me: Member = field(default_factory=lambda: member("n1", clock_error_us=1_250))
    not_ready: Problem | None = None
    removed: list[str] = field(default_factory=list)
    # Why the streams of a job cannot be removed.
    unremovable: dict[str, SetupError] = field(default_factory=dict)
    # Servers that may not be tested, and other names of the control NATS.
    forbidden: set[str] = field(default_factory=set)
    aliases: set[str] = field(default_factory=set)

    @classmethod
    async def open(cls) -> "Mesh":
        mesh = cls()
        await mesh.log.follow(mesh.job_store.on_entry, mesh.job_store.on_progress)
        return mesh

    def app(self) -> FastAPI:
        log: Log = self.log
        members: Members = self.members
        return create_app(
            Services(
                mesh="default",
                jobs=Jobs(log, self.job_store, members),
                members=members,
                me=lambda: self.me,
                log_now_ns=lambda: self.log.now_ns,
                ready=lambda: self.not_ready,
                remove_streams=self._remove_streams,
                target_at=self._target_at,
            )
        )

    def client(self, *, raises: bool = True) -> httpx.AsyncClient:
        """A client of the API; with `raises` a mistake of the app is an error of the test."""
        transport = httpx.ASGITransport(self.app(), raise_app_exceptions=raises)
        return httpx.AsyncClient(transport=transport, base_url=URL)

    def view(self, job: str) -> JobView:
        view = self.job_store.view(job)
        assert view is not None
        return view

    async def _remove_streams(self, view: JobView) -> list[str]:
        if (error := self.unremovable.get(view.id)) is not None:
            raise error
        self.removed.append(view.id)
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
        self.log.now_ns += 1_000_000_000
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
        self.log.now_ns += 2_000_000_000
        report = final_report(self.view(job), self.job_store.progress(job), self.log.now_ns)
        await self.log.append(EventName(job, "ended"), Ended(report=report))
        await self.log.append(EventName(job, "cleaned"), Cleaned())
