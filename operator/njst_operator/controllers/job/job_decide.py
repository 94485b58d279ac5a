"""Decides what to do about one NjstJob: a pure function of the resource, its job and the time.

Any number of replicas may act on it at once: a job is submitted by compare-and-set on the uid,
cancelling twice is harmless, and a status is written only over an older one.
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
from njst_operator.controllers.job.disconnected_status import disconnected_status_of
from njst_operator.controllers.job.ignored_fields import BY_SPEC, ignored
from njst_operator.controllers.job.job_resource import JobResource


@dataclass(frozen=True)
class Submit:
    """Submit the job, with the uid as its id; it has waited for workers for `waited_ms`."""

    spec: JobSpec
    waited_ms: int = 0


@dataclass(frozen=True)
class Cancel:
    """Stop the job."""

    reason: str
    message: str


@dataclass(frozen=True)
class WriteStatus:
    """Write this status, unless the resource has it already."""

    status: JobStatus


@dataclass(frozen=True)
class AnnotateAccepted:
    """Annotate the resource with the uid that was accepted as a job."""

    uid: str


@dataclass(frozen=True)
class Delete:
    """Delete the resource: its ttlSecondsAfterFinished is over."""


Action = Submit | Cancel | WriteStatus | AnnotateAccepted | Delete

# Why the job of a deleted resource is cancelled.
DELETED = ("ResourceDeleted", "the NjstJob was deleted")
# Reasons of a job whose submission need not be tried again: the control NATS cannot take it; the
# mesh refuses it, for a threshold that is relative to a baseline which is missing or of another
# spec.
TOO_LARGE = "JobTooLarge"
INVALID = "InvalidSpec"


@dataclass(frozen=True)
class ObservedState:
    """What is known of the job of a resource.

    `not_submitted` is why the last submission failed; `forgotten`: the log itself has no such job,
    not only what this replica has read of it; `silent`: NATS has not answered for long; `earlier`
    is a recent job of the same name and spec, if the spec asks for that; `waits_for` are the jobs
    that run before it, by the names that people know.
    """

    view: JobView | None = None
    report: Report | None = None
    not_submitted: Problem | None = None
    forgotten: bool = False
    silent: bool = False
    earlier: JobView | None = None
    waits_for: Sequence[str] = ()


def decide(resource: JobResource, observed: ObservedState, now: datetime) -> tuple[Action, ...]:
    """Return what to do now; to do it twice, or by several replicas, does no harm."""
    if resource.is_finished:
        return _after_the_end(resource, observed, now)
    if observed.silent:
        return (WriteStatus(disconnected_status_of(resource, now)),)
    if observed.view is not None and observed.report is not None:
        return _with_job(resource, observed.view, observed.report, observed.waits_for, now)
    return _without_job(resource, observed, now)


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
    status = job_status_builder.of_job(resource, view, report, now, waits_for)
    status = job_status_builder.with_ignored(status, resource, ignored(resource, view), now)
    actions.append(WriteStatus(status))
    return (*actions, *_annotated(resource))


def _annotated(resource: JobResource) -> tuple[Action, ...]:
    return () if resource.accepted_uid == resource.uid else (AnnotateAccepted(resource.uid),)


def is_open(view: JobView) -> bool:
    """Whether a job can still be cancelled."""
    return view.cancelled is None and view.ended is None


def _without_job(
    resource: JobResource, observed: ObservedState, now: datetime
) -> tuple[Action, ...]:
    def write(phase: phase_status.PhaseStatus, spec: JobSpec | None = None) -> WriteStatus:
        return WriteStatus(job_status_builder.without_job(resource, phase, now, spec))

    if resource.has_job:
        # Unless the log has forgotten it, this replica has only not read as far as the job.
        message = "the job log has forgotten this job; its result is lost"
        lost = write(phase_status.never_ran("Failed", "ResultLost", message))
        return (lost,) if observed.forgotten else ()
    if resource.is_to_end:
        return (write(_cancelled_at_once(resource)),)
    if resource.copied_from_uid:
        return _restored(resource, now)
    try:
        spec = parse_spec(resource.spec)
    except InvalidDocumentError as error:
        return (write(phase_status.never_ran("Failed", INVALID, str(error))),)
    if spec.suspend:
        return (write(phase_status.suspended(), spec),)
    return _to_run(resource, spec, observed, now)


def _to_run(
    resource: JobResource, spec: JobSpec, observed: ObservedState, now: datetime
) -> tuple[Action, ...]:
    if observed.earlier is not None:
        phase = phase_status.ran_already(observed.earlier, spec.skip_if_ran_within_seconds or 0)
        return (WriteStatus(job_status_builder.of_earlier(resource, phase, observed.earlier, now)),)
    return _try(resource, spec, observed.not_submitted, now)


def _try(
    resource: JobResource, spec: JobSpec, not_submitted: Problem | None, now: datetime
) -> tuple[Action, ...]:
    """Submit the job; after a failure say why, until it has waited for too long."""
    waited_ms, limit_s = job_status_builder.waited_ms(resource, now), spec.queue_timeout_seconds
    if waited_ms >= limit_s * 1000:
        why = not_submitted.message if not_submitted else resource.status.message
        message = f"it did not get its workers within {limit_s} s: {why}"
        over = phase_status.never_ran("Failed", QUEUE_TIMEOUT, message)
        status = job_status_builder.without_job(resource, over, now, spec)
        return (WriteStatus(status.model_copy(update={"verdict": str(Verdict.INVALID)})),)
    if not_submitted is None:
        return (Submit(spec, waited_ms),)
    if not_submitted.reason in (TOO_LARGE, INVALID):
        failed = phase_status.never_ran("Failed", not_submitted.reason, not_submitted.message)
        return (WriteStatus(job_status_builder.without_job(resource, failed, now, spec)),)
    message = f"{not_submitted.message}; it is tried for {limit_s} s"
    waiting = phase_status.waiting(not_submitted.reason, message)
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
    """Hold a restored or copied resource until a person removes its annotation.

    It is written before the status, which erases the only other trace of the earlier job.
    """
    held = job_status_builder.restored(resource, phase_status.restored(resource), now)
    hold = WriteStatus(held)
    return (hold,) if resource.accepted_uid else (AnnotateAccepted(resource.copied_from_uid), hold)


def _after_the_end(
    resource: JobResource, observed: ObservedState, now: datetime
) -> tuple[Action, ...]:
    if observed.view is not None and not resource.has_job and is_open(observed.view):
        return (Cancel(*_cause(resource)),)
    expires_at = resource.expires_at
    # A resource that a finalizer holds is not deleted again.
    if expires_at is not None and now >= expires_at and not resource.deleting:
        return (Delete(),)
    annotated = _annotated(resource) if resource.has_job else ()
    return (*_final_news(resource, observed.view, now), *annotated)


def _cause(resource: JobResource) -> tuple[str, str]:
    """Return why the job in the log does not belong to its resource, and is to be cancelled."""
    if resource.status.job_id:
        return ("Restored", "the status of an earlier job was written over that of this one")
    # One replica wrote that the job never ran while another, which did not know why, submitted it.
    return resource.status.reason, resource.status.message


def _final_news(resource: JobResource, view: JobView | None, now: datetime) -> tuple[Action, ...]:
    """Mark a new generation as observed, and report what the clean-up could not remove.

    A change after the end has no other effect.
    """
    status = resource.status
    if status.observed_generation != resource.generation:
        status = job_status_builder.with_ignored(
            job_status_builder.observed(resource), resource, ignored(resource, view), now
        )
    is_its_job = view is not None and status.job_id == view.id
    if is_its_job and view is not None and view.cleaned is not None and not status.left_behind:
        status = job_status_builder.with_left_behind(status, view.cleaned.problems)
    return () if status == resource.status else (WriteStatus(status),)
