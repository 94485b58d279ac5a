"""The verdict of an experiment, and what is left out of an end that is too large."""

from typing import Any

import pytest

from njst.agent.experiments.conclude import concluded_event
from njst.contract.events import TrialEnded
from njst.contract.parsing.experiment import parse_experiment
from njst.contract.results.report import Verdict
from njst.contract.results.trial import TrialJudgement, TrialPlan, TrialResult
from njst.experiments.experiment_state import Conclusion, ExperimentOutcome, RunResult
from njst.experiments.run_order import Run
from njst.experiments.search_end import SearchEnd, SearchOutcome
from tests.unit.contract.parsing.bad_experiments import good_experiment, good_search

LIMIT = 500_000
GRID, SEARCH = parse_experiment(good_experiment()), parse_experiment(good_search())


def result(number: int, **changes: Any) -> TrialResult:
    given: dict[str, Any] = {
        "plan": TrialPlan(number=number),
        "job": f"x-t{number}",
        "judgement": TrialJudgement.HELD,
        "reason": "Held",
    }
    return TrialResult(**(given | changes))


def searched(*outcomes: SearchOutcome, words: str = "m") -> Conclusion:
    """A completed experiment whose searches ended like this."""
    runs = tuple(
        RunResult(Run(0, number), (), SearchEnd(outcome, words, 100, True, 110))
        for number, outcome in enumerate(outcomes)
    )
    return Conclusion(ExperimentOutcome.COMPLETED, "all searches have ended", runs)


@pytest.mark.parametrize(
    ("outcomes", "verdict", "reason"),
    [
        (("FOUND",), Verdict.VALID, "Found"),
        (("LOWER_BOUND",), Verdict.VALID, "LowerBound"),
        (("FOUND", "LOWER_BOUND"), Verdict.VALID, "Completed"),
        (("NOT_FOUND",), Verdict.INVALID, "NotFound"),
        (("UNSTABLE",), Verdict.INVALID, "Unstable"),
        (("TESTER_LIMITED",), Verdict.UNKNOWN, "TesterLimited"),
        (("TRIALS_FAILED",), Verdict.UNKNOWN, "TrialsFailed"),
        (("FOUND", "TESTER_LIMITED", "UNSTABLE"), Verdict.INVALID, "Unstable"),
        (("FOUND", "TESTER_LIMITED"), Verdict.UNKNOWN, "TesterLimited"),
    ],
    ids=str,
)
def test_verdict__of_searches__is_of_the_worst(
    outcomes: tuple[str, ...], verdict: Verdict, reason: str
) -> None:
    end = searched(*(SearchOutcome[name] for name in outcomes))
    event = concluded_event(SEARCH, [], end, LIMIT)
    assert (event.verdict, event.reason) == (verdict, reason)
    assert [one.outcome for one in event.searches] == [SearchOutcome[name] for name in outcomes]


FAILED = {"verdict": Verdict.INVALID, "reason": "ThresholdsFailed", "message": "too slow"}


@pytest.mark.parametrize(
    ("changes", "verdict", "reason", "message"),
    [
        ([{}, {}], Verdict.VALID, "Completed", "end"),
        # Its numbers stand; a comparison leaves it out.
        ([{"is_tester_limited": True}], Verdict.VALID, "Completed", "end"),
        (
            [{}, FAILED, FAILED],
            Verdict.INVALID,
            "ThresholdsFailed",
            "2 of 3 trials are Invalid, the first one, x-t1: too slow",
        ),
        (
            [FAILED, {**FAILED, "reason": "StreamExists"}],
            Verdict.INVALID,
            "TrialsFailed",
            "2 of 2 trials are Invalid, the first one, x-t0: too slow",
        ),
        (
            [{**FAILED, "reason": "Regression"}, {**FAILED, "reason": "RegressionAborted"}],
            Verdict.INVALID,
            "Regression",
            "2 of 2 trials are Invalid, the first one, x-t0: too slow",
        ),
        (
            [{**FAILED, "reason": "Regression"}, {**FAILED, "reason": "ThresholdAborted"}],
            Verdict.INVALID,
            "ThresholdsFailed",
            "2 of 2 trials are Invalid, the first one, x-t0: too slow",
        ),
        (
            [{"verdict": Verdict.UNKNOWN, "reason": "WorkersLost"}],
            Verdict.UNKNOWN,
            "TrialsUndecided",
            "1 of 1 trials are Unknown, the first one, x-t0: WorkersLost",
        ),
    ],
)
def test_verdict__without_a_search__is_that_of_the_trials(
    changes: list[dict[str, Any]], verdict: Verdict, reason: str, message: str
) -> None:
    trials = [
        TrialEnded(result=result(number, **one), created_ns=1, ended_ns=2)
        for number, one in enumerate(changes)
    ]
    end = Conclusion(ExperimentOutcome.COMPLETED, "end", ())
    event = concluded_event(GRID, trials, end, LIMIT)
    assert (event.verdict, event.reason, event.message) == (verdict, reason, message)


@pytest.mark.parametrize(
    ("outcome", "verdict", "reason"),
    [
        (ExperimentOutcome.CANCELLED, Verdict.INVALID, "Requested"),
        (ExperimentOutcome.TIME_OVER, Verdict.UNKNOWN, "TimeOver"),
        (ExperimentOutcome.TRIALS_FAILED, Verdict.INVALID, "TrialsFailed"),
    ],
)
def test_verdict__ended_before_all_ran__is_of_the_reason(
    outcome: ExperimentOutcome, verdict: Verdict, reason: str
) -> None:
    event = concluded_event(GRID, [], Conclusion(outcome, "why", ()), LIMIT)
    assert (event.verdict, event.reason, event.message) == (verdict, reason, "why")


@pytest.mark.parametrize(
    ("limit", "searches", "words", "omitted"),
    [
        (100_000, 100, 300, ""),
        (20_000, 100, 0, "the comparisons, and the messages of searches"),
        (1_000, 0, 0, "the comparisons and the searches"),
    ],
)
def test_event__too_large__leaves_out_details_and_never_the_verdict(
    limit: int, searches: int, words: int, omitted: str
) -> None:
    end = searched(*(100 * [SearchOutcome.FOUND]), words=300 * "m")
    event = concluded_event(SEARCH, [], end, limit)
    assert len(event.to_json()) <= limit
    assert len(event.searches) == searches
    assert {len(one.message) for one in event.searches} <= {words}
    assert (event.verdict, event.omitted) == (Verdict.VALID, omitted)
