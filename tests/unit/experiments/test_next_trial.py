"""What an experiment does next."""

from dataclasses import replace
from typing import Any

import pytest

from njst.contract.parsing.experiment import parse_experiment
from njst.contract.results.report import Latency
from njst.contract.results.trial import (
    TrialJudgement,
    TrialPlan,
    TrialPurpose,
    TrialResult,
    TrialWorkload,
)
from njst.experiments.experiment_state import (
    Conclusion,
    Experiment,
    Trial,
    TrialRecord,
    Waiting,
    WaitReason,
)
from njst.experiments.next_trial import next_trial
from njst.experiments.search_end import SearchOutcome
from tests.unit.contract.parsing.bad_experiments import good_experiment, good_search

SECOND_NS = 1_000_000_000
HELD, BREACHED, UNDECIDED = TrialJudgement


def _experiment(document: dict[str, Any], **changes: Any) -> Experiment:
    return Experiment("exp", parse_experiment({**document, **changes}))


def _record(plan: TrialPlan, judgement: TrialJudgement = HELD) -> TrialRecord:
    """A trial that ran for ten seconds, one after the other."""
    begin_ns = 20 * plan.number * SECOND_NS
    latency = Latency(p50=1, p90=1, p99=1, p999=1, max=1)
    result = TrialResult(
        plan=plan,
        job=f"exp-t{plan.number}",
        judgement=judgement,
        reason="Because",
        message="of that",
        p50_microseconds=1,
        workloads=[
            TrialWorkload(workload="write", messages_per_second=6000, latency_microseconds=latency),
            TrialWorkload(workload="ask", messages_per_second=1000),
        ],
    )
    return TrialRecord(plan, begin_ns, begin_ns + 10 * SECOND_NS, result)


def _run(
    experiment: Experiment, most: int = 300, cap: int = 10**9
) -> tuple[list[TrialRecord], Conclusion]:
    """Run trials to the conclusion; each holds up to a rate."""
    records: list[TrialRecord] = []
    while True:
        now_ns = (records[-1].ended_ns or 0) if records else 0
        answer = next_trial(experiment, records, now_ns)
        if isinstance(answer, Conclusion):
            return records, answer
        assert isinstance(answer, Trial)
        assert len(records) < most
        holds = (answer.plan.messages_per_second or 0) <= cap
        records.append(_record(answer.plan, HELD if holds else BREACHED))


def test_next_trial__grid__runs_each_point_with_its_values_and_ids() -> None:
    experiment = _experiment(good_experiment(), repeats=2)
    records: list[TrialRecord] = []
    seen = []
    for number in range(8):
        trial = next_trial(experiment, records, 0)
        assert isinstance(trial, Trial)
        assert (trial.job, trial.plan.number) == (f"exp-t{number}", number)
        publish = trial.spec.workloads[0].publish
        assert publish is not None
        seen.append((publish.payload_bytes, trial.spec.streams[1].replicas))
        records.append(_record(trial.plan))
    once = [(16, 1), (16, 3), (1024, 1), (1024, 3)]
    assert seen == once + once[::-1]
    end = next_trial(experiment, records, 0)
    assert isinstance(end, Conclusion)
    assert end.outcome == "Completed"
    assert [(r.run.point, r.run.repeat, len(r.trials)) for r in end.runs[:5]] == [
        (0, 0, 1),
        (1, 0, 1),
        (2, 0, 1),
        (3, 0, 1),
        (3, 1, 1),
    ]
    assert {r.search for r in end.runs} == {None}


def test_next_trial__trial_runs__waits_for_its_end() -> None:
    experiment = _experiment(good_experiment())
    running = TrialRecord(TrialPlan(number=0), 5)
    assert next_trial(experiment, [running], 10**18) == Waiting(WaitReason.TRIAL_RUNS)


def test_next_trial__pause__ends_after_its_seconds() -> None:
    experiment = _experiment(good_experiment(), pauseSeconds=3)
    first = _record(TrialPlan(number=0))
    assert next_trial(experiment, [first], 12 * SECOND_NS) == Waiting(
        WaitReason.PAUSE, 13 * SECOND_NS
    )
    assert isinstance(next_trial(experiment, [first], 13 * SECOND_NS), Trial)
    assert isinstance(next_trial(experiment, [], 0), Trial)


def test_next_trial__suspended__waits_and_cancelled__ends() -> None:
    first = _record(TrialPlan(number=0))
    suspended = _experiment(good_experiment(), suspend=True)
    assert next_trial(suspended, [first], 0) == Waiting(WaitReason.SUSPENDED)
    cancelled = _experiment(good_experiment(), suspend=True, cancel=True)
    end = next_trial(cancelled, [first], 0)
    assert isinstance(end, Conclusion)
    assert (end.outcome, len(end.runs)) == ("Cancelled", 1)
    assert isinstance(next_trial(cancelled, [], 0), Conclusion)


