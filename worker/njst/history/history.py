"""A series of runs and its change points, metric by metric.

The run is the unit, as in comparisons, and ratios are judged, as differences of logarithms. Runs
that prove nothing about the target do not count, and neither do runs without a value.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log, log1p
from statistics import median

from njst.comparison.facts import differences
from njst.comparison.metric_values import value_of, workloads_of
from njst.contract.results.comparison import ComparisonOutcome
from njst.contract.results.runs.history import ChangePoint, HistoryRun, MetricHistory, RunHistory
from njst.contract.spec.comparison import MetricChoice, RatioMetric
from njst.history.change_points import Change, changes_of

# The highest p-value of a change, divided by the number of series: docs/adr/0019 says how often a
# series without a change has a false alarm then.
MAX_P = 0.001
# A change of a fact is shown beside a change point that is at most this many runs away, for noise
# may move that by a run or two.
_NEAR = 2
_MILLION = 1_000_000
# Above this ratio, a number in parts per million would not be exact in all JSON readers.
_MOST_LOG = log(1e9)


@dataclass(frozen=True)
class _Series:
    """The runs that have a value of a metric, and the values, which are above 0."""

    workload: str
    metric: RatioMetric
    runs: Sequence[HistoryRun]
    values: Sequence[int]


def history_of(
    name: str,
    runs: Sequence[HistoryRun],
    metrics: Sequence[MetricChoice],
    min_effect_percent: int,
) -> RunHistory:
    """Return the history of runs, oldest first.

    Args:
        name: Name that the runs have in common.
        runs: All runs, oldest first.
        metrics: The numbers to look at.
        min_effect_percent: A change that is smaller does not matter.
    """
    counted = [run for run in runs if not run.left_out]
    series = [
        _series(workload, choice.metric, counted)
        for choice in metrics
        for workload in workloads_of(choice, counted)
    ]
    found = [
        changes_of(
            [log(v) for v in one.values], MAX_P / len(series), log1p(min_effect_percent / 100)
        )
        for one in series
    ]
    changes = [
        _change_point(one, changes, number)
        for one, changes in zip(series, found, strict=True)
        for number in range(len(changes))
    ]
    return RunHistory(
        name=name,
        runs=list(runs),
        metrics=[_metric(one, changes) for one, changes in zip(series, found, strict=True)],
        changes=sorted(changes, key=lambda change: change.create_time),
    )


def _series(workload: str, metric: RatioMetric, runs: Sequence[HistoryRun]) -> _Series:
    known = [(run, value) for run in runs if (value := value_of(run, workload, metric))]
    return _Series(workload, metric, [run for run, _ in known], [value for _, value in known])


def _metric(series: _Series, changes: Sequence[Change]) -> MetricHistory:
    since = series.values[changes[-1].at if changes else 0 :]
    return MetricHistory(
        workload=series.workload,
        metric=series.metric,
        runs=len(series.values),
        last=series.values[-1] if series.values else None,
        level=round(median(since)) if since else None,
    )


def _change_point(series: _Series, changes: Sequence[Change], number: int) -> ChangePoint:
    change = changes[number]
    begin = changes[number - 1].at if number else 0
    end = changes[number + 1].at if number + 1 < len(changes) else len(series.values)
    first = series.runs[change.at]
    is_better = (change.after > change.before) == series.metric.is_better_higher
    return ChangePoint(
        workload=series.workload,
        metric=series.metric,
        job=first.job,
        create_time=first.create_time,
        outcome=ComparisonOutcome.BETTER if is_better else ComparisonOutcome.WORSE,
        before=round(exp(change.before)),
        after=round(exp(change.after)),
        ratio_per_million=round(_MILLION * exp(min(change.after - change.before, _MOST_LOG))),
        p_per_million=round(_MILLION * change.p),
        runs_before=change.at - begin,
        runs_after=end - change.at,
        differences=differences(
            series.runs[change.at - _NEAR : change.at], series.runs[change.at : change.at + _NEAR]
        ),
    )
