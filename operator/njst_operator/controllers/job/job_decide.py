"""What to do about one resource: a pure function of it, its job, and the time.

Any number of copies may run it at once: submitting is a compare-and-set by uid, cancelling twice
is harmless, and a status is written only over an older one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from njst.contract.parsing.document import parse_spec
from njst.contract.parsing.field_errors import InvalidDocumentError
from njst.contract.results.job_status import JobStatus
from njst.contract.results.outcome import QUEUE_TIMEOUT, Problem
from njst.contract.results.report import Report, Verdict
from njst.contract.spec.job import JobSpec
from njst.journal.state.job_view import JobView
from njst_operator.controllers.job import job_status_builder, phase_status
from njst_operator.controllers.job.disconnected_status import status_in_silence
from njst_operator.controllers.job.ignored_fields import BY_SPEC, ignored
from njst_operator.controllers.job.job_resource import JobResource


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
class Mark:
    """Write into the resource's metadata which uid was accepted as a job."""

    uid: str


@dataclass(frozen=True)
class Delete:
    """Delete the resource: its time is over."""


Action = Submit | Cancel | WriteStatus | Mark | Delete

# Why a job is cancelled whose resource is gone, or is about to be.
DELETED = ("ResourceDeleted", "the NjstJob was deleted")


@dataclass(frozen=True)
class ObservedState:
    """What is known of the resource's job.

    `refusal` is why the last submission failed; `forgotten` says that the log itself, not only
    what was read of it, has no such job; `silent` that nobody has heard of it for long; `earlier`
    is a job of the same name and spec that ended lately, where the spec asks for that; `waits_for`
    are the jobs that run before it, as people call them.
    """

    view: JobView | None = None
    report: Report | None = None
    refusal: Problem | None = None
    forgotten: bool = False
    silent: bool = False
    earlier: JobView | None = None
    waits_for: Sequence[str] = ()


def decide(resource: JobResource, known: ObservedState, now: datetime) -> tuple[Action, ...]:
    """Return what to do now; doing it again, or by several copies, changes nothing more."""
    if resource.settled:
        return _after_the_end(resource, known, now)
    if known.silent:
        return (WriteStatus(status_in_silence(resource, now)),)
    if known.view is not None and known.report is not None:
        return _with_job(resource, known.view, known.report, known.waits_for, now)
    return _without_job(resource, known, now)


def _with_job(
    resource: JobResource,
    view: JobView,
    report: Report,
    waits_for: Sequence[str],
    now: datetime,
) -> tuple[Action, ...]:
    actions: list[Action] = []
    if is_open(view):
        if resource.deleting:
            actions.append(Cancel(*DELETED))
        elif resource.spec.get("cancel"):
            actions.append(Cancel("Requested", BY_SPEC))
    said = job_status_builder.of_job(resource, view, report, now, waits_for)
    said = job_status_builder.with_ignored(said, resource, ignored(resource, view), now)
    actions.append(WriteStatus(said))
    return (*actions, *_marked(resource))


def _marked(resource: JobResource) -> tuple[Action, ...]:
    return () if resource.mark == resource.uid else (Mark(resource.uid),)


def is_open(view: JobView) -> bool:
    """Whether a job can still be cancelled."""
    return view.cancelled is None and view.ended is None


def _without_job(resource: JobResource, known: ObservedState, now: datetime) -> tuple[Action, ...]:
    def say(saying: phase_status.PhaseStatus, spec: JobSpec | None = None) -> WriteStatus:
        return WriteStatus(job_status_builder.without_job(resource, saying, now, spec))

    if resource.has_job:
        # Without the log's own word this copy has only not read as far as the job.
        message = "the job log has forgotten this job; its result is lost"
        lost = say(phase_status.never_ran("Failed", "ResultLost", message))
        return (lost,) if known.forgotten else ()
    if resource.shall_end:
        return (say(_cancelled_at_once(resource)),)
    if resource.accepted_as:
        return _restored(resource, now)
    try:
        spec = parse_spec(resource.spec)
    except InvalidDocumentError as error:
        return (say(phase_status.never_ran("Failed", "InvalidSpec", str(error))),)
    if spec.suspend:
        return (say(phase_status.suspended(), spec),)
    return _to_run(resource, spec, known, now)


