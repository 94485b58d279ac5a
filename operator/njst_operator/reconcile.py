"""What to do about one resource: a pure function of it, its job, and the time.

Any number of copies may run it at once: submitting is a compare-and-set by uid, cancelling twice
is harmless, and a status is written only over an older one.
"""

from dataclasses import dataclass
from datetime import datetime

from njst.contract.document import parse_spec
from njst.contract.errors import InvalidDocumentError
from njst.contract.job import JobSpec
from njst.contract.result import QUEUE_TIMEOUT, Problem, Report, Verdict
from njst.contract.status import JobStatus
from njst.journal.view import JobView
from njst_operator import phases, status, ttl
from njst_operator.resource import Resource
from njst_operator.silence import status_in_silence


@dataclass(frozen=True)
class Submit:
    """Make the job; its id is the resource's uid. It has waited for workers for so long."""

    spec: JobSpec
    waited_ms: int = 0


@dataclass(frozen=True)
class Cancel:
    """Stop the job."""

    reason: str
    message: str


@dataclass(frozen=True)
class WriteStatus:
    """Write this status, unless it says what is there already."""

    status: JobStatus


@dataclass(frozen=True)
class Delete:
    """Delete the resource: its time is over."""


Action = Submit | Cancel | WriteStatus | Delete


@dataclass(frozen=True)
class Known:
    """What is known of the resource's job.

    `refusal` is why the last submission failed; `forgotten` says that the log itself, not only
    what was read of it, has no such job; `silent` that nobody has heard of it for long.
    """

    view: JobView | None = None
    report: Report | None = None
    refusal: Problem | None = None
    forgotten: bool = False
    silent: bool = False


def reconcile(resource: Resource, known: Known, now: datetime) -> tuple[Action, ...]:
    """Return what to do now; doing it again, or by several copies, changes nothing more."""
    if resource.settled:
        if ttl.is_over(resource, now):
            return (Delete(),)
        return _seen_again(resource)
    if known.silent:
        return (WriteStatus(status_in_silence(resource, now)),)
    if known.view is not None and known.report is not None:
        return _with_job(resource, known.view, known.report, now)
    return _without_job(resource, known, now)


def _with_job(
    resource: Resource, view: JobView, report: Report, now: datetime
) -> tuple[Action, ...]:
    actions: list[Action] = []
    if resource.spec.get("cancel") and view.cancelled is None and view.ended is None:
        actions.append(Cancel("Requested", "spec.cancel was set"))
    actions.append(WriteStatus(status.of_job(resource, view, report, now)))
    return tuple(actions)


def _without_job(resource: Resource, known: Known, now: datetime) -> tuple[Action, ...]:
    def say(saying: phases.Saying) -> WriteStatus:
        return WriteStatus(status.without_job(resource, saying, now))

    if resource.status.job_id:
        # Without the log's own word this copy has only not read as far as the job.
        message = "the job log has forgotten this job; its result is lost"
        lost = say(phases.never_ran("Failed", "ResultLost", message))
        return (lost,) if known.forgotten else ()
    if resource.spec.get("cancel"):
        message = "spec.cancel was set before the job began"
        return (say(phases.never_ran("Cancelled", "Requested", message)),)
    try:
        spec = parse_spec(resource.spec)
    except InvalidDocumentError as error:
        return (say(phases.never_ran("Failed", "InvalidSpec", str(error))),)
    if spec.suspend:
        return (say(phases.suspended()),)
    return _try(resource, spec, known.refusal, now)


def _try(
    resource: Resource, spec: JobSpec, refusal: Problem | None, now: datetime
) -> tuple[Action, ...]:
    """Submit; when that was refused, say so, until it has waited for too long."""
    waited_ms, limit_s = status.waited_ms(resource, now), spec.queue_timeout_seconds
    if waited_ms >= limit_s * 1000:
        why = refusal.message if refusal else resource.status.message
        message = f"it did not get its workers within {limit_s} s: {why}"
        over = phases.never_ran("Failed", QUEUE_TIMEOUT, message)
        said = status.without_job(resource, over, now)
        return (WriteStatus(said.model_copy(update={"verdict": str(Verdict.INVALID)})),)
    if refusal is None:
        return (Submit(spec, waited_ms),)
    message = f"{refusal.message}; it is tried for {limit_s} s"
    waiting = phases.waiting(refusal.reason, message)
    return (Submit(spec, waited_ms), WriteStatus(status.without_job(resource, waiting, now)))


def _seen_again(resource: Resource) -> tuple[Action, ...]:
    """A change after the end changes nothing, but that it was looked at."""
    if resource.status.observed_generation == resource.generation:
        return ()
    return (WriteStatus(status.observed(resource)),)
