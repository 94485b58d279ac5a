"""What this worker itself did, as counters that never decrease while its series exist.

The sum over all workers is what a mesh did. Series are by name of the job and workload, so runs of
one test follow each other in one series. A series ends KEEP_NS after the last of its jobs.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from njst.contract.results.tallies import WorkloadTally
from njst.journal.state.job_store import JobStore
from njst.journal.state.job_view import JobView
from njst.stats.histogram import Histogram

KEEP_NS = 600 * 1_000_000_000
# Series of ended jobs beyond this number end early, those first that ended first.
MOST_SERIES = 64


@dataclass
class Share:
    """What this worker did of one workload, over all jobs of one name.

    `latency` and `send_lag` are counts by slot of a histogram.
    """

    messages: int = 0
    bytes: int = 0
    errors: Counter[str] = field(default_factory=Counter)
    events: Counter[str] = field(default_factory=Counter)
    latency: dict[int, int] = field(default_factory=dict)
    send_lag: dict[int, int] = field(default_factory=dict)

    def add(self, tally: WorkloadTally) -> None:
        """Add what was done in one job; histograms that cannot be read are left out."""
        self.messages += tally.messages
        self.bytes += tally.bytes
        for error in tally.errors:
            self.errors[error.error_class] += error.count
        for event in tally.events:
            self.events[event.error_class] += event.count
        _add_histogram(tally.latency, self.latency)
        _add_histogram(tally.slip, self.send_lag)

    def copy(self) -> "Share":
        """Return a copy that can be added to."""
        return Share(
            self.messages,
            self.bytes,
            Counter(self.errors),
            Counter(self.events),
            dict(self.latency),
            dict(self.send_lag),
        )


def _add_histogram(text: str, counts: dict[int, int]) -> None:
    try:
        Histogram.decode(text).add_to(counts)
    except ValueError:
        # The report says that this result cannot be read.
        return


@dataclass
class _Ended:
    share: Share = field(default_factory=Share)
    last_ns: int = 0


# The name of a job, and that of a workload.
Series = tuple[str, str]


class OwnShare:
    """The counters of one worker; it listens to the jobs that it takes part in."""

    def __init__(self, me: str, job_store: JobStore, now_ns: Callable[[], int]) -> None:
        """Begin to count for worker `me`; `now_ns` is the log's time."""
        self._me = me
        self._store = job_store
        self._now_ns = now_ns
        self._ended: dict[Series, _Ended] = {}
        # The newest tallies of jobs whose share is not counted as ended yet.
        self._open: dict[str, list[WorkloadTally]] = {}
        job_store.listen(self._on_change)

    def _on_change(self, job: str) -> None:
        view = self._store.view(job)
        if view is None or self._me not in view.parts:
            return
        finished = view.parts[self._me].finished
        if finished is not None and not view.closed:
            self._open[job] = finished.workloads
        elif view.closed:
            self._count(view, self._open.pop(job, []))

    def _count(self, view: JobView, tallies: Iterable[WorkloadTally]) -> None:
        for tally in tallies:
            ended = self._ended.setdefault((job_name(view), tally.workload), _Ended())
            ended.share.add(tally)
            ended.last_ns = self._now_ns()

    def shares(self) -> dict[Series, Share]:
        """Return what was done by now, by name of the job and workload."""
        live: dict[Series, Share] = {}
        for view, tallies in self._live():
            for tally in tallies:
                series = (job_name(view), tally.workload)
                if series not in live:
                    ended = self._ended.get(series)
                    live[series] = Share() if ended is None else ended.share.copy()
                live[series].add(tally)
        self._drop_old(live)
        return {series: ended.share for series, ended in self._ended.items()} | live

    def _live(self) -> Iterator[tuple[JobView, list[WorkloadTally]]]:
        for view in self._store.open_jobs():
            if self._me not in view.parts:
                continue
            if view.parts[self._me].finished is None:
                seen = self._store.progress(view.id).get(self._me)
                if seen is not None:
                    self._open[view.id] = seen.progress.workloads
            if view.id in self._open:
                yield view, self._open[view.id]

    def _drop_old(self, live: Iterable[Series]) -> None:
        """Drop series without a running job, by age and by number."""
        idle = {series: ended for series, ended in self._ended.items() if series not in live}
        newest = sorted(idle, key=lambda series: idle[series].last_ns)[-MOST_SERIES:]
        now_ns = self._now_ns()
        for series, ended in idle.items():
            if series not in newest or now_ns - ended.last_ns >= KEEP_NS:
                del self._ended[series]


def job_name(view: JobView) -> str:
    """Return the name of a job's resource or document, or its id."""
    return view.created.origin.name or view.id
