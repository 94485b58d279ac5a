"""Merges windows of load processes to those of a participant, and seconds to wider windows."""

from collections import Counter
from collections.abc import Iterable, Sequence

from njst.contract.results.tallies import ErrorClass
from njst.contract.results.windows import (
    HISTOGRAMS,
    ErrorCount,
    ParticipantWindow,
    WorkloadWindow,
)
from njst.stats.histogram import Histogram

# How far a load process may be behind the others before windows go on without it, in seconds.
LATE_S = 5


def merge_counts(counts: Iterable[ErrorCount]) -> list[ErrorCount]:
    """Return one count for each class, the most frequent first."""
    sums: Counter[ErrorClass] = Counter()
    for one in counts:
        sums[one.error_class] += one.count
    return [
        ErrorCount(error_class=name, count=count)
        for name, count in sorted(sums.items(), key=lambda item: (-item[1], item[0]))
        if count
    ]


def together(texts: Iterable[str]) -> str:
    """Return the sum of encoded histograms; a single one is not decoded.

    Raises:
        ValueError: one of several cannot be decoded.
    """
    some = [text for text in texts if text]
    if len(some) < 2:
        return some[0] if some else ""
    return Histogram.together(Histogram.decode(text) for text in some).encode()


def merge_workloads(windows: Iterable[WorkloadWindow]) -> list[WorkloadWindow]:
    """Return the sum of windows for each workload, in the order of their first appearance."""
    by_name: dict[str, list[WorkloadWindow]] = {}
    for window in windows:
        by_name.setdefault(window.workload, []).append(window)
    return [_sum(name, group) for name, group in by_name.items()]


def _sum(workload: str, group: Sequence[WorkloadWindow]) -> WorkloadWindow:
    if len(group) == 1:
        return group[0]
    return WorkloadWindow(
        workload=workload,
        messages=sum(window.messages for window in group),
        bytes=sum(window.bytes for window in group),
        errors=merge_counts(error for window in group for error in window.errors),
        events=merge_counts(event for window in group for event in window.events),
        reconnects=sum(window.reconnects for window in group),
        **{name: together(getattr(window, name) for window in group) for name in HISTOGRAMS},
    )


class ProcessWindows:
    """The windows of some load processes, merged second by second.

    A second is taken once all processes have closed it. One that is LATE_S behind is not waited
    for; what it closes later counts in the next second that is taken, so that nothing is lost and
    no window changes.
    """

    def __init__(self, processes: int) -> None:
        # The next second of each process; None: it has ended.
        self._next_s: list[int | None] = [0] * processes
        self._open: dict[int, list[WorkloadWindow]] = {}
        self._taken_s = 0

    def add(self, process: int, window: ParticipantWindow) -> None:
        """Add the window of a second of a process."""
        at_s = max(window.at_s, self._taken_s)
        self._open.setdefault(at_s, []).extend(window.workloads)
        self._next_s[process] = window.end_s

    def end(self, process: int) -> None:
        """Note that a process has ended: it closes no more seconds."""
        self._next_s[process] = None

    def take(self) -> list[ParticipantWindow]:
        """Return the seconds that are over and were not taken yet, in order, without a gap.

        Raises:
            ValueError: a histogram cannot be decoded.
        """
        until_s = self._until_s()
        windows = [
            ParticipantWindow(at_s=at_s, workloads=merge_workloads(self._open.pop(at_s, [])))
            for at_s in range(self._taken_s, until_s)
        ]
        self._taken_s = max(self._taken_s, until_s)
        return windows

    def _until_s(self) -> int:
        running = [next_s for next_s in self._next_s if next_s is not None]
        newest_s = max([*running, *(at_s + 1 for at_s in self._open)], default=0)
        if not running:
            return newest_s
        return max(min(running), newest_s - LATE_S)
