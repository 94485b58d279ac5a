"""Whether a threshold with `abort` ends a job early, from its totals so far.

A threshold that is missed now may be kept at the end. What the rest of a run can still change is
known where the number of its operations is: of `messages`, and of an offered rate with a duration.
There a job is stopped only if no rest could keep the threshold. A maximum and a count never fall,
so their upper bounds are as certain. For all else, such as the percentiles of a workload that runs
as fast as it can, the value so far counts.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from njst.contract.results.comparison import PinnedBaseline
from njst.contract.results.outcome import REGRESSION_ABORTED, THRESHOLD_ABORTED
from njst.contract.results.report import ThresholdResult, Verdict, WorkloadResult
from njst.contract.results.tallies import WorkloadTally
from njst.contract.spec.job import JobSpec
from njst.contract.spec.threshold import Metric, Threshold
from njst.contract.spec.workload import Workload
from njst.stats.histogram import Histogram
from njst.verdict import threshold_words
from njst.verdict.thresholds import evaluate

_RATES = (Metric.MESSAGES_PER_SECOND, Metric.BYTES_PER_SECOND)
# They never fall.
_COUNTS = (
    Metric.MESSAGES,
    Metric.ERRORS,
    Metric.REDELIVERED,
    Metric.LONGEST_OUTAGE,
    Metric.BACKLOG,
)


@dataclass(frozen=True)
class Abort:
    """Why a job is to be stopped: a CamelCase reason, and a sentence."""

    reason: str
    message: str


def may_abort(spec: JobSpec) -> bool:
    """Whether a threshold of a job has `abort`."""
    return any(threshold.abort for threshold in spec.thresholds)


@dataclass(frozen=True)
class SoFar:
    """What a running job has measured.

    Attributes:
        elapsed_ms: The time since the common start, in ms.
        totals: The totals of its workloads.
        tallies: The tallies of all participants, whose histograms totals have only percentiles of.
    """

    elapsed_ms: int
    totals: Sequence[WorkloadResult]
    tallies: Sequence[WorkloadTally] = ()


def abort_of(
    spec: JobSpec, so_far: SoFar, baselines: Iterable[PinnedBaseline] = ()
) -> Abort | None:
    """Return why a job is to be stopped; None: it goes on.

    Args:
        spec: The job.
        so_far: What it has measured.
        baselines: What was taken from baselines when the job was submitted.
    """
    pinned = list(baselines)
    workloads = {workload.name: workload for workload in spec.workloads}
    totals = {total.workload: total for total in so_far.totals}
    for threshold in spec.thresholds:
        for found in evaluate([threshold], so_far.totals, pinned) if threshold.abort else ():
            workload, total = workloads[found.workload], totals[found.workload]
            # The measured window begins after the warm-up.
            begin_ms = (total.start_ms or 0) + 1000 * workload.warmup_seconds
            measured_ms = so_far.elapsed_ms - begin_ms
            if measured_ms < 1000 * threshold.abort_after_s or not _is_missed(found):
                continue
            if not _can_be_kept(threshold, found, _Workload(workload, total, so_far.tallies)):
                return _abort(found, measured_ms)
    return None


@dataclass(frozen=True)
class _Workload:
    spec: Workload
    total: WorkloadResult
    tallies: Sequence[WorkloadTally]

    def histogram(self, kind: str) -> Histogram:
        """Return all latencies of one kind."""
        texts = (getattr(t, kind) for t in self.tallies if t.workload == self.spec.name)
        return Histogram.together(Histogram.decode(text) for text in texts)


def _is_missed(found: ThresholdResult) -> bool:
    """Whether a threshold is missed by a value: data that is not there yet may come."""
    return found.verdict is Verdict.INVALID and found.value is not None


def _abort(found: ThresholdResult, measured_ms: int) -> Abort:
    reason = THRESHOLD_ABORTED if found.relative_to is None else REGRESSION_ABORTED
    words = threshold_words.sentence(found)
    return Abort(reason, f"stopped after {measured_ms / 1000:.1f} s: {words}")


def _can_be_kept(threshold: Threshold, found: ThresholdResult, workload: _Workload) -> bool:
    """Whether the rest of the run may keep a threshold that is missed now."""
    if found.at_least is not None:
        return _can_rise(found.metric, found.at_least, workload)
    if threshold.relative_to_workload is not None and found.metric in _COUNTS:
        # The bound rises with the count of the other workload.
        return True
    return _can_fall(found.metric, found.at_most or 0, workload)


def _can_rise(metric: Metric, at_least: int, workload: _Workload) -> bool:
    """Whether a value may still reach a bound."""
    planned = workload.total.planned
    if metric in _RATES:
        # What an offered rate has made due is sent late, which makes up for it.
        return workload.spec.is_paced
    if metric is Metric.MESSAGES and planned is not None:
        return planned - workload.total.failed >= at_least
    return True


def _can_fall(metric: Metric, at_most: int, workload: _Workload) -> bool:
    """Whether a value may still fall to a bound."""
    planned, total = workload.total.planned, workload.total
    if planned is None or metric in _COUNTS or metric in _RATES:
        return False
    if metric is Metric.ERRORS_PER_MILLION:
        return 1_000_000 * total.error_count <= at_most * max(planned, total.attempted)
    assert metric.percentile is not None
    kind, share = metric.percentile
    measured = workload.histogram(kind)
    over = sum(count for _, highest, count in measured.slots() if highest > at_most)
    # If all others are within the bound, so many may be over it.
    whole = max(planned, measured.count)
    return over <= whole - -(-whole * share // 100_000)
