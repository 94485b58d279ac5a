"""The manager of one replica: routes what is watched, listed and logged to the controllers.

It owns the controllers and the reflector, and starts and stops them. No controller knows another.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from njst.contract.events import Origin
from njst.journal.course_reader import RunInThread
from njst.journal.experiments import Experiments
from njst.journal.jobs import Jobs
from njst.journal.nats.log_clock import LogClock
from njst.journal.state.experiments.experiment_store import ExperimentStore
from njst.journal.state.job_store import JobStore
from njst_operator.config import Config
from njst_operator.controllers.experiment.experiment_controller import ExperimentController
from njst_operator.controllers.experiment.experiment_decide import DELETED as EXPERIMENT_DELETED
from njst_operator.controllers.experiment.experiment_observer import ExperimentObserver
from njst_operator.controllers.experiment.experiment_resource import (
    ExperimentResource,
    experiment_resource_of,
)
from njst_operator.controllers.job.job_controller import JobController
from njst_operator.controllers.job.job_decide import DELETED
from njst_operator.controllers.job.job_observer import JobObserver
from njst_operator.controllers.job.job_resource import JobResource, resource_of
from njst_operator.controllers.ownership import Ownership
from njst_operator.controllers.reflector import Reflector
from njst_operator.controllers.resource.cached_resource import Resource
from njst_operator.controllers.resource.resource_controller import ResourceController
from njst_operator.controllers.route import Route, RoutedKind
from njst_operator.controllers.schedule.schedule_controller import ScheduleController
from njst_operator.controllers.schedule.schedule_resource import ScheduleResource
from njst_operator.coordination.background_tasks import BackgroundTasks
from njst_operator.kube.cluster_identity import ClusterIdentity
from njst_operator.kube.kube_client import KubeClient
from njst_operator.telemetry.operator_metrics import OperatorMetrics
from njst_operator.telemetry.replica_health import ReplicaHealth


@dataclass(frozen=True)
class MeshLog:
    """What one replica reads of the job log of its mesh, and how it writes to it."""

    jobs: Jobs
    job_store: JobStore
    experiments: Experiments
    experiment_store: ExperimentStore
    clock: LogClock


@dataclass
class Manager:
    """One replica of the operator."""

    config: Config
    kube: KubeClient
    log: MeshLog
    # Whether the control NATS is connected.
    is_connected: Callable[[], bool] = lambda: True
    run_in_thread: RunInThread = asyncio.to_thread
    metrics: OperatorMetrics = field(default_factory=OperatorMetrics)
    replica_health: ReplicaHealth = field(default_factory=ReplicaHealth)
    _tasks: BackgroundTasks = field(default_factory=BackgroundTasks)

    def __post_init__(self) -> None:
        """Make the controllers, their routes and the reflector."""
        self._identity = ClusterIdentity(self.kube, self.config.cluster)
        self._ownership = Ownership(self.config.mesh, self.config.default_mesh)
        observer = JobObserver(self.log.jobs, self.log.job_store, self.log.clock, self._identity)
        self._schedule_controller = ScheduleController(
            self.config.replica,
            self.kube,
            self.metrics,
            observer.now,
            selector=self.config.scope.selector,
            grace_s=self.config.grace_s,
            in_background=not self.config.once,
            run_in_thread=self.run_in_thread,
        )
        self._job_controller = JobController(
            config=self.config,
            kube=self.kube,
            jobs=self.log.jobs,
            job_store=self.log.job_store,
            observer=observer,
            metrics=self.metrics,
            replica_health=self.replica_health,
            tasks=self._tasks,
            is_connected=self.is_connected,
        )
        self._experiment_controller = ExperimentController(
            config=self.config,
            kube=self.kube,
            experiments=self.log.experiments,
            store=self.log.experiment_store,
            observer=ExperimentObserver(
                experiments=self.log.experiments,
                store=self.log.experiment_store,
                job_store=self.log.job_store,
                clock=self.log.clock,
                identity=self._identity,
                run_in_thread=self.run_in_thread,
            ),
            metrics=self.metrics,
            replica_health=self.replica_health,
            tasks=self._tasks,
            is_connected=self.is_connected,
        )
        self.jobs = self._job_route()
        self.experiments = self._experiment_route()
        self._routes: tuple[Route[Any], ...] = (self.jobs, self.experiments)
        self._reflector = Reflector(
            self.config,
            self.kube,
            self.metrics,
            self.replica_health,
            self._routes,
            self._on_lists,
        )

    def _job_route(self) -> Route[JobResource]:
        def origins() -> Mapping[str, Origin]:
            return {view.id: view.created.origin for view in self.log.job_store.open_jobs()}

        kind = RoutedKind(
            plural=JobResource.plural,
            read=resource_of,
            deleted=DELETED,
            open_origins=origins,
            on_taken=self._schedule_controller.on_child,
            on_forgotten=self._schedule_controller.on_child_deleted,
        )
        return self._route(kind, self._job_controller)

    def _experiment_route(self) -> Route[ExperimentResource]:
        def origins() -> Mapping[str, Origin]:
            views = self.log.experiment_store.open_experiments()
            return {view.id: view.created.origin for view in views}

        kind = RoutedKind(
            plural=ExperimentResource.plural,
            read=experiment_resource_of,
            deleted=EXPERIMENT_DELETED,
            open_origins=origins,
            on_taken=self._schedule_controller.on_child,
            on_forgotten=self._schedule_controller.on_child_deleted,
        )
        return self._route(kind, self._experiment_controller)

    def _route(
        self, kind: RoutedKind[Resource], controller: ResourceController[Resource, Any]
    ) -> Route[Resource]:
        return Route(
            kind,
            controller,
            self.config.scope,
            self.kube,
            self._ownership,
            self._identity,
            self.replica_health,
            self._tasks,
        )

    def schedules(self) -> Iterable[ScheduleResource]:
        """Return the newest known version of each NjstSchedule."""
        return self._schedule_controller.resources()

    async def run(self) -> None:
        """List the resources repeatedly, until cancelled: a list finds what a watch has missed."""
        await self._reflector.run()

    async def once(self) -> None:
        """Do for every resource what is to be done now, and no more.

        Raises:
            KubeError: the resources cannot be listed.
        """
        for route, resources in zip(self._routes, await self._reflector.relist(), strict=True):
            for resource in resources:
                if route.take(resource, is_listed=True):
                    await route.controller.loop.run_once(resource.uid)
        await self._tasks.join()
        await self._on_lists()
        await self._schedule_controller.once()

    async def stop(self) -> None:
        """Cancel all work; nothing needs to be finished."""
        for route in self._routes:
            await route.controller.loop.stop()
        await self._tasks.stop()
        await self._schedule_controller.loop.stop()

    def on_job_changed(self, job: str) -> None:
        """Take note that a job of the log has changed."""
        self._job_controller.on_job_changed(job)
        self._experiment_controller.on_job_changed(job)

    def on_experiment_changed(self, experiment: str) -> None:
        """Take note that an experiment of the log has changed."""
        self._experiment_controller.on_log_changed(experiment)

    def on_schedule(self, schedule: ScheduleResource) -> None:
        """Take an NjstSchedule from the watch or a list."""
        if self._ownership.takes_schedule(schedule):
            self._schedule_controller.on_schedule(schedule)
        else:
            self._schedule_controller.on_unselected(schedule.uid)

    def on_schedule_deleted(self, uid: str) -> None:
        """Take note that an NjstSchedule is gone."""
        self._schedule_controller.on_deleted(uid)

    async def _on_lists(self) -> None:
        """Take note that all jobs and experiments are known, and list the schedules."""
        self._schedule_controller.on_children_listed()
        for schedule in await self._schedule_controller.relist(self.config.scope):
            self.on_schedule(schedule)
