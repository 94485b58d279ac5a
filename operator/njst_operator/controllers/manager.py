"""The manager of one replica: routes what is watched, listed and logged to the controllers.

It owns the controllers and the reflector, and starts and stops them. Neither controller knows the
other.
"""

import logging
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field

from njst.contract.events import OriginKind
from njst.journal.jobs import Jobs
from njst.journal.nats.log_clock import LogClock
from njst.journal.state.job_store import JobStore
from njst_operator.config import Config
from njst_operator.controllers.job.job_controller import JobController
from njst_operator.controllers.job.job_decide import DELETED
from njst_operator.controllers.job.job_observer import JobObserver
from njst_operator.controllers.job.job_resource import JobResource
from njst_operator.controllers.ownership import Ownership
from njst_operator.controllers.reflector import Reflector
from njst_operator.controllers.schedule.schedule_controller import ScheduleController
from njst_operator.controllers.schedule.schedule_resource import ScheduleResource
from njst_operator.controllers.tombstones import Tombstones
from njst_operator.coordination.background_tasks import BackgroundTasks
from njst_operator.coordination.loop_clock import now_s
from njst_operator.kube.api_transport import KubeError
from njst_operator.kube.cluster_identity import ClusterIdentity
from njst_operator.kube.kube_client import KubeClient
from njst_operator.telemetry.operator_metrics import OperatorMetrics
from njst_operator.telemetry.replica_health import ReplicaHealth

log = logging.getLogger(__name__)


