"""Reconciles NjstJobs: carries out what `job_decide` decides. Every replica does the same."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from njst.backoff import Backoff
from njst.contract.parsing.field_errors import InvalidDocumentError
from njst.contract.results.outcome import Problem
from njst.contract.spec.job import JobSpec
from njst.journal.interfaces import EventTooLargeError, JournalUnavailableError
from njst.journal.jobs import Jobs, NotEnoughWorkersError, Submission
from njst.journal.state.job_store import JobStore
from njst.journal.state.rendezvous import share
from njst_operator.config import Config
from njst_operator.controllers.job import job_decide as d
from njst_operator.controllers.job import job_status_builder, phase_status
from njst_operator.controllers.job.cached_job import CachedJob
from njst_operator.controllers.job.disconnected_status import DISCONNECTED_S
from njst_operator.controllers.job.job_observer import JobObserver
from njst_operator.controllers.job.job_resource import ACCEPTED_UID, JobResource
from njst_operator.controllers.job.status_writer import StatusWriter
from njst_operator.controllers.loop import ControllerLoop
from njst_operator.coordination.background_tasks import BackgroundTasks
from njst_operator.coordination.jitter import delay_s
from njst_operator.coordination.loop_clock import now_s
from njst_operator.kube.api_transport import ConflictError, GoneError, KubeError
from njst_operator.kube.event_recorder import EventRecorder
from njst_operator.kube.kube_client import KubeClient
from njst_operator.kube.kube_event import KubeEvent
from njst_operator.telemetry.operator_metrics import OperatorMetrics
from njst_operator.telemetry.replica_health import ReplicaHealth

log = logging.getLogger(__name__)

BACKOFF = Backoff(first_s=1.0, factor=2.0, ceiling_s=8.0)
# How soon a job that waits for workers or for the log is looked at again.
RETRY_S = 1.0
# All replicas submit a single job at once, and the first one wins. Of many jobs each replica begins
# with different ones: this long per job, and at most the window in all.
SUBMIT_S = 0.02
SUBMIT_WINDOW_S = 2.0
# When a job frees its workers, this many of the waiting jobs show their new place at once. The
# others do with the next list: not a thousand statuses are written at each end.
NEXT_IN_LINE = 10


@dataclass
class JobController:
    """The NjstJobs of one replica, by uid."""

    config: Config
    kube: KubeClient
    jobs: Jobs
    job_store: JobStore
    observer: JobObserver
    metrics: OperatorMetrics
    replica_health: ReplicaHealth
    tasks: BackgroundTasks
    # Whether the control NATS is connected.
    is_connected: Callable[[], bool]
    _cache: dict[str, CachedJob] = field(default_factory=dict)
    # Resources without spec.mesh that another installation has accepted.
    _accepted_elsewhere: dict[str, JobResource] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Make the parts."""
        config = self.config
        self._events = EventRecorder(self.kube, self.metrics)
        self._writer = StatusWriter(
            config.replica, config.mesh, self.kube, self._events, self.metrics
        )
        self.loop = ControllerLoop(self, BACKOFF, self.metrics, in_background=not config.once)

    def resources(self) -> dict[str, JobResource]:
        """Return the newest known version of each resource, by uid."""
        return {uid: cached.resource for uid, cached in self._cache.items()}

    def get(self, uid: str) -> JobResource | None:
        """Return the newest known version of a resource, or None."""
        cached = self._cache.get(uid)
        return None if cached is None else cached.resource

    def update(self, resource: JobResource, *, is_listed: bool = False) -> JobResource:
        """Take one version of a resource, from a watch or a list; return the newest known one.

        It is reconciled if there is news in it, and after a list unless it is over.
        """
        uid, cached, has_news = resource.uid, self._cache.get(resource.uid), False
        if cached is None:
            cached, has_news = self._cache.setdefault(uid, CachedJob(resource)), True
        elif resource.is_newer_than(cached.resource):
            has_news = not resource.is_equivalent_to(cached.resource)
            if cached.resource.status != resource.status:
                cached.written_s = now_s()
            cached.resource = resource
        self._writer.note(cached.resource)
        if has_news or (is_listed and not cached.resource.is_finished):
            self.loop.wake(uid, is_new=has_news)
        return cached.resource

    def forget(self, uid: str) -> JobResource | None:
        """Drop a resource, and return it; its job goes on."""
        self._accepted_elsewhere.pop(uid, None)
        self._writer.forget(uid)
        self.loop.forget(uid)
        cached = self._cache.pop(uid, None)
        return None if cached is None else cached.resource

    def on_history_back(self) -> None:
        """Take all resources anew: they are as they once were, and may have other versions now."""
        for cached in self._cache.values():
            cached.resource = cached.resource.as_oldest()

    def on_job_changed(self, job: str) -> None:
        """Reconcile the resource of a job that changed, and those that waited for it."""
        self._stop_twin_of(job)
        view = self.job_store.view(job)
        closed = view is not None and view.closed
        for woken in (job, *(self.job_store.next_in_line(NEXT_IN_LINE) if closed else ())):
            if woken in self._cache:
                self.loop.wake(woken)

    def on_accepted_elsewhere(self, resource: JobResource) -> None:
        """Stop the own job of a resource that another default installation has accepted."""
        self._accepted_elsewhere[resource.uid] = resource
        self._stop_twin_of(resource.uid)

    def _stop_twin_of(self, uid: str) -> None:
        resource, view = self._accepted_elsewhere.get(uid), self.job_store.view(uid)
        if resource is not None and view is not None and d.is_open(view):
            both = f"{self.config.mesh} and {resource.accepting_mesh}"
            message = (
                f"the meshes {both} both take jobs without spec.mesh, and {resource.accepting_mesh}"
                " runs this one: set --default-mesh=false in all but one"
            )
            log.error("%s: %s", resource.name, message)
            self.tasks.start(self._stop_twin(resource, message), f"yield {uid}")

    async def _stop_twin(self, resource: JobResource, message: str) -> None:
        await self.cancel(resource.uid, "TwoDefaultMeshes", message)
        await self._events.record(resource, KubeEvent("TwoDefaultMeshes", message, warning=True))

    async def cancel(self, job: str, reason: str, message: str) -> None:
        """Stop a job unless it is over or unknown; a log that does not answer is only logged.

        The caller need not repeat it. A job that is still open without its resource is reported as
        deleted again by each later list (`Manager.keys`). That of a resource which another
        installation has accepted is stopped again when it changes, and with each list.
        """
        view = self.job_store.get(job)
        if view is None or not d.is_open(view):
            return
        try:
            await self.jobs.cancel(job, reason, message)
        except JournalUnavailableError as error:
            log.warning("job %s is not cancelled yet: %s", job, error)

    def describe(self, key: str) -> str:
        """Return namespace and name of a resource."""
        resource = self._cache[key].resource
        return f"{resource.namespace}/{resource.name}"

    async def reconcile(self, key: str) -> float | None:
        """Do what is to be done about a resource now; see `Reconciler`."""
        cached = self._cache[key]
        self.replica_health.nats(self.is_connected(), now_s())
        if not self.replica_health.nats_connected and cached.resource.under_load:
            return await self._reconcile_disconnected(cached)
        numbers_s = self._only_numbers_wait_s(cached)
        if numbers_s > 0:
            return numbers_s
        requeue_after_s = await self._act(cached)
        if requeue_after_s is None and cached.resource.has_job and not cached.resource.is_finished:
            return RETRY_S if self.job_store.view(key) is None else None
        return requeue_after_s if requeue_after_s is not None else self._until_ttl(cached.resource)

    async def _act(self, cached: CachedJob) -> float | None:
        requeue_after_s: float | None = None
        observed = await self.observer.observe(cached)
        for action in d.decide(cached.resource, observed, self.observer.now()):
            match action:
                case d.Submit(spec, waited_ms):
                    if await self._submitted_by_another(cached):
                        return 0.0
                    requeue_after_s = await self._submit(cached, spec, waited_ms)
                case d.Cancel(reason, message):
                    await self.jobs.cancel(cached.resource.uid, reason, message)
                case d.WriteStatus(new):
                    written_s = await self._writer.write(cached, new)
                    requeue_after_s = _sooner(requeue_after_s, written_s)
                case d.AnnotateAccepted(uid):
                    await self._annotate_accepted(cached, uid)
                case d.Delete():
                    await self.kube.delete(cached.resource)
        return requeue_after_s

    async def _submitted_by_another(self, cached: CachedJob) -> bool:
        """Let other replicas go first where many jobs wait; return whether one has submitted it."""
        waiting = sum(other.resource.wants_job for other in self._cache.values())
        window_s = min(SUBMIT_WINDOW_S, SUBMIT_S * max(0, waiting - 1))
        await asyncio.sleep(window_s * share(cached.resource.uid, self.config.replica))
        return self.job_store.view(cached.resource.uid) is not None

    async def _submit(self, cached: CachedJob, spec: JobSpec, waited_ms: int) -> float:
        """Submit a job, or keep why it is not; return when to look at it again."""
        resource, before = cached.resource, cached.not_submitted
        origin = await self.observer.origin(resource)
        try:
            await self.jobs.submit(
                Submission(id=resource.uid, spec=spec, origin=origin, waited_ms=waited_ms)
            )
        except NotEnoughWorkersError as error:
            cached.not_submitted = Problem(reason="NotEnoughWorkers", message=str(error))
        except InvalidDocumentError as error:
            cached.not_submitted = Problem(reason=d.INVALID, message=str(error))
        except EventTooLargeError as error:
            cached.not_submitted = Problem(reason=d.TOO_LARGE, message=str(error))
        except JournalUnavailableError as error:
            cached.not_submitted = Problem(reason="NATSUnavailable", message=str(error))
        else:
            cached.not_submitted = None
        is_same = cached.not_submitted is not None and cached.not_submitted == before
        return RETRY_S if is_same else 0.0

    async def _annotate_accepted(self, cached: CachedJob, uid: str) -> None:
        if uid != cached.resource.uid:
            await self.kube.annotate(cached.resource, ACCEPTED_UID, uid)
        elif not cached.is_annotating:
            cached.is_annotating = True
            self.tasks.start(self._annotate_until_written(cached), f"annotate {uid}")

    async def _annotate_until_written(self, cached: CachedJob) -> None:
        """Annotate a resource as accepted unless another replica has; nothing waits for that."""
        uid = cached.resource.uid
        wait_s = delay_s(uid, self.config.replica)
        while uid in self._cache:
            await asyncio.sleep(wait_s)
            try:
                if cached.resource.accepted_uid != uid:
                    await self.kube.annotate(cached.resource, ACCEPTED_UID, uid)
            except (ConflictError, GoneError):
                pass
            except KubeError as error:
                self.metrics.errors["kubernetes"] += 1
                log.warning("%s is not annotated as accepted yet: %s", cached.resource.name, error)
                wait_s = max(BACKOFF.ceiling_s, error.retry_s)
                continue
            break
        cached.is_annotating = False

    async def _reconcile_disconnected(self, cached: CachedJob) -> float:
        """Write nothing that is old; if no replica writes anything, that NATS does not answer."""
        renewed_s = self._writer.numbers_due_s(cached) + DISCONNECTED_S
        if self.replica_health.silent_s(now_s()) >= DISCONNECTED_S and now_s() >= renewed_s:
            silent = d.ObservedState(silent=True)
            for action in d.decide(cached.resource, silent, self.observer.now()):
                if isinstance(action, d.WriteStatus):
                    await self._writer.write(cached, action.status)
        return RETRY_S

    def _only_numbers_wait_s(self, cached: CachedJob) -> float:
        """Return for how long only numbers could be new: merging histograms takes time."""
        view, old = self.job_store.view(cached.resource.uid), cached.resource.status
        if view is None or cached.resource.is_finished or cached.resource.is_to_end:
            return 0.0
        new = phase_status.of_view(view, self.job_store.waits_for(view.id))
        is_same = (old.phase, old.reason) == (new.phase, new.reason)
        missing = (job_status_builder.lost_workers(view), job_status_builder.refused_workers(view))
        if not is_same or missing != (old.lost_workers, old.refused_workers):
            return 0.0
        return self._writer.numbers_due_s(cached) - now_s()

    def _until_ttl(self, resource: JobResource) -> float | None:
        at = resource.expires_at if resource.is_finished and not resource.deleting else None
        return None if at is None else max(0.1, (at - self.observer.now()).total_seconds())


def _sooner(one: float | None, other: float | None) -> float | None:
    times = [time for time in (one, other) if time is not None]
    return min(times, default=None)
