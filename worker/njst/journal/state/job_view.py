"""What is known of a job: the fold of its events, the same for every reader of the same log."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple, Self

from njst.contract.events import Cancelled, Cleaned, Created, Ended, Finished, Started
from njst.contract.results.outcome import Problem
from njst.contract.results.readback import SliceResult, StreamConsumption, StreamReceipts
from njst.contract.results.report import Verdict

# The reasons of a `cancelled` event that a person asked for; any other is a failure.
USER_CANCEL_REASONS = frozenset({"Requested", "ResourceDeleted"})


class ParticipantPhase(StrEnum):
    """How far a participant is."""

    PREPARING = "Preparing"
    READY = "Ready"
    REJECTED = "Unfit"
    LATE = "Late"
    RUNNING = "Running"
    FINISHED = "Finished"
    LOST = "Lost"


class Phase(StrEnum):
    """How far a job is, in one word for people; derived, never stored."""

    PENDING = "Pending"
    RUNNING = "Running"
    CANCELLING = "Cancelling"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    CANCELLED = "Cancelled"


class ParticipantState(NamedTuple):
    """One participant.

    An unbroken chain of accusations runs from `suspected_from_ns` to `suspected_until_ns` (log
    time); both are 0 while nobody misses this worker.
    """

    worker: str
    state: ParticipantPhase = ParticipantPhase.PREPARING
    problem: Problem | None = None
    finished: Finished | None = None
    # The awaited workloads that it has nothing more to do of.
    done: frozenset[str] = frozenset()
    suspected_from_ns: int = 0
    suspected_until_ns: int = 0
    # Its load is finished, and it will not read what was stored: it left, or was lost.
    gone: bool = False

    def replace(self, **changes: Any) -> "ParticipantState":
        """Return the participant with other values."""
        return self._replace(**changes)


# One for all jobs: a long history has a hundred thousand of them.
@lru_cache(maxsize=8192)
def plain_part(worker: str, state: ParticipantPhase) -> ParticipantState:
    """Return a participant of whom only the state is to be known."""
    return ParticipantState(worker, state)


def are_loading(parts: Mapping[str, ParticipantState]) -> bool:
    """Return whether a participant still runs its load, or is believed to."""
    return any(part.state is ParticipantPhase.RUNNING for part in parts.values())


@dataclass(frozen=True)
class JobView:
    """One job. Times are the log's own, in ns since the Unix epoch; 0 means not yet.

    What each participant said in the end is kept until the job is closed: the report has it then.
    """

    id: str
    seq: int
    created: Created
    created_ns: int
    parts: MappingProxyType[str, ParticipantState]
    started: Started | None = None
    start_ns: int = 0
    # When the last participant was known to have finished its load, or to be lost.
    load_end_ns: int = 0
    # When the workloads begin that wait for others, by name, as soon as that is known.
    begins_ns: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    # Once all load is over: who may read back what was stored, sorted, and in how many slices.
    readers: tuple[str, ...] = ()
    slices: int = 0
    # Who saw what, by the number of the slice.
    seen: Mapping[int, tuple[str, SliceResult]] = field(
        default_factory=lambda: MappingProxyType({})
    )
    cancelled: Cancelled | None = None
    cancelled_ns: int = 0
    ended: Ended | None = None
    ended_ns: int = 0
    cleaned: Cleaned | None = None
    closed_ns: int = 0
    deleted: bool = False
    # Sequence and time of the last event that was folded, void or not.
    last_seq: int = 0
    last_ns: int = 0
    # Events that changed nothing: repeated, late or unknown.
    void_count: int = field(default=0, compare=False)

    @property
    def run(self) -> tuple[str, ...]:
        """Workers that take part in the load, sorted; empty before the start."""
        states = (ParticipantPhase.RUNNING, ParticipantPhase.FINISHED, ParticipantPhase.LOST)
        return tuple(sorted(p.worker for p in self.parts.values() if p.state in states))

    @property
    def wanted(self) -> int:
        """How many workers the job was to have: its participants, unless more were expected."""
        return max(len(self.parts), self.created.expected)

    @property
    def queue_end_ns(self) -> int:
        """When the job fails unless it has its workers."""
        limit_ms = self.created.spec.queue_timeout_seconds * 1000 - self.created.waited_ms
        return self.created_ns + max(0, limit_ms) * 1_000_000

    @property
    def made_anything(self) -> bool:
        """Whether a participant may have made something on the target."""
        return any(part.state is not ParticipantPhase.REJECTED for part in self.parts.values())

    @property
    def settled(self) -> bool:
        """Whether nothing runs or is read, and nothing will be: the moment for `ended`.

        Never taken back.
        """
        if self.started is None:
            return self.cancelled is not None
        return not self.loading and not self.reading

    @property
    def loading(self) -> bool:
        """Whether a participant still runs its load, or is believed to."""
        return are_loading(self.parts)

    @property
    def reading(self) -> bool:
        """Whether all load is over and a slice of what was stored is still to be read."""
        if self.cancelled is not None or self.ended is not None:
            return False
        return len(self.seen) < self.slices and any(not self.parts[r].gone for r in self.readers)

    @property
    def reading_words(self) -> str:
        """How far the reading is, for people."""
        return f"{len(self.seen)} of {self.slices} slices of what was stored are read back"

    def reader_of(self, number: int) -> str:
        """Return who is to read a slice: the reader with its number, or the next that is there.

        Raises:
            ValueError: nobody is left to read.
        """
        turns = (*self.readers[number:], *self.readers[:number])
        for worker in turns:
            if not self.parts[worker].gone:
                return worker
        raise ValueError("nobody is left to read")

    def to_read(self, worker: str) -> list[int]:
        """Return the numbers of the slices that nobody has seen and a worker is to read."""
        if not self.reading:
            return []
        unseen = (number for number in range(self.slices) if number not in self.seen)
        return [number for number in unseen if self.reader_of(number) == worker]

    @property
    def watched(self) -> tuple[str, ...]:
        """Who owes the job its progress: who runs load, and then who may have to read."""
        if self.reading:
            return tuple(worker for worker in self.readers if not self.parts[worker].gone)
        return self.parts_in(ParticipantPhase.RUNNING)

    @property
    def receipts(self) -> dict[str, list[StreamReceipts]]:
        """What the producers of each participant that has finished were acknowledged."""
        return {
            worker: part.finished.receipts
            for worker, part in self.parts.items()
            if part.finished is not None and part.finished.receipts
        }

    @property
    def consumed(self) -> list[StreamConsumption]:
        """What the consumers of all participants had that have finished."""
        return [
            some
            for part in self.parts.values()
            if part.finished is not None
            for some in part.finished.consumed
        ]

    @property
    def may_begin(self) -> tuple[str, ...]:
        """The workloads that wait for nothing any more: who still runs is done with the others."""
        running = [part for part in self.parts.values() if part.state is ParticipantPhase.RUNNING]
        if not running:
            return ()
        return tuple(
            workload.name
            for workload in self.created.spec.gated
            if workload.name not in self.begins_ns
            and all(part.done.issuperset(workload.after) for part in running)
        )

    @property
    def closed(self) -> bool:
        """Whether the job is over and cleaned up, so that the next one may use its workers."""
        return self.cleaned is not None

    @property
    def phase(self) -> Phase:
        """The job's phase."""
        if self.ended is not None:
            if self.ended.report.verdict is Verdict.VALID:
                return Phase.SUCCEEDED
            if self.cancelled is not None and self.cancelled.reason in USER_CANCEL_REASONS:
                return Phase.CANCELLED
            return Phase.FAILED
        if self.cancelled is not None:
            return Phase.CANCELLING
        return Phase.PENDING if self.started is None else Phase.RUNNING

    def replace(self, **changes: Any) -> Self:
        """Return the view with other values; `dataclasses.replace`, which is slow."""
        changed = object.__new__(type(self))
        changed.__dict__.update(self.__dict__)
        changed.__dict__.update(changes)
        return changed

    def parts_in(self, *states: ParticipantPhase) -> tuple[str, ...]:
        """Return the participants in one of `states`, sorted."""
        return tuple(sorted(p.worker for p in self.parts.values() if p.state in states))
