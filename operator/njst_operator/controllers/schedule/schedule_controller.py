"""Reconciles NjstSchedules: carries out what `schedule_decide` decides, like every replica."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from njst.backoff import Backoff
from njst.contract.results.schedule_status import ScheduleStatus
from njst.journal.course_reader import RunInThread
from njst_operator.controllers.job import job_events
from njst_operator.controllers.loop import ControllerLoop
from njst_operator.controllers.missing import Missing
from njst_operator.controllers.schedule import schedule_decide as d
from njst_operator.controllers.schedule.checked_schedule import checked_schedule
from njst_operator.controllers.schedule.child_kind import EXPERIMENTS, Child
from njst_operator.controllers.schedule.schedule_reason import ScheduleReason
from njst_operator.controllers.schedule.schedule_resource import ScheduleResource, schedule_of
from njst_operator.coordination.jitter import delay_s
from njst_operator.coordination.loop_clock import now_s
from njst_operator.kube.api_transport import Body, ConflictError, GoneError, RequestRejectedError
from njst_operator.kube.event_recorder import EventRecorder
from njst_operator.kube.kube_client import KubeClient
from njst_operator.kube.kube_event import KubeEvent
from njst_operator.kube.label_selector import Selector
from njst_operator.kube.watch_scope import WatchScope
from njst_operator.telemetry.operator_metrics import OperatorMetrics

log = logging.getLogger(__name__)

# After an error other than a refused child, whose retries are in its status.
BACKOFF = Backoff(first_s=2.0, factor=2.0, ceiling_s=60.0)
# The longest time between two looks at a schedule: clocks are set, and time zones change.
LONGEST_S = 3600.0
# How soon a child is created again whose name was in use a moment ago.
RETRY_S = 1.0


class _SelectorMismatchError(Exception):
    """The operator would not select the child: its labels are not what its selector requires."""


@dataclass(eq=False)
class _CachedSchedule:
    """The newest version of a schedule that was seen."""

    resource: ScheduleResource
    # The last warning about a child that cannot be deleted: repetitions are not logged.
    logged: str = ""


@dataclass
class ScheduleController:
    """The NjstSchedules of one replica, by uid; `now` is the log's time.

    A schedule that lists do not show is kept for `grace_s` seconds.
    """

    replica: str
    kube: KubeClient
    metrics: OperatorMetrics
    now: Callable[[], datetime]
    selector: Selector = field(default_factory=Selector)
    grace_s: float = 0.0
    in_background: bool = True
    run_in_thread: RunInThread = asyncio.to_thread
    _cache: dict[str, _CachedSchedule] = field(default_factory=dict)
    # The children of each schedule, by uid.
    _children: dict[str, dict[str, Child]] = field(default_factory=dict)
    # Before the children have been listed, none is known to be active.
    _is_ready: bool = False

    def __post_init__(self) -> None:
        """Make the parts."""
        self._missing = Missing(self.grace_s)
        self._events = EventRecorder(self.kube, self.metrics)
        self.loop = ControllerLoop(self, BACKOFF, self.metrics, in_background=self.in_background)

    def resources(self) -> list[ScheduleResource]:
        """Return the newest known version of each schedule."""
        return [cached.resource for cached in self._cache.values()]

    def on_child(self, child: Child) -> None:
        """Take a job or an experiment as the watch or a list shows it."""
        if child.owner:
            self._children.setdefault(child.owner, {})[child.uid] = child
            self._wake(child.owner)

    def on_child_deleted(self, child: Child) -> None:
        """Forget a job or an experiment that is gone."""
        if child.owner:
            children = self._children.get(child.owner, {})
            children.pop(child.uid, None)
            if not children:
                self._children.pop(child.owner, None)
            self._wake(child.owner)

    def on_children_listed(self) -> None:
        """Begin to reconcile: all jobs and experiments are known."""
        if not self._is_ready:
            self._is_ready = True
            for uid in self._cache:
                self._wake(uid)

    def on_schedule(self, schedule: ScheduleResource) -> None:
        """Take a schedule as the watch or a list shows it; an older version changes nothing."""
        cached = self._cache.get(schedule.uid)
        if cached is None:
            self._cache[schedule.uid] = _CachedSchedule(schedule)
        elif schedule.is_newer_than(cached.resource):
            cached.resource = schedule
        self._wake(schedule.uid)

    def on_deleted(self, uid: str) -> None:
        """Forget a schedule that is gone; Kubernetes collects its children."""
        self.on_unselected(uid)
        self._children.pop(uid, None)

    def on_unselected(self, uid: str) -> None:
        """Forget a schedule that is there, and is another operator's: its children go on."""
        self.loop.forget(uid)
        self._cache.pop(uid, None)

    def on_history_back(self) -> None:
        """Take all schedules and children anew: the API server is at an earlier version."""
        self._children.clear()
        for cached in self._cache.values():
            cached.resource = cached.resource.as_oldest()

    async def relist(self, scope: WatchScope) -> list[ScheduleResource]:
        """Return all schedules, and forget those that have been missing for the grace period.

        Raises:
            KubeError: they cannot be listed.
        """
        try:
            listed = await self.kube.list(ScheduleResource.plural, scope, schedule_of)
        except GoneError:
            listed = []  # the API does not know schedules: an older CRD was left as it was
        uids = {schedule.uid for schedule in listed}
        for uid in self._missing.gone(self._cache.keys(), uids, now_s()):
            self.on_deleted(uid)
        return listed

    async def once(self) -> None:
        """Do for every schedule what is to be done now, and no more."""
        for uid in list(self._cache):
            await self.loop.run_once(uid)

    def _wake(self, uid: str) -> None:
        if self._is_ready and uid in self._cache:
            self.loop.wake(uid)

    def describe(self, key: str) -> str:
        """Return kind, namespace and name of a schedule."""
        resource = self._cache[key].resource
        return f"schedule {resource.namespace}/{resource.name}"

    async def reconcile(self, key: str) -> float:
        """Do what is to be done about a schedule now; see `Reconciler`."""
        cached = self._cache[key]
        decision = await self._decide(cached)
        longest_s = LONGEST_S
        for action in decision.actions:
            match action:
                case d.Create():
                    # The child and its time change everything else.
                    return await self._create_in_turn(cached, action, decision.next)
                case d.Delete(child, replaced_by):
                    try:
                        await self.kube.delete(child)
                    except RequestRejectedError as error:
                        message = f"{child.name} cannot be deleted: {error}"
                        if replaced_by is not None:
                            refusal = d.Refusal(
                                replaced_by, ScheduleReason.REPLACE_REFUSED, message
                            )
                            return await self._write_refusal(cached, refusal, decision.next)
                        # A history that is too long keeps no child from being created.
                        if message != cached.logged:
                            cached.logged = message
                            log.warning("%s: %s", self.describe(key), message)
                        longest_s = BACKOFF.ceiling_s
                case d.WriteStatus(status) if status != cached.resource.status:
                    revision = cached.resource.status.revision
                    await asyncio.sleep(delay_s(key, self.replica))
                    if cached.resource.status.revision == revision:
                        await self._write(cached, status)
        if decision.next is None:
            return longest_s
        return min(longest_s, max(0.0, (decision.next - self.now()).total_seconds()))

    async def _decide(self, cached: _CachedSchedule) -> d.Decision:
        schedule = cached.resource
        if schedule.spec.get(EXPERIMENTS.template) is not None:
            # In a thread: each point of a grid is checked as a job. The decision finds it known.
            await self.run_in_thread(lambda: checked_schedule(schedule))
        return d.decide(cached.resource, self._children_of(schedule.uid), self.now())

    def _children_of(self, uid: str) -> list[Child]:
        return list(self._children.get(uid, {}).values())

    async def _write(self, cached: _CachedSchedule, status: ScheduleStatus) -> None:
        """Write a status over the one that is known, and record what is new in it.

        Raises:
            KubeError: it is not known to be written.
        """
        old = cached.resource.status
        cached.resource = schedule_of(await self.kube.write_status(cached.resource, status))
        self.metrics.status_writes += 1
        for event in job_events.of_schedule(old, status):
            name = cached.resource.name
            log.warning("schedule %s: %s: %s", name, event.reason, event.message)
            await self._events.record(cached.resource, event)

    async def _create_in_turn(
        self, cached: _CachedSchedule, action: d.Create, upcoming: datetime | None
    ) -> float:
        """Create the child unless another replica was first; return when to reconcile again."""
        await asyncio.sleep(delay_s(f"{cached.resource.uid} {action.time}", self.replica) / 2)
        if any(child.scheduled == action.time for child in self._children_of(cached.resource.uid)):
            return 0.0
        try:
            await self._create(cached, action)
        except RequestRejectedError as error:
            return await self._write_refusal(cached, _refusal_of(action, str(error)), upcoming)
        except _SelectorMismatchError as error:
            refusal = d.Refusal(action.time, ScheduleReason.SELECTOR_MISMATCH, str(error))
            return await self._write_refusal(cached, refusal, upcoming)
        except ConflictError:
            return await self._taken(cached, action, upcoming)
        return 0.0

    async def _taken(
        self, cached: _CachedSchedule, action: d.Create, upcoming: datetime | None
    ) -> float:
        """Find out which child has the name already: mostly another replica was first."""
        kind, meta = action.kind.resource, action.body["metadata"]
        body = await self.kube.find(kind.plural, meta["namespace"], meta["name"])
        if body is None:
            return RETRY_S  # the conflict was another one, or it is gone again
        child = action.kind.read(body)
        if child.owner == cached.resource.uid:
            self.on_child(child)
            return 0.0
        message = (
            f"an {kind.kind} {child.name} that is not this schedule's is there already: delete it"
        )
        return await self._write_refusal(
            cached, d.Refusal(action.time, ScheduleReason.NAME_TAKEN, message), upcoming
        )

    async def _write_refusal(
        self, cached: _CachedSchedule, refusal: d.Refusal, upcoming: datetime | None
    ) -> float:
        """Write for all replicas why there is no child, and when the next attempt is.

        Another replica may have written its own refusal since this one's attempt began. That is
        the same refusal: counted twice, it would lengthen the pause.
        """
        if d.must_wait(cached.resource, self.now()):
            return 0.0
        children = self._children_of(cached.resource.uid)
        status = d.refused(cached.resource, children, refusal, upcoming, self.now())
        await self._write(cached, status)
        return 0.0

    async def _create(self, cached: _CachedSchedule, action: d.Create) -> None:
        """Create the child of a time, unless that time is done already.

        The schedule is read again right before, because this replica may have missed that the child
        came and went, that another replica's was refused, or that the schedule has changed.

        Raises:
            GoneError: there is no such schedule any more.
            RequestRejectedError: the API server refuses the child.
            ConflictError: its name is in use.
            _SelectorMismatchError: the operator would not select it.
        """
        known = cached.resource
        read = await self.kube.get(known)
        now = schedule_of(read)
        if now.uid != known.uid:
            raise GoneError(f"schedule {now.name} was made anew")
        cached.resource = now
        last = d.last_time(now)
        if (last is not None and last >= action.time) or now.deleting:
            return
        if now.generation != known.generation or d.must_wait(now, self.now()):
            return
        made = self._selected(action, read["metadata"].get("labels") or {})
        body = await self.kube.create(action.kind.resource.plural, now.namespace, made)
        child = action.kind.read(body)
        self.on_child(child)
        reason = f"{action.kind.noun.capitalize()}Created"
        await self._events.record(now, KubeEvent(reason, f"made {child.name}", about=child.name))

    def _selected(self, action: d.Create, owner: Mapping[str, str]) -> Body:
        """Return a child with the labels that this operator's selector asks for.

        Raises:
            _SelectorMismatchError: its own labels keep the operator from selecting it.
        """
        body = action.body
        labels = self.selector.inherited(body["metadata"]["labels"], owner)
        if not self.selector.matches(labels):
            raise _SelectorMismatchError(
                f"the labels in {action.kind.template}.metadata are not those that the operator's"
                f" selector requires: {self.selector.text}"
            )
        return {**body, "metadata": {**body["metadata"], "labels": labels}}


def _refusal_of(action: d.Create, message: str) -> d.Refusal:
    """Return why the API server refuses a child; a quota has a reason of its own."""
    is_quota = "exceeded quota" in message
    reason = ScheduleReason.QUOTA_EXCEEDED if is_quota else action.kind.refused
    return d.Refusal(action.time, reason, message)
