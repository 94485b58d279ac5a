"""All jobs of a mesh as this process has read them: the mutable store above the pure projection."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from njst.contract.events import Progress
from njst.journal.state.job_queue import Queue
from njst.journal.state.job_view import JobView
from njst.journal.state.progress_series import ProgressSeries
from njst.journal.state.projection import LogEntry, apply

Listener = Callable[[str], None]

KEEP_JOBS = 1000
DROPPED_JOBS = 64


@dataclass(frozen=True)
class ProgressEntry:
    """A participant's last progress, when the log stored it (ns), and the series of all of it."""

    progress: Progress
    time_ns: int
    series: ProgressSeries = field(default_factory=ProgressSeries)


@dataclass
class JobStore:
    """Views by job id, fed by `Log.follow`.

    Listeners are called with the id of each job that changed or has got its workers.
    """

    _jobs: dict[str, JobView] = field(default_factory=dict)
    _progress: dict[str, dict[str, ProgressEntry]] = field(default_factory=dict)
    # By the job that they listen to; empty: all jobs.
    _listeners: dict[str, list[Listener]] = field(default_factory=dict)
    _queue: Queue = field(default_factory=Queue)
    # The open jobs, in the order of the log; only the keys count.
    _open: dict[str, None] = field(default_factory=dict)
    _closed: deque[str] = field(default_factory=deque)
    _dropped: deque[str] = field(default_factory=lambda: deque(maxlen=DROPPED_JOBS))
    last_seq: int = 0
    # How many closed jobs are kept, the newest.
    keep: int = KEEP_JOBS

    def on_entry(self, entry: LogEntry) -> None:
        """Apply one entry of the log."""
        self.last_seq = max(self.last_seq, entry.seq)
        before = self._jobs.get(entry.job)
        view = apply(before, entry)
        if view is None:
            return
        self._jobs[entry.job] = view
        if before is None:
            self._open[entry.job] = None
            self._queue.enter(view)
        elif view.closed and not before.closed:
            for admitted in self._close(view):
                self._notify(admitted)
        self._notify(entry.job)

    def _close(self, view: JobView) -> list[str]:
        """Close a job; return the jobs that get its workers."""
        self._progress.pop(view.id, None)
        del self._open[view.id]
        admitted = self._queue.leave(view.id, view.closed_ns)
        self._closed.append(view.id)
        while len(self._closed) > self.keep:
            oldest = self._closed.popleft()
            del self._jobs[oldest]
            self._dropped.append(oldest)
        return admitted

    def on_progress(self, job: str, worker: str, progress: Progress, time_ns: int) -> None:
        """Keep a participant's newest progress."""
        view = self._jobs.get(job)
        if view is not None and view.closed:
            return
        known = self._progress.setdefault(job, {})
        series = known[worker].series if worker in known else ProgressSeries()
        series.add(progress)
        known[worker] = ProgressEntry(progress, time_ns, series)
        self._notify(job)

    def listen(self, listener: Listener, job: str = "") -> Callable[[], None]:
        """Call `listener` after each change, of one job if given; return what ends that."""
        self._listeners.setdefault(job, []).append(listener)

        def end() -> None:
            self._listeners[job].remove(listener)
            if not self._listeners[job]:
                del self._listeners[job]

        return end

    def get(self, job: str) -> JobView | None:
        """Return a job that is not deleted, or None."""
        view = self.view(job)
        return None if view is None or view.deleted else view

    def view(self, job: str) -> JobView | None:
        """Return a job, deleted or not, or None."""
        return self._jobs.get(job)

    def progress(self, job: str) -> dict[str, ProgressEntry]:
        """Return the last progress of each participant that has sent any."""
        return dict(self._progress.get(job, {}))

    def jobs(self) -> list[JobView]:
        """Return the jobs that are not deleted, in the order of the log."""
        return [view for view in self._jobs.values() if not view.deleted]

    def all_jobs(self) -> list[JobView]:
        """Return all jobs, deleted or not, in the order of the log."""
        return list(self._jobs.values())

    def open_jobs(self) -> list[JobView]:
        """Return the jobs that are not closed, deleted or not, in the order of the log."""
        return [self._jobs[job] for job in self._open]

    def active_jobs(self) -> list[JobView]:
        """Return the open jobs that need action: all but those that wait for workers."""
        return [view for view in self.open_jobs() if self.is_active(view)]

    def is_active(self, view: JobView) -> bool:
        """Whether a job needs action: it is not closed and does not wait for workers."""
        has_workers = self._queue.admitted_ns(view.id) is not None
        return not view.closed and (has_workers or view.cancelled is not None)

    def overdue(self, now_ns: int) -> list[JobView]:
        """Return the jobs whose queue time-out is over (log time)."""
        waiting = (self._jobs[job] for job in self._queue.waiting())
        return [view for view in waiting if now_ns >= view.queue_end_ns]

    def admitted_ns(self, job: JobView) -> int | None:
        """Return when (log time) an open job got its workers; None while it waits."""
        return self._queue.admitted_ns(job.id)

    def waits_for(self, job: str) -> list[str]:
        """Return the jobs that a waiting job waits for, in order."""
        return self._queue.ahead(job)

    def next_in_line(self, most: int) -> list[str]:
        """Return the first jobs in the queue, at most `most`."""
        return self._queue.waiting(most)

    def drop_oldest(self) -> str | None:
        """Drop the job that was closed first; return its id, None if the newest is left."""
        if len(self._closed) < 2:
            return None
        oldest = self._closed.popleft()
        del self._jobs[oldest]
        return oldest

    def take_dropped(self) -> list[str]:
        """Return, once, the ids of jobs that were dropped here: the log may drop them too."""
        dropped = list(self._dropped)
        self._dropped.clear()
        return dropped

    def _notify(self, job: str) -> None:
        for listener in (*self._listeners.get(job, ()), *self._listeners.get("", ())):
            listener(job)
