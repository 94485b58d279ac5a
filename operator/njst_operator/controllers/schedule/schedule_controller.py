"""Carries out what `schedule.reconcile` says, for every NjstSchedule. All copies do the same."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from njst.contract.results.schedule_status import ScheduleStatus
from njst_operator.controllers.job import job_events
from njst_operator.controllers.job.job_resource import JobResource, resource_of
from njst_operator.controllers.missing import Missing
from njst_operator.controllers.schedule import schedule_decide as s
from njst_operator.controllers.schedule.schedule_resource import ScheduleResource, schedule_of
from njst_operator.controllers.work_item import RETRY_S, now_s
from njst_operator.coordination.jitter import delay_s
from njst_operator.kube.api_transport import (
    Body,
    ConflictError,
    GoneError,
    KubeError,
    RequestRejectedError,
)
from njst_operator.kube.kube_client import KubeClient
from njst_operator.kube.kube_event import KubeEvent
from njst_operator.kube.label_selector import Selector
from njst_operator.kube.watch_scope import WatchScope
from njst_operator.telemetry.operator_metrics import OperatorMetrics

log = logging.getLogger(__name__)

# Not even a schedule of long ago is left alone for ever: clocks are set, and zones change.
LONGEST_S = 3600.0
# What does not work for another reason than a refused job is tried again so soon, at the most.
RETRY_MAX_S = 60.0


@dataclass
class _Kept:
    """A schedule with what this copy knows of it."""

    schedule: ScheduleResource
    failures: int = 0
    # What was logged last: the same is not said twice in a row.
    said: str = ""
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None

    def retry_s(self, asked_s: float) -> float:
        """Return when to try again after one more failure; `asked_s` is the server's own wish."""
        self.failures += 1
        return max(asked_s, min(RETRY_MAX_S, 2 * RETRY_S * 2.0 ** min(self.failures - 1, 16)))

    def warn(self, words: str) -> None:
        """Log what does not work, once."""
        if words != self.said:
            self.said = words
            log.warning("schedule %s: %s", self.schedule.name, words)


