"""Decisions about a resource that kinds have in common; pure."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from njst.contract.results.outcome import QUEUE_TIMEOUT, Problem
from njst.contract.results.report import Verdict
from njst_operator.controllers.resource.actions import AnnotateAccepted, Delete, WriteStatus
from njst_operator.controllers.resource.ignored_fields import BY_SPEC
from njst_operator.controllers.resource.log_resource import LogResource, LogStatus
from njst_operator.controllers.resource.phase_status import Phases, PhaseStatus
from njst_operator.controllers.resource.status_fields import restored, waited_ms, without_log

# The reason of what is cancelled because its resource was deleted.
RESOURCE_DELETED = "ResourceDeleted"


@dataclass(frozen=True)
class Attempt:
    """A submission that is to be made.

    Attributes:
        limit_s: For how long it is tried, in seconds.
        hopeless: Reasons of failures after which another attempt is of no use.
        not_submitted: Why the last attempt failed; None: it did not, or there was none.
        known: Fields of the status that are known before it is submitted.
    """

    limit_s: int
    hopeless: AbstractSet[str]
    not_submitted: Problem | None = None
    known: Mapping[str, Any] = field(default_factory=dict)


def status_of_attempt(
    phases: Phases, resource: LogResource[LogStatus], attempt: Attempt, now: datetime
) -> tuple[WriteStatus[LogStatus] | None, bool]:
    """Return the status of a resource that is to be submitted, and whether to try it (again).

    None: it has waited for nothing yet, and there is nothing to say.
    """

    def write(phase: PhaseStatus, **changes: Any) -> WriteStatus[LogStatus]:
        return WriteStatus(without_log(resource, phase, now, **attempt.known, **changes))

    problem, limit_s = attempt.not_submitted, attempt.limit_s
    if waited_ms(resource, now) >= limit_s * 1000:
        why = problem.message if problem else resource.status.message
        message = f"it did not get its workers within {limit_s} s: {why}"
        over = phases.never_ran("Failed", QUEUE_TIMEOUT, message)
        return write(over, verdict=str(Verdict.INVALID)), False
    if problem is None:
        return None, True
    if problem.reason in attempt.hopeless:
        return write(phases.never_ran("Failed", problem.reason, problem.message)), False
    message = f"{problem.message}; it is tried for {limit_s} s"
    return write(phases.waiting(problem.reason, message)), True


def annotated(resource: LogResource[LogStatus]) -> tuple[AnnotateAccepted, ...]:
    """Return what annotates an accepted resource, unless it is annotated."""
    return () if resource.accepted_uid == resource.uid else (AnnotateAccepted(resource.uid),)


def cancelled_at_once(phases: Phases, resource: LogResource[LogStatus]) -> PhaseStatus:
    """Return the end of a resource that is cancelled before it is accepted."""
    if resource.deleting:
        message = f"the {resource.kind} was deleted before the {resource.noun} began"
        return phases.never_ran("Cancelled", RESOURCE_DELETED, message)
    message = f"{BY_SPEC} before the {resource.noun} began"
    return phases.never_ran("Cancelled", "Requested", message)


def hold_restored(
    phases: Phases, resource: LogResource[LogStatus], now: datetime
) -> tuple[AnnotateAccepted | WriteStatus[LogStatus], ...]:
    """Hold a restored or copied resource until a person removes its annotation.

    It is written before the status, which erases the only other trace of what was accepted.
    """
    hold = WriteStatus(restored(resource, phases.restored(resource), now))
    return (hold,) if resource.accepted_uid else (AnnotateAccepted(resource.copied_from_uid), hold)


def orphan_cause(resource: LogResource[LogStatus]) -> tuple[str, str]:
    """Return why what is in the log is not its resource's any more, and is to be cancelled."""
    if resource.log_id:
        noun = resource.noun
        return ("Restored", f"the status of an earlier {noun} was written over that of this one")
    # One replica wrote that it never ran while another, which did not know why, submitted it.
    return resource.status.reason, resource.status.message


def expired(resource: LogResource[LogStatus], now: datetime) -> tuple[Delete, ...]:
    """Return what deletes a resource whose ttlSecondsAfterFinished is over."""
    expires_at = resource.expires_at
    # A resource that a finalizer holds is not deleted again.
    is_over = expires_at is not None and now >= expires_at and not resource.deleting
    return (Delete(),) if is_over else ()