@dataclass
class Manager:
    """One replica of the operator."""

    config: Config
    kube: KubeClient
    jobs: Jobs
    job_store: JobStore
    clock: LogClock
    # Whether the control NATS is connected.
    is_connected: Callable[[], bool] = lambda: True
    metrics: OperatorMetrics = field(default_factory=OperatorMetrics)
    replica_health: ReplicaHealth = field(default_factory=ReplicaHealth)
    _tasks: BackgroundTasks = field(default_factory=BackgroundTasks)
    # Deleted resources: an older list must not bring one back.
    _deleted: Tombstones = field(default_factory=Tombstones)

    def __post_init__(self) -> None:
        """Make the controllers and the reflector."""
        config, kube, metrics = self.config, self.kube, self.metrics
        self._identity = ClusterIdentity(kube, config.cluster)
        self._ownership = Ownership(config.mesh, config.default_mesh)
        observer = JobObserver(self.jobs, self.job_store, self.clock, self._identity)
        self._job_controller = JobController(
            config=config,
            kube=kube,
            jobs=self.jobs,
            job_store=self.job_store,
            observer=observer,
            metrics=metrics,
            replica_health=self.replica_health,
            tasks=self._tasks,
            is_connected=self.is_connected,
        )
        self._schedule_controller = ScheduleController(
            config.replica,
            kube,
            metrics,
            observer.now,
            selector=config.scope.selector,
            grace_s=config.grace_s,
            in_background=not config.once,
        )
        self._reflector = Reflector(config, kube, metrics, self.replica_health, self)

    def resources(self) -> Iterable[JobResource]:
        """Return the newest known version of each NjstJob."""
        return self._job_controller.resources().values()

    def schedules(self) -> Iterable[ScheduleResource]:
        """Return the newest known version of each NjstSchedule."""
        return self._schedule_controller.resources()

    def get(self, uid: str) -> JobResource | None:
        """Return the newest known version of an NjstJob, or None."""
        return self._job_controller.get(uid)

    def keys(self) -> set[str]:
        """Return the uids of all NjstJobs that are known, or have an open job of this cluster."""
        origins = {view.id: view.created.origin for view in self.job_store.open_jobs()}
        return self._job_controller.resources().keys() | {
            job
            for job, origin in origins.items()
            if origin.kind is OriginKind.RESOURCE
            and self._identity.is_own(origin.cluster)
            and self.config.scope.covers(origin.namespace)
        }

    async def run(self) -> None:
        """List the resources repeatedly, until cancelled: a list finds what a watch has missed."""
        await self._reflector.run()

    async def once(self) -> None:
        """Do for every resource what is to be done now, and no more.

        Raises:
            KubeError: the resources cannot be listed.
        """
        for resource in await self._reflector.relist():
            if self._route(resource, is_listed=True):
                await self._job_controller.loop.run_once(resource.uid)
        await self._tasks.join()
        self._schedule_controller.on_jobs_listed()
        await self._list_schedules()
        await self._schedule_controller.once()

    async def stop(self) -> None:
        """Cancel all work; nothing needs to be finished."""
        await self._job_controller.loop.stop()
        await self._tasks.stop()
        await self._schedule_controller.loop.stop()

    def on_job_changed(self, job: str) -> None:
        """Take note that a job of the log has changed."""
        self._job_controller.on_job_changed(job)

    def on_watched(self, resource: JobResource) -> None:
        """Take an NjstJob from the watch; what others than njst write into it wakes nobody."""
        if resource.uid not in self._deleted:
            self.replica_health.delivered(resource.uid, resource.resource_version)
        self._route(resource, is_listed=False)

    def on_unwatched(self, uid: str) -> None:
        """Take note that the watch has shown the end of an NjstJob.

        With a selector the resource may only have lost its label, which looks the same.
        """
        resource = self.get(uid)
        if resource is None or not self.config.scope.selector:
            self.on_deleted(uid)
        else:
            self._tasks.start(self._check_deleted(resource), f"look for {uid}")

    async def _check_deleted(self, resource: JobResource) -> None:
        try:
            is_there = await self.kube.is_there(resource)
        except KubeError as error:
            # The next lists will find out.
            log.warning("%s: gone, or not selected any more? %s", resource.name, error)
            return
        if is_there:
            self.on_unselected(resource.uid)
        else:
            self.on_deleted(resource.uid)

    def on_deleted(self, uid: str) -> None:
        """Take note that an NjstJob is gone, and stop its job."""
        self._deleted.add(uid, now_s())
        self.on_unselected(uid)
        self._tasks.start(self._job_controller.cancel(uid, *DELETED), f"cancel {uid}")

    def on_unselected(self, uid: str) -> None:
        """Forget an NjstJob that is there, and is another operator's: its job goes on."""
        self.replica_health.removed(uid)
        self._forget(uid)

    def on_history_back(self) -> None:
        """Take all resources anew: the API server went back to an earlier version."""
        # Also those that were deleted since.
        self._deleted.clear()
        self._job_controller.on_history_back()
        self._schedule_controller.on_history_back()

    async def on_list(self, resources: Collection[JobResource], gone: Collection[str]) -> None:
        """Take a whole list of NjstJobs, and the uids of those that are gone; list the schedules.

        Raises:
            KubeError: the API server does not answer.
        """
        await self._identity.get()
        for resource in resources:
            self._route(resource, is_listed=True)
        self._schedule_controller.on_jobs_listed()
        for uid in gone:
            self.on_deleted(uid)
        await self._list_schedules()

    def on_schedule(self, schedule: ScheduleResource) -> None:
        """Take an NjstSchedule from the watch or a list."""
        if self._ownership.takes_schedule(schedule):
            self._schedule_controller.on_schedule(schedule)
        else:
            self._schedule_controller.on_unselected(schedule.uid)

    def on_schedule_deleted(self, uid: str) -> None:
        """Take note that an NjstSchedule is gone."""
        self._schedule_controller.on_deleted(uid)

    async def _list_schedules(self) -> None:
        for schedule in await self._schedule_controller.relist(self.config.scope):
            self.on_schedule(schedule)

    def _route(self, resource: JobResource, *, is_listed: bool) -> bool:
        """Hand an NjstJob to both controllers; return whether it is this installation's."""
        if resource.uid in self._deleted:
            return False
        in_own_log = self.job_store.view(resource.uid) is not None
        if self._ownership.takes(resource, in_own_log=in_own_log):
            newest = self._job_controller.update(resource, is_listed=is_listed)
            self._schedule_controller.on_job(newest)
            return True
        self._forget(resource.uid)
        if resource.accepting_mesh and not resource.mesh:
            self._job_controller.on_accepted_elsewhere(resource)
        return False

    def _forget(self, uid: str) -> None:
        resource = self._job_controller.forget(uid)
        if resource is not None:
            self._schedule_controller.on_job_deleted(resource)
