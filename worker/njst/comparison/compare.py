"""Compares two sets of runs, metric by metric.

The run is the unit, not the message: messages of one run wait in the same queues, so a million of
them say no more about the next run than one (Kalibera and Jones 2013). Ratios are compared, as
differences of logarithms.
"""

from collections.abc import Sequence
from itertools import islice
from math import exp, log
from statistics import median

from njst.comparison.decision import Decision, DecisionRule, decide
from njst.comparison.facts import differences, unproven
from njst.comparison.holm import adjusted
from njst.comparison.metric_values import MetricValues, are_paired, values_of
from njst.comparison.shift import Shift, paired_shift, unpaired_shift
from njst.contract.results.comparison import (
    ComparedRun,
    ComparisonOutcome,
    ComparisonResult,
    MetricComparison,
)
from njst.contract.spec.comparison import ComparisonSpec

_MILLION = 1_000_000
# Above this ratio, a number in parts per million would not be exact in all JSON readers.
_MOST_LOG = log(1e9)


Sides = tuple[Sequence[ComparedRun], Sequence[ComparedRun]]


def compare(
    spec: ComparisonSpec, first: Sequence[ComparedRun], second: Sequence[ComparedRun]
) -> ComparisonResult:
    """Return how the second set of runs compares to the first one."""
    return compare_all(spec, [(first, second)])[0]


def compare_all(spec: ComparisonSpec, sides: Sequence[Sides]) -> list[ComparisonResult]:
    """Return the result of each comparison; together they raise no more false alarms than one."""
    prepared = [_prepared(spec, first, second) for first, second in sides]
    metrics = iter(_metrics(spec, [one for _, values in prepared for one in values]))
    return [
        result.model_copy(update={"metrics": list(islice(metrics, len(values)))})
        for result, values in prepared
    ]


def _prepared(
    spec: ComparisonSpec, first: Sequence[ComparedRun], second: Sequence[ComparedRun]
) -> tuple[ComparisonResult, list[MetricValues]]:
    """Return a result without its metrics, and the values of these."""
    left_out = [] if spec.with_unproven else unproven([*first, *second])
    jobs = {run.job for run in left_out}
    proven = [[run for run in runs if run.job not in jobs] for runs in (first, second)]
    if are_paired(first, second):
        proven = _whole_pairs(*proven)
    result = ComparisonResult(
        is_paired=are_paired(*proven), differences=differences(first, second), left_out=left_out
    )
    return result, [one for choice in spec.metrics for one in values_of(choice, *proven)]


def _whole_pairs(
    first: Sequence[ComparedRun], second: Sequence[ComparedRun]
) -> list[list[ComparedRun]]:
    """Return the runs whose partner is there too."""
    pairs = {run.pair for run in first} & {run.pair for run in second}
    return [[run for run in runs if run.pair in pairs] for runs in (first, second)]


def _metrics(spec: ComparisonSpec, values: Sequence[MetricValues]) -> list[MetricComparison]:
    alpha = 1 - spec.confidence_percent / 100
    shifts = [_shift(one, alpha) if one.first and one.second else None for one in values]
    p_values = adjusted([1.0 if shift is None else shift.p for shift in shifts])
    found = []
    for one, shift, p in zip(values, shifts, p_values, strict=True):
        if shift is None:
            found.append(_without_data(one))
            continue
        rule = DecisionRule(alpha, len(values), spec.min_effect_percent, one.is_paired)
        runs = min(len(one.first), len(one.second))
        higher = one.metric.is_better_higher
        decision = decide(shift, p, runs, rule, is_better_higher=higher)
        found.append(_comparison(one, shift, p, decision))
    return found


def _shift(values: MetricValues, alpha: float) -> Shift:
    first, second = ([log(value) for value in side] for side in (values.first, values.second))
    if not values.is_paired:
        return unpaired_shift(first, second, alpha)
    return paired_shift([b - a for a, b in zip(first, second, strict=True)], alpha)


def _without_data(values: MetricValues) -> MetricComparison:
    return MetricComparison(
        workload=values.workload,
        metric=values.metric,
        outcome=ComparisonOutcome.INCONCLUSIVE,
        message="a side has no run with this value",
        first_runs=len(values.first),
        second_runs=len(values.second),
    )


def _comparison(
    values: MetricValues, shift: Shift, adjusted_p: float, decision: Decision
) -> MetricComparison:
    message = decision.message
    if values.missing:
        message = f"{message}; without such a value: {values.missing}"
    return MetricComparison(
        workload=values.workload,
        metric=values.metric,
        outcome=decision.outcome,
        message=message,
        first_runs=len(values.first),
        second_runs=len(values.second),
        first_median=round(median(values.first)),
        second_median=round(median(values.second)),
        ratio_per_million=_ratio(shift.estimate),
        lower_per_million=None if shift.lower is None else _ratio(shift.lower),
        upper_per_million=None if shift.upper is None else _ratio(shift.upper),
        p_per_million=round(_MILLION * shift.p),
        adjusted_p_per_million=round(_MILLION * adjusted_p),
        more_runs=decision.more_runs,
    )


def _ratio(difference: float) -> int:
    """Return the ratio of a difference of logarithms, in parts per million."""
    return round(_MILLION * exp(min(difference, _MOST_LOG)))