def test_next_trial__all_trials_ran__is_completed_even_if_cancelled_or_late() -> None:
    experiment = _experiment(good_experiment(), maxTrials=4, activeDeadlineSeconds=1)
    records = [_record(TrialPlan(number=n, point=n)) for n in range(4)]
    end = next_trial(experiment, records, 10**18)
    assert isinstance(end, Conclusion)
    assert end.outcome == "Completed"


def test_next_trial__deadline__counts_from_the_first_trial() -> None:
    experiment = _experiment(good_experiment(), activeDeadlineSeconds=30)
    first = _record(TrialPlan(number=0))
    assert isinstance(next_trial(experiment, [first], 30 * SECOND_NS - 1), Trial)
    end = next_trial(experiment, [first], 30 * SECOND_NS)
    assert isinstance(end, Conclusion)
    assert (end.outcome, end.message) == ("TimeOver", "30 s since the first trial are used up")
    held = replace(experiment, suspended_ns=5 * SECOND_NS)
    assert isinstance(next_trial(held, [first], 35 * SECOND_NS - 1), Trial)
    assert isinstance(next_trial(held, [first], 35 * SECOND_NS), Conclusion)


def test_next_trial__three_trials_in_a_row_do_not_run__ends_with_their_reason() -> None:
    experiment = _experiment(good_experiment())
    records = [_record(TrialPlan(number=n, point=n), UNDECIDED) for n in range(3)]
    assert isinstance(next_trial(experiment, records[:2], 0), Trial)
    end = next_trial(experiment, records, 0)
    assert isinstance(end, Conclusion)
    assert (end.outcome, "of that" in end.message) == ("TrialsFailed", True)


def test_next_trial__tester_was_the_limit__goes_on() -> None:
    experiment = _experiment(good_experiment())
    records = []
    for number in range(3):
        record = _record(TrialPlan(number=number, point=number), UNDECIDED)
        assert record.result is not None
        limited = record.result.model_copy(update={"is_tester_limited": True})
        records.append(TrialRecord(record.plan, 0, 1, limited))
    assert isinstance(next_trial(experiment, records, 0), Trial)


def test_next_trial__search__has_the_rate_of_each_trial_in_its_job() -> None:
    experiment = _experiment(good_search())
    trial = next_trial(experiment, [], 0)
    assert isinstance(trial, Trial)
    assert (trial.plan.purpose, trial.plan.messages_per_second) == (TrialPurpose.CLIMB, 400)
    assert [w.messages_per_second for w in trial.spec.workloads] == [300, 100, None]
    assert {w.duration_seconds for w in trial.spec.workloads} == {15}
    records, end = _run(experiment, cap=5000)
    assert end.outcome == "Completed"
    (run,) = end.runs
    assert run.search is not None
    assert run.search.outcome is SearchOutcome.FOUND
    assert (run.search.lower or 0) <= 5000 < (run.search.upper or 0)
    assert [record.plan.number for record in records] == list(range(len(records)))


def test_next_trial__search_with_a_probe__climbs_from_an_eighth_of_its_slowest_workload() -> None:
    document = good_search()
    document["search"] = {"probe": True, "fromMessagesPerSecond": 100}
    experiment = _experiment(document)
    probe = next_trial(experiment, [], 0)
    assert isinstance(probe, Trial)
    assert probe.plan.purpose is TrialPurpose.PROBE
    assert [w.messages_per_second for w in probe.spec.workloads] == [None] * 3
    records, _ = _run(experiment, cap=3000)
    # `ask` had 1000/s, and a quarter of the rate is its share: 4000/s, an eighth is 500/s.
    rates = [r.plan.messages_per_second for r in records[1:6]]
    assert rates == [100, 500, 1000, 2000, 4000]


def test_next_trial__search_at_each_point__has_one_result_per_run() -> None:
    document = {**good_experiment(), "search": {"fromMessagesPerSecond": 400}, "maxTrials": 1000}
    records, end = _run(_experiment(document), cap=2000, most=400)
    assert end.outcome == "Completed"
    assert [run.run.point for run in end.runs] == [0, 1, 2, 3]
    assert {run.search.outcome for run in end.runs if run.search} == {SearchOutcome.FOUND}
    assert sum(len(run.trials) for run in end.runs) == len(records)


@pytest.mark.parametrize("most", [1, 6, 12])
def test_next_trial__search_runs_out_of_trials__has_the_bounds_so_far(most: int) -> None:
    records, end = _run(_experiment(good_search(), maxTrials=most), cap=5000)
    assert (end.outcome, len(records)) == ("TimeOver", most)
    (run,) = end.runs
    assert run.search is not None
    assert run.search.outcome is SearchOutcome.TIME_OVER
    assert run.search.lower == {1: 400, 6: 3200, 12: 4525}[most]
    assert run.search.upper == {1: None, 6: None, 12: 6400}[most]
    assert not run.search.is_lower_confirmed
