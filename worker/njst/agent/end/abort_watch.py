"""Looks once a second whether a threshold ends a running job early.

Two of the workers that run the load look, in the order of their rank for the job: if one is lost,
the next one takes its place.
"""

import asyncio
import logging
from dataclasses import dataclass, field

from njst.journal.course_reader import RunInThread
from njst.journal.report_builder import measured_so_far
from njst.journal.state.job_store import JobStore, ProgressEntry
from njst.journal.state.job_view import JobView, ParticipantPhase
from njst.journal.state.rendezvous import order
from njst.verdict.abort import Abort, abort_of, may_abort

log = logging.getLogger(__name__)

WATCHERS = 2
_EVERY_NS = 1_000_000_000


@dataclass
class _Look:
    """The last look at a job: when (log time), and what it found."""

    at_ns: int
    task: asyncio.Task[Abort | None]


@dataclass
class AbortWatch:
    """The looks of one worker at the jobs whose thresholds may end them early."""

    me: str
    job_store: JobStore
    run_in_thread: RunInThread
    _looks: dict[str, _Look] = field(default_factory=dict)

    def look(self, view: JobView, now_ns: int) -> Abort | None:
        """Return why a job is to be stopped, as the last look found; begin a new one if it is due.

        Args:
            view: The job.
            now_ns: The log's time.
        """
        last = self._looks.get(view.id)
        if last is not None and not last.task.done():
            return None
        found = None if last is None else _result(last.task)
        if found is None and self._is_mine(view) and self._is_due(view, last, now_ns):
            task = asyncio.create_task(self._measure(view, now_ns), name=f"job {view.id}: abort")
            self._looks[view.id] = _Look(now_ns, task)
        return found

    def forget(self, open_ids: set[str]) -> None:
        """Forget the jobs that are over."""
        for job in self._looks.keys() - open_ids:
            self._looks.pop(job).task.cancel()

    def _is_mine(self, view: JobView) -> bool:
        if view.started is None or view.cancelled is not None or not view.loading:
            return False
        if not may_abort(view.created.spec):
            return False
        return self.me in order(view.id, view.parts_in(ParticipantPhase.RUNNING))[:WATCHERS]

    def _is_due(self, view: JobView, last: _Look | None, now_ns: int) -> bool:
        since_ns = view.start_ns if last is None else last.at_ns
        return now_ns - since_ns >= _EVERY_NS

    async def _measure(self, view: JobView, now_ns: int) -> Abort | None:
        # Not their series, which grow while a thread reads.
        progress = {
            worker: ProgressEntry(seen.progress, seen.time_ns)
            for worker, seen in self.job_store.progress(view.id).items()
        }
        # In a thread: the histograms of many workers take a while.
        return await self.run_in_thread(
            lambda: abort_of(
                view.created.spec,
                measured_so_far(view, progress, now_ns),
                view.created.baselines or (),
            )
        )


def _result(task: asyncio.Task[Abort | None]) -> Abort | None:
    """Return what a look found; one that failed found nothing."""
    if task.cancelled():
        return None
    if (error := task.exception()) is not None:
        log.error("%s failed", task.get_name(), exc_info=error)
        return None
    return task.result()