@dataclass
class ScheduleController:
    """The schedules of one copy; `now` is the log's time.

    A schedule that lists do not show is kept for `grace_s` seconds.
    """

    copy: str
    kube: KubeClient
    counts: OperatorMetrics
    now: Callable[[], datetime]
    # Whether a schedule is this installation's.
    takes: Callable[[ScheduleResource], bool] = lambda _: True
    selector: Selector = field(default_factory=Selector)
    grace_s: float = 0.0
    _kept: dict[str, _Kept] = field(default_factory=dict)
    # The jobs of each schedule, by uid.
    _jobs: dict[str, dict[str, JobResource]] = field(default_factory=dict)
    # Before the jobs have been listed, none is known to be active.
    _jobs_listed: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        """Make the parts."""
        self._missing = Missing(self.grace_s)

    def on_job(self, job: JobResource) -> None:
        """Take a job as the watch or a list shows it."""
        if job.owner:
            self._jobs.setdefault(job.owner, {})[job.uid] = job
            self._wake(job.owner)

    def on_job_deleted(self, job: JobResource) -> None:
        """Forget a job that is gone."""
        if job.owner:
            jobs = self._jobs.get(job.owner, {})
            jobs.pop(job.uid, None)
            if not jobs:
                self._jobs.pop(job.owner, None)
            self._wake(job.owner)

    def on_jobs_listed(self) -> None:
        """Begin to decide: all jobs are known."""
        self._jobs_listed.set()

    def on_schedule(self, schedule: ScheduleResource) -> None:
        """Take a schedule as the watch or a list shows it; an older version changes nothing."""
        if not self.takes(schedule):
            self.on_deleted(schedule.uid)
            return
        kept = self._kept.get(schedule.uid)
        if kept is None:
            kept = self._kept[schedule.uid] = _Kept(schedule)
            kept.task = asyncio.create_task(self._keep(kept), name=f"schedule {schedule.name}")
        elif schedule.is_newer_than(kept.schedule):
            kept.schedule = schedule
        kept.wake.set()

    def on_deleted(self, uid: str) -> None:
        """Forget a schedule; its jobs are the garbage collector's."""
        kept = self._kept.pop(uid, None)
        if kept is not None and kept.task is not None:
            kept.task.cancel()
        self._jobs.pop(uid, None)

    def on_history_back(self) -> None:
        """Take all schedules and jobs anew: the API server is at an earlier version."""
        self._jobs.clear()
        for kept in self._kept.values():
            kept.schedule = kept.schedule.as_oldest()

    async def resync(self, scope: WatchScope) -> None:
        """Compare with the whole list: what a watch missed is found here.

        Raises:
            KubeError: there is no list to be had.
        """
        found = {schedule.uid: schedule for schedule in await self._list(scope)}
        for uid in self._missing.gone(self._kept.keys(), found.keys(), now_s()):
            self.on_deleted(uid)
        for schedule in found.values():
            self.on_schedule(schedule)

    async def once(self, scope: WatchScope) -> None:
        """Do for every schedule what is to be done now, and no more.

        Raises:
            KubeError: there is no list to be had.
        """
        for schedule in filter(self.takes, await self._list(scope)):
            await self._try_look(_Kept(schedule))

    async def stop(self) -> None:
        """End all work."""
        tasks = [kept.task for kept in self._kept.values() if kept.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _list(self, scope: WatchScope) -> list[ScheduleResource]:
        try:
            return await self.kube.list(ScheduleResource.plural, scope, schedule_of)
        except GoneError:
            return []  # the API does not know schedules: an older CRD was left as it was

    def _wake(self, uid: str) -> None:
        if uid in self._kept:
            self._kept[uid].wake.set()

    async def _keep(self, kept: _Kept) -> None:
        await self._jobs_listed.wait()
        while True:
            kept.wake.clear()
            wait_s = await self._try_look(kept)
            try:
                async with asyncio.timeout(wait_s):
                    await kept.wake.wait()
            except TimeoutError:
                continue

    async def _try_look(self, kept: _Kept) -> float:
        begin_s = now_s()
        try:
            wait_s = await self._look(kept)
        except ConflictError:
            self.counts.errors["conflict"] += 1
            return RETRY_S
        except GoneError:
            return LONGEST_S
        except KubeError as error:
            self.counts.errors["kubernetes"] += 1
            kept.warn(str(error))
            return kept.retry_s(error.retry_s)
        except Exception:
            self.counts.errors["other"] += 1
            log.exception("schedule %s", kept.schedule.name)
            return kept.retry_s(0.0)
        finally:
            self.counts.looks += 1
            self.counts.look_seconds += now_s() - begin_s
        kept.failures = 0
        return wait_s

    async def _look(self, kept: _Kept) -> float:
        plan = s.decide(kept.schedule, self._jobs_of(kept), self.now())
        longest_s = LONGEST_S
        for action in plan.actions:
            match action:
                case s.CreateJob():
                    # With the job, and its time, everything else is another matter.
                    return await self._create_in_turn(kept, action, plan.next)
                case s.DeleteJob(job, replaced_by):
                    try:
                        await self.kube.delete(job)
                    except RequestRejectedError as error:
                        words = f"{job.name} cannot be deleted: {error}"
                        if replaced_by is not None:
                            refusal = s.Refusal(replaced_by, "JobRefused", words)
                            return await self._refused(kept, refusal, plan.next)
                        # A history that is too long keeps no job from being made.
                        kept.warn(words)
                        longest_s = RETRY_MAX_S
                case s.WriteStatus(status) if status != kept.schedule.status:
                    revision = kept.schedule.status.revision
                    await asyncio.sleep(delay_s(kept.schedule.uid, self.copy))
                    if kept.schedule.status.revision == revision:
                        await self._write(kept, status)
        if plan.next is None:
            return longest_s
        return min(longest_s, max(0.0, (plan.next - self.now()).total_seconds()))

    def _jobs_of(self, kept: _Kept) -> list[JobResource]:
        return list(self._jobs.get(kept.schedule.uid, {}).values())

    async def _write(self, kept: _Kept, status: ScheduleStatus) -> None:
        """Write a status over the one that is known, and say what is new in it.

        Raises:
            KubeError: it is not known to be written.
        """
        old = kept.schedule.status
        kept.schedule = schedule_of(await self.kube.write_status(kept.schedule, status))
        self.counts.status_writes += 1
        for item in job_events.of_schedule(old, status):
            log.warning("schedule %s: %s: %s", kept.schedule.name, item.reason, item.message)
            await self._tell(kept.schedule, item)

    async def _create_in_turn(
        self, kept: _Kept, action: s.CreateJob, upcoming: datetime | None
    ) -> float:
        """Make the job unless another copy has gone first; return when to look again."""
        await asyncio.sleep(delay_s(f"{kept.schedule.uid} {action.time}", self.copy) / 2)
        if any(job.scheduled == action.time for job in self._jobs_of(kept)):
            return 0.0
        try:
            await self._create(kept, action)
        except RequestRejectedError as error:
            return await self._refused(kept, _refusal_of(action.time, str(error)), upcoming)
        except ConflictError:
            return await self._taken(kept, action, upcoming)
        return 0.0

    async def _taken(self, kept: _Kept, action: s.CreateJob, upcoming: datetime | None) -> float:
        """Look at who has the name of the job: mostly another copy was first."""
        meta = action.body["metadata"]
        body = await self.kube.find(JobResource.plural, meta["namespace"], meta["name"])
        if body is None:
            return RETRY_S  # the conflict was another one, or it is gone again
        job = resource_of(body)
        if job.owner == kept.schedule.uid:
            self.on_job(job)
            return 0.0
        words = f"an NjstJob {job.name} that is not this schedule's is there already: delete it"
        return await self._refused(kept, s.Refusal(action.time, "NameTaken", words), upcoming)

    async def _refused(self, kept: _Kept, refusal: s.Refusal, upcoming: datetime | None) -> float:
        """Say in the status, for all copies, why there is no job and when the next attempt is."""
        jobs = self._jobs_of(kept)
        await self._write(kept, s.refused(kept.schedule, jobs, refusal, upcoming, self.now()))
        return 0.0

    async def _create(self, kept: _Kept, action: s.CreateJob) -> None:
        """Make the job of a time, unless its time was seen to already.

        A copy that was away may not know yet that the job has been and is gone, that another copy
        was refused just now, or that the schedule is another one by now: so it is read anew right
        before.

        Raises:
            GoneError: there is no such schedule any more.
        """
        known = kept.schedule
        read = await self.kube.get(known)
        now = schedule_of(read)
        if now.uid != known.uid:
            raise GoneError(f"schedule {now.name} was made anew")
        kept.schedule = now
        last = s.last_time(now)
        if (last is not None and last >= action.time) or now.deleting:
            return
        if now.generation != known.generation or s.must_wait(now, self.now()):
            return
        made = self._selected(action.body, read["metadata"].get("labels") or {})
        body = await self.kube.create(JobResource.plural, now.namespace, made)
        job = resource_of(body)
        self.on_job(job)
        await self._tell(now, KubeEvent("JobCreated", f"made {job.name}", about=job.name))

    def _selected(self, body: Body, owner: Mapping[str, str]) -> Body:
        """Return a job with the labels that this operator's selector asks for.

        Raises:
            RefusedError: its own labels keep it from being selected: nobody here would run it.
        """
        labels = self.selector.inherited(body["metadata"]["labels"], owner)
        if not self.selector.matches(labels):
            raise RequestRejectedError(
                "the labels in jobTemplate.metadata are not those that the operator's selector"
                f" asks for: {self.selector.text}"
            )
        return {**body, "metadata": {**body["metadata"], "labels": labels}}

    async def _tell(self, schedule: ScheduleResource, item: KubeEvent) -> None:
        try:
            await self.kube.record(schedule, item)
        except KubeError as error:
            log.warning("%s: no event %s: %s", schedule.name, item.reason, error)
        else:
            self.counts.events += 1


def _refusal_of(time: datetime, words: str) -> s.Refusal:
    """Return why the API server does not want a job; a quota is what users can raise."""
    reason = "QuotaExceeded" if "exceeded quota" in words else "JobRefused"
    return s.Refusal(time, reason, words)
