"""From runs to their change points: what counts, how it is worded, what changed beside it."""

from datetime import timedelta

import pytest

from njst.contract.results.comparison import FactDifference
from njst.contract.results.runs.history import ChangePoint, HistoryRun, RunHistory
from njst.contract.results.trial import TrialWorkload
from njst.contract.spec.comparison import MetricChoice, RatioMetric
from njst.history.history import history_of
from tests.unit.comparison.runs import P99, RATE
from tests.unit.history.runs import BEGIN, history_run

# Of 1000 give or take 1 %.
LEVEL = (1000, 1008, 995, 990, 1003, 1010, 997, 1001, 992, 1005)


def of(runs: list[HistoryRun], *metrics: RatioMetric, percent: int = 5) -> RunHistory:
    choices = [MetricChoice(metric=metric) for metric in metrics or (RATE,)]
    return history_of("nightly", runs, choices, percent)


def days(*factors: float) -> list[HistoryRun]:
    """Ten runs of each factor."""
    rates = [round(rate * factor) for factor in factors for rate in LEVEL]
    return [history_run(number, rate) for number, rate in enumerate(rates)]


def only(history: RunHistory) -> ChangePoint:
    (change,) = history.changes
    return change


def test_history__half_the_rate__is_worse_from_the_first_such_run() -> None:
    history = of(days(1, 0.5))
    change = only(history)
    assert (change.job, change.create_time) == ("10", BEGIN + timedelta(10))
    assert (change.workload, change.metric, change.outcome) == ("w", RATE, "Worse")
    assert (change.before, change.after) == (1000, 500)
    assert abs(change.ratio_per_million - 500_000) < 1000
    assert (change.runs_before, change.runs_after, change.p_per_million) == (10, 10, 0)
    (metric,) = history.metrics
    assert (metric.runs, metric.last, metric.level) == (20, 502, 500)


@pytest.mark.parametrize(
    ("metric", "factor", "outcome"),
    [(RATE, 1.5, "Better"), (RATE, 0.7, "Worse"), (P99, 1.5, "Worse"), (P99, 0.7, "Better")],
)
def test_history__direction__is_that_of_the_metric(
    metric: RatioMetric, factor: float, outcome: str
) -> None:
    runs = [
        history_run(
            n, one.workloads[0].messages_per_second, p99=round(one.workloads[0].messages_per_second)
        )
        for n, one in enumerate(days(1, factor))
    ]
    assert only(of(runs, metric)).outcome == outcome


def test_history__runs_that_are_left_out__are_shown_and_do_not_count() -> None:
    runs = days(1, 1)
    broken = [one.model_copy(update={"left_out": "its verdict is Unknown"}) for one in runs[5:9]]
    slow = [one.model_copy(update={"workloads": history_run(0, 10).workloads}) for one in broken]
    history = of([*runs[:5], *slow, *runs[9:]])
    assert history.changes == []
    assert len(history.runs) == 20
    assert history.metrics[0].runs == 16


def test_history__two_changes__count_the_runs_between_them() -> None:
    first, second = of(days(1, 2, 1)).changes
    assert (first.runs_before, first.runs_after) == (10, 10)
    assert (second.runs_before, second.runs_after) == (10, 10)
    assert first.after == second.before == 2001


def test_history__facts_that_change_near_a_change_point__are_beside_it() -> None:
    runs = days(1, 0.5)
    runs = [
        one.model_copy(update={"facts": {"njst": "1", "nats-server": "2.10" if n < 11 else "2.11"}})
        for n, one in enumerate(runs)
    ]
    fact = FactDifference(fact="nats-server", first=["2.10"], second=["2.10", "2.11"])
    assert only(of(runs)).differences == [fact]
    far = [
        one.model_copy(update={"facts": {"njst": "1" if n < 4 else "2"}})
        for n, one in enumerate(runs)
    ]
    assert only(of(far)).differences == []


def test_history__metric_that_no_run_has__has_no_value() -> None:
    empty = [one.model_copy(update={"workloads": [TrialWorkload(workload="w")]}) for one in days(1)]
    history = of(empty, RATE, P99)
    assert [(one.metric, one.runs, one.last, one.level) for one in history.metrics] == [
        (RATE, 0, None, None),
        (P99, 0, None, None),
    ]
    assert history.changes == []
    assert of([]).metrics == []


def test_history__smallest_change_that_matters__is_that_asked_for() -> None:
    runs = days(1, 1, 0.96, 0.96)
    assert of(runs, percent=5).changes == []
    assert only(of(runs, percent=2)).job == "20"
