"""Log, Reports, Windows, Baselines and Members: protocols with their errors; on NATS, in tests."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from pydantic import AwareDatetime, Field

from njst.contract.events import Payload, Progress
from njst.contract.model import Message
from njst.contract.names.mesh import EventName
from njst.contract.results.comparison import Baseline
from njst.contract.results.report import Report, StoredReport
from njst.contract.results.windows import Published
from njst.journal.state.projection import LogEntry

# Called in log order, once for each entry, from the event loop; must not block.
OnEntry = Callable[[LogEntry], None]


def both(first: OnEntry, second: OnEntry) -> OnEntry:
    """Return what delivers each entry to two readers, in this order."""

    def deliver(entry: LogEntry) -> None:
        first(entry)
        second(entry)

    return deliver


# Called with (job, worker, progress, stored time in ns), oldest first.
OnProgress = Callable[[str, str, Progress, int], None]


@dataclass(frozen=True)
class StoredWindow:
    """A window of a participant as it is stored (`ParticipantWindow.pack`)."""

    worker: str
    data: bytes
    is_newest: bool


# Called once for each window, from the event loop; must not block.
OnWindow = Callable[[StoredWindow], None]


class JournalUnavailableError(Exception):
    """The log cannot be reached or refuses; the message says what to do. The event may have been
    stored all the same: repeat only what is safe to repeat."""


class EventTooLargeError(JournalUnavailableError):
    """An event is larger than max_payload of the control NATS: a retry is of no use."""


class JournalFullError(JournalUnavailableError):
    """The account or disk of the log is full."""


@dataclass(frozen=True)
class Appended:
    """Outcome of an append: `stored` is False if another event was there first."""

    stored: bool
    seq: int = 0
    time_ns: int = 0


class Log(Protocol):
    """Append and follow; an instance belongs to one event loop."""

    async def append(self, name: EventName, payload: Payload) -> Appended:
        """Append an event; decisions (`events.DECISIONS`) only to an empty subject.

        Raises:
            JournalUnavailableError: no answer within the time-out, or a refusal.
        """
        ...

    @property
    def max_event_bytes(self) -> int:
        """The maximum size of an event, in bytes of JSON."""
        ...

    async def holds(self, name: EventName) -> bool:
        """Whether the log itself has this event now; what was read may lag behind it.

        Raises:
            JournalUnavailableError: it does not answer.
        """
        ...

    async def is_crowded(self) -> bool:
        """Whether the log will soon drop its oldest events, of whatever job, for want of room.

        Raises:
            JournalUnavailableError: it does not answer.
        """
        ...

    async def forget(self, job: str) -> None:
        """Remove all events of a job; it is no error if there are none.

        Raises:
            JournalUnavailableError: it does not answer.
        """
        ...

    async def publish_progress(self, job: str, worker: str, progress: Progress) -> None:
        """Replace this worker's progress; best effort, never waits for a broken connection."""
        ...

    async def follow(self, on_entry: OnEntry, on_progress: OnProgress | None = None) -> None:
        """Deliver the log from its beginning; return when all stored entries are delivered.

        Delivery goes on in the background until `close`, through reconnects, server restarts and
        leader changes: in order, without gaps and without repetitions.
        """
        ...

    async def close(self) -> None:
        """Stop following."""
        ...


class Reports(Protocol):
    """The store of reports that are too large for the log."""

    async def put(self, job: str, report: Report) -> StoredReport:
        """Store a job's report, and return where it is.

        Raises:
            JournalUnavailableError: it is not known to be stored; raised within seconds.
        """
        ...

    async def get(self, stored: StoredReport) -> Report:
        """Return a stored report.

        Raises:
            JournalUnavailableError: it is gone, or cannot be read now.
        """
        ...


class Windows(Protocol):
    """The windows of all participants, which nobody follows but who is asked for them."""

    async def publish(self, job: str, worker: str, published: Published) -> None:
        """Publish a window; best effort, never waits for a broken connection."""
        ...

    async def follow(self, job: str, on_window: OnWindow) -> Callable[[], Awaitable[None]]:
        """Deliver the windows of a job; return when all stored ones are delivered.

        Delivery goes on in the background until what is returned is called.

        Raises:
            JournalUnavailableError: they cannot be read.
        """
        ...

    async def remove(self, job: str) -> None:
        """Remove the windows of a job; it is no error if there are none.

        Raises:
            JournalUnavailableError: it does not answer.
        """
        ...


class BaselinesFullError(Exception):
    """No more baselines can be stored until some are removed; the message says which limit."""


class Baselines(Protocol):
    """The baselines of a mesh, which have no age."""

    async def put(self, baseline: Baseline) -> bool:
        """Store a baseline in the place of one of its name; return whether there was none.

        Raises:
            BaselinesFullError: there is no room for it.
            EventTooLargeError: it is larger than a message may be.
            JournalUnavailableError: it is not known to be stored.
        """
        ...

    async def get(self, name: str) -> Baseline | None:
        """Return a baseline; None: there is none of this name.

        Raises:
            JournalUnavailableError: it cannot be read now.
        """
        ...

    async def all(self) -> list[Baseline]:
        """Return all baselines, by name.

        Raises:
            JournalUnavailableError: they cannot be read now.
        """
        ...

    async def remove(self, name: str) -> bool:
        """Remove a baseline; return whether there was one.

        Raises:
            JournalUnavailableError: it is not known to be removed.
        """
        ...


@dataclass(frozen=True)
class Stores:
    """What a mesh keeps beside its log.

    Attributes:
        reports: Whole reports; None: a report is what the log has of it.
        baselines: What thresholds may be relative to; None: nothing.
    """

    reports: Reports | None = None
    baselines: Baselines | None = None


class Member(Message):
    """A worker's description of itself."""

    worker: str
    name: str
    host: str
    version: str
    zone: str = ""
    cores: int = 1
    labels: dict[str, str] = Field(default_factory=dict)
    started_at: AwareDatetime
    # How far off this worker's estimate of the log's time may be.
    clock_error_us: int = 0
    # The job that this worker prepares or runs now; empty: none.
    job: str = ""
    # The host's load average over one minute, in thousandths of a core.
    load_millicores: int = 0

    @property
    def all_labels(self) -> dict[str, str]:
        """The labels that `workerSelector` matches: the worker's own, and the built-in ones."""
        return {**self.labels, "name": self.name, "host": self.host, "zone": self.zone}


class Members(Protocol):
    """Discovery of connected workers."""

    async def present(self) -> list[Member]:
        """Ask all workers, wait until no more answer, and return them sorted by worker id.

        Raises:
            JournalUnavailableError: the control NATS cannot be reached.
        """
        ...
