"""The searches of an experiment before its end: their bounds so far, and which one goes on."""

from njst.contract.parsing.experiment import parse_experiment
from njst.contract.results.trial import TrialResult
from njst.experiments.experiment_state import Conclusion
from njst.experiments.next_trial import next_plan
from njst.experiments.search_runs import RUNNING, searches_so_far
from tests.unit.contract.parsing.bad_experiments import good_experiment, good_search
from tests.unit.experiments.searching import capped

CAPACITY = 7_000


def test_searches__so_far__have_bounds_that_close_around_the_capacity() -> None:
    spec = parse_experiment({**good_search(), "repeats": 2, "maxTrials": 200})
    target = capped(CAPACITY)
    results: list[TrialResult] = []
    assert searches_so_far(spec, results) == []
    seen = []
    while not isinstance(found := next_plan(spec, results), Conclusion):
        results.append(target(found))
        seen.append(searches_so_far(spec, results))
    for searches in seen[:-1]:
        *ended, last = searches
        assert [one.outcome for one in ended] == ["Found"] * len(ended)
        assert (last.lower_messages_per_second or 0) <= CAPACITY
        assert (last.upper_messages_per_second or CAPACITY + 1) > CAPACITY
    assert {one[-1].outcome for one in seen[:-1]} == {RUNNING, "Found"}
    assert [one.outcome for one in seen[-1]] == ["Found", "Found"]
    assert sum(one.trials for one in seen[-1]) == len(results)


def test_searches__of_an_experiment_without_one__are_none() -> None:
    assert searches_so_far(parse_experiment(good_experiment()), []) == []
