"""Evaluates thresholds. No data is a failure, never a pass.

A workload that never began has no data. A threshold on a skipped workload is UNKNOWN, and so is one
on a percentile that operations without an answer could raise above its bound.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from njst.contract.results.comparison import PinnedBaseline, PinnedValue
from njst.contract.results.report import Latency, ThresholdResult, Verdict, WorkloadResult
from njst.contract.spec.threshold import Metric, Threshold
from njst.stats.histogram import Histogram


def evaluate(
    thresholds: Iterable[Threshold],
    workloads: Iterable[WorkloadResult],
    baselines: Iterable[PinnedBaseline] = (),
) -> list[ThresholdResult]:
    """Return one result for each threshold and each workload that it applies to.

    Args:
        thresholds: The thresholds.
        workloads: The totals of all workloads.
        baselines: What was taken from baselines when the job was submitted.
    """
    measured = {workload.workload: workload for workload in workloads}
    pinned = {(one.name, v.workload, v.metric): v for one in baselines for v in one.values}
    return [
        _compare(threshold, workload, _reference(threshold, workload, measured, pinned))
        for threshold in thresholds
        for workload in measured.values()
        if threshold.applies_to(workload.workload)
    ]


def exact_values(workload: WorkloadResult) -> dict[str, int]:
    """Return the values of a workload by metric; only those that are exactly known."""
    found = ((metric, _measure(metric, workload)) for metric in Metric)
    return {
        str(metric): value.lowest
        for metric, value in found
        if value is not None and value.lowest == value.highest
    }


@dataclass(frozen=True)
class _Measured:
    """A value between two bounds, in the unit of its metric; `highest` None: no upper bound."""

    lowest: int
    highest: int | None


@dataclass(frozen=True)
class _Reference:
    """What a bound is in percent of.

    Attributes:
        value: The median of a baseline's runs, or the value of another workload; None: no data.
        pinned: What the baseline said; None: it is another workload.
        is_missing: Nothing can be said, as opposed to: there should be data, and there is none.
    """

    value: _Measured | None
    pinned: PinnedValue | None = None
    is_missing: bool = False


def _exactly(value: int | None) -> _Measured | None:
    return None if value is None else _Measured(value, value)


def _measure(metric: Metric, workload: WorkloadResult) -> _Measured | None:
    """Return the value of a workload; None: it has no data."""
    if workload.start_ms is None or workload.skipped:
        return None
    return _VALUES[metric](workload)


def _reference(
    threshold: Threshold,
    workload: WorkloadResult,
    measured: Mapping[str, WorkloadResult],
    pinned: Mapping[tuple[str, str, Metric], PinnedValue],
) -> _Reference | None:
    """Return what a bound is in percent of; None: it is not in percent."""
    if threshold.relative_to is not None:
        value = pinned.get((threshold.relative_to, workload.workload, threshold.metric))
        if value is None:
            return _Reference(None, is_missing=True)
        return _Reference(_exactly(value.median), value)
    if threshold.relative_to_workload is None:
        return None
    other = measured.get(threshold.relative_to_workload)
    if other is None or other.skipped:
        return _Reference(None, is_missing=True)
    return _Reference(_measure(threshold.metric, other))


def _compare(
    threshold: Threshold, workload: WorkloadResult, reference: _Reference | None
) -> ThresholdResult:
    measured = _measure(threshold.metric, workload)
    at_most, at_least = _exactly(threshold.at_most), _exactly(threshold.at_least)
    if reference is not None and reference.value is not None:
        at_most = _at_most(reference.value, threshold.at_most_percent)
        at_least = _at_least(reference.value, threshold.at_least_percent)
    if workload.skipped or (reference is not None and reference.is_missing):
        verdict = Verdict.UNKNOWN
    else:
        verdict = _verdict(measured, at_most, at_least)
    result = ThresholdResult(
        workload=workload.workload,
        metric=threshold.metric,
        at_most=None if at_most is None else at_most.lowest,
        at_least=None if at_least is None else at_least.lowest,
        value=None if measured is None else measured.lowest,
        is_lower_bound=measured is not None and measured.lowest != measured.highest,
        verdict=verdict,
    )
    return result if reference is None else _with_reference(result, threshold, reference)


def _with_reference(
    result: ThresholdResult, threshold: Threshold, reference: _Reference
) -> ThresholdResult:
    pinned = reference.pinned
    return result.model_copy(
        update={
            "relative_to": threshold.relative_to,
            "relative_to_workload": threshold.relative_to_workload,
            "at_most_percent": threshold.at_most_percent,
            "at_least_percent": threshold.at_least_percent,
            "reference": None if reference.value is None else reference.value.lowest,
            "reference_runs": None if pinned is None else pinned.runs,
            "reference_lowest": None if pinned is None else pinned.lowest,
            "reference_highest": None if pinned is None else pinned.highest,
        }
    )


def _at_most(reference: _Measured, percent: int | None) -> _Measured | None:
    """Return the highest integer that is at most this share of a value."""
    if percent is None:
        return None
    highest = None if reference.highest is None else reference.highest * percent // 100
    return _Measured(reference.lowest * percent // 100, highest)


def _at_least(reference: _Measured, percent: int | None) -> _Measured | None:
    """Return the lowest integer that is at least this share of a value."""
    if percent is None:
        return None
    highest = None if reference.highest is None else -(-reference.highest * percent // 100)
    return _Measured(-(-reference.lowest * percent // 100), highest)


def _verdict(
    measured: _Measured | None, at_most: _Measured | None, at_least: _Measured | None
) -> Verdict:
    """Return whether a threshold holds; UNKNOWN: it depends on operations that were given up.

    Without a value, or without the bound, there is no data, which is a failure.
    """
    if measured is None or (at_most is None and at_least is None):
        return Verdict.INVALID
    if at_most is not None:
        return _order(measured, at_most)
    assert at_least is not None
    return _order(at_least, measured)


def _order(low: _Measured, high: _Measured) -> Verdict:
    """Return whether the first value is at most the second one."""
    if high.highest is not None and low.lowest > high.highest:
        return Verdict.INVALID
    is_kept = low.highest is not None and low.highest <= high.lowest
    return Verdict.VALID if is_kept else Verdict.UNKNOWN


def _errors_per_million(workload: WorkloadResult) -> int | None:
    """Return the errors per million attempted operations, rounded up."""
    if not workload.attempted:
        return None
    return -(-1_000_000 * workload.error_count // workload.attempted)


def _rate(pick: Callable[[WorkloadResult], int]) -> Callable[[WorkloadResult], _Measured | None]:
    def value(workload: WorkloadResult) -> _Measured | None:
        return None if workload.was_over_in_warmup else _exactly(pick(workload))

    return value


def _latency(name: str) -> Callable[[WorkloadResult], _Measured | None]:
    def value(workload: WorkloadResult) -> _Measured | None:
        latency, bound = workload.latency_microseconds, workload.latency_at_most_microseconds
        if latency is None:
            return None
        lowest: int = getattr(latency, name)
        return _Measured(lowest, lowest if bound is None else getattr(bound, name))

    return value


def _other_percentile(
    per_hundred_thousand: int,
) -> Callable[[WorkloadResult], _Measured | None]:
    """Return a percentile of the latency that the result does not name, from its histogram."""

    def value(workload: WorkloadResult) -> _Measured | None:
        latency = Histogram.decode(workload.latency)
        if not latency.count:
            return None
        rank = latency.rank(per_hundred_thousand)
        answered = latency - Histogram.decode(workload.censored)
        return _Measured(latency.percentile(per_hundred_thousand), answered.value_at(rank))

    return value


def _part(kind: str, name: str) -> Callable[[WorkloadResult], _Measured | None]:
    """Return a percentile of a part of the latency: from the send, to the store ..."""

    def value(workload: WorkloadResult) -> _Measured | None:
        latency: Latency | None = getattr(workload, f"{kind}_microseconds")
        return None if latency is None else _exactly(getattr(latency, name))

    return value


_PARTS = ("service", "slip", "stored", "delivered")
_PERCENTILES = {"P50": "p50", "P90": "p90", "P99": "p99", "P999": "p999", "Max": "max"}
_VALUES: dict[Metric, Callable[[WorkloadResult], _Measured | None]] = {
    Metric.MESSAGES: lambda w: _exactly(w.messages),
    Metric.ERRORS: lambda w: _exactly(w.error_count),
    Metric.ERRORS_PER_MILLION: lambda w: _exactly(_errors_per_million(w)),
    Metric.MESSAGES_PER_SECOND: _rate(lambda w: w.messages_per_second),
    Metric.BYTES_PER_SECOND: _rate(lambda w: w.bytes_per_second),
    Metric.LATENCY_P50: _latency("p50"),
    Metric.LATENCY_P90: _latency("p90"),
    Metric.LATENCY_P95: _other_percentile(95_000),
    Metric.LATENCY_P99: _latency("p99"),
    Metric.LATENCY_P999: _latency("p999"),
    Metric.LATENCY_P9999: _other_percentile(99_990),
    Metric.LATENCY_MAX: _latency("max"),
    **{
        Metric(f"{part.capitalize()}{percentile}Microseconds"): _part(part, name)
        for part in _PARTS
        for percentile, name in _PERCENTILES.items()
    },
    Metric.REDELIVERED: lambda w: _exactly(w.redelivered),
    Metric.LONGEST_OUTAGE: lambda w: _exactly(w.longest_outage_us),
    Metric.BACKLOG: lambda w: _exactly(w.backlog_messages),
}
