"""The verdict: one reason, the first that applies, whatever else is wrong too."""

from collections.abc import Sequence

import pytest

from njst.contract.events import Cancelled
from njst.contract.parsing.document import parse_spec
from njst.contract.results.outcome import START_TIMEOUT, Outcome, Problem
from njst.contract.results.report import ThresholdResult, Verdict, WorkerResult, WorkloadResult
from njst.contract.results.tallies import ErrorClass, ErrorTally, ReadBack
from njst.contract.spec.threshold import Metric
from njst.verdict.checks import Judgement
from njst.verdict.judge import History, judge

SPEC = parse_spec(
    {
        "startTimeoutSeconds": 7,
        "streams": [{"name": "S"}],
        "workloads": [{"name": "write", "stream": "S", "messages": 10, "publish": {}}],
    }
)
COMPLETED = WorkerResult(worker="a", outcome=Outcome.COMPLETED)
FAILED = WorkerResult(
    worker="b", outcome=Outcome.FAILED, problem=Problem(reason="ProcessDied", message="it died")
)
LOST = WorkerResult(worker="c", outcome=Outcome.LOST)
REJECTED = WorkerResult(
    worker="d",
    outcome=Outcome.REJECTED,
    problem=Problem(reason="StreamExists", message="S is there"),
)
LATE = WorkerResult(worker="e", outcome=Outcome.LATE)
SLOW = WorkerResult(
    worker="g", outcome=Outcome.LATE, problem=Problem(reason=START_TIMEOUT, message="still at it")
)
STOPPED = WorkerResult(worker="f", outcome=Outcome.STOPPED)

ERROR = ErrorTally(error_class=ErrorClass.TIMEOUT, count=2, example="none for 5 s")
WHOLE = WorkloadResult(
    workload="write", kind="Publish", planned=10, attempted=10, messages=10, bytes=640
)
WITH_ERRORS = WHOLE.model_copy(update={"errors": [ERROR]})
SHORT = WITH_ERRORS.model_copy(update={"messages": 8})
GONE = SHORT.model_copy(
    update={
        "read_back": ReadBack(acknowledged=8, found=5, lost=3),
        "errors": [ERROR, ErrorTally(error_class=ErrorClass.LOST, count=3, example="message 7")],
    }
)
UNSEEN = WHOLE.model_copy(
    update={"read_back": ReadBack(acknowledged=10, unchecked=10, reasons=["ReadFailed"])}
)
TIMED = WITH_ERRORS.model_copy(update={"planned": None, "messages": 3})

SKIPPED = WorkloadResult(
    workload="batches", kind="Publish", planned=10, skipped="it needs nats-server 2.12"
)


def kept(metric: Metric = Metric.MESSAGES, workload: str = "write") -> ThresholdResult:
    return ThresholdResult(
        workload=workload, metric=metric, at_most=99, value=1, verdict=Verdict.VALID
    )


MISSED = ThresholdResult(
    workload="write", metric=Metric.LATENCY_P99, at_most=5, value=6, verdict=Verdict.INVALID
)


def judged(
    workers: Sequence[WorkerResult] = (COMPLETED,),
    workloads: Sequence[WorkloadResult] = (WHOLE,),
    thresholds: Sequence[ThresholdResult] = (),
    cancelled: Cancelled | None = None,
) -> Judgement:
    # In one second each, so that their rates are their numbers.
    measured = [
        workload.model_copy(
            update={"elapsed_us": 1_000_000, "messages_per_second": workload.messages}
        )
        for workload in workloads
    ]
    return judge(History(SPEC, workers, measured, thresholds, cancelled))


def test_all_done_and_kept_is_valid() -> None:
    judgement = judged(thresholds=[kept()])
    assert (judgement.verdict, judgement.reason) == (Verdict.VALID, "Completed")
    assert judgement.message


