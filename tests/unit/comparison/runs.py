"""Runs to compare, built by hand."""

from collections.abc import Sequence
from typing import Any

from njst.contract.results.comparison import ComparedRun, ComparisonResult, MetricComparison
from njst.contract.results.report import Latency
from njst.contract.results.trial import TrialWorkload
from njst.contract.spec.comparison import ComparisonSpec, MetricChoice, RatioMetric

RATE = RatioMetric.MESSAGES_PER_SECOND
P99 = RatioMetric.LATENCY_P99


def spec(*metrics: RatioMetric, **changes: Any) -> ComparisonSpec:
    """What to compare of the workload `w`."""
    choices = [MetricChoice(workload="w", metric=metric) for metric in metrics or (RATE,)]
    return ComparisonSpec(metrics=choices, **changes)


def latency(p99: int) -> Latency:
    """Percentiles with this p99, in us."""
    return Latency(p50=1, p90=1, p99=p99, p999=p99, max=p99)


def run(job: str, rate: int, p99: int = 1000, **changes: Any) -> ComparedRun:
    """A run of the workload `w`."""
    workload = TrialWorkload(
        workload="w", messages_per_second=rate, latency_microseconds=latency(p99)
    )
    return ComparedRun(**{"job": job, "workloads": [workload]} | changes)


def runs(side: str, rates: Sequence[int], *, paired: bool = False) -> list[ComparedRun]:
    """Runs with these rates; with `paired` each belongs to the pair of its place."""
    return [run(f"{side}{n}", rate, pair=n if paired else None) for n, rate in enumerate(rates)]


def only(result: ComparisonResult) -> MetricComparison:
    """The one metric of a comparison."""
    (metric,) = result.metrics
    return metric
