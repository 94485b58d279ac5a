"""Reports for the tests of exports: of a good job, of a bad one, and with hostile text."""

from datetime import UTC, datetime

from njst.contract.results.outcome import Outcome, Problem
from njst.contract.results.report import (
    Diagnosis,
    Latency,
    Report,
    SeriesResult,
    ThresholdResult,
    Verdict,
    WindowResult,
    WorkerResult,
    WorkloadResult,
)
from njst.contract.results.tallies import ErrorClass, ErrorTally, ReadBack
from njst.contract.spec.threshold import Metric
from njst.stats.histogram import Histogram

HOSTILE = "a,b\n| c | <script>&\"'`` *x* _y_ [z](http://h) #1 \\ \x00\x1b\x0b\ud7ff\U0001f600 ]]>"

LATENCY = Latency(p50=900, p90=1500, p99=21_000, p999=30_000, max=1_200_000)

WRITE = WorkloadResult(
    workload="write",
    kind="Publish",
    planned=3000,
    attempted=3000,
    messages=3000,
    bytes=192_000,
    elapsed_us=3_000_000,
    messages_per_second=1000,
    bytes_per_second=64_000,
    latency=Histogram.of([900, 1500, 21_000]).encode(),
    latency_microseconds=LATENCY,
    read_back=ReadBack(acknowledged=3000, found=3000),
    series=SeriesResult(
        window_seconds=2,
        windows=[
            WindowResult(messages=2000, bytes=128_000, latency_microseconds=LATENCY),
            WindowResult(messages=1000, bytes=64_000, errors=3),
        ],
    ),
)
READ = WorkloadResult(
    workload="read",
    kind="Consume",
    attempted=5,
    messages=5,
    bytes=5,
    elapsed_us=5_000_000,
    messages_per_second=1,
)
KEPT = ThresholdResult(
    workload="write", metric=Metric.LATENCY_P99, at_most=25_000, value=21_000, verdict=Verdict.VALID
)
GOOD = Report(
    verdict=Verdict.VALID,
    reason="Completed",
    message="all 3,005 operations completed",
    create_time=datetime(2026, 1, 2, 3, 4, 4, tzinfo=UTC),
    start_time=datetime(2026, 1, 2, 3, 4, 5, 250_000, tzinfo=UTC),
    completion_time=datetime(2026, 1, 2, 3, 4, 9, 500_000, tzinfo=UTC),
    workers=[WorkerResult(worker="w1", outcome=Outcome.COMPLETED)],
    workloads=[WRITE, READ],
    thresholds=[KEPT],
    tester=Diagnosis(limited=False, reason="TargetLimited", message="the target was busy"),
)

MISSED = KEPT.model_copy(update={"at_most": 20_000, "verdict": Verdict.INVALID})
NO_DATA = ThresholdResult(
    workload="read", metric=Metric.LATENCY_MAX, at_most=0, verdict=Verdict.INVALID
)
UNDECIDED = ThresholdResult(
    workload="read",
    metric=Metric.MESSAGES_PER_SECOND,
    at_least=2,
    value=1,
    is_lower_bound=True,
    verdict=Verdict.UNKNOWN,
)
BAD = GOOD.model_copy(
    update={
        "verdict": Verdict.INVALID,
        "reason": "ThresholdsFailed",
        "message": "write LatencyP99Microseconds is 21000, wanted at most 20000",
        "thresholds": [MISSED, NO_DATA, UNDECIDED],
        "workers": [
            WorkerResult(worker="w1", outcome=Outcome.COMPLETED),
            WorkerResult(
                worker="w2",
                outcome=Outcome.REJECTED,
                problem=Problem(reason="StreamExists", message="it is there"),
            ),
        ],
        "workloads": [
            WRITE.model_copy(
                update={
                    "messages": 2990,
                    "attempted": 3000,
                    "errors": [
                        ErrorTally(
                            error_class=ErrorClass.TIMEOUT, count=10, operations=10, example="5 s"
                        )
                    ],
                    "messages_per_second": 997,
                    "read_back": ReadBack(acknowledged=2990, found=2990),
                }
            ),
            READ,
        ],
        "tester": Diagnosis(limited=True, reason="ProcessBusy", message="take more processes"),
    }
)
SKIPPED = GOOD.model_copy(
    update={
        "verdict": Verdict.UNKNOWN,
        "reason": "WorkloadsSkipped",
        "message": "1 of 1 workloads are skipped: write: too old",
        "workloads": [WorkloadResult(workload="write", kind="Publish", skipped="too old")],
        "thresholds": [KEPT.model_copy(update={"value": None, "verdict": Verdict.UNKNOWN})],
    }
)
CANCELLED = GOOD.model_copy(
    update={
        "verdict": Verdict.INVALID,
        "reason": "Requested",
        "message": "the job was cancelled",
        "workers": [WorkerResult(worker="w1", outcome=Outcome.STOPPED)],
    }
)
NEVER_STARTED = Report(
    verdict=Verdict.INVALID,
    reason="StartTimeout",
    create_time=datetime(2026, 1, 2, 3, 4, 4, tzinfo=UTC),
    completion_time=datetime(2026, 1, 2, 3, 4, 9, tzinfo=UTC),
)


def hostile(words: str = HOSTILE) -> Report:
    """Return a failed report whose free text is `words` wherever a report has free text."""
    error = ErrorTally(error_class=ErrorClass.OTHER, count=1, operations=1, example=words[:300])
    workload = WRITE.model_copy(update={"errors": [error], "messages": 2999})
    worker = WorkerResult(
        worker="w1", outcome=Outcome.FAILED, problem=Problem(reason="Other", message=words)
    )
    return GOOD.model_copy(
        update={
            "verdict": Verdict.INVALID,
            "reason": "Other",
            "message": words,
            "workers": [worker],
            "workloads": [workload],
            "left_behind": [words],
            "omitted": words,
            "tester": Diagnosis(limited=True, reason="Other", message=words),
        }
    )


ALL = {
    "good": GOOD,
    "bad": BAD,
    "skipped": SKIPPED,
    "cancelled": CANCELLED,
    "never started": NEVER_STARTED,
    "hostile": hostile(),
}
