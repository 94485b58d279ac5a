"""A reader of a job log with a connection of its own, as every worker has one."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from nats.aio.client import Client

from njst.contract.connection import Connection
from njst.contract.events import Created, Origin, OriginKind, Progress, Suspected
from njst.contract.names.mesh import EventName, Mesh
from njst.contract.parsing.document import parse_spec
from njst.journal.interfaces import Appended, JournalUnavailableError
from njst.journal.nats.control_connection import connect
from njst.journal.nats.job_log import JetStreamLog
from njst.journal.state.job_store import JobStore
from njst.journal.state.projection import LogEntry

MESH = Mesh("test")
WAIT_S = 60.0
SPEC = parse_spec(
    {
        "streams": [{"name": "S"}],
        "workloads": [{"name": "w", "stream": "S", "messages": 9, "publish": {}}],
    }
)


def created(digest: str = "", *participants: str) -> Created:
    return Created(
        spec=SPEC,
        participants=list(participants or ("a",)),
        origin=Origin(kind=OriginKind.HTTP),
        digest=digest,
    )


@dataclass
class Follower:
    """Everything that a log delivered, in the order in which it did."""

    client: Client
    log: JetStreamLog
    entries: list[LogEntry] = field(default_factory=list)
    progress: list[tuple[str, str, int]] = field(default_factory=list)
    job_store: JobStore = field(default_factory=JobStore)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def on_entry(self, entry: LogEntry) -> None:
        self.entries.append(entry)
        self.job_store.on_entry(entry)
        self._changed.set()

    def on_progress(self, job: str, worker: str, progress: Progress, _time_ns: int) -> None:
        self.progress.append((job, worker, progress.elapsed_ms))
        self._changed.set()

    async def follow(self) -> None:
        async with asyncio.timeout(WAIT_S):
            await self.log.follow(self.on_entry, self.on_progress)

    async def until(self, *jobs: str) -> None:
        """Return when an event of each of these jobs has been delivered."""
        async with asyncio.timeout(WAIT_S):
            while not set(jobs) <= {entry.job for entry in self.entries}:
                self._changed.clear()
                await self._changed.wait()

    async def until_progress(self, count: int) -> None:
        async with asyncio.timeout(WAIT_S):
            while len(self.progress) < count:
                self._changed.clear()
                await self._changed.wait()

    @property
    def jobs(self) -> list[str]:
        return [entry.job for entry in self.entries]

    @property
    def seqs(self) -> list[int]:
        return [entry.seq for entry in self.entries]


async def until(holds: Callable[[], bool]) -> None:
    """Return when a state that tells nobody of its change holds."""
    async with asyncio.timeout(WAIT_S):
        while not holds():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


@asynccontextmanager
async def joined(url: str) -> AsyncIterator[Follower]:
    """Connect and open the log as a worker does, without following it yet."""
    client = await connect(Connection(servers=[url]))
    log = JetStreamLog(client, MESH)
    try:
        await log.open()
        yield Follower(client, log)
    finally:
        await log.close()
        await client.close()


@asynccontextmanager
async def following(url: str) -> AsyncIterator[Follower]:
    async with joined(url) as follower:
        await follower.follow()
        yield follower


async def create(log: JetStreamLog, job: str) -> Appended:
    """Append a decision, again while the log does not answer, as every caller must."""
    async with asyncio.timeout(WAIT_S):
        while True:
            try:
                return await log.append(EventName(job, "created"), created())
            except JournalUnavailableError:
                await asyncio.sleep(0.05)


async def accuse(log: JetStreamLog, job: str, worker: str = "a") -> Appended:
    """Append what is no decision: as many of one subject as are sent."""
    return await log.append(EventName(job, "lost", worker), Suspected())
