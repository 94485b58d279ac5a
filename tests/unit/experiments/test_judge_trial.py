"""What a trial proves about the target: from its report to held, breached or undecided."""

from typing import Any

import pytest

from njst.contract.parsing.document import parse_spec
from njst.contract.results.report import Diagnosis, Report, ThresholdResult, Verdict
from njst.contract.results.tallies import ReadBack
from njst.contract.results.trial import TrialPlan, TrialResult
from njst.contract.spec.threshold import Metric
from njst.experiments.judge_trial import result_of
from tests.unit.experiments.reports import latency, report, series, workload

JOB = parse_spec(
    {
        "streams": [{"name": "S"}],
        "workloads": [
            {
                "name": "write",
                "stream": "S",
                "durationSeconds": 15,
                "warmupSeconds": 5,
                "messagesPerSecond": 1000,
                "publish": {},
            },
            {
                "name": "read",
                "stream": "S",
                "durationSeconds": 15,
                "warmupSeconds": 5,
                "consume": {},
            },
        ],
    }
)
PLAN = TrialPlan(number=3, messages_per_second=1000, window_seconds=10)
WRITE, READ = workload("write", 1000), workload("read", 1000, kind="Consume")
RISING = [(1000, 500 + 200 * second) for second in range(15)]


def _write(**changes: Any) -> Report:
    return report(workload("write", 1000, **changes), READ)


def _read(rows: list[tuple[int, int]]) -> Report:
    return report(WRITE, workload("read", 1000, kind="Consume", series=series(rows)))


def _missed(value: int | None, verdict: Verdict = Verdict.INVALID) -> Report:
    threshold = ThresholdResult(
        workload="write", metric=Metric.LATENCY_P99, at_most=1, value=value, verdict=verdict
    )
    reason = "ThresholdsFailed" if verdict is Verdict.INVALID else "ThresholdsUndecided"
    return report(WRITE, READ, verdict=verdict, reason=reason, thresholds=[threshold])


def _aborted(reason: str) -> Report:
    """A report whose other threshold got no data before the job was stopped."""
    return _missed(None).model_copy(update={"reason": reason})


def _failed(reason: str, verdict: Verdict = Verdict.INVALID) -> Report:
    return report(WRITE, READ, verdict=verdict, reason=reason, message="why")


def _limited(found: Report) -> Report:
    tester = Diagnosis(limited=True, reason="ProcessBusy", message="it was busy")
    return found.model_copy(update={"tester": tester})


def _judged(found: Report) -> TrialResult:
    return result_of(PLAN, "x-t3", JOB, found)


