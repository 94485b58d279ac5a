"""Carries out what `decide` says, for every resource that is seen. All copies do the same."""

import asyncio
import logging
from collections.abc import Callable, Collection, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from njst.contract.events import Origin, OriginKind
from njst.contract.parsing.document import parse_spec
from njst.contract.parsing.field_errors import InvalidDocumentError
from njst.contract.results.outcome import Problem
from njst.contract.spec.job import JobSpec
from njst.journal.interfaces import JournalUnavailableError
from njst.journal.jobs import Jobs, NotEnoughWorkersError, Submission
from njst.journal.nats.log_clock import LogClock
from njst.journal.report_builder import log_datetime
from njst.journal.state.job_store import JobStore
from njst.journal.state.job_view import JobView
from njst.journal.state.rendezvous import share
from njst_operator.config import Config
from njst_operator.controllers.job import job_decide as r
from njst_operator.controllers.job import job_status_builder, phase_status, ttl
from njst_operator.controllers.job.disconnected_status import SILENT_S
from njst_operator.controllers.job.job_resource import MARK, JobResource
from njst_operator.controllers.job.recent_run import earlier_run
from njst_operator.controllers.job.reflector import Reflector
from njst_operator.controllers.job.status_writer import StatusWriter
from njst_operator.controllers.ownership import Ownership
from njst_operator.controllers.schedule.schedule_controller import ScheduleController
from njst_operator.controllers.tombstones import Tombstones
from njst_operator.controllers.work_item import RETRY_MAX_S, RETRY_S, WorkItem, now_s
from njst_operator.coordination.jitter import delay_s
from njst_operator.kube.api_transport import ConflictError, GoneError, KubeError
from njst_operator.kube.cluster_identity import ClusterIdentity
from njst_operator.kube.kube_client import KubeClient
from njst_operator.kube.kube_event import KubeEvent
from njst_operator.telemetry.operator_metrics import OperatorMetrics
from njst_operator.telemetry.replica_health import ReplicaHealth

log = logging.getLogger(__name__)

# A single job is submitted by all copies at once, and the first one wins. Of many, each copy begins
# with other ones: so much time for each, and not more in all.
SUBMIT_S = 0.02
SUBMIT_WINDOW_S = 2.0
# When a job gives its workers back, so many of those that wait show their new place at once. Others
# do with the next list: a thousand that wait are not written again at each end.
NEXT_IN_LINE = 10
# `--once` looks again as long as a look has led to something, but not for ever.
MOST_LOOKS_ONCE = 4


