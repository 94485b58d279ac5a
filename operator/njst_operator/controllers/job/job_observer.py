"""What is known of the job of a resource at the moment of a decision."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from njst.contract.events import Origin, OriginKind
from njst.contract.parsing.document import parse_spec
from njst.contract.parsing.field_errors import InvalidDocumentError
from njst.journal.jobs import Jobs
from njst.journal.nats.log_clock import LogClock
from njst.journal.report_builder import log_datetime
from njst.journal.state.job_store import JobStore
from njst.journal.state.job_view import JobView
from njst_operator.controllers.job.job_decide import ObservedState
from njst_operator.controllers.job.job_resource import JobResource
from njst_operator.controllers.job.recent_run import earlier_run
from njst_operator.controllers.resource.cached_resource import CachedResource
from njst_operator.kube.cluster_identity import ClusterIdentity


@dataclass(frozen=True)
class JobObserver:
    """Reads the job log on behalf of one replica."""

    jobs: Jobs
    job_store: JobStore
    clock: LogClock
    identity: ClusterIdentity

    def now(self) -> datetime:
        """Return the log's time, on which replicas agree even if their own clocks differ."""
        return log_datetime(self.clock.now_ns())

    async def observe(self, cached: CachedResource[JobResource]) -> ObservedState:
        """Return what is known of a resource's job.

        Raises:
            JournalUnavailableError: the log does not answer.
            KubeError: the API server does not answer.
        """
        job = cached.resource.uid
        view = self.job_store.view(job)
        if cached.resource.is_finished:
            return ObservedState(view)
        if view is not None:
            report = self.jobs.report(view, self.clock.now_ns())
            return ObservedState(view, report, waits_for=self._waits_for(job))
        forgotten = cached.resource.is_accepted and await self.jobs.is_forgotten(job)
        earlier = await self._earlier(cached.resource)
        return ObservedState(
            not_submitted=cached.not_submitted, forgotten=forgotten, earlier=earlier
        )

    async def origin(self, resource: JobResource) -> Origin:
        """Return what a job says about the resource that it is made from.

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

    async def _earlier(self, resource: JobResource) -> JobView | None:
        """Return the recent job that already has the result, if the spec asks for that."""
        if not resource.wants_acceptance or not resource.spec.get("skipIfRanWithinSeconds"):
            return None
        with suppress(InvalidDocumentError):
            spec, origin = parse_spec(resource.spec), await self.origin(resource)
            return earlier_run(self.job_store.jobs(), origin, spec, self.clock.now_ns())
        return None

    def _waits_for(self, job: str) -> list[str]:
        """Return the jobs that run before one; only the first by the name that people know."""
        ahead = self.job_store.waits_for(job)
        return [self._name(first) for first in ahead[:1]] + ahead[1:]

    def _name(self, job: str) -> str:
        view = self.job_store.get(job)
        origin = None if view is None else view.created.origin
        if origin is None or origin.kind is not OriginKind.RESOURCE:
            return job
        return f"{origin.namespace}/{origin.name}"