# From the first that applies to the last: each row has everything wrong that the rows below have.
STOP = Cancelled(reason="DeadlineExceeded", message="it ran longer than 5 s")
PRECEDENCE = [
    ("lost", "MessagesLost", Verdict.INVALID, "write lost 3 of 8 acknowledged messages: message 7"),
    ("stopped", "DeadlineExceeded", Verdict.INVALID, "it ran longer than 5 s"),
    ("nothing ran", "StreamExists", Verdict.INVALID, "d: S is there"),
    ("failed", "ProcessDied", Verdict.INVALID, "b failed: it died"),
    (
        "worker lost",
        "WorkersLost",
        Verdict.UNKNOWN,
        "1 of 2 workers are missing: c (Lost); the other 1 ran to the end",
    ),
    (
        "skipped",
        "WorkloadsSkipped",
        Verdict.UNKNOWN,
        "1 of 2 workloads are skipped: batches: it needs nats-server 2.12",
    ),
    (
        "threshold missed",
        "ThresholdsFailed",
        Verdict.INVALID,
        "write LatencyP99Microseconds is 6, wanted at most 5",
    ),
    (
        "messages missing",
        "Incomplete",
        Verdict.INVALID,
        "write did 8 of 10 messages; 2 times Timeout: none for 5 s",
    ),
    (
        "errors",
        "ErrorsOccurred",
        Verdict.INVALID,
        "write had 2 errors, first Timeout: none for 5 s",
    ),
    (
        "not looked for",
        "ReadBackFailed",
        Verdict.UNKNOWN,
        "write could not look for 10 of 10 acknowledged messages: ReadFailed",
    ),
    ("nothing wrong", "Completed", Verdict.VALID, "all 10 operations completed"),
]


@pytest.mark.parametrize(
    ("row", "reason", "verdict", "message"),
    [pytest.param(n, *row[1:], id=row[0]) for n, row in enumerate(PRECEDENCE)],
)
def test_the_first_reason_that_applies(
    row: int, reason: str, verdict: Verdict, message: str
) -> None:
    workers = {
        0: [REJECTED],
        1: [REJECTED, LATE],
        2: [REJECTED, LATE],
        3: [COMPLETED, LOST, FAILED],
    }
    workloads = {0: GONE, 8: WITH_ERRORS, 9: UNSEEN, 10: WHOLE}
    judgement = judged(
        workers=workers.get(row, [COMPLETED, LOST] if row <= 4 else [COMPLETED]),
        thresholds=[MISSED] if row <= 6 else [],
        workloads=[workloads.get(row, SHORT), *([SKIPPED] if row <= 5 else [])],
        cancelled=STOP if row <= 1 else None,
    )
    assert (judgement.reason, judgement.verdict) == (reason, verdict)
    assert message in judgement.message


@pytest.mark.parametrize(
    ("workers", "reason", "message"),
    [
        pytest.param([], "StartTimeout", "no worker was ready within 7 s", id="nobody"),
        pytest.param(
            [LATE, SLOW],
            "StartTimeout",
            "no worker was ready within 7 s: e (no word from it), g (still at it)",
            id="all late",
        ),
        pytest.param([LATE, SLOW, REJECTED], "StreamExists", "d: S is there", id="one says why"),
    ],
)
def test_nothing_ran(workers: list[WorkerResult], reason: str, message: str) -> None:
    judgement = judged(workers=workers, workloads=[SHORT])
    assert (judgement.verdict, judgement.reason, judgement.message) == (
        Verdict.INVALID,
        reason,
        message,
    )


@pytest.mark.parametrize(
    ("missing", "words"),
    [
        pytest.param(LOST, "c (Lost)", id="lost"),
        pytest.param(LATE, "e (Late)", id="late"),
        pytest.param(SLOW, "g (Late: still at it)", id="late and says why"),
        pytest.param(STOPPED, "f (Stopped)", id="stopped"),
    ],
)
def test_a_part_that_is_missing_leaves_it_unknown_and_is_named(
    missing: WorkerResult, words: str
) -> None:
    """What the others measured may all be right: still nobody knows of the rest."""
    judgement = judged(workers=[COMPLETED, missing], thresholds=[kept()])
    assert (judgement.verdict, judgement.reason) == (Verdict.UNKNOWN, "WorkersLost")
    rest = "the other 1 ran to the end"
    assert judgement.message == f"1 of 2 workers are missing: {words}; {rest}"


def test_a_worker_that_the_target_refused_is_not_lost() -> None:
    judgement = judged(workers=[COMPLETED, REJECTED, COMPLETED], thresholds=[kept()])
    assert (judgement.verdict, judgement.reason) == (Verdict.UNKNOWN, "WorkersRefused")
    assert judgement.message == (
        "1 of 3 workers could not take part: d (Unfit: S is there); the other 2 ran to the end"
    )


