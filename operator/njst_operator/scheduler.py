"""Carries out what `schedule.reconcile` says, for every NjstSchedule. All copies do the same."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from njst.contract.result import Problem
from njst_operator import schedule as s
from njst_operator.api import ConflictError, GoneError, KubeError, RefusedError
from njst_operator.counts import Counts
from njst_operator.kube import Kube
from njst_operator.news import News
from njst_operator.resource import Resource, resource_of
from njst_operator.seen import RETRY_S, now_s, turn_s

log = logging.getLogger(__name__)

# Not even a schedule of long ago is left alone for ever: clocks are set, and zones change.
LONGEST_S = 3600.0
# A job that the API server does not want is offered again so often.
REFUSED_S = 30.0


@dataclass
class _Kept:
    """A schedule with what this copy knows of it."""

    schedule: s.Schedule
    refusal: Problem | None = None
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None


@dataclass
class Scheduler:
    """The schedules of one copy; `now` is the log's time."""

    copy: str
    kube: Kube
    counts: Counts
    now: Callable[[], datetime]
    # Whether a schedule is this installation's.
    takes: Callable[[s.Schedule], bool] = lambda _: True
    _kept: dict[str, _Kept] = field(default_factory=dict)
    # The jobs of each schedule, by uid.
    _jobs: dict[str, dict[str, Resource]] = field(default_factory=dict)
    # Before the jobs have been listed, none is known to be active.
    _jobs_listed: asyncio.Event = field(default_factory=asyncio.Event)

    def on_job(self, job: Resource) -> None:
        """Take a job as the watch or a list shows it."""
        if job.owner:
            self._jobs.setdefault(job.owner, {})[job.uid] = job
            self._wake(job.owner)

    def on_job_deleted(self, job: Resource) -> None:
        """Forget a job that is gone."""
        if job.owner:
            self._jobs.get(job.owner, {}).pop(job.uid, None)
            self._wake(job.owner)

    def on_jobs_listed(self) -> None:
        """Begin to decide: all jobs are known."""
        self._jobs_listed.set()

    def on_schedule(self, schedule: s.Schedule) -> None:
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

    async def resync(self, namespace: str) -> None:
        """Compare with the whole list: what a watch missed is found here.

        Raises:
            KubeError: there is no list to be had.
        """
        found = {schedule.uid: schedule for schedule in await self._list(namespace)}
        for uid in [uid for uid in self._kept if uid not in found]:
            self.on_deleted(uid)
        for schedule in found.values():
            self.on_schedule(schedule)

    async def once(self, namespace: str) -> None:
        """Do for every schedule what is to be done now, and no more.

        Raises:
            KubeError: there is no list to be had.
        """
        for schedule in filter(self.takes, await self._list(namespace)):
            await self._try_look(_Kept(schedule))

    async def stop(self) -> None:
        """End all work."""
        tasks = [kept.task for kept in self._kept.values() if kept.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _list(self, namespace: str) -> list[s.Schedule]:
        try:
            return await self.kube.list(s.Schedule.plural, namespace, s.schedule_of)
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
            return await self._look(kept)
        except ConflictError:
            self.counts.errors["conflict"] += 1
            return RETRY_S
        except GoneError:
            return LONGEST_S
        except KubeError as error:
            self.counts.errors["kubernetes"] += 1
            log.warning("schedule %s: %s", kept.schedule.name, error)
            return max(error.retry_s, 2 * RETRY_S)
        except Exception:
            self.counts.errors["other"] += 1
            log.exception("schedule %s", kept.schedule.name)
            return 2 * RETRY_S
        finally:
            self.counts.looks += 1
            self.counts.look_seconds += now_s() - begin_s

    async def _look(self, kept: _Kept) -> float:
        schedule = kept.schedule
        jobs = list(self._jobs.get(schedule.uid, {}).values())
        plan = s.reconcile(schedule, jobs, kept.refusal, self.now())
        for action in plan.actions:
            match action:
                case s.CreateJob():
                    # With the job, and its time, everything else is another matter.
                    return await self._create_in_turn(kept, action)
                case s.DeleteJob(job):
                    await self.kube.delete(job)
                case s.WriteStatus(status) if status != schedule.status:
                    await asyncio.sleep(turn_s(schedule.uid, self.copy))
                    if kept.schedule.status.revision == schedule.status.revision:
                        body = await self.kube.write_status(schedule, status)
                        kept.schedule = s.schedule_of(body)
                        self.counts.status_writes += 1
        if plan.next is None:
            return LONGEST_S
        return min(LONGEST_S, max(0.0, (plan.next - self.now()).total_seconds()))

    async def _create_in_turn(self, kept: _Kept, action: s.CreateJob) -> float:
        """Make the job unless another copy has gone first; return when to look again."""
        await asyncio.sleep(turn_s(f"{kept.schedule.uid} {action.time}", self.copy) / 2)
        jobs = self._jobs.get(kept.schedule.uid, {}).values()
        if any(job.scheduled == action.time for job in jobs):
            return 0.0
        try:
            await self._create(kept, action)
        except ConflictError:
            return RETRY_S  # another copy was first; the watch will bring its job before that
        except RefusedError as error:
            kept.refusal = Problem(reason="JobRefused", message=str(error))
            return 0.0 if kept.refusal.message != kept.schedule.status.message else REFUSED_S
        kept.refusal = None
        return 0.0

    async def _create(self, kept: _Kept, action: s.CreateJob) -> None:
        """Make the job of a time, unless its time was seen to already.

        A copy that was away may not know yet that the job has been and is gone: so the schedule is
        read anew right before.
        """
        now = kept.schedule = s.schedule_of(await self.kube.get(kept.schedule))
        last = s.last_time(now)
        if (last is not None and last >= action.time) or now.spec.get("suspend") or now.deleting:
            return
        body = await self.kube.create(Resource.plural, now.namespace, action.body)
        job = resource_of(body)
        self.on_job(job)
        await self._tell(now, News("JobCreated", f"made {job.name}", about=job.name))

    async def _tell(self, schedule: s.Schedule, news: News) -> None:
        try:
            await self.kube.tell(schedule, news)
        except KubeError as error:
            log.warning("%s: no event %s: %s", schedule.name, news.reason, error)
        else:
            self.counts.events += 1
