"""Conditions as Kubernetes has them: a map by type, whose times change with the status alone."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from njst.contract.results.job_status import Condition
from njst_operator.kube.truncate import truncate

# Bytes. Several conditions repeat a message; together they must stay small.
MAX_MESSAGE = 240
# There only while it is True: something in the spec says what can no longer be.
SPEC_IGNORED = "SpecIgnored"
TRUE, FALSE, UNKNOWN = "True", "False", "Unknown"


@dataclass(frozen=True)
class DesiredCondition:
    """What a condition should say now."""

    type: str
    status: str
    reason: str
    message: str = ""


def set_conditions(
    old: Iterable[Condition], claims: Iterable[DesiredCondition], generation: int, now: datetime
) -> list[Condition]:
    """Return the conditions of `claims`, in order; one that stays as it was keeps its time."""
    before = {condition.type: condition for condition in old}
    return [_set(before.get(claim.type), claim, generation, now) for claim in claims]


def _set(
    old: Condition | None, claim: DesiredCondition, generation: int, now: datetime
) -> Condition:
    unchanged = old is not None and old.status == claim.status
    since = old.last_transition_time if unchanged and old is not None else time_text(now)
    return Condition(
        type=claim.type,
        status=claim.status,
        observed_generation=generation,
        last_transition_time=since,
        reason=claim.reason,
        message=truncate(claim.message, MAX_MESSAGE),
    )


def time_text(moment: datetime) -> str:
    """Return a time as metav1.Time is written."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def is_true(conditions: Iterable[Condition], kind: str) -> bool:
    """Whether the condition of this type is there and True."""
    return any(c.type == kind and c.status == TRUE for c in conditions)
