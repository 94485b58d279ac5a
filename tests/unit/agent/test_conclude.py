"""What an experiment ends with."""

from typing import Any

import pytest

from njst.agent.experiments.conclude import concluded_event
from njst.contract.parsing.experiment import parse_experiment
from njst.experiments.experiment_state import Conclusion, ExperimentOutcome, RunResult
from njst.experiments.run_order import runs_of
from njst.experiments.search_end import SearchEnd, SearchOutcome
from tests.unit.contract.parsing.bad_experiments import good_experiment

CHOICE = {"factor": "copies", "metrics": [{"metric": "SustainedMessagesPerSecond"}]}
SPEC = parse_experiment(
    {
        **good_experiment(),
        "search": {"fromMessagesPerSecond": 400},
        "repeats": 8,
        "comparison": CHOICE,
    }
)
LIMIT = 1_000_000


def _end(outcome: SearchOutcome, **end: Any) -> Conclusion:
    found = SearchEnd(outcome, "because", **end)
    runs = tuple(RunResult(run, (), found) for run in runs_of(SPEC))
    return Conclusion(ExperimentOutcome.COMPLETED, "all searches have ended", runs)


FOUND = {"lower": 1000, "is_lower_confirmed": True, "upper": 1050}


@pytest.mark.parametrize(
    ("outcome", "end", "verdict", "compared"),
    [
        (SearchOutcome.FOUND, FOUND, "Valid", "Equal"),
        # All searches stopped at the highest rate to try: the true rates may differ.
        (SearchOutcome.LOWER_BOUND, {**FOUND, "upper": None}, "Valid", "Inconclusive"),
        (SearchOutcome.TESTER_LIMITED, {**FOUND, "upper": None}, "Unknown", "Inconclusive"),
        (SearchOutcome.TIME_OVER, FOUND, "Unknown", "Inconclusive"),
        (SearchOutcome.UNSTABLE, {}, "Invalid", "Inconclusive"),
        (SearchOutcome.NOT_FOUND, {"upper": 400}, "Invalid", "Inconclusive"),
    ],
)
def test_concluded_event__searches__are_judged_and_compared_where_they_found_a_rate(
    outcome: SearchOutcome, end: dict[str, Any], verdict: str, compared: str
) -> None:
    event = concluded_event(SPEC, [], _end(outcome, **end), LIMIT)
    assert str(event.verdict) == verdict
    assert len(event.searches) == len(runs_of(SPEC)) == 32
    outcomes = [metric.outcome for one in event.comparisons for metric in one.result.metrics]
    assert [str(one) for one in outcomes] == [compared] * 2