def test_many_missing_workers_are_counted_and_five_of_them_named() -> None:
    lost = [WorkerResult(worker=f"w{n}", outcome=Outcome.LOST) for n in range(7)]
    message = judged(workers=[COMPLETED, *lost]).message
    assert message.startswith("7 of 8 workers are missing: w0 (Lost), ")
    assert message.endswith("w4 (Lost) and 2 more; the other 1 ran to the end")


def test_a_failure_without_a_problem_still_has_a_reason() -> None:
    judgement = judged(workers=[WorkerResult(worker="x", outcome=Outcome.FAILED)])
    assert (judgement.reason, judgement.message) == ("WorkerFailed", "x failed")


def test_missed_thresholds_are_all_told_up_to_five() -> None:
    no_data = ThresholdResult(
        workload="read", metric=Metric.LATENCY_MAX, at_least=3, verdict=Verdict.INVALID
    )
    message = judged(thresholds=[kept(), no_data, *[MISSED] * 9]).message
    words = message.split("; ")
    assert words[0] == "read LatencyMaxMicroseconds is no data, wanted at least 3"
    assert len(words) == 5


UNDECIDED = MISSED.model_copy(
    update={"at_most": 9, "is_lower_bound": True, "verdict": Verdict.UNKNOWN}
)


REGRESSED = MISSED.model_copy(
    update={
        "metric": Metric.MESSAGES_PER_SECOND,
        "relative_to": "main",
        "at_most_percent": 5,
        "reference": 100,
    }
)


def test_regression__nothing_else__is_a_reason_of_its_own() -> None:
    judgement = judged(thresholds=[kept(), REGRESSED])
    assert (judgement.verdict, judgement.reason) == (Verdict.INVALID, "Regression")
    assert judgement.message == (
        "write MessagesPerSecond is 6, wanted at most 5 (5 % of baseline main)"
    )


def test_regression__beside_another_missed_threshold__comes_after_it() -> None:
    judgement = judged(thresholds=[REGRESSED, MISSED, UNDECIDED])
    assert (judgement.verdict, judgement.reason) == (Verdict.INVALID, "ThresholdsFailed")
    first, second = judgement.message.split("; ")
    assert "LatencyP99" in first
    assert "baseline main" in second


def test_a_threshold_that_what_was_given_up_could_break_is_no_pass() -> None:
    judgement = judged(thresholds=[kept(), UNDECIDED])
    assert (judgement.verdict, judgement.reason, judgement.message) == (
        Verdict.UNKNOWN,
        "ThresholdsUndecided",
        (
            "write LatencyP99Microseconds is at least 6, since operations were given up,"
            " wanted at most 9"
        ),
    )
    assert judged(thresholds=[UNDECIDED, MISSED]).reason == "ThresholdsFailed"


def test_counts_that_contradict_each_other_prove_nothing() -> None:
    odd = WHOLE.model_copy(update={"unfinished": 1})
    judgement = judged(workloads=[odd], thresholds=[kept()])
    assert (judgement.verdict, judgement.reason) == (Verdict.UNKNOWN, "CountsInconsistent")
    assert "10 attempted, but 10 completed, 0 failed and 1 unfinished" in judgement.message


REFUSED = ErrorTally(error_class=ErrorClass.LIMIT_EXCEEDED, count=2, operations=2, example="full")
BUDGETED = WHOLE.model_copy(update={"messages": 8, "unfinished": 0, "errors": [REFUSED]})


@pytest.mark.parametrize("metric", [Metric.ERRORS, Metric.ERRORS_PER_MILLION])
def test_a_budget_of_errors_holds_for_a_fixed_number_of_messages_too(metric: Metric) -> None:
    judgement = judged(workloads=[BUDGETED], thresholds=[kept(metric)])
    assert (judgement.verdict, judgement.reason) == (Verdict.VALID, "Completed")
    assert "2 of 10 operations of write failed, within its threshold" in judgement.message


@pytest.mark.parametrize(
    "workload",
    [
        pytest.param(
            BUDGETED.model_copy(update={"attempted": 9, "messages": 7}), id="one never attempted"
        ),
        pytest.param(BUDGETED.model_copy(update={"messages": 7, "unfinished": 1}), id="unfinished"),
    ],
)
def test_a_budget_of_errors_excuses_failures_alone(workload: WorkloadResult) -> None:
    assert judged(workloads=[workload], thresholds=[kept(Metric.ERRORS)]).reason == "Incomplete"


