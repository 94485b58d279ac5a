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
from njst.contract.results.outcome import Problem
from njst.contract.results.report import Report
from njst.contract.spec.job import JobSpec
from njst.journal.state.job_view import JobView
from njst_operator.controllers.job import job_status_builder, phase_status
from njst_operator.controllers.job.ignored_fields import ignored
from njst_operator.controllers.job.job_resource import JobResource
from njst_operator.controllers.job.phase_status import JOB
from njst_operator.controllers.resource import status_fields
from njst_operator.controllers.resource.actions import (
    AnnotateAccepted,
    Cancel,
    Delete,
    WriteStatus,
)
from njst_operator.controllers.resource.decisions import (
    RESOURCE_DELETED,
    Attempt,
    annotated,
    cancelled_at_once,
    expired,
    hold_restored,
    orphan_cause,
    status_of_attempt,
)
from njst_operator.controllers.resource.disconnected_status import disconnected_status_of
from njst_operator.controllers.resource.ignored_fields import BY_SPEC
from njst_operator.controllers.resource.phase_status import PhaseStatus


@dataclass(frozen=True)
class Submit:
    """Submit the job, with the uid as its id; it has waited for workers for `waited_ms`."""

    spec: JobSpec
    waited_ms: int = 0


Action = Submit | Cancel | WriteStatus[JobStatus] | AnnotateAccepted | Delete

# Why the job of a deleted resource is cancelled.
DELETED = (RESOURCE_DELETED, "the NjstJob was deleted")
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
    status = status_fields.with_ignored(status, resource, ignored(resource, view), now)
    actions.append(WriteStatus(status))
    return (*actions, *annotated(resource))


def is_open(view: JobView) -> bool:
    """Whether a job can still be cancelled."""
    return view.cancelled is None and view.ended is None


def _without_job(
    resource: JobResource, observed: ObservedState, now: datetime
) -> tuple[Action, ...]:
    def write(phase: PhaseStatus, spec: JobSpec | None = None) -> WriteStatus[JobStatus]:
        return WriteStatus(job_status_builder.without_job(resource, phase, now, spec))

    if resource.is_accepted:
        # Unless the log has forgotten it, this replica has only not read as far as the job.
        message = "the job log has forgotten this job; its result is lost"
        lost = write(JOB.never_ran("Failed", "ResultLost", message))
        return (lost,) if observed.forgotten else ()
    if resource.is_to_end:
        return (write(cancelled_at_once(JOB, resource)),)
    if resource.copied_from_uid:
        return hold_restored(JOB, resource, now)
    try:
        spec = parse_spec(resource.spec)
    except InvalidDocumentError as error:
        return (write(JOB.never_ran("Failed", INVALID, str(error))),)
    if spec.suspend:
        return (write(JOB.suspended(), spec),)
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
    known = job_status_builder.known_before(spec)
    attempt = Attempt(spec.queue_timeout_seconds, {TOO_LARGE, INVALID}, not_submitted, known)
    status, is_tried = status_of_attempt(JOB, resource, attempt, now)
    submit = (Submit(spec, status_fields.waited_ms(resource, now)),) if is_tried else ()
    return submit if status is None else (*submit, status)


def _after_the_end(
    resource: JobResource, observed: ObservedState, now: datetime
) -> tuple[Action, ...]:
    if observed.view is not None and not resource.is_accepted and is_open(observed.view):
        return (Cancel(*orphan_cause(resource)),)
    if expiry := expired(resource, now):
        return expiry
    annotation = annotated(resource) if resource.is_accepted else ()
    return (*_final_news(resource, observed.view, now), *annotation)


def _final_news(resource: JobResource, view: JobView | None, now: datetime) -> tuple[Action, ...]:
    """Mark a new generation as observed, and report what the clean-up could not remove.

    A change after the end has no other effect.
    """
    status = resource.status
    if status.observed_generation != resource.generation:
        status = status_fields.with_ignored(
            status_fields.observed(resource), resource, ignored(resource, view), now
        )
    is_its_job = view is not None and status.job_id == view.id
    if is_its_job and view is not None and view.cleaned is not None and not status.left_behind:
        status = job_status_builder.with_left_behind(status, view.cleaned.problems)
    return () if status == resource.status else (WriteStatus(status),)
