"""Evaluates thresholds relative to baselines.

One run is judged, so this is a limit and no inference: where the baseline's own runs go beyond the
limit, the message says so. `njst.comparison.compare` tells differences from chance.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import median

from njst.comparison.facts import SPEC_FACT
from njst.comparison.metric_values import MetricValues, values_of
from njst.contract.results.comparison import Baseline, ComparedRun, RelativeThresholdResult
from njst.contract.results.report import Verdict
from njst.contract.spec.comparison import MetricChoice
from njst.contract.spec.threshold import RelativeThreshold


def evaluate_relative(
    thresholds: Iterable[RelativeThreshold], run: ComparedRun, baselines: Mapping[str, Baseline]
) -> list[RelativeThresholdResult]:
    """Return one result for each threshold and each workload that it applies to.

    Args:
        thresholds: The thresholds.
        run: The run that is judged.
        baselines: The baselines by name.
    """
    return [
        result
        for threshold in thresholds
        for result in _evaluate(threshold, run, baselines.get(threshold.relative_to))
    ]


@dataclass(frozen=True)
class _Judged:
    verdict: Verdict
    message: str = ""
    percent: int | None = None


def _evaluate(
    threshold: RelativeThreshold, run: ComparedRun, baseline: Baseline | None
) -> list[RelativeThresholdResult]:
    choice = MetricChoice(workload=threshold.workload, metric=threshold.metric)
    runs = [] if baseline is None else baseline.runs
    found = values_of(choice, [run], runs)
    return [_result(threshold, one, _judge(threshold, one, run, baseline)) for one in found]


def _judge(
    threshold: RelativeThreshold,
    values: MetricValues,
    run: ComparedRun,
    baseline: Baseline | None,
) -> _Judged:
    name = threshold.relative_to
    if baseline is None:
        return _Judged(Verdict.UNKNOWN, f"there is no baseline {name}")
    specs = {one.facts.get(SPEC_FACT, "") for one in baseline.runs}
    if specs != {run.facts.get(SPEC_FACT, "")}:
        return _Judged(Verdict.UNKNOWN, f"the baseline {name} is of another spec")
    if not values.first:
        if _is_lower_bound(run, values.workload):
            return _Judged(Verdict.UNKNOWN, "operations were given up: the value may be higher")
        return _Judged(Verdict.INVALID, "no data")
    if not values.second:
        return _Judged(Verdict.UNKNOWN, f"the baseline {name} has no such value")
    return _compared(threshold, values.first[0], values.second)


def _compared(threshold: RelativeThreshold, value: int, baseline: tuple[int, ...]) -> _Judged:
    middle = median(baseline)
    if threshold.at_most_percent is not None:
        limit, percent = threshold.at_most_percent, -int(-100 * value // middle)
        is_kept, beyond = percent <= limit, max(baseline)
        words = f"at most {limit} %"
    else:
        limit, percent = threshold.at_least_percent or 0, int(100 * value // middle)
        is_kept, beyond = percent >= limit, min(baseline)
        words = f"at least {limit} %"
    message = f"{percent} % of the baseline {threshold.relative_to}, wanted {words}"
    own = round(100 * beyond / middle)
    if own > limit if threshold.at_most_percent is not None else own < limit:
        message = f"{message}; the baseline's own runs reach {own} %"
    return _Judged(Verdict.VALID if is_kept else Verdict.INVALID, message, percent)


def _is_lower_bound(run: ComparedRun, workload: str) -> bool:
    return any(one.workload == workload and one.is_lower_bound for one in run.workloads)


def _result(
    threshold: RelativeThreshold, values: MetricValues, judged: _Judged
) -> RelativeThresholdResult:
    return RelativeThresholdResult(
        workload=values.workload,
        metric=values.metric,
        relative_to=threshold.relative_to,
        at_most_percent=threshold.at_most_percent,
        at_least_percent=threshold.at_least_percent,
        value=values.first[0] if values.first else None,
        baseline_value=round(median(values.second)) if values.second else None,
        percent=judged.percent,
        verdict=judged.verdict,
        message=judged.message,
    )
