"""What became of each workload between two documents of a running job. Pure.

Counts and histograms of a document are sums since the start: differences show what happened lately.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from njst.contract.results.report import WorkloadResult
from njst.stats.histogram import Histogram

# Shorter intervals say little: workers send their counts once a second.
_MIN_INTERVAL_S = 1.0
# Intervals that are kept for each workload.
KEPT = 40


@dataclass(frozen=True)
class Interval:
    """A while of one workload: its rate, and its latencies where something completed."""

    messages_per_second: int = 0
    p50_us: int | None = None
    p99_us: int | None = None


@dataclass(frozen=True)
class _Mark:
    """A workload at the end of an interval: when it was seen, and its time and counts then."""

    seen_s: float
    elapsed_s: float
    messages: int
    latency: Histogram


@dataclass
class History:
    """The latest intervals of each workload, by its name."""

    intervals: dict[str, list[Interval]] = field(default_factory=dict)
    _marks: dict[str, _Mark] = field(default_factory=dict)

    def add(self, workloads: list[WorkloadResult], now_s: float) -> None:
        """Add what workloads have done until `now_s`, in s of any clock."""
        for workload in workloads:
            name, begin = workload.workload, self._marks.get(workload.workload)
            end = _Mark(now_s, workload.elapsed_us / 1e6, workload.messages, _latency(workload))
            if begin is None:
                self._marks[name] = end
            elif (length_s := _length_s(begin, end)) >= _MIN_INTERVAL_S:
                self._marks[name] = end
                kept = self.intervals.setdefault(name, [])
                kept.append(_interval(begin, end, length_s))
                del kept[:-KEPT]

    def latest(self, workload: str) -> Interval | None:
        """Return the last interval of a workload; None until there is one."""
        some = self.intervals.get(workload)
        return some[-1] if some else None


def _length_s(begin: _Mark, end: _Mark) -> float:
    """Return how long an interval is by the workload's own time, which warm-ups are not part of."""
    if end.elapsed_s:
        return end.elapsed_s - begin.elapsed_s if begin.elapsed_s else end.seen_s - begin.seen_s
    return end.seen_s - begin.seen_s if end.messages else 0.0


def _interval(begin: _Mark, end: _Mark, length_s: float) -> Interval:
    rate = round(max(0, end.messages - begin.messages) / length_s)
    latency = end.latency - begin.latency
    # A worker that is lost may take counts with it: then there is no difference to speak of.
    if not latency.count or any(count < 0 for _, _, count in latency.slots()):
        return Interval(rate)
    return Interval(rate, latency.percentile(50_000), latency.percentile(99_000))


def _latency(workload: WorkloadResult) -> Histogram:
    try:
        return Histogram.decode(workload.latency)
    except ValueError:
        # Of a version with another layout: its percentiles are not shown.
        return Histogram()


def workloads_of(document: Mapping[str, Any]) -> list[WorkloadResult]:
    """Return the workloads of a job's document."""
    return [WorkloadResult.model_validate(part) for part in document.get("workloads", [])]