@dataclass
class JobController:
    """One copy of the operator."""

    config: Config
    kube: KubeClient
    jobs: Jobs
    job_store: JobStore
    clock: LogClock
    counts: OperatorMetrics = field(default_factory=OperatorMetrics)
    replica_health: ReplicaHealth = field(default_factory=ReplicaHealth)
    _seen: dict[str, WorkItem] = field(default_factory=dict)
    # Deleted resources, so that an older list cannot bring one back.
    _gone: Tombstones = field(default_factory=Tombstones)
    # Whether the control NATS is connected.
    connected: Callable[[], bool] = lambda: True
    _cancelling: set[asyncio.Task[None]] = field(default_factory=set)
    # Resources without a mesh of their own that another installation has accepted.
    _left: dict[str, JobResource] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Make the parts."""
        config = self.config
        self._identity = ClusterIdentity(self.kube, config.cluster)
        self._installation = Ownership(config.mesh, config.default_mesh)
        self._writer = StatusWriter(config.copy, config.mesh, self.kube, self.counts)
        self._reflector = Reflector(self.config, self.kube, self.counts, self.replica_health, self)
        takes = self._installation.takes_schedule
        selector, grace_s = config.scope.selector, config.grace_s
        self.schedule_controller = ScheduleController(
            config.copy, self.kube, self.counts, self._now, takes, selector, grace_s
        )

    def resources(self) -> list[JobResource]:
        """Return all resources that are there, as they were last seen."""
        return [seen.resource for seen in self._seen.values()]

    def get(self, uid: str) -> JobResource | None:
        """Return a resource as it was last seen, or None."""
        seen = self._seen.get(uid)
        return None if seen is None else seen.resource

    def keys(self) -> set[str]:
        """Return the uid of each resource that was seen, or has an open job of this cluster."""
        origins = {view.id: view.created.origin for view in self.job_store.open_jobs()}
        return self._seen.keys() | {
            job
            for job, origin in origins.items()
            if origin.kind is OriginKind.RESOURCE
            and self._identity.is_own(origin.cluster)
            and self.config.scope.covers(origin.namespace)
        }

    def on_watched(self, resource: JobResource) -> None:
        """Take a resource as the watch shows it; what only others write into it wakes nobody."""
        if resource.uid not in self._gone:
            self.replica_health.delivered(resource.uid, resource.resource_version)
        if self._takes(resource) and self._is_news(resource):
            self._wake(self._seen[resource.uid])

    def on_listed(self, resource: JobResource) -> None:
        """Take a resource as a list shows it; only one that is over needs no look in any case."""
        if not self._takes(resource):
            return
        news, seen = self._is_news(resource), self._seen.get(resource.uid)
        if seen is not None and (news or not seen.resource.settled):
            self._wake(seen)

    def _takes(self, resource: JobResource) -> bool:
        """Return whether a resource is this installation's; leave it alone if not."""
        view = self.job_store.view(resource.uid)
        if self._installation.takes(resource, in_own_log=view is not None):
            return True
        seen = self._seen.pop(resource.uid, None)
        if seen is not None:
            self._writer.forget(resource.uid)
            self.schedule_controller.on_job_deleted(resource)
            if seen.task is not None:
                seen.task.cancel()
        if resource.accepted_by and not resource.mesh:
            self._left[resource.uid] = resource
            self._yield(resource.uid)
        return False

    def _yield(self, uid: str) -> None:
        """Stop the job of a resource that another installation runs as well."""
        resource, view = self._left.get(uid), self.job_store.view(uid)
        if resource is not None and view is not None and r.is_open(view):
            both = f"{self.config.mesh} and {resource.accepted_by}"
            words = (
                f"the meshes {both} both take jobs without spec.mesh, and {resource.accepted_by}"
                " runs this one: set --default-mesh=false in all but one"
            )
            log.error("%s: %s", resource.name, words)
            self._begin(self._stop_twin(resource, words), f"yield {uid}")

    async def _stop_twin(self, resource: JobResource, words: str) -> None:
        await self._cancel(resource.uid, "TwoDefaultMeshes", words)
        try:
            await self.kube.record(resource, KubeEvent("TwoDefaultMeshes", words, warning=True))
        except KubeError as error:
            log.warning("%s: no event TwoDefaultMeshes: %s", resource.name, error)

    def _is_news(self, resource: JobResource) -> bool:
        """Take a resource, unless it is an older version; return whether there is more to it."""
        if resource.uid in self._gone:
            return False
        seen, news = self._seen.get(resource.uid), False
        if seen is None:
            seen = self._seen[resource.uid] = WorkItem(resource)
            self._wake(seen)
        elif resource.is_newer_than(seen.resource):
            news = not resource.says_as_much_as(seen.resource)
            if seen.resource.status != resource.status:
                seen.written_s = now_s()
            if news:
                seen.failures = 0
            seen.resource = resource
        self._writer.note(seen.resource)
        self.schedule_controller.on_job(seen.resource)
        return news

    def on_deleted(self, uid: str) -> None:
        """Take note that a resource is gone; its job is stopped meanwhile."""
        self._gone.add(uid, now_s())
        self.on_unselected(uid)
        self._begin(self._cancel(uid, *r.DELETED), f"cancel {uid}")

    def on_unselected(self, uid: str) -> None:
        """Forget a resource that is there, and is another operator's: its job goes on."""
        self._left.pop(uid, None)
        self.replica_health.removed(uid)
        self._writer.forget(uid)
        seen = self._seen.pop(uid, None)
        if seen is not None:
            self.schedule_controller.on_job_deleted(seen.resource)
            if seen.task is not None:
                seen.task.cancel()

    def on_unwatched(self, uid: str) -> None:
        """Take note that the watch has shown the end of a resource.

        With a selector that may be the end of its label alone, which looks the same.
        """
        seen = self._seen.get(uid)
        if seen is None or not self.config.scope.selector:
            self.on_deleted(uid)
        else:
            self._begin(self._look_for(seen.resource), f"look for {uid}")

    async def _look_for(self, resource: JobResource) -> None:
        try:
            there = await self.kube.is_there(resource)
        except KubeError as error:
            # The lists will miss it.
            log.warning("%s: gone, or not selected any more? %s", resource.name, error)
            return
        if there:
            self.on_unselected(resource.uid)
        else:
            self.on_deleted(resource.uid)

    def _begin(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.create_task(work, name=name)
        self._cancelling.add(task)
        task.add_done_callback(self._cancelling.discard)

    def on_job(self, job: str) -> None:
        """Look at a resource again because its job changed; and at those that waited for it."""
        if job in self._left:
            self._yield(job)
        view = self.job_store.view(job)
        closed = view is not None and view.closed
        for woken in (job, *(self.job_store.next_in_line(NEXT_IN_LINE) if closed else ())):
            seen = self._seen.get(woken)
            if seen is not None:
                self._wake(seen)

    def _wake(self, seen: WorkItem) -> None:
        """Have a resource looked at; one that is over and left alone has no task meanwhile."""
        seen.wake.set()
        if seen.task is None or seen.task.done():
            name = f"resource {seen.resource.name}"
            seen.task = asyncio.create_task(self._keep(seen), name=name)

    async def resync(self) -> None:
        """Compare with the whole list, again and again: what a watch missed is found here."""
        await self._reflector.run()

    def on_history_back(self) -> None:
        """Take all resources anew: they are as they once were, and may have other versions now."""
        # Also those that were deleted since.
        self._gone.clear()
        for seen in self._seen.values():
            seen.resource = seen.resource.as_oldest()
        self.schedule_controller.on_history_back()

    async def on_list(self, resources: Collection[JobResource], gone: Collection[str]) -> None:
        """Look at all resources, and stop the jobs of those that are there no longer."""
        await self._identity.get()
        for resource in resources:
            self.on_listed(resource)
        self.schedule_controller.on_jobs_listed()
        for uid in gone:
            self.on_deleted(uid)
        await self.schedule_controller.resync(self.config.scope)

    async def once(self) -> None:
        """Do for every resource what is to be done now, and no more.

        Raises:
            KubeError: the resources cannot be listed.
        """
        for resource in filter(self._takes, await self._reflector.relist()):
            self.schedule_controller.on_job(resource)
            seen = WorkItem(resource)
            for _ in range(MOST_LOOKS_ONCE):
                seen.wake.clear()
                await self._try_look(seen)
                if not seen.wake.is_set():
                    break
        await asyncio.gather(*self._cancelling)
        await self.schedule_controller.once(self.config.scope)

    async def stop(self) -> None:
        """End all work; nothing here needs to be finished."""
        kept = [seen.task for seen in self._seen.values() if seen.task is not None]
        tasks = [*kept, *self._cancelling]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.schedule_controller.stop()

    async def _cancel(self, job: str, reason: str, message: str) -> None:
        view = self.job_store.get(job)
        if view is None or view.cancelled is not None or view.ended is not None:
            return
        try:
            await self.jobs.cancel(job, reason, message)
        except JournalUnavailableError as error:
            log.warning("job %s is not cancelled yet: %s", job, error)

    async def _keep(self, seen: WorkItem) -> None:
        """Reconcile one resource on every change; when something did not work, soon again.

        Return when it is over, and nothing is due any more.
        """
        while True:
            seen.wake.clear()
            wait_s = await self._try_look(seen)
            if wait_s is None and seen.resource.settled and not seen.wake.is_set():
                return
            try:
                async with asyncio.timeout(wait_s):
                    await seen.wake.wait()
            except TimeoutError:
                continue

    async def _try_look(self, seen: WorkItem) -> float | None:
        """Do what is to be done now; return how long to wait for the next look, None for ever."""
        begin_s = now_s()
        try:
            wait_s = await self._look(seen)
        except ConflictError:
            # The watch will bring the newer version before that.
            self.counts.errors["conflict"] += 1
            return RETRY_S
        except GoneError:
            return None
        except (KubeError, JournalUnavailableError) as error:
            kube = isinstance(error, KubeError)
            self.counts.errors["kubernetes" if kube else "nats"] += 1
            log.warning("%s: %s", seen.resource.name, error)
            return seen.retry_s(error.retry_s if isinstance(error, KubeError) else 0.0)
        except Exception:
            self.counts.errors["other"] += 1
            log.exception("%s", seen.resource.name)
            return seen.retry_s(0.0)
        finally:
            self.counts.looks += 1
            self.counts.look_seconds += now_s() - begin_s
        seen.failures = 0
        return wait_s

    async def _look(self, seen: WorkItem) -> float | None:
        self.replica_health.nats(self.connected(), now_s())
        if not self.replica_health.nats_connected and seen.resource.under_load:
            return await self._look_in_silence(seen)
        numbers_s = self._only_numbers_wait_s(seen)
        if numbers_s > 0:
            return numbers_s
        wait_s = await self._carry_out(seen)
        if wait_s is None and seen.resource.has_job and not seen.resource.settled:
            return RETRY_S if self.job_store.view(seen.resource.uid) is None else None
        return wait_s if wait_s is not None else self._until_ttl(seen.resource)

    async def _carry_out(self, seen: WorkItem) -> float | None:
        wait_s: float | None = None
        for action in r.decide(seen.resource, await self._known(seen), self._now()):
            match action:
                case r.Submit(spec, waited_ms):
                    if await self._submitted_in_turn(seen):
                        return 0.0
                    await self._submit(seen, spec, waited_ms)
                    wait_s = RETRY_S if seen.refusal else None
                case r.Cancel(reason, message):
                    await self.jobs.cancel(seen.resource.uid, reason, message)
                case r.WriteStatus(new):
                    wait_s = _sooner(wait_s, await self._writer.write(seen, new))
                case r.Mark(uid):
                    await self._mark(seen, uid)
                case r.Delete():
                    await self.kube.delete(seen.resource)
        return wait_s

    async def _mark(self, seen: WorkItem, uid: str) -> None:
        if uid != seen.resource.uid:
            await self.kube.annotate(seen.resource, MARK, uid)
        elif not seen.marking:
            seen.marking = True
            self._begin(self._keep_marked(seen), f"mark {uid}")

    async def _keep_marked(self, seen: WorkItem) -> None:
        """Mark a resource as accepted, in turns; beside the looks, which need not wait for it."""
        uid = seen.resource.uid
        wait_s = delay_s(uid, self.config.copy)
        while uid in self._seen or self.config.once:
            await asyncio.sleep(wait_s)
            try:
                if seen.resource.mark != uid:
                    await self.kube.annotate(seen.resource, MARK, uid)
            except (ConflictError, GoneError):
                pass
            except KubeError as error:
                self.counts.errors["kubernetes"] += 1
                log.warning("%s is not marked yet: %s", seen.resource.name, error)
                wait_s = max(RETRY_MAX_S, error.retry_s)
                continue
            break
        seen.marking = False

    async def _look_in_silence(self, seen: WorkItem) -> float:
        """Write nothing that is old; when nobody else writes either, that nothing is heard."""
        renewed_s = self._writer.numbers_due_s(seen) + SILENT_S
        if self.replica_health.silent_s(now_s()) >= SILENT_S and now_s() >= renewed_s:
            for action in r.decide(seen.resource, r.ObservedState(silent=True), self._now()):
                if isinstance(action, r.WriteStatus):
                    await self._writer.write(seen, action.status)
        return RETRY_S

    def _only_numbers_wait_s(self, seen: WorkItem) -> float:
        """Return how long nothing but numbers needs writing: merging histograms costs."""
        view, old = self.job_store.view(seen.resource.uid), seen.resource.status
        if view is None or seen.resource.settled or seen.resource.shall_end:
            return 0.0
        saying = phase_status.of_view(view, self.job_store.waits_for(view.id))
        same = (old.phase, old.reason) == (saying.phase, saying.reason)
        missing = (job_status_builder.lost_workers(view), job_status_builder.refused_workers(view))
        if not same or missing != (old.lost_workers, old.refused_workers):
            return 0.0
        return self._writer.numbers_due_s(seen) - now_s()

    def _now(self) -> datetime:
        """Return the log's time: copies whose clocks differ still agree."""
        return log_datetime(self.clock.now_ns())

    def _until_ttl(self, resource: JobResource) -> float | None:
        at = ttl.expiry(resource) if resource.settled and not resource.deleting else None
        return None if at is None else max(0.1, (at - self._now()).total_seconds())

    async def _known(self, seen: WorkItem) -> r.ObservedState:
        job = seen.resource.uid
        view = self.job_store.view(job)
        if seen.resource.settled:
            return r.ObservedState(view)
        if view is not None:
            report = self.jobs.report(view, self.clock.now_ns())
            return r.ObservedState(view, report, waits_for=self._waits_for(job))
        forgotten = seen.resource.has_job and await self.jobs.is_forgotten(job)
        earlier = await self._earlier(seen.resource)
        return r.ObservedState(refusal=seen.refusal, forgotten=forgotten, earlier=earlier)

    async def _earlier(self, resource: JobResource) -> JobView | None:
        """Return the job that has run already, where the spec asks for that."""
        if not resource.wants_job or not resource.spec.get("skipIfRanWithinSeconds"):
            return None
        with suppress(InvalidDocumentError):
            spec, origin = parse_spec(resource.spec), await self._origin(resource)
            return earlier_run(self.job_store.jobs(), origin, spec, self.clock.now_ns())
        return None

    async def _origin(self, resource: JobResource) -> Origin:
        return Origin(
            kind=OriginKind.RESOURCE,
            namespace=resource.namespace,
            name=resource.name,
            cluster=await self._identity.get(),
        )

    def _waits_for(self, job: str) -> list[str]:
        """Return the jobs that run before one, the first one as people call it."""
        ahead = self.job_store.waits_for(job)
        return [self._called(first) for first in ahead[:1]] + ahead[1:]

    def _called(self, job: str) -> str:
        view = self.job_store.get(job)
        origin = None if view is None else view.created.origin
        if origin is None or origin.kind is not OriginKind.RESOURCE:
            return job
        return f"{origin.namespace}/{origin.name}"

    async def _submitted_in_turn(self, seen: WorkItem) -> bool:
        """Let other copies go first where many wait; return whether one has."""
        new = sum(other.resource.wants_job for other in self._seen.values())
        window_s = min(SUBMIT_WINDOW_S, SUBMIT_S * max(0, new - 1))
        await asyncio.sleep(window_s * share(seen.resource.uid, self.config.copy))
        return self.job_store.view(seen.resource.uid) is not None

    async def _submit(self, seen: WorkItem, spec: JobSpec, waited_ms: int) -> None:
        resource = seen.resource
        origin = await self._origin(resource)
        before = seen.refusal
        try:
            await self.jobs.submit(
                Submission(id=resource.uid, spec=spec, origin=origin, waited_ms=waited_ms)
            )
        except NotEnoughWorkersError as error:
            seen.refusal = Problem(reason="NotEnoughWorkers", message=str(error))
        except JournalUnavailableError as error:
            seen.refusal = Problem(reason="NATSUnavailable", message=str(error))
        else:
            seen.refusal = None
        if before != seen.refusal or seen.refusal is None:
            seen.wake.set()


def _sooner(one: float | None, other: float | None) -> float | None:
    times = [time for time in (one, other) if time is not None]
    return min(times, default=None)
