"""Decides what to do about one NjstSchedule: a pure function of it, its jobs and the time.

The name of a job follows from its time, so that any number of replicas create one job: the API
server refuses the second. A missed time is not made up for once a later one is done.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from njst.backoff import Backoff
from njst.contract.names.kubernetes import API_VERSION, GROUP, KIND, SCHEDULE_KIND
from njst.contract.parsing.document import parse_schedule
from njst.contract.parsing.field_errors import InvalidDocumentError
from njst.contract.results.schedule_status import ScheduleStatus
from njst.contract.spec.schedule import ConcurrencyPolicy, ScheduleSpec
from njst_operator.controllers.job.job_resource import SCHEDULED_TIME, JobResource
from njst_operator.controllers.schedule.cron import Cron, UnreadableScheduleError
from njst_operator.controllers.schedule.schedule_resource import ScheduleResource
from njst_operator.kube.conditions import FALSE, TRUE, DesiredCondition, set_conditions, time_text
from njst_operator.kube.kube_object import parse_time

MAX_ACTIVE = 10
MAX_MESSAGE = 400
INVALID = "InvalidSchedule"
# Before a refused job is created again.
REFUSED_BACKOFF = Backoff(first_s=10, factor=2, ceiling_s=300)


@dataclass(frozen=True)
class CreateJob:
    """Create the job of a time."""

    time: datetime
    body: dict[str, Any]


@dataclass(frozen=True)
class DeleteJob:
    """Delete a job that is beyond the history limit, or that the job of `replaced_by` replaces."""

    job: JobResource
    replaced_by: datetime | None = None


@dataclass(frozen=True)
class Refusal:
    """Why the job of a time cannot be created."""

    time: datetime
    reason: str
    message: str


@dataclass(frozen=True)
class WriteStatus:
    """Write this status, unless the schedule has it already."""

    status: ScheduleStatus


Action = CreateJob | DeleteJob | WriteStatus


@dataclass(frozen=True)
class Decision:
    """What to do now, and when to reconcile again although nothing changes."""

    actions: tuple[Action, ...]
    next: datetime | None = None


def decide(schedule: ScheduleResource, jobs: Sequence[JobResource], now: datetime) -> Decision:
    """Return what to do; `jobs` are those of this schedule.

    A refusal is kept in the status alone, so that all replicas wait for the same time.
    """
    if schedule.deleting:
        return Decision(())  # a finalizer holds it while its jobs are deleted: no new ones
    try:
        spec = parse_schedule(schedule.spec)
        cron = Cron(spec)
        upcoming = cron.next(now)
    except (InvalidDocumentError, UnreadableScheduleError) as error:
        return Decision((WriteStatus(_status(schedule, jobs, None, _invalid(str(error)), now)),))
    beyond_history = tuple(DeleteJob(job) for job in _beyond_history(spec, jobs))
    if spec.suspend:
        status = _status(schedule, jobs, None, _suspended(), now)
        return Decision((*beyond_history, WriteStatus(status)))
    due = _due(spec, cron, _since(schedule, jobs), now)
    active = [job for job in jobs if not job.settled]
    is_refused = _is_refused(schedule, jobs)
    retry = _retry_time(schedule) if is_refused else None
    may_try = due is not None and (retry is None or now >= retry)
    actions = _make(schedule, spec, active, due) if due is not None and may_try else ()
    if is_refused:
        state = _stalled(schedule.status.reason, schedule.status.message)
    elif due is not None and not actions:
        state = _waiting(due)
    else:
        state = _scheduled()
    status = _status(schedule, jobs, upcoming, state, now)
    if is_refused:
        status = status.model_copy(update=_refusal_fields(schedule))
    times = [upcoming] if may_try or due is None or retry is None else [upcoming, retry]
    return Decision((*beyond_history, *actions, WriteStatus(status)), min(times))


def refused(
    schedule: ScheduleResource,
    jobs: Sequence[JobResource],
    refusal: Refusal,
    upcoming: datetime | None,
    now: datetime,
) -> ScheduleStatus:
    """Return the status of a schedule whose job was just refused, with the time of the next try."""
    refusals = 1 + (schedule.status.refusals if _is_refused(schedule, jobs) else 0)
    retry = now + timedelta(seconds=REFUSED_BACKOFF.pause_s(refusals))
    status = _status(schedule, jobs, upcoming, _stalled(refusal.reason, refusal.message), now)
    return status.model_copy(
        update={
            "refusals": refusals,
            "refused_time": time_text(refusal.time),
            "retry_time": time_text(retry),
        }
    )


def must_wait(schedule: ScheduleResource, now: datetime) -> bool:
    """Whether, according to the status, a job was refused and its retry is not due yet."""
    retry = _retry_time(schedule) if _is_refused(schedule, ()) else None
    return retry is not None and now < retry


def _is_refused(schedule: ScheduleResource, jobs: Sequence[JobResource]) -> bool:
    """Whether the last job was refused, and neither the schedule nor its jobs changed since."""
    status = schedule.status
    if not status.refusals or status.refused_time is None:
        return False
    if status.observed_generation != schedule.generation:
        return False
    last_done = _last_done(schedule, jobs)
    return last_done is None or last_done < parse_time(status.refused_time)


def _retry_time(schedule: ScheduleResource) -> datetime | None:
    text = schedule.status.retry_time
    return None if text is None else parse_time(text)


def _refusal_fields(schedule: ScheduleResource) -> dict[str, Any]:
    old = schedule.status
    return {
        "refusals": old.refusals,
        "refused_time": old.refused_time,
        "retry_time": old.retry_time,
    }


def job_name(schedule: ScheduleResource, time: datetime) -> str:
    """Return the name of the job of a time."""
    return f"{schedule.name}-{int(time.timestamp())}"


def last_time(schedule: ScheduleResource) -> datetime | None:
    """Return the last time that is done, according to the status."""
    text = schedule.status.last_schedule_time
    return None if text is None else parse_time(text)


def _last_done(schedule: ScheduleResource, jobs: Sequence[JobResource]) -> datetime | None:
    """Return the last time that is done, according to the status or the jobs themselves."""
    times = [last_time(schedule), *(job.scheduled for job in jobs)]
    return max((time for time in times if time is not None), default=None)


def _since(schedule: ScheduleResource, jobs: Sequence[JobResource]) -> datetime:
    """Return the time after which a time is due.

    A status that is older than the schedule was restored with it. Times that were missed before
    that are not made up for: restoring a backup must not start a load.
    """
    last_done, created = _last_done(schedule, jobs), schedule.created
    if last_done is None:
        return created
    times = (parse_time(condition.last_transition_time) for condition in schedule.status.conditions)
    return max(last_done, created) if any(time < created for time in times) else last_done


def _due(spec: ScheduleSpec, cron: Cron, since: datetime, now: datetime) -> datetime | None:
    """Return the time whose job is to be created now: of several missed times the last."""
    time = cron.last(now)
    if time is None or time <= since:
        return None
    deadline_s = spec.starting_deadline_seconds
    if deadline_s is not None and now - time > timedelta(seconds=deadline_s):
        return None
    return time


def _make(
    schedule: ScheduleResource, spec: ScheduleSpec, active: Sequence[JobResource], time: datetime
) -> tuple[Action, ...]:
    replaced: tuple[Action, ...] = ()
    if active and spec.concurrency_policy is ConcurrencyPolicy.FORBID:
        return ()
    if spec.concurrency_policy is ConcurrencyPolicy.REPLACE:
        replaced = tuple(DeleteJob(job, replaced_by=time) for job in active if not job.deleting)
    return (*replaced, CreateJob(time, _job(schedule, spec, time)))


def _job(schedule: ScheduleResource, spec: ScheduleSpec, time: datetime) -> dict[str, Any]:
    template = spec.job_template
    owner = {
        "apiVersion": API_VERSION,
        "kind": SCHEDULE_KIND,
        "name": schedule.name,
        "uid": schedule.uid,
        "controller": True,
    }
    return {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": {
            "name": job_name(schedule, time),
            "namespace": schedule.namespace,
            "labels": {**template.metadata.labels, f"{GROUP}/schedule": schedule.name},
            "annotations": {**template.metadata.annotations, SCHEDULED_TIME: time_text(time)},
            "ownerReferences": [owner],
        },
        # Unparsed, so that the API server applies its own defaults.
        "spec": schedule.spec["jobTemplate"]["spec"],
    }


def _beyond_history(spec: ScheduleSpec, jobs: Sequence[JobResource]) -> list[JobResource]:
    """Return the oldest finished jobs, those beyond the history limits."""
    done = [job for job in jobs if job.settled and not job.deleting]
    done.sort(key=_end, reverse=True)
    passed = [job for job in done if job.status.phase == "Succeeded"]
    failed = [job for job in done if job.status.phase != "Succeeded"]
    return [
        *passed[spec.successful_jobs_history_limit :],
        *failed[spec.failed_jobs_history_limit :],
    ]


def _end(job: JobResource) -> str:
    return job.status.completion_time or ""


# A reason, a message, and the status of each condition.
ScheduleState = tuple[str, str, dict[str, str]]


def _scheduled() -> ScheduleState:
    return "Scheduled", "jobs are made at their times", _condition_statuses(TRUE)


def _waiting(due: datetime) -> ScheduleState:
    message = f"the job of {time_text(due)} waits for an earlier one"
    return "JobActive", message, _condition_statuses(TRUE)


def _suspended() -> ScheduleState:
    message = "set spec.suspend to false to make jobs again"
    # It is as its spec wants it: a rollout that waits for Ready need not wait for this.
    return "Suspended", message, {**_condition_statuses(TRUE), "Suspended": TRUE}


def _invalid(message: str) -> ScheduleState:
    return _stalled(INVALID, message)


def _stalled(reason: str, message: str) -> ScheduleState:
    return reason, message, {**_condition_statuses(FALSE), "Stalled": TRUE}


def _condition_statuses(ready: str) -> dict[str, str]:
    return {"Ready": ready, "Suspended": FALSE, "Reconciling": FALSE, "Stalled": FALSE}


def _status(
    schedule: ScheduleResource,
    jobs: Sequence[JobResource],
    upcoming: datetime | None,
    state: ScheduleState,
    now: datetime,
) -> ScheduleStatus:
    reason, message, statuses = state
    active = sorted(job.name for job in jobs if not job.settled)
    old = schedule.status
    last = _last_done(schedule, jobs)
    passed = [_end(job) for job in jobs if job.status.phase == "Succeeded"]
    conditions = [
        DesiredCondition(kind, status, reason, message) for kind, status in statuses.items()
    ]
    return ScheduleStatus(
        observed_generation=schedule.generation,
        revision=old.revision,
        reason=reason,
        message=message[:MAX_MESSAGE],
        conditions=set_conditions(old.conditions, conditions, schedule.generation, now),
        active_count=len(active),
        active=active[:MAX_ACTIVE],
        last_schedule_time=None if last is None else time_text(last),
        last_successful_time=max([*passed, old.last_successful_time or ""]) or None,
        next_schedule_time=None if upcoming is None else time_text(upcoming),
    )
