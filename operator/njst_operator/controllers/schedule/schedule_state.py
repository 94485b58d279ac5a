"""What the status of an NjstSchedule says: reason, message and conditions; pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from njst_operator.controllers.schedule.child_kind import Child, ChildKind
from njst_operator.controllers.schedule.schedule_reason import ScheduleReason
from njst_operator.kube.conditions import FALSE, TRUE, time_text


@dataclass(frozen=True)
class ScheduleState:
    """A reason, a message, and the status of each condition by its type."""

    reason: str
    message: str
    conditions: dict[str, str]


@dataclass(frozen=True)
class Missed:
    """A time whose child was not created before the deadline, and why."""

    noun: str
    time: datetime
    deadline_s: int
    why: str


def scheduled(kind: ChildKind) -> ScheduleState:
    """Children are created at their times."""
    message = f"{kind.noun}s are made at their times"
    return ScheduleState(ScheduleReason.SCHEDULED, message, _conditions(TRUE))


def waiting(kind: ChildKind, time: datetime, active: Sequence[Child]) -> ScheduleState:
    """The child of a time waits for earlier ones, of which there is at least one."""
    message = f"the {kind.noun} of {time_text(time)} waits for {first_of(active)}"
    return ScheduleState(kind.waits, message, _conditions(TRUE))


def suspended(kind: ChildKind) -> ScheduleState:
    """No children are created."""
    message = f"set spec.suspend to false to make {kind.noun}s again"
    # It is as its spec wants it: a rollout that waits for Ready need not wait for this.
    return ScheduleState(
        ScheduleReason.SUSPENDED, message, {**_conditions(TRUE), "Suspended": TRUE}
    )


def skipped(missed: Missed, upcoming: datetime) -> ScheduleState:
    """The last time has passed without a child; the next one will have one."""
    # The reason comes last: a long message is cut at its end.
    message = (
        f"the {missed.noun} of {time_text(missed.time)} was skipped, the next one is at"
        f" {time_text(upcoming)}: {_too_late(missed)}"
    )
    return ScheduleState(ScheduleReason.MISSED_SCHEDULE, message, _conditions(TRUE))


def given_up(reason: str, missed: Missed, upcoming: datetime) -> ScheduleState:
    """The child of the last time was refused until it was too late."""
    message = (
        f"the {missed.noun} of {time_text(missed.time)} was given up, the next one is at"
        f" {time_text(upcoming)}: {_too_late(missed)}"
    )
    return stalled(reason, message)


def invalid(message: str) -> ScheduleState:
    """The spec cannot be read."""
    return stalled(ScheduleReason.INVALID_SCHEDULE, message)


def stalled(reason: str, message: str) -> ScheduleState:
    """No child can be created until somebody does something."""
    return ScheduleState(reason, message, {**_conditions(FALSE), "Stalled": TRUE})


def first_of(active: Sequence[Child]) -> str:
    """Return the name of the child that holds others up, and how many do so beside it."""
    names = sorted(child.name for child in active)
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"


def _too_late(missed: Missed) -> str:
    return (
        f"it could not be created within startingDeadlineSeconds ({missed.deadline_s} s): "
        f"{missed.why}"
    )


def _conditions(ready: str) -> dict[str, str]:
    return {"Ready": ready, "Suspended": FALSE, "Reconciling": FALSE, "Stalled": FALSE}
