"""Evaluates thresholds. No data is a failure, never a pass.

A workload that never began has no data. A threshold on a skipped workload is UNKNOWN, and so is one
on a percentile that operations without an answer could raise above its bound.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from njst.contract.results.report import Latency, ThresholdResult, Verdict, WorkloadResult
from njst.contract.spec.threshold import Metric, Threshold
from njst.stats.histogram import Histogram


def evaluate(
    thresholds: Iterable[Threshold], workloads: Iterable[WorkloadResult]
) -> list[ThresholdResult]:
    """Return one result for each threshold and each workload that it applies to."""
    measured = list(workloads)
    return [
        _compare(threshold, workload)
        for threshold in thresholds
        for workload in measured
        if threshold.workload in (None, workload.workload)
    ]


@dataclass(frozen=True)
class _Measured:
    """A value between two bounds, in the unit of its metric; `highest` None: no upper bound."""

    lowest: int
    highest: int | None


def _exactly(value: int | None) -> _Measured | None:
    return None if value is None else _Measured(value, value)


def _compare(threshold: Threshold, workload: WorkloadResult) -> ThresholdResult:
    began = workload.start_ms is not None
    measured = _VALUES[threshold.metric](workload) if began and not workload.skipped else None
    verdict = Verdict.UNKNOWN if workload.skipped else _verdict(threshold, measured)
    return ThresholdResult(
        workload=workload.workload,
        metric=threshold.metric,
        at_most=threshold.at_most,
        at_least=threshold.at_least,
        value=None if measured is None else measured.lowest,
        is_lower_bound=measured is not None and measured.lowest != measured.highest,
        verdict=verdict,
    )


def _verdict(threshold: Threshold, measured: _Measured | None) -> Verdict:
    """Return whether the threshold holds; UNKNOWN: it depends on operations that were given up."""
    if measured is None:
        return Verdict.INVALID
    lowest, highest = measured.lowest, measured.highest
    if threshold.at_most is not None:
        if lowest > threshold.at_most:
            return Verdict.INVALID
        is_kept = highest is not None and highest <= threshold.at_most
        return Verdict.VALID if is_kept else Verdict.UNKNOWN
    at_least = threshold.at_least or 0
    if lowest >= at_least:
        return Verdict.VALID
    is_missed = highest is not None and highest < at_least
    return Verdict.INVALID if is_missed else Verdict.UNKNOWN


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
}
