"""Reconciles NjstJobs: carries out what `job_decide` decides. Every replica does the same."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from njst.contract.parsing.field_errors import InvalidDocumentError
from njst.contract.results.job_status import JobStatus
from njst.contract.results.outcome import Problem
from njst.contract.spec.job import JobSpec
from njst.journal.interfaces import EventTooLargeError, JournalUnavailableError
from njst.journal.jobs import Jobs, NotEnoughWorkersError, Submission
from njst.journal.state.job_store import JobStore
from njst_operator.controllers.job import job_decide as d
from njst_operator.controllers.job import job_events, job_status_builder, phase_status
from njst_operator.controllers.job.job_observer import JobObserver
from njst_operator.controllers.job.job_resource import JobResource, resource_of
from njst_operator.controllers.resource.actions import WriteStatus
from njst_operator.controllers.resource.cached_resource import CachedResource
from njst_operator.controllers.resource.resource_controller import ResourceController
from njst_operator.controllers.resource.status_writer import StatusKind

# When a job frees its workers, this many of the waiting jobs show their new place at once. The
# others do with the next list: not a thousand statuses are written at each end.
NEXT_IN_LINE = 10

_STATUS = StatusKind(
    read=resource_of,
    fit=job_status_builder.fit,
    regresses=job_status_builder.regresses,
    changes_more_than_numbers=job_status_builder.changes_more_than_numbers,
    events=job_events.of_job,
)


@dataclass(kw_only=True)
class JobController(ResourceController[JobResource, JobStatus]):
    """The NjstJobs of one replica, by uid."""

    jobs: Jobs
    job_store: JobStore
    observer: JobObserver

    def _status_kind(self) -> StatusKind[JobStatus]:
        return _STATUS

    def now(self) -> datetime:
        """Return the log's time."""
        return self.observer.now()

    def is_in_log(self, uid: str) -> bool:
        return self.job_store.view(uid) is not None

    def is_open(self, uid: str) -> bool:
        """Whether the log has the job and it can still be cancelled."""
        view = self.job_store.get(uid)
        return view is not None and d.is_open(view)

    async def _append_cancel(self, uid: str, reason: str, message: str) -> None:
        await self.jobs.cancel(uid, reason, message)

    def on_job_changed(self, job: str) -> None:
        """Reconcile the resource of a job that changed, and those that waited for it."""
        self.on_log_changed(job)
        view = self.job_store.view(job)
        if view is not None and view.closed:
            for waiting in self.job_store.next_in_line(NEXT_IN_LINE):
                self.on_log_changed(waiting)

    async def _decide(self, cached: CachedResource[JobResource]) -> Iterable[object]:
        observed = await self.observer.observe(cached)
        return d.decide(cached.resource, observed, self.now())

    def _decide_disconnected(
        self, cached: CachedResource[JobResource]
    ) -> Iterable[WriteStatus[JobStatus]]:
        actions = d.decide(cached.resource, d.ObservedState(silent=True), self.now())
        return [action for action in actions if isinstance(action, WriteStatus)]

    async def _perform(self, cached: CachedResource[JobResource], action: Any) -> float | None:
        match action:
            case d.Submit(spec, waited_ms):
                await self._let_others_submit(cached)
                return await self._submit(cached, spec, waited_ms)
        return None

    async def _submit(
        self, cached: CachedResource[JobResource], spec: JobSpec, waited_ms: int
    ) -> float:
        """Submit a job, or keep why it is not; return when to look at it again."""
        resource = cached.resource
        origin = await self.observer.origin(resource)
        failure = None
        try:
            await self.jobs.submit(
                Submission(id=resource.uid, spec=spec, origin=origin, waited_ms=waited_ms)
            )
        except NotEnoughWorkersError as error:
            failure = Problem(reason="NotEnoughWorkers", message=str(error))
        except InvalidDocumentError as error:
            failure = Problem(reason=d.INVALID, message=str(error))
        except EventTooLargeError as error:
            failure = Problem(reason=d.TOO_LARGE, message=str(error))
        except JournalUnavailableError as error:
            failure = Problem(reason="NATSUnavailable", message=str(error))
        return self._keep_failure(cached, failure)

    def _changes_only_numbers(self, cached: CachedResource[JobResource]) -> bool:
        """Whether only numbers could be new: merging histograms takes time."""
        view, old = self.job_store.view(cached.resource.uid), cached.resource.status
        if view is None or cached.resource.is_finished or cached.resource.is_to_end:
            return False
        new = phase_status.of_view(view, self.job_store.waits_for(view.id))
        missing = (job_status_builder.lost_workers(view), job_status_builder.refused_workers(view))
        is_same = (old.phase, old.reason) == (new.phase, new.reason)
        return is_same and missing == (old.lost_workers, old.refused_workers)
