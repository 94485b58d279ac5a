"""Decides what to do about one NjstExperiment: a pure function of it, its experiment and the time.

Any number of replicas may act on it at once, as on an NjstJob: see `job_decide`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from njst.contract.results.experiments.experiment_status import ExperimentStatus
from njst.contract.results.outcome import Problem
from njst.contract.spec.experiment import ExperimentSpec
from njst.journal.state.experiments.experiment_view import ExperimentView
from njst.journal.state.job_view import JobView
from njst_operator.controllers.experiment import experiment_status_builder
from njst_operator.controllers.experiment.checked_spec import checked_spec
from njst_operator.controllers.experiment.experiment_phase import EXPERIMENT
from njst_operator.controllers.experiment.experiment_resource import ExperimentResource
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
from njst_operator.controllers.resource.ignored_fields import BY_SPEC, ignored_cancel
from njst_operator.controllers.resource.phase_status import PhaseStatus

# Why the experiment of a deleted resource is cancelled.
DELETED = (RESOURCE_DELETED, "the NjstExperiment was deleted")
# Reasons of an experiment whose submission need not be tried again, as of `job_decide`.
TOO_LARGE = "ExperimentTooLarge"
INVALID = "InvalidSpec"


@dataclass(frozen=True)
class Submit:
    """Submit the experiment, with the uid as its id."""

    spec: ExperimentSpec


@dataclass(frozen=True)
class Suspend:
    """Suspend or resume the experiment, as the spec of this generation says."""

    suspended: bool
    generation: int


Action = Submit | Suspend | Cancel | WriteStatus[ExperimentStatus] | AnnotateAccepted | Delete


@dataclass(frozen=True)
class ObservedExperiment:
    """What is known of the experiment of a resource.

    `running` is the job of the trial that was created and is not recorded, `waits_for` the jobs
    that run before it; the others are as of `job_decide.ObservedState`.
    """

    view: ExperimentView | None = None
    running: JobView | None = None
    waits_for: Sequence[str] = ()
    not_submitted: Problem | None = None
    forgotten: bool = False
    silent: bool = False


def decide(
    resource: ExperimentResource, observed: ObservedExperiment, now: datetime
) -> tuple[Action, ...]:
    """Return what to do now; to do it twice, or by several replicas, does no harm."""
    if resource.is_finished:
        return _after_the_end(resource, observed.view, now)
    if observed.silent:
        return (WriteStatus(disconnected_status_of(resource, now)),)
    if observed.view is not None:
        return _with_experiment(resource, observed.view, observed, now)
    return _without_experiment(resource, observed, now)


def is_open(view: ExperimentView) -> bool:
    """Whether an experiment can still be cancelled."""
    return view.cancelled is None and view.concluded is None


def _with_experiment(
    resource: ExperimentResource,
    view: ExperimentView,
    observed: ObservedExperiment,
    now: datetime,
) -> tuple[Action, ...]:
    actions: list[Action] = []
    if is_open(view):
        if resource.deleting:
            actions.append(Cancel(*DELETED))
        elif resource.spec.get("cancel"):
            actions.append(Cancel("Requested", BY_SPEC))
        else:
            actions += _suspension(resource, view)
    status = experiment_status_builder.of_experiment(
        resource, view, observed.running, now, observed.waits_for
    )
    ignored = None
    if view.cancelled is not None:
        ignored = ignored_cancel(resource, view.cancelled, "ExperimentCancelled")
    actions.append(WriteStatus(status_fields.with_ignored(status, resource, ignored, now)))
    return (*actions, *annotated(resource))


def _suspension(resource: ExperimentResource, view: ExperimentView) -> tuple[Suspend, ...]:
    """Return what makes the log say of suspend what the spec says, unless the log is newer."""
    suspended = bool(resource.spec.get("suspend"))
    if suspended == view.is_suspended or resource.generation < view.suspend_generation:
        return ()
    return (Suspend(suspended, resource.generation),)


def _without_experiment(
    resource: ExperimentResource, observed: ObservedExperiment, now: datetime
) -> tuple[Action, ...]:
    def write(
        phase: PhaseStatus, spec: ExperimentSpec | None = None
    ) -> WriteStatus[ExperimentStatus]:
        known = {} if spec is None else experiment_status_builder.known_before(spec)
        return WriteStatus(status_fields.without_log(resource, phase, now, **known))

    if resource.is_accepted:
        # Unless the log has forgotten it, this replica has only not read as far.
        message = "the job log has forgotten this experiment; its result is lost"
        lost = write(EXPERIMENT.never_ran("Failed", "ResultLost", message))
        return (lost,) if observed.forgotten else ()
    if resource.is_to_end:
        return (write(cancelled_at_once(EXPERIMENT, resource)),)
    if resource.copied_from_uid:
        return hold_restored(EXPERIMENT, resource, now)
    spec = checked_spec(resource)
    if isinstance(spec, str):
        return (write(EXPERIMENT.never_ran("Failed", INVALID, spec)),)
    if spec.suspend:
        return (write(EXPERIMENT.suspended(), spec),)
    known = experiment_status_builder.known_before(spec)
    limit_s = spec.template.queue_timeout_seconds
    attempt = Attempt(limit_s, {TOO_LARGE, INVALID}, observed.not_submitted, known)
    status, is_tried = status_of_attempt(EXPERIMENT, resource, attempt, now)
    submit = (Submit(spec),) if is_tried else ()
    return submit if status is None else (*submit, status)


def _after_the_end(
    resource: ExperimentResource, view: ExperimentView | None, now: datetime
) -> tuple[Action, ...]:
    if view is not None and not resource.is_accepted and is_open(view):
        return (Cancel(*orphan_cause(resource)),)
    if expiry := expired(resource, now):
        return expiry
    annotation = annotated(resource) if resource.is_accepted else ()
    return (*_final_news(resource, view, now), *annotation)


def _final_news(
    resource: ExperimentResource, view: ExperimentView | None, now: datetime
) -> tuple[Action, ...]:
    """Mark a new generation as observed; a change after the end has no other effect."""
    if resource.status.observed_generation == resource.generation:
        return ()
    ignored = None
    if view is None or view.cancelled is not None:
        cancelled = None if view is None else view.cancelled
        ignored = ignored_cancel(resource, cancelled, "ExperimentCancelled")
    observed = status_fields.observed(resource)
    return (WriteStatus(status_fields.with_ignored(observed, resource, ignored, now)),)
