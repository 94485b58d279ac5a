"""The view of a job: the projection of its events, the same for every reader of the log."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple, Self

from njst.contract.events import Cancelled, Cleaned, Created, Ended, Finished, Started
from njst.contract.results.course import EventType
from njst.contract.results.outcome import Problem
from njst.contract.results.preparation import Preparation
from njst.contract.results.readback import SliceResult, StreamConsumption, StreamReceipts
from njst.contract.results.report import Verdict

# The reasons of a `cancelled` event that a user requested; any other reason is a failure.
USER_CANCEL_REASONS = frozenset({"Requested", "ResourceDeleted"})


class ParticipantPhase(StrEnum):
    """The phase of a participant."""

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
    """The state of one participant.

    An unbroken chain of suspicions lasts from `suspected_from_ns` to `suspected_until_ns` (log
    time); both are 0 while the participant is not suspected.
    """

    worker: str
    state: ParticipantPhase = ParticipantPhase.PREPARING
    problem: Problem | None = None
    finished: Finished | None = None
    # What its preparation found out, until the job is closed.
    preparation: Preparation | None = None
    # The awaited workloads that it has finished.
    done: frozenset[str] = frozenset()
    suspected_from_ns: int = 0
    suspected_until_ns: int = 0
    # Its load is finished, but it will not read back: it left, or was lost.
    gone: bool = False

    def replace(self, **changes: Any) -> "ParticipantState":
        """Return the participant with some values replaced."""
        return self._replace(**changes)


class TimelineEntry(NamedTuple):
    """Something that happened in a job: where in the log it stands, and its log time in ns."""

    seq: int
    time_ns: int
    type: EventType
    worker: str = ""
    workload: str = ""
    message: str = ""


# Shared by all jobs: a long history has a hundred thousand of them.
@lru_cache(maxsize=8192)
def plain_part(worker: str, state: ParticipantPhase) -> ParticipantState:
    """Return a participant with a phase and nothing else."""
    return ParticipantState(worker, state)


def are_loading(parts: Mapping[str, ParticipantState]) -> bool:
    """Whether a participant runs its load, as far as is known."""
    return any(part.state is ParticipantPhase.RUNNING for part in parts.values())


@dataclass(frozen=True)
class JobView:
    """One job. Times are log time, in ns since the Unix epoch; 0 means not yet.

    The participants' final tallies are kept until the job is closed: then the report has them.
    """

    id: str
    seq: int
    created: Created
    created_ns: int
    parts: MappingProxyType[str, ParticipantState]
    started: Started | None = None
    start_ns: int = 0
    # When all participants were known to have finished their load, or to be lost.
    load_end_ns: int = 0
    # Begin times of the workloads that wait for others, by name, once they are known.
    begins_ns: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    # Once all load is over: the workers that may read back, sorted, and the number of slices.
    readers: tuple[str, ...] = ()
    slices: int = 0
    # By slice number: the worker that read it, and its result.
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
    # Sequence and time of the last event that was applied, void or not.
    last_seq: int = 0
    last_ns: int = 0
    # What happened, in the order of the log; what happened to workers until the job is closed.
    timeline: tuple[TimelineEntry, ...] = ()
    # How many entries the timeline had no room for.
    timeline_omitted: int = 0
    # Events that changed nothing: repeated, late or unknown.
    void_count: int = field(default=0, compare=False)

    @property
    def run(self) -> tuple[str, ...]:
        """The workers that run the load, sorted; empty before the start."""
        states = (ParticipantPhase.RUNNING, ParticipantPhase.FINISHED, ParticipantPhase.LOST)
        return tuple(sorted(p.worker for p in self.parts.values() if p.state in states))

    @property
    def wanted(self) -> int:
        """How many workers the job should have: its participants, unless more were expected."""
        return max(len(self.parts), self.created.expected)

    @property
    def queue_end_ns(self) -> int:
        """When the job fails if it has not got its workers (log time)."""
        limit_ms = self.created.spec.queue_timeout_seconds * 1000 - self.created.waited_ms
        return self.created_ns + max(0, limit_ms) * 1_000_000

    @property
    def made_anything(self) -> bool:
        """Whether a participant may have made something on the target."""
        return any(part.state is not ParticipantPhase.REJECTED for part in self.parts.values())

    @property
    def settled(self) -> bool:
        """Whether nothing is loaded or read back any more, so that `ended` can follow.

        Once True, it stays True.
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
        """Whether all load is over and a slice is still to be read back."""
        if self.cancelled is not None or self.ended is not None:
            return False
        return len(self.seen) < self.slices and any(not self.parts[r].gone for r in self.readers)

    @property
    def reading_words(self) -> str:
        """The progress of the read-back, for people."""
        return f"{len(self.seen)} of {self.slices} slices of what was stored are read back"

    def reader_of(self, number: int) -> str:
        """Return the worker that is to read a slice: the reader of its number, or the next left.

        Raises:
            ValueError: nobody is left to read.
        """
        turns = (*self.readers[number:], *self.readers[:number])
        for worker in turns:
            if not self.parts[worker].gone:
                return worker
        raise ValueError("nobody is left to read")

    def to_read(self, worker: str) -> list[int]:
        """Return the numbers of the unread slices that are assigned to a worker."""
        if not self.reading:
            return []
        unseen = (number for number in range(self.slices) if number not in self.seen)
        return [number for number in unseen if self.reader_of(number) == worker]

    @property
    def watched(self) -> tuple[str, ...]:
        """The workers that must send progress: those under load, or later those that may read."""
        if self.reading:
            return tuple(worker for worker in self.readers if not self.parts[worker].gone)
        return self.parts_in(ParticipantPhase.RUNNING)

    @property
    def receipts(self) -> dict[str, list[StreamReceipts]]:
        """The receipts of acknowledged messages, by worker that has finished."""
        return {
            worker: part.finished.receipts
            for worker, part in self.parts.items()
            if part.finished is not None and part.finished.receipts
        }

    @property
    def consumed(self) -> list[StreamConsumption]:
        """What the consumers of all finished participants received."""
        return [
            some
            for part in self.parts.values()
            if part.finished is not None
            for some in part.finished.consumed
        ]

    @property
    def may_begin(self) -> tuple[str, ...]:
        """The workloads that may begin: all participants have finished what these wait for."""
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
        """Whether the job is over and cleaned up, so that its workers are free."""
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
        """Return the view with some values replaced; faster than `dataclasses.replace`."""
        changed = object.__new__(type(self))
        changed.__dict__.update(self.__dict__)
        changed.__dict__.update(changes)
        return changed

    def parts_in(self, *states: ParticipantPhase) -> tuple[str, ...]:
        """Return the participants in one of `states`, sorted."""
        return tuple(sorted(p.worker for p in self.parts.values() if p.state in states))
