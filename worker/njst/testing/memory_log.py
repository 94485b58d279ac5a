"""A job log in memory."""

import asyncio
from dataclasses import dataclass

from njst.contract.events import DECISIONS, EVENT_TYPES, Event, Payload, Progress
from njst.contract.names.mesh import EventName
from njst.journal.interfaces import Appended, JournalUnavailableError, OnEntry, OnProgress
from njst.journal.state.projection import LogEntry
from njst.testing.fake_clock import FakeClock


@dataclass(frozen=True)
class _Follower:
    on_entry: OnEntry
    on_progress: OnProgress | None


class MemoryLog:
    """A `njst.journal.interfaces.Log` in this process, for any number of followers.

    It stores events in one order with the time of `clock`, and refuses a decision whose subject is
    taken, as the stream in JetStream does. Followers are called before `append` returns.

    Attributes:
        entries: What is stored, oldest first; `names` has their names in the same order.
        progress: The last progress, and its time in ns, of each (job, worker).
        broken: While it is not empty, the log cannot be reached: `append` raises with it as the
            message, and progress is lost.
        append_s: How long an append takes, in seconds.
        max_event_bytes: The limit that a sender should keep to; the log itself takes any event.
    """

    def __init__(self, clock: FakeClock | None = None, *, append_s: float = 0.0) -> None:
        self.clock = clock or FakeClock()
        self.entries: list[LogEntry] = []
        self.names: list[EventName] = []
        self.progress: dict[tuple[str, str], tuple[Progress, int]] = {}
        self.broken = ""
        self.append_s = append_s
        self.max_event_bytes = 2**20
        self._taken: set[EventName] = set()
        self._last_seq = 0
        self._followers: list[_Follower] = []

    def store(self, name: EventName, payload: Payload) -> Appended:
        """Append an event now, whether the log is broken or not."""
        if name.event in DECISIONS and name in self._taken:
            return Appended(stored=False)
        self._taken.add(name)
        self._last_seq += 1
        event: Event | None = payload if name.event in EVENT_TYPES else None  # type: ignore[assignment]
        entry = LogEntry(self._last_seq, self.clock.now_ns(), name.job, name.worker, event)
        self.entries.append(entry)
        self.names.append(name)
        for follower in self._followers:
            follower.on_entry(entry)
        return Appended(stored=True, seq=entry.seq, time_ns=entry.time_ns)

    def has(self, name: EventName) -> bool:
        """Whether the log has this event."""
        return name in self._taken

    def subscribe(self, on_entry: OnEntry, on_progress: OnProgress | None = None) -> None:
        """Deliver what comes from now on; `follow` also delivers what is there."""
        self._followers.append(_Follower(on_entry, on_progress))

    async def append(self, name: EventName, payload: Payload) -> Appended:
        """Append an event; a decision only to an empty subject.

        Raises:
            JournalUnavailableError: `broken` is not empty.
        """
        if self.append_s:
            await asyncio.sleep(self.append_s)
        if self.broken:
            raise JournalUnavailableError(self.broken)
        return self.store(name, payload)

    async def holds(self, name: EventName) -> bool:
        """Whether the log has this event."""
        return self.has(name)

    async def is_crowded(self) -> bool:
        """Whether the log is nearly full: it never is."""
        return False

    async def forget(self, job: str) -> None:
        """Remove all events of a job, and its progress."""
        kept = [(e, n) for e, n in zip(self.entries, self.names, strict=True) if n.job != job]
        self.entries, self.names = [e for e, _ in kept], [n for _, n in kept]
        self._taken = set(self.names)
        self.progress = {key: last for key, last in self.progress.items() if key[0] != job}

    async def publish_progress(self, job: str, worker: str, progress: Progress) -> None:
        """Replace a worker's progress."""
        if self.broken:
            return
        time_ns = self.clock.now_ns()
        self.progress[job, worker] = (progress, time_ns)
        for follower in self._followers:
            if follower.on_progress is not None:
                follower.on_progress(job, worker, progress, time_ns)

    async def follow(self, on_entry: OnEntry, on_progress: OnProgress | None = None) -> None:
        """Deliver all entries, then the last progress of each worker, then what comes."""
        for entry in self.entries:
            on_entry(entry)
        if on_progress is not None:
            for (job, worker), (progress, time_ns) in self.progress.items():
                on_progress(job, worker, progress, time_ns)
        self.subscribe(on_entry, on_progress)

    async def close(self) -> None:
        """Drop all followers."""
        self._followers.clear()
