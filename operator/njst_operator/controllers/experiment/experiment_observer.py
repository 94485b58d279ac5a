"""What is known of the experiment of a resource at the moment of a decision."""

from dataclasses import dataclass
from datetime import datetime

from njst.contract.events import Origin, OriginKind
from njst.journal.course_reader import RunInThread
from njst.journal.experiments import Experiments
from njst.journal.nats.log_clock import LogClock
from njst.journal.report_builder import log_datetime
from njst.journal.state.experiments.experiment_store import ExperimentStore
from njst.journal.state.experiments.experiment_text import next_job_id
from njst.journal.state.experiments.experiment_view import ExperimentView
from njst.journal.state.job_store import JobStore
from njst.journal.state.job_view import JobView
from njst_operator.controllers.experiment.checked_spec import checked_spec
from njst_operator.controllers.experiment.experiment_decide import ObservedExperiment
from njst_operator.controllers.experiment.experiment_resource import ExperimentResource
from njst_operator.controllers.resource.cached_resource import CachedResource
from njst_operator.kube.cluster_identity import ClusterIdentity


@dataclass(frozen=True)
class ExperimentObserver:
    """Reads the job log on behalf of one replica."""

    experiments: Experiments
    store: ExperimentStore
    job_store: JobStore
    clock: LogClock
    identity: ClusterIdentity
    run_in_thread: RunInThread

    def now(self) -> datetime:
        """Return the log's time, on which replicas agree even if their own clocks differ."""
        return log_datetime(self.clock.now_ns())

    def running(self, view: ExperimentView) -> JobView | None:
        """Return the job of the trial that was created and is not recorded; None: there is none."""
        return None if view.concluded is not None else self.job_store.view(next_job_id(view))

    async def observe(self, cached: CachedResource[ExperimentResource]) -> ObservedExperiment:
        """Return what is known of a resource's experiment.

        Raises:
            JournalUnavailableError: the log does not answer.
        """
        uid = cached.resource.uid
        view = self.store.view(uid)
        if view is not None:
            running = self.running(view)
            waits_for = () if running is None else self.job_store.waits_for(running.id)
            return ObservedExperiment(view, running, waits_for)
        if cached.resource.wants_acceptance:
            # In a thread: each point of a grid is checked as a job. The decision finds it known.
            await self.run_in_thread(lambda: checked_spec(cached.resource))
        is_open = cached.resource.is_accepted and not cached.resource.is_finished
        forgotten = is_open and await self.experiments.is_forgotten(uid)
        return ObservedExperiment(not_submitted=cached.not_submitted, forgotten=forgotten)

    async def origin(self, resource: ExperimentResource) -> Origin:
        """Return what an experiment says about the resource that it is made from.

        Raises:
            KubeError: the API server does not answer.
        """
        return Origin(
            kind=OriginKind.RESOURCE,
            namespace=resource.namespace,
            name=resource.name,
            cluster=await self.identity.get(),
            schedule=resource.schedule,
        )