def _to_run(
    resource: JobResource, spec: JobSpec, known: ObservedState, now: datetime
) -> tuple[Action, ...]:
    if known.earlier is not None:
        saying = phase_status.ran_already(known.earlier, spec.skip_if_ran_within_seconds or 0)
        return (WriteStatus(job_status_builder.of_earlier(resource, saying, known.earlier, now)),)
    return _try(resource, spec, known.refusal, now)


def _try(
    resource: JobResource, spec: JobSpec, refusal: Problem | None, now: datetime
) -> tuple[Action, ...]:
    """Submit; when that was refused, say so, until it has waited for too long."""
    waited_ms, limit_s = job_status_builder.waited_ms(resource, now), spec.queue_timeout_seconds
    if waited_ms >= limit_s * 1000:
        why = refusal.message if refusal else resource.status.message
        message = f"it did not get its workers within {limit_s} s: {why}"
        over = phase_status.never_ran("Failed", QUEUE_TIMEOUT, message)
        said = job_status_builder.without_job(resource, over, now, spec)
        return (WriteStatus(said.model_copy(update={"verdict": str(Verdict.INVALID)})),)
    if refusal is None:
        return (Submit(spec, waited_ms),)
    message = f"{refusal.message}; it is tried for {limit_s} s"
    waiting = phase_status.waiting(refusal.reason, message)
    return (
        Submit(spec, waited_ms),
        WriteStatus(job_status_builder.without_job(resource, waiting, now, spec)),
    )


def _cancelled_at_once(resource: JobResource) -> phase_status.PhaseStatus:
    if resource.deleting:
        message = "the NjstJob was deleted before the job began"
        return phase_status.never_ran("Cancelled", DELETED[0], message)
    message = f"{BY_SPEC} before the job began"
    return phase_status.never_ran("Cancelled", "Requested", message)


def _restored(resource: JobResource, now: datetime) -> tuple[Action, ...]:
    """Hold what was restored or copied until somebody takes the mark away.

    The mark is there before the status is: a status that came with it is the only other witness.
    """
    held = job_status_builder.restored(resource, phase_status.restored(resource), now)
    mark: tuple[Action, ...] = () if resource.mark else (Mark(resource.accepted_as),)
    return (*mark, WriteStatus(held))


def _after_the_end(
    resource: JobResource, known: ObservedState, now: datetime
) -> tuple[Action, ...]:
    if known.view is not None and not resource.has_job and is_open(known.view):
        return (Cancel(*_cause(resource)),)
    expires_at = resource.expires_at
    # Deleting again what somebody's finalizer holds changes nothing.
    if expires_at is not None and now >= expires_at and not resource.deleting:
        return (Delete(),)
    mark = _marked(resource) if resource.has_job else ()
    return (*_seen_again(resource, known.view, now), *mark)


def _cause(resource: JobResource) -> tuple[str, str]:
    """Return why a resource has no job, though the log has one that nobody will look at."""
    if resource.status.job_id:
        return ("Restored", "the status of an earlier job was written over that of this one")
    # One copy said that it never ran while another one, which had not seen why, submitted it.
    return resource.status.reason, resource.status.message


def _seen_again(resource: JobResource, view: JobView | None, now: datetime) -> tuple[Action, ...]:
    """A change after the end changes nothing, but that it was looked at."""
    if resource.status.observed_generation == resource.generation:
        return ()
    said = job_status_builder.with_ignored(
        job_status_builder.observed(resource), resource, ignored(resource, view), now
    )
    return (WriteStatus(said),)