def test_a_passed_job_says_what_was_not_done_and_not_looked_for() -> None:
    idle = WorkloadResult(workload="read", kind="Consume", start_ms=0)
    unseen = ReadBack(acknowledged=10, found=4, unchecked=6, reasons=["Retention"])
    read_back = WHOLE.model_copy(update={"read_back": unseen})
    assert judged(workloads=[read_back, idle], thresholds=[kept(), kept()]).message == (
        "all 10 operations completed, none of read; all 2 thresholds are kept;"
        " 4 acknowledged messages were found in their streams;"
        " 6 acknowledged messages of write were not looked for (Retention)"
    )
    assert judged(workloads=[idle]).message == "nothing was attempted"


def test_more_messages_than_planned_are_as_wrong_as_fewer() -> None:
    more = WHOLE.model_copy(update={"messages": 11})
    judgement = judged(workloads=[more])
    assert (judgement.reason, judgement.message) == (
        "Incomplete",
        "write did 11 of 10 messages",
    )


def test_the_most_frequent_error_is_given_as_the_cause() -> None:
    rare = ErrorTally(error_class=ErrorClass.OTHER, count=1, example="odd")
    short = SHORT.model_copy(update={"errors": [rare, ERROR]})
    assert judged(workloads=[short]).message.endswith("2 times Timeout: none for 5 s")


def test_cause__beside_messages_that_never_came__is_what_kept_them_away() -> None:
    starved = ErrorTally(error_class=ErrorClass.STARVED, count=100_000, example="no message came")
    denied = ErrorTally(error_class=ErrorClass.PERMISSION_DENIED, count=2, example="not allowed")
    short = SHORT.model_copy(update={"errors": [starved, denied]})
    assert judged(workloads=[short]).message.endswith("2 times PermissionDenied: not allowed")


@pytest.mark.parametrize(
    ("thresholds", "reason"),
    [
        pytest.param([kept(Metric.ERRORS)], "Completed", id="allowed by a threshold"),
        pytest.param([kept(Metric.MESSAGES)], "ErrorsOccurred", id="another metric"),
        pytest.param([kept(Metric.ERRORS, "read")], "ErrorsOccurred", id="another workload"),
    ],
)
def test_errors_fail_a_job_unless_a_threshold_says_how_many_are_allowed(
    thresholds: list[ThresholdResult], reason: str
) -> None:
    assert judged(workloads=[TIMED], thresholds=thresholds).reason == reason


def test_where_looking_would_prove_nothing_it_is_no_fault() -> None:
    unchecked = ReadBack(acknowledged=10, unchecked=10, reasons=["Retention"])
    judgement = judged(workloads=[WHOLE.model_copy(update={"read_back": unchecked})])
    assert judgement.verdict is Verdict.VALID


def test_no_threshold_allows_a_loss() -> None:
    judgement = judged(workloads=[GONE], thresholds=[kept(Metric.ERRORS)])
    assert judgement.reason == "MessagesLost"


PAUSE = ErrorTally(error_class=ErrorClass.CONSUMER_PAUSED, count=2, example="C is paused")
PAUSED = SHORT.model_copy(update={"errors": [PAUSE]})
RESUMED = WHOLE.model_copy(update={"events": [PAUSE]})


@pytest.mark.parametrize(
    ("workload", "thresholds", "reason"),
    [
        pytest.param(PAUSED, [], "ConsumerPaused", id="messages are missing"),
        pytest.param(PAUSED, [kept(Metric.ERRORS)], "ConsumerPaused", id="with a budget"),
        pytest.param(RESUMED, [MISSED], "ConsumerPaused", id="a threshold is missed"),
        pytest.param(RESUMED, [kept()], "Completed", id="it resumed in time"),
        pytest.param(
            PAUSED.model_copy(update={"errors": [PAUSE, ERROR]}), [], "Incomplete", id="more errors"
        ),
    ],
)
def test_pause_of_a_consumer__says_nothing_about_the_target(
    workload: WorkloadResult, thresholds: list[ThresholdResult], reason: str
) -> None:
    judgement = judged(workloads=[workload], thresholds=thresholds)
    assert judgement.reason == reason
    if reason == "ConsumerPaused":
        assert judgement.verdict is Verdict.UNKNOWN
        assert "write: C is paused" in judgement.message
