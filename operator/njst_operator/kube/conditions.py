"""Kubernetes conditions: a map by type; transition times change only with the status."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from njst.contract.results.job_status import Condition
from njst_operator.kube.truncate import truncate

# In bytes: several conditions repeat a message, and together they must stay small.
MAX_MESSAGE = 240
# Present only while it is True: a field of the spec came too late and is ignored.
SPEC_IGNORED = "SpecIgnored"
TRUE, FALSE, UNKNOWN = "True", "False", "Unknown"


@dataclass(frozen=True)
class DesiredCondition:
    """What a condition should be now."""

    type: str
    status: str
    reason: str
    message: str = ""


def set_conditions(
    old: Iterable[Condition], desired: Iterable[DesiredCondition], generation: int, now: datetime
) -> list[Condition]:
    """Return the desired conditions, in order; an unchanged status keeps its transition time."""
    before = {condition.type: condition for condition in old}
    return [_set(before.get(new.type), new, generation, now) for new in desired]


def _set(
    old: Condition | None, desired: DesiredCondition, generation: int, now: datetime
) -> Condition:
    unchanged = old is not None and old.status == desired.status
    since = old.last_transition_time if unchanged and old is not None else time_text(now)
    return Condition(
        type=desired.type,
        status=desired.status,
        observed_generation=generation,
        last_transition_time=since,
        reason=desired.reason,
        message=truncate(desired.message, MAX_MESSAGE),
    )


def time_text(moment: datetime) -> str:
    """Format a time as metav1.Time."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def is_true(conditions: Iterable[Condition], kind: str) -> bool:
    """Whether there is a condition of this type that is True."""
    return any(c.type == kind and c.status == TRUE for c in conditions)