LOST = ReadBack(acknowledged=2, found=1, lost=1)
CASES: list[tuple[str, Report, str, str]] = [
    ("all well", report(WRITE, READ), "Held", "Held"),
    ("99 % achieved", _write(messages_per_second=990), "Held", "Held"),
    ("less than 99 % achieved", _write(messages_per_second=989), "Breached", "RateNotAchieved"),
    ("late by 5 ms", _write(slip_microseconds=latency(1, 5000)), "Held", "Held"),
    ("late by more", _write(slip_microseconds=latency(1, 5001)), "Breached", "SentLate"),
    (
        "late, and nothing is known of the tester",
        _write(slip_microseconds=latency(1, 5001)).model_copy(update={"tester": None}),
        "Undecided",
        "SentLate",
    ),
    (
        "late, but not later than the answers",
        _write(slip_microseconds=latency(1, 9000), service_microseconds=latency(1, 9000)),
        "Held",
        "Held",
    ),
    ("latency rises", _write(series=series(RISING)), "Breached", "LatencyRising"),
    (
        "latency rises in the warm-up only",
        _write(series=series([(1000, 5000 - 900 * min(s, 5)) for s in range(15)])),
        "Held",
        "Held",
    ),
    (
        "latency rises by less than a millisecond",
        _write(series=series([(1000, 500 + 100 * s) for s in range(15)])),
        "Held",
        "Held",
    ),
    (
        "latency rises by less than a quarter",
        _write(series=series([(1000, 50_000 + 1000 * s) for s in range(15)])),
        "Held",
        "Held",
    ),
    ("a receiver's latency rises", _read(RISING), "Breached", "LatencyRising"),
    ("a receiver falls behind", _read(15 * [(950, 500)]), "Breached", "BacklogRising"),
    ("a receiver is within a percent", _read(15 * [(992, 500)]), "Held", "Held"),
    ("no series", _write(series=None), "Held", "Held"),
    ("wide windows", _write(series=series(4 * [(4000, 500)], 4)), "Held", "Held"),
    ("a threshold is missed", _missed(2), "Breached", "ThresholdsFailed"),
    ("a threshold is open", _missed(2, Verdict.UNKNOWN), "Breached", "ThresholdsUndecided"),
    ("a threshold has no data", _missed(None), "Undecided", "ThresholdWithoutData"),
    ("it is a regression", _failed("Regression"), "Breached", "Regression"),
    ("a threshold ended it", _aborted("ThresholdAborted"), "Breached", "ThresholdAborted"),
    ("a regression ended it", _aborted("RegressionAborted"), "Breached", "RegressionAborted"),
    (
        "the tester was why it ended",
        _limited(_aborted("ThresholdAborted")),
        "Undecided",
        "TesterLimited",
    ),
    ("operations failed", _failed("ErrorsOccurred"), "Breached", "ErrorsOccurred"),
    ("operations are missing", _failed("Incomplete"), "Breached", "Incomplete"),
    ("workers are lost", _failed("WorkersLost", Verdict.UNKNOWN), "Undecided", "WorkersLost"),
    ("it never began", _failed("StreamExists"), "Undecided", "StreamExists"),
    ("it was cancelled", _failed("Cancelled"), "Undecided", "Cancelled"),
    ("the tester was the limit", _limited(report(WRITE, READ)), "Undecided", "TesterLimited"),
    ("and a threshold is missed", _limited(_missed(2)), "Undecided", "TesterLimited"),
    ("a message is lost", _write(read_back=LOST), "Breached", "MessagesLost"),
    ("and the tester was the limit", _limited(_write(read_back=LOST)), "Breached", "MessagesLost"),
]


@pytest.mark.parametrize(
    ("found", "judgement", "reason"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_result_of__report__is_judged(found: Report, judgement: str, reason: str) -> None:
    result = _judged(found)
    assert (str(result.judgement), result.reason) == (judgement, reason)


def test_result_of__report__has_what_searches_and_comparisons_need() -> None:
    result = _judged(_limited(_write(read_back=LOST)))
    assert (result.plan, result.job) == (PLAN, "x-t3")
    assert (result.lost_messages, result.is_tester_limited) == (1, True)
    assert result.achieved_messages_per_second == 1000
    assert result.p50_microseconds == 500
    numbers = {w.workload: (w.messages_per_second, w.errors_per_million) for w in result.workloads}
    assert numbers == {"write": (1000, 0), "read": (1000, 0)}


@pytest.mark.parametrize(
    "changes", [{"rampSeconds": 6}, {"durationSeconds": None, "messages": 9000}]
)
def test_result_of__rate_that_is_not_steady__is_not_measured_against_the_offered_one(
    changes: dict[str, Any],
) -> None:
    document = JOB.model_dump(mode="json", by_alias=True, exclude_none=True)
    document["workloads"][0] |= changes
    found = _write(messages_per_second=900, series=None)
    assert str(result_of(PLAN, "x-t3", parse_spec(document), found).judgement) == "Held"


def test_result_of__each_client_reads_all__is_no_backlog_at_that_many_copies() -> None:
    """Two workers with one client each read every message twice."""
    workloads = [JOB.workloads[0]]
    consume = JOB.workloads[1].model_copy(
        update={"consume": parse_spec(_own_consumers()).workloads[0].consume}
    )
    job = JOB.model_copy(update={"workloads": [*workloads, consume]})
    both = report(WRITE, workload("read", 2000, kind="Consume"))
    assert str(result_of(PLAN, "x-t3", job, both).judgement) == "Held"
    half = report(WRITE, workload("read", 1000, kind="Consume"))
    assert result_of(PLAN, "x-t3", job, half).reason == "BacklogRising"


def _own_consumers() -> dict[str, Any]:
    reader = {
        "name": "read",
        "stream": "S",
        "durationSeconds": 15,
        "consume": {"consumers": "Own"},
    }
    return {"streams": [{"name": "S"}], "workloads": [reader]}
