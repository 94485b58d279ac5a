"""What the rest of njst may ask of a log; `stream` is the real one, `memory` the tests' own."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from pydantic import AwareDatetime, Field

from njst.contract.events import Payload, Progress
from njst.contract.model import Message
from njst.contract.names.mesh import EventName
from njst.contract.results.report import Report, StoredReport
from njst.journal.state.projection import LogEntry

# Called in log order, once for each entry, from the event loop; must not block.
OnEntry = Callable[[LogEntry], None]
# Called with (job, worker, progress, stored time in ns), the newest last.
OnProgress = Callable[[str, str, Progress, int], None]


class JournalUnavailableError(Exception):
    """The log cannot be reached or refuses; the message says what to do. Nothing is known to be
    stored, yet it may have been: repeat only what is safe to repeat."""


class EventTooLargeError(JournalUnavailableError):
    """An event has more bytes than the control NATS takes: repeating it is of no use."""


class JournalFullError(JournalUnavailableError):
    """The log's account or disk has no room for another event."""


@dataclass(frozen=True)
class Appended:
    """Outcome of an append: `stored` is False when another event was there first."""

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
        """How large an event may be, in bytes of JSON."""
        ...

    async def holds(self, name: EventName) -> bool:
        """Whether the log has this event now; asked of the log itself, not of what was read.

        Raises:
            JournalUnavailableError: it does not answer.
        """
        ...

    async def forget(self, job: str) -> None:
        """Remove all events of a job; what is not there is no error.

        Raises:
            JournalUnavailableError: it does not answer.
        """
        ...

    async def publish_progress(self, job: str, worker: str, progress: Progress) -> None:
        """Replace this worker's progress; best effort, never waits for a broken connection."""
        ...

    async def follow(self, on_entry: OnEntry, on_progress: OnProgress | None = None) -> None:
        """Deliver the whole log and what comes after it; return when the present is reached.

        The delivery goes on in the background until `close`, through reconnects, server restarts
        and leader changes, without a gap, a repetition or a change of order.
        """
        ...

    async def close(self) -> None:
        """Stop following."""
        ...


class Reports(Protocol):
    """Whole reports, where the log has no room for them."""

    async def put(self, job: str, report: Report) -> StoredReport:
        """Store a job's report and return how it is found.

        Raises:
            JournalUnavailableError: it is not stored, or nobody knows; never after a long time.
        """
        ...

    async def get(self, stored: StoredReport) -> Report:
        """Return a report that was stored.

        Raises:
            JournalUnavailableError: it is not there any more, or cannot be read now.
        """
        ...


class Member(Message):
    """A worker as it describes itself."""

    worker: str
    name: str
    host: str
    version: str
    zone: str = ""
    cores: int = 1
    labels: dict[str, str] = Field(default_factory=dict)
    started_at: AwareDatetime
    # How far this worker's idea of the log's time may be off.
    clock_error_us: int = 0
    # The job that this worker prepares or runs now.
    job: str = ""
    # The host's load of the last minute, in thousandths of a core.
    load_millicores: int = 0

    @property
    def all_labels(self) -> dict[str, str]:
        """What `workerSelector` looks at: its own labels, and what everybody has."""
        return {**self.labels, "name": self.name, "host": self.host, "zone": self.zone}


class Members(Protocol):
    """Who is there now."""

    async def present(self) -> list[Member]:
        """Ask all, wait until they have gone quiet, and return them sorted by worker id.

        Raises:
            JournalUnavailableError: the control NATS cannot be reached.
        """
        ...
