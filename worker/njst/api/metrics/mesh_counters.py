"""What happened to the jobs of the mesh, counted by each worker from what it reads in the log.

All workers count the same since they started: a query takes the highest of them, not the sum.
"""

from collections import Counter

from njst.contract.results.report import Verdict
from njst.journal.state.job_store import JobStore
from njst.journal.state.job_view import JobView, ParticipantPhase

# The diagnosis of a run whose target could not be reached for a while (`njst.verdict`).
TARGET_OUTAGE = "TargetOutage"


class MeshCounters:
    """Counts ends of jobs since this worker started."""

    def __init__(self, job_store: JobStore) -> None:
        """Begin to count; jobs that have ended already do not count."""
        self.ended: Counter[str] = Counter({str(verdict): 0 for verdict in Verdict})
        self.tester_limited = 0
        self.target_outages = 0
        self.workers_lost = 0
        self._store = job_store
        self._open = {view.id for view in job_store.all_jobs() if view.ended is None}
        job_store.listen(self._on_change)

    def _on_change(self, job: str) -> None:
        view = self._store.view(job)
        if view is None:
            return
        if view.ended is None:
            self._open.add(job)
        elif job in self._open:
            self._open.remove(job)
            self._count(view)

    def _count(self, view: JobView) -> None:
        assert view.ended is not None
        report = view.ended.report
        self.ended[str(report.verdict)] += 1
        self.workers_lost += len(view.parts_in(ParticipantPhase.LOST))
        if report.tester is not None:
            self.tester_limited += report.tester.limited
            self.target_outages += report.tester.reason == TARGET_OUTAGE
