"""The job of a search's trial at a rate."""

import json

from hypothesis import given
from hypothesis import strategies as st

from njst.contract.parsing.experiment import parse_experiment
from njst.contract.spec.job import JobSpec
from njst.contract.trials.rated_job import at_rate, highest_rate, lowest_rate, offered_rate
from tests.unit.contract.parsing.bad_experiments import good_search

SPEC = parse_experiment(good_search())
JOB = SPEC.template
assert SPEC.search is not None
SEARCH = SPEC.search


def _at(rate: int | None, window_s: int = 20) -> JobSpec:
    return JobSpec.model_validate_json(json.dumps(at_rate(JOB, rate, 5, window_s)))


def test_at_rate__mixed_load__keeps_its_proportions_and_window() -> None:
    trial = _at(8000)
    assert [w.messages_per_second for w in trial.workloads] == [6000, 2000, None]
    assert {w.duration_seconds for w in trial.workloads} == {25}
    assert {w.warmup_seconds for w in trial.workloads} == {5}


def test_at_rate__no_rate__sends_as_fast_as_it_can() -> None:
    assert [w.messages_per_second for w in _at(None).workloads] == [None] * 3


def test_at_rate__prefill__is_left_as_it_is() -> None:
    prefill = JOB.workloads[2].model_copy(
        update={"name": "prefill", "duration_seconds": None, "messages": 7}
    )
    job = JOB.model_copy(update={"workloads": [prefill, *JOB.workloads]})
    parts = at_rate(job, 800, 5, 20)["workloads"]
    assert (parts[0]["messages"], parts[0].get("durationSeconds")) == (7, None)
    assert parts[1]["messagesPerSecond"] == 600


@given(rate=st.integers(4, 133_333_333))
def test_at_rate__any_rate__is_offered_within_one_message_per_workload(rate: int) -> None:
    trial = _at(rate)
    assert abs(offered_rate(trial) - rate) <= 1
    assert all(w.messages_per_second != 0 for w in trial.workloads)


def test_highest_rate__without_a_bound__gives_each_workload_an_allowed_rate() -> None:
    assert lowest_rate(JOB, SEARCH) == 400
    highest = highest_rate(JOB, SEARCH)
    assert highest == 133_333_333
    assert _at(highest).workloads[0].messages_per_second == 100_000_000
