"""The values of one metric in two sets of runs, in pairs where the runs are."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from njst.contract.results.comparison import ComparedRun
from njst.contract.results.trial import TrialWorkload
from njst.contract.spec.comparison import MetricChoice, RatioMetric

_PERCENTILES = {
    RatioMetric.LATENCY_P50: "p50",
    RatioMetric.LATENCY_P90: "p90",
    RatioMetric.LATENCY_P99: "p99",
    RatioMetric.LATENCY_P999: "p999",
    RatioMetric.LATENCY_MAX: "max",
}


@dataclass(frozen=True)
class MetricValues:
    """The values of a metric; only runs that have one above 0.

    Attributes:
        workload: Name of the workload; empty: the whole run.
        metric: The metric.
        first: The values of the first side.
        second: Those of the second side, in the same pairs if they are paired.
        is_paired: Each value of the first side belongs to the one of the second side beside it.
        missing: How many runs have no such value.
    """

    workload: str
    metric: RatioMetric
    first: tuple[int, ...]
    second: tuple[int, ...]
    is_paired: bool = False
    missing: int = 0


def values_of(
    choice: MetricChoice, first: Sequence[ComparedRun], second: Sequence[ComparedRun]
) -> list[MetricValues]:
    """Return the values of a choice, for each workload that it means."""
    names = workloads_of(choice, [*first, *second])
    return [_of_workload(name, choice.metric, first, second) for name in names]


def workloads_of(choice: MetricChoice, runs: Iterable[ComparedRun]) -> list[str]:
    """Return the workloads that a choice means; the empty name is the whole run."""
    if choice.metric is RatioMetric.SUSTAINED:
        return [""]
    if choice.workload is not None:
        return [choice.workload]
    return list(dict.fromkeys(workload.workload for run in runs for workload in run.workloads))


def are_paired(first: Sequence[ComparedRun], second: Sequence[ComparedRun]) -> bool:
    """Whether each run belongs to a pair of its own, with one run of the other side."""
    pairs = [
        sorted(-1 if run.pair is None else run.pair for run in runs) for runs in (first, second)
    ]
    return (
        bool(pairs[0])
        and pairs[0] == pairs[1]
        and len(set(pairs[0])) == len(pairs[0])
        and (pairs[0][0] >= 0)
    )


def _of_workload(
    name: str, metric: RatioMetric, first: Sequence[ComparedRun], second: Sequence[ComparedRun]
) -> MetricValues:
    sides = [[(run.pair, value_of(run, name, metric)) for run in runs] for runs in (first, second)]
    missing = sum(value is None for side in sides for _, value in side)
    if not are_paired(first, second):
        known = [tuple(value for _, value in side if value is not None) for side in sides]
        return MetricValues(name, metric, known[0], known[1], missing=missing)
    of_pair = dict(sides[1])
    rows = [(value, of_pair[pair]) for pair, value in sides[0]]
    whole = [(a, b) for a, b in rows if a is not None and b is not None]
    return MetricValues(
        name, metric, tuple(a for a, _ in whole), tuple(b for _, b in whole), True, missing
    )


def value_of(run: ComparedRun, name: str, metric: RatioMetric) -> int | None:
    """Return a value above 0; None: the run has none, or knows only a lower bound of it."""
    if metric is RatioMetric.SUSTAINED:
        return run.sustained_messages_per_second or None
    workload = next((one for one in run.workloads if one.workload == name), None)
    return None if workload is None else _number(workload, metric) or None


def _number(workload: TrialWorkload, metric: RatioMetric) -> int | None:
    if metric is RatioMetric.MESSAGES_PER_SECOND:
        return workload.messages_per_second
    if metric is RatioMetric.BYTES_PER_SECOND:
        return workload.bytes_per_second
    latency = workload.latency_microseconds
    if latency is None or workload.is_lower_bound:
        return None
    value: int = getattr(latency, _PERCENTILES[metric])
    return value
