"""Thresholds against what was measured. No data is a failure, never a pass.

On a workload that was skipped nothing can be said: UNKNOWN, and no pass either.
"""

from collections.abc import Callable, Iterable

from njst.contract.job import Metric, Threshold
from njst.contract.result import Latency, ThresholdResult, Verdict, WorkloadResult


def evaluate(
    thresholds: Iterable[Threshold], workloads: Iterable[WorkloadResult]
) -> list[ThresholdResult]:
    """Return one result for each threshold and each workload that it speaks of."""
    measured = list(workloads)
    return [
        _compare(threshold, workload)
        for threshold in thresholds
        for workload in measured
        if threshold.workload in (None, workload.workload)
    ]


def _compare(threshold: Threshold, workload: WorkloadResult) -> ThresholdResult:
    value = None if workload.skipped else _VALUES[threshold.metric](workload)
    return ThresholdResult(
        workload=workload.workload,
        metric=threshold.metric,
        at_most=threshold.at_most,
        at_least=threshold.at_least,
        value=value,
        verdict=_verdict(threshold, value, workload),
    )


def _verdict(threshold: Threshold, value: int | None, workload: WorkloadResult) -> Verdict:
    if workload.skipped:
        return Verdict.UNKNOWN
    return Verdict.VALID if _holds(threshold, value) else Verdict.INVALID


def _holds(threshold: Threshold, value: int | None) -> bool:
    if value is None:
        return False
    if threshold.at_most is not None:
        return value <= threshold.at_most
    return threshold.at_least is not None and value >= threshold.at_least


def _rate(pick: Callable[[WorkloadResult], int]) -> Callable[[WorkloadResult], int | None]:
    def value(workload: WorkloadResult) -> int | None:
        return None if workload.was_over_in_warmup else pick(workload)

    return value


def _latency(pick: Callable[[Latency], int]) -> Callable[[WorkloadResult], int | None]:
    def value(workload: WorkloadResult) -> int | None:
        latency = workload.latency_microseconds
        return None if latency is None else pick(latency)

    return value


_VALUES: dict[Metric, Callable[[WorkloadResult], int | None]] = {
    Metric.MESSAGES: lambda w: w.messages,
    Metric.ERRORS: lambda w: w.error_count,
    Metric.MESSAGES_PER_SECOND: _rate(lambda w: w.messages_per_second),
    Metric.BYTES_PER_SECOND: _rate(lambda w: w.bytes_per_second),
    Metric.LATENCY_P50: _latency(lambda latency: latency.p50),
    Metric.LATENCY_P90: _latency(lambda latency: latency.p90),
    Metric.LATENCY_P99: _latency(lambda latency: latency.p99),
    Metric.LATENCY_P999: _latency(lambda latency: latency.p999),
    Metric.LATENCY_MAX: _latency(lambda latency: latency.max),
}
