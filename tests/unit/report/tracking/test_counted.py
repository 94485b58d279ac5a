"""Which runs count from run to run."""

import pytest

from njst.contract.results.outcome import Outcome
from njst.contract.results.report import Report, Verdict, WorkerResult
from njst.contract.spec.threshold import Metric
from njst.report.tracking.counted import why_left_out
from tests.unit.report.reports import ALL, GOOD, MISSED, NO_DATA, UNDECIDED

SLOW = GOOD.model_copy(
    update={"verdict": Verdict.INVALID, "reason": "ThresholdsFailed", "thresholds": [MISSED]}
)


def _with_missed(metric: Metric) -> Report:
    missed = MISSED.model_copy(update={"metric": metric})
    return SLOW.model_copy(update={"thresholds": [missed]})


def test_why_left_out__valid_run__counts() -> None:
    assert why_left_out(GOOD) == ""


@pytest.mark.parametrize("name", [name for name in ALL if name not in ("good", "bad", "hostile")])
def test_why_left_out__run_that_proves_nothing__is_left_out_by_its_reason(name: str) -> None:
    report = ALL[name]
    assert why_left_out(report) == f"its verdict is {report.verdict}: {report.reason}"


@pytest.mark.parametrize("name", ["bad", "hostile"])
def test_why_left_out__tester_was_the_limit__is_left_out(name: str) -> None:
    assert why_left_out(ALL[name]) == "the load tester was the limit"


@pytest.mark.parametrize(
    "metric",
    [Metric.LATENCY_P99, Metric.LATENCY_P95, Metric.SERVICE_P50, Metric.MESSAGES_PER_SECOND],
)
def test_why_left_out__only_too_slow__counts_as_the_regression_that_it_is(metric: Metric) -> None:
    assert why_left_out(_with_missed(metric)) == ""
    undecided = SLOW.model_copy(
        update={"verdict": Verdict.UNKNOWN, "thresholds": [UNDECIDED, NO_DATA]}
    )
    assert why_left_out(undecided) == ""


@pytest.mark.parametrize(
    "metric", [Metric.ERRORS, Metric.ERRORS_PER_MILLION, Metric.REDELIVERED, Metric.SLIP_P99]
)
def test_why_left_out__other_missed_limit__is_left_out(metric: Metric) -> None:
    assert why_left_out(_with_missed(metric)) == "its verdict is Invalid: ThresholdsFailed"


def test_why_left_out__too_slow_and_a_worker_lost__is_left_out() -> None:
    workers = [WorkerResult(worker="w1", outcome=Outcome.LOST)]
    assert why_left_out(SLOW.model_copy(update={"workers": workers})) != ""
