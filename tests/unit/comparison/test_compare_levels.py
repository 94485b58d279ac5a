"""The values of a factor of an experiment, compared."""

from typing import Any

import pytest

from njst.comparison.compare_levels import compare_levels
from njst.contract.parsing.experiment import parse_experiment
from njst.contract.results.report import Verdict
from njst.contract.results.trial import TrialJudgement, TrialPlan, TrialResult, TrialWorkload
from njst.contract.spec.experiment import ExperimentSpec
from njst.contract.trials.points import points_of
from tests.unit.contract.parsing.bad_experiments import good_experiment

RATE = {"workload": "write", "metric": "MessagesPerSecond"}


def _spec(**changes: Any) -> ExperimentSpec:
    comparison = {"factor": "copies", "metrics": [RATE]}
    document = {**good_experiment(), "repeats": 8, "comparison": comparison}
    return parse_experiment({**document, **changes})


def _trials(spec: ExperimentSpec) -> list[TrialResult]:
    """Each trial; three copies halve the rate, large messages quarter it, and time is drift."""
    trials = []
    for point, values in enumerate(points_of(spec)):
        levels: dict[str, Any] = dict(values.values)
        level = (2 if levels["copies"] == 1 else 1) * (4 if levels["size"] == 16 else 1)
        for repeat in range(spec.repeats):
            rate = 1000 * level + 30 * level * repeat
            trials.append(
                TrialResult(
                    plan=TrialPlan(number=len(trials), point=point, repeat=repeat),
                    job=f"x-t{len(trials)}",
                    judgement=TrialJudgement.HELD,
                    reason="Held",
                    workloads=[TrialWorkload(workload="write", messages_per_second=rate)],
                )
            )
    return trials


def test_compare_levels__grid__compares_each_value_with_the_first_beside_equal_others() -> None:
    spec = _spec()
    compared = compare_levels(spec, _trials(spec), {}, {})
    assert [(c.factor, c.first, c.second, c.others) for c in compared] == [
        ("copies", "copies=1", "copies=3", "size=16"),
        ("copies", "copies=1", "copies=3", "size=1024"),
    ]
    for one in compared:
        (metric,) = one.result.metrics
        assert (one.result.is_paired, metric.outcome) == (True, "Worse")
        assert metric.ratio_per_million == pytest.approx(500_000, abs=1000)
        # Both comparisons share one error.
        assert (metric.p_per_million, metric.adjusted_p_per_million) == (7812, 15_625)


def test_compare_levels__sequential_order__has_no_pairs() -> None:
    spec = _spec(order="Sequential")
    assert not any(c.result.is_paired for c in compare_levels(spec, _trials(spec), {}, {}))


def test_compare_levels__invalid_trial__takes_its_pair_with_it() -> None:
    spec = _spec()
    trials = _trials(spec)
    trials[0] = trials[0].model_copy(update={"verdict": Verdict.INVALID})
    first, second = compare_levels(spec, trials, {}, {})
    assert [run.job for run in first.result.left_out] == ["x-t0"]
    assert (first.result.metrics[0].second_runs, second.result.metrics[0].second_runs) == (7, 8)


def test_compare_levels__facts_of_a_job__are_compared() -> None:
    spec = _spec()
    compared = compare_levels(spec, _trials(spec), {}, {"x-t0": {"server": "2.12"}})
    assert [fact.fact for fact in compared[0].result.differences] == ["server"]
    assert compared[1].result.differences == []


def test_compare_levels__searches__compare_what_they_found() -> None:
    choice = {"factor": "copies", "metrics": [{"metric": "SustainedMessagesPerSecond"}]}
    search = {"fromMessagesPerSecond": 400}
    spec = _spec(comparison=choice, search=search)
    found = {(point, r): 1000 * (point + 1) + r for point in range(4) for r in range(8)}
    del found[1, 3]
    compared = compare_levels(spec, [], found, {})
    assert [c.result.metrics[0].outcome for c in compared] == ["Better", "Better"]
    assert [c.result.metrics[0].second_runs for c in compared] == [7, 8]


def test_compare_levels__no_comparison_asked_for__has_none() -> None:
    spec = parse_experiment(good_experiment())
    assert compare_levels(spec, _trials(spec), {}, {}) == []
