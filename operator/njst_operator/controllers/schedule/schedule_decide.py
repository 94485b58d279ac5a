"""Decides what to do about one NjstSchedule: a pure function of it, its children and the time.

The name of a child follows from its time, so that any number of replicas create one: the API server
refuses the second. A missed time is not made up for once a later one is done.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from njst.backoff import Backoff
from njst.contract.names.kubernetes import API_VERSION, GROUP, SCHEDULE_KIND
from njst.contract.results.schedule_status import ScheduleStatus
from njst.contract.spec.schedule import ConcurrencyPolicy, ScheduleSpec
from njst_operator.controllers.resource.log_resource import SCHEDULED_TIME
from njst_operator.controllers.schedule import schedule_state
from njst_operator.controllers.schedule.checked_schedule import checked_schedule
from njst_operator.controllers.schedule.child_kind import Child, ChildKind, kind_and_template
from njst_operator.controllers.schedule.cron import Cron, UnreadableScheduleError
from njst_operator.controllers.schedule.schedule_reason import ScheduleReason
from njst_operator.controllers.schedule.schedule_resource import ScheduleResource
from njst_operator.controllers.schedule.schedule_state import Missed, ScheduleState, first_of
from njst_operator.kube.conditions import DesiredCondition, set_conditions, time_text
from njst_operator.kube.kube_object import parse_time

MAX_ACTIVE = 10
MAX_MESSAGE = 400
# Of why a child was missed, which stands within a message.
MAX_WHY = 240
# Before a refused child is created again.
REFUSED_BACKOFF = Backoff(first_s=10, factor=2, ceiling_s=300)


@dataclass(frozen=True)
class Create:
    """Create the child of a time."""

    kind: ChildKind
    time: datetime
    body: dict[str, Any]


@dataclass(frozen=True)
class Delete:
    """Delete a child beyond the history limit, or one that the child of `replaced_by` replaces."""

    child: Child
    replaced_by: datetime | None = None


@dataclass(frozen=True)
class Refusal:
    """Why the child of a time cannot be created."""

    time: datetime
    reason: ScheduleReason
    message: str


@dataclass(frozen=True)
class WriteStatus:
    """Write this status, unless the schedule has it already."""

    status: ScheduleStatus


Action = Create | Delete | WriteStatus


@dataclass(frozen=True)
class Decision:
    """What to do now, and when to reconcile again although nothing changes."""

    actions: tuple[Action, ...]
    next: datetime | None = None


def decide(schedule: ScheduleResource, children: Sequence[Child], now: datetime) -> Decision:
    """Return what to do; `children` are those of this schedule.

    A refusal is kept in the status alone, so that all replicas wait for the same time.
    """
    if schedule.deleting:
        return Decision(())  # a finalizer holds it while its children are deleted: no new ones
    spec = checked_schedule(schedule)
    if isinstance(spec, str):
        return _invalid(schedule, children, spec, now)
    try:
        cron = Cron(spec)
        upcoming = cron.next(now)
    except UnreadableScheduleError as error:
        return _invalid(schedule, children, str(error), now)
    kind, _ = kind_and_template(spec)
    beyond_history = tuple(Delete(child) for child in _beyond_history(spec, children))
    if spec.suspend:
        status = _status(schedule, children, None, schedule_state.suspended(kind), now)
        return Decision((*beyond_history, WriteStatus(status)))
    pending = _pending(cron, _since(schedule, children), now)
    if pending is None:
        status = _status(schedule, children, upcoming, schedule_state.scheduled(kind), now)
        return Decision((*beyond_history, WriteStatus(status)), upcoming)
    of_pending = _decide_pending(schedule, spec, children, pending, upcoming, now)
    return Decision((*beyond_history, *of_pending.actions), of_pending.next)


def _invalid(
    schedule: ScheduleResource, children: Sequence[Child], message: str, now: datetime
) -> Decision:
    status = _status(schedule, children, None, schedule_state.invalid(message), now)
    return Decision((WriteStatus(status),))


def _decide_pending(
    schedule: ScheduleResource,
    spec: ScheduleSpec,
    children: Sequence[Child],
    pending: datetime,
    upcoming: datetime,
    now: datetime,
) -> Decision:
    """Return what to do about a time that has come and has no child yet."""
    kind, _ = kind_and_template(spec)
    active = [child for child in children if not child.is_finished]
    deadline_s = spec.starting_deadline_seconds
    if deadline_s is not None and now > pending + timedelta(seconds=deadline_s):
        why = _why_missed(schedule, spec, active, pending)[:MAX_WHY]
        missed = Missed(kind.noun, pending, deadline_s, why)
        status = _missed_status(schedule, children, missed, upcoming, now)
        return Decision((WriteStatus(status),), upcoming)
    is_refused = _is_refused(schedule, children)
    retry = _retry_time(schedule) if is_refused else None
    must_wait_for_retry = retry is not None and now < retry
    actions = () if must_wait_for_retry else _make(schedule, spec, active, pending)
    if not actions and not must_wait_for_retry:
        state = schedule_state.waiting(kind, pending, active)
        status = _status(schedule, children, upcoming, state, now)
    elif is_refused:
        state = schedule_state.stalled(schedule.status.reason, schedule.status.message)
        status = _status(schedule, children, upcoming, state, now)
        status = status.model_copy(update=_refusal_fields(schedule))
    else:
        status = _status(schedule, children, upcoming, schedule_state.scheduled(kind), now)
    times = [upcoming]
    if must_wait_for_retry and retry is not None:
        times.append(retry)
    if not actions and deadline_s is not None:
        # The first whole second at which it is too late.
        times.append(pending + timedelta(seconds=deadline_s + 1))
    return Decision((*actions, WriteStatus(status)), min(times))


def refused(
    schedule: ScheduleResource,
    children: Sequence[Child],
    refusal: Refusal,
    upcoming: datetime | None,
    now: datetime,
) -> ScheduleStatus:
    """Return the status of a schedule whose child was just refused, with the time of the retry."""
    refusals = 1 + (schedule.status.refusals if _is_refused(schedule, children) else 0)
    retry = now + timedelta(seconds=REFUSED_BACKOFF.pause_s(refusals))
    state = schedule_state.stalled(refusal.reason, refusal.message)
    return _status(schedule, children, upcoming, state, now).model_copy(
        update={
            "refusals": refusals,
            "refused_time": time_text(refusal.time),
            "retry_time": time_text(retry),
        }
    )


def must_wait(schedule: ScheduleResource, now: datetime) -> bool:
    """Whether, according to the status, a child was refused and its retry is not due yet."""
    retry = _retry_time(schedule) if _is_refused(schedule, ()) else None
    return retry is not None and now < retry


def _is_refused(schedule: ScheduleResource, children: Sequence[Child]) -> bool:
    """Whether the last child was refused, and the schedule has neither changed nor created one."""
    status = schedule.status
    if not status.refusals or status.refused_time is None:
        return False
    if status.observed_generation != schedule.generation:
        return False
    last_done = _last_done(schedule, children)
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


def child_name(schedule: ScheduleResource, time: datetime) -> str:
    """Return the name of the child of a time."""
    return f"{schedule.name}-{int(time.timestamp())}"


def last_time(schedule: ScheduleResource) -> datetime | None:
    """Return the last time that is done, according to the status."""
    text = schedule.status.last_schedule_time
    return None if text is None else parse_time(text)


def _last_done(schedule: ScheduleResource, children: Sequence[Child]) -> datetime | None:
    """Return the last time that is done, according to the status or the children themselves."""
    times = [last_time(schedule), *(child.scheduled for child in children)]
    return max((time for time in times if time is not None), default=None)


def _since(schedule: ScheduleResource, children: Sequence[Child]) -> datetime:
    """Return the time after which a time is due.

    A status that is older than the schedule was restored with it. Times that were missed before
    that are not made up for: restoring a backup must not start a load.
    """
    last_done, created = _last_done(schedule, children), schedule.created
    if last_done is None:
        return created
    times = (parse_time(condition.last_transition_time) for condition in schedule.status.conditions)
    return max(last_done, created) if any(time < created for time in times) else last_done


def _pending(cron: Cron, since: datetime, now: datetime) -> datetime | None:
    """Return the time whose child is still to be created: of several times the last."""
    time = cron.last(now)
    return None if time is None or time <= since else time


def _why_missed(
    schedule: ScheduleResource, spec: ScheduleSpec, active: Sequence[Child], time: datetime
) -> str:
    """Return why the child of a time was not created before its deadline.

    Only the first replica that finds it missed knows; the others repeat what that one has written.
    """
    status, text = schedule.status, time_text(time)
    if status.last_missed_time == text:
        return status.last_missed_message or ""
    if status.refusals and status.refused_time == text:
        return f"{status.reason}: {status.message}"
    if active and spec.concurrency_policy is ConcurrencyPolicy.FORBID:
        return f"{first_of(active)} had not ended"
    if status.reason == ScheduleReason.SUSPENDED:
        return "the schedule was suspended"
    return "no operator ran, or the API server did not answer it"


def _missed_status(
    schedule: ScheduleResource,
    children: Sequence[Child],
    missed: Missed,
    upcoming: datetime,
    now: datetime,
) -> ScheduleStatus:
    """Return the status until the next time; a refused child is not tried again before that."""
    time = time_text(missed.time)
    fields: dict[str, Any] = {"last_missed_time": time, "last_missed_message": missed.why}
    if _is_refused(schedule, children) and schedule.status.refused_time == time:
        state = schedule_state.given_up(schedule.status.reason, missed, upcoming)
        fields |= {**_refusal_fields(schedule), "retry_time": None}
    else:
        state = schedule_state.skipped(missed, upcoming)
    return _status(schedule, children, upcoming, state, now).model_copy(update=fields)


def _make(
    schedule: ScheduleResource, spec: ScheduleSpec, active: Sequence[Child], time: datetime
) -> tuple[Action, ...]:
    replaced: tuple[Action, ...] = ()
    if active and spec.concurrency_policy is ConcurrencyPolicy.FORBID:
        return ()
    if spec.concurrency_policy is ConcurrencyPolicy.REPLACE:
        replaced = tuple(Delete(child, time) for child in active if not child.deleting)
    return (*replaced, _create(schedule, spec, time))


def _create(schedule: ScheduleResource, spec: ScheduleSpec, time: datetime) -> Create:
    kind, template = kind_and_template(spec)
    owner = {
        "apiVersion": API_VERSION,
        "kind": SCHEDULE_KIND,
        "name": schedule.name,
        "uid": schedule.uid,
        "controller": True,
    }
    body = {
        "apiVersion": API_VERSION,
        "kind": kind.resource.kind,
        "metadata": {
            "name": child_name(schedule, time),
            "namespace": schedule.namespace,
            "labels": {**template.metadata.labels, f"{GROUP}/schedule": schedule.name},
            "annotations": {**template.metadata.annotations, SCHEDULED_TIME: time_text(time)},
            "ownerReferences": [owner],
        },
        # Unparsed, so that the API server applies its own defaults.
        "spec": schedule.spec[kind.template]["spec"],
    }
    return Create(kind, time, body)


def _beyond_history(spec: ScheduleSpec, children: Sequence[Child]) -> list[Child]:
    """Return the oldest finished children, those beyond the history limits."""
    done = [child for child in children if child.is_finished and not child.deleting]
    done.sort(key=_end, reverse=True)
    passed = [child for child in done if child.status.phase == "Succeeded"]
    failed = [child for child in done if child.status.phase != "Succeeded"]
    return [
        *passed[spec.successful_jobs_history_limit :],
        *failed[spec.failed_jobs_history_limit :],
    ]


def _end(child: Child) -> str:
    return child.status.completion_time or ""


def _status(
    schedule: ScheduleResource,
    children: Sequence[Child],
    upcoming: datetime | None,
    state: ScheduleState,
    now: datetime,
) -> ScheduleStatus:
    reason, message = str(state.reason), state.message
    active = sorted(child.name for child in children if not child.is_finished)
    old = schedule.status
    last = _last_done(schedule, children)
    passed = [_end(child) for child in children if child.status.phase == "Succeeded"]
    conditions = [
        DesiredCondition(kind, status, reason, message) for kind, status in state.conditions.items()
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
        last_missed_time=old.last_missed_time,
        last_missed_message=old.last_missed_message,
    )
