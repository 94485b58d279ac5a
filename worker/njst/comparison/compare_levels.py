"""Compares the values of a factor of an experiment."""

import json
from collections.abc import Mapping, Sequence

from njst.comparison.compare import compare_all
from njst.comparison.facts import run_of_trial
from njst.contract.results.comparison import ComparedRun, LevelComparison
from njst.contract.results.report import Verdict
from njst.contract.results.trial import TrialResult
from njst.contract.spec.experiment import ExperimentSpec, TrialOrder
from njst.contract.trials.points import Point, points_of

# Point and repeat, both from 0.
RunKey = tuple[int, int]


def compare_levels(
    spec: ExperimentSpec,
    trials: Sequence[TrialResult],
    sustained: Mapping[RunKey, int],
    facts: Mapping[str, Mapping[str, str]],
) -> list[LevelComparison]:
    """Return the comparisons that an experiment asks for, in the order of its points.

    Args:
        spec: The experiment.
        trials: Its trials that ended.
        sustained: The sustained rate that the search of a run found, in messages per second.
        facts: What must be the same in all runs, by the id of the job.
    """
    if spec.comparison is None:
        return []
    runs = _runs(spec, trials, facts) if spec.search is None else _searches(spec, sustained)
    pairs = _pairs_of_points(spec, spec.comparison.factor)
    sides = [(runs.get(first, []), runs.get(second, [])) for first, second in pairs]
    points = points_of(spec)
    return [
        LevelComparison(
            factor=spec.comparison.factor,
            first=str(_part(points[first], spec.comparison.factor, is_own=True)),
            second=str(_part(points[second], spec.comparison.factor, is_own=True)),
            others=str(_part(points[first], spec.comparison.factor, is_own=False)),
            result=result,
        )
        for (first, second), result in zip(pairs, compare_all(spec.comparison, sides), strict=True)
    ]


def _part(point: Point, factor: str, *, is_own: bool) -> Point:
    """Return only a factor of a point, or all others."""
    return Point(tuple(pair for pair in point.values if (pair[0] == factor) == is_own))


def _pairs_of_points(spec: ExperimentSpec, factor: str) -> list[tuple[int, int]]:
    """Return each point beside the one that has the factor's first value and the same others."""
    bases: dict[str, int] = {}
    pairs = []
    for number, point in enumerate(points_of(spec)):
        others = json.dumps(_part(point, factor, is_own=False).values)
        base = bases.setdefault(others, number)
        if base != number:
            pairs.append((base, number))
    return pairs


def _pair(spec: ExperimentSpec, repeat: int) -> int | None:
    """Return the pair of a run: those of one round are neighbours in time unless Sequential."""
    return None if spec.order is TrialOrder.SEQUENTIAL else repeat


def _runs(
    spec: ExperimentSpec,
    trials: Sequence[TrialResult],
    facts: Mapping[str, Mapping[str, str]],
) -> dict[int, list[ComparedRun]]:
    runs: dict[int, list[ComparedRun]] = {}
    for trial in trials:
        run = run_of_trial(trial, facts.get(trial.job, {}), _pair(spec, trial.plan.repeat))
        runs.setdefault(trial.plan.point, []).append(run)
    return runs


def _searches(
    spec: ExperimentSpec, sustained: Mapping[RunKey, int]
) -> dict[int, list[ComparedRun]]:
    runs: dict[int, list[ComparedRun]] = {}
    for (point, repeat), rate in sorted(sustained.items()):
        run = ComparedRun(
            job=f"search of point {point}, repeat {repeat}",
            verdict=Verdict.VALID,
            pair=_pair(spec, repeat),
            sustained_messages_per_second=rate,
        )
        runs.setdefault(point, []).append(run)
    return runs
