"""The text report: golden, because people read every character of it."""

from datetime import UTC, datetime

from njst.contract.results.outcome import Outcome, Problem
from njst.contract.results.preparation import Adjustment, Environment, StreamPlacement
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
from njst.contract.results.tallies import ErrorClass, ErrorTally, ReadBack, WorkloadTally
from njst.contract.spec.threshold import Metric
from njst.report.terminal import render

REPORT = Report(
    verdict=Verdict.INVALID,
    reason="ThresholdsFailed",
    message="write LatencyP99Microseconds is 21000, wanted at most 20000",
    create_time=datetime(2026, 1, 2, 3, 4, 4, tzinfo=UTC),
    start_time=datetime(2026, 1, 2, 3, 4, 5, 250_000, tzinfo=UTC),
    start_skew_microseconds=1_900,
    completion_time=datetime(2026, 1, 2, 3, 4, 9, 500_000, tzinfo=UTC),
    workers=[
        WorkerResult(
            worker="w1-a",
            outcome=Outcome.COMPLETED,
            workloads=[WorkloadTally(workload="write", messages=4000)],
        ),
        WorkerResult(
            worker="w2-b",
            outcome=Outcome.REJECTED,
            problem=Problem(reason="StreamExists", message="it is there"),
        ),
    ],
    workloads=[
        WorkloadResult(
            workload="write",
            kind="Publish",
            planned=8000,
            messages=4000,
            messages_per_second=1000,
            bytes_per_second=1_048_576,
            errors=[ErrorTally(error_class=ErrorClass.TIMEOUT, count=2, example="no ack in 5 s")],
            latency_microseconds=Latency(p50=900, p90=1500, p99=21000, p999=30000, max=1_200_000),
            read_back=ReadBack(
                acknowledged=4000, found=3000, lost=10, unchecked=990, reasons=["ProcessDied"]
            ),
        ),
        WorkloadResult(
            workload="read",
            kind="Consume",
            messages=12,
            warmup_messages=12,
            redelivered=1_300,
            terminated=2,
            reconnects=3,
            disconnected_us=4_500_000,
            longest_outage_us=2_250_000,
            logins=250,
            login_microseconds=Latency(
                p50=370_000, p90=400_000, p99=900_000, p999=1, max=1_200_000
            ),
        ),
    ],
    environment=Environment(
        njst_versions=["1.0"],
        cores=["4 of 16, limit 4"],
        server_versions=["2.14.0"],
        accounts=["ORDERS"],
        servers=["n1", "n2"],
        streams=[
            StreamPlacement(stream="S", leader="n1", replicas=["n2", "n3"]),
            *[StreamPlacement(stream="T")] * 6,
        ],
    ),
    adjusted=[Adjustment(workload="read", field="consume.batch", value="9", why="max_batch is 9")],
    thresholds=[
        ThresholdResult(
            workload="write",
            metric=Metric.LATENCY_P99,
            at_most=20000,
            value=21000,
            verdict=Verdict.INVALID,
        ),
        ThresholdResult(
            workload="read", metric=Metric.MESSAGES, at_least=1, value=12, verdict=Verdict.VALID
        ),
        ThresholdResult(
            workload="read", metric=Metric.LATENCY_MAX, at_most=1, verdict=Verdict.INVALID
        ),
    ],
    tester=Diagnosis(
        limited=True,
        reason="ProcessBusy",
        message="take more processes",
        processes=2,
        millicores=1450,
        busiest_percent=97,
        run_delay_percent=3,
    ),
)

TEXT = """\
FAILED  orders: ThresholdsFailed
  write LatencyP99Microseconds is 21000, wanted at most 20000
  1 of 2 workers ran to the end
  common start 2026-01-02 03:04:05.250000 UTC, shared within 1.9 ms, over after 4.25 s

WORKLOADS
  NAME   KIND           MESSAGES     RATE    BYTES/S     P50     P90    P99  P99.9    MAX  ERRORS
  write  Publish  4,000 of 8,000  1,000/s  1.0 MiB/s  900 us  1.5 ms  21 ms  30 ms  1.2 s       2
  read   Consume              12        -          -       -       -      -      -      -       0

COUNTED APART
  read 1,300 redelivered, 2 terminated, 12 in the warm-up, in no rate and no latency, \
3 reconnects, 4.5 s without a connection, 2.25 s at most, 250 logins in 370 ms (median), \
1.2 s at most

ADJUSTED: defaults that the target does not allow
  read consume.batch 9: max_batch is 9

THRESHOLDS
  FAIL  write LatencyP99Microseconds 21,000, wanted at most 20,000
  ok    read Messages 12, wanted at least 1
  FAIL  read LatencyMaxMicroseconds no data, wanted at most 1

READ BACK
  write  4,000 acknowledged, 3,000 found, 10 LOST, 990 not looked for (ProcessDied)

ERRORS
  write Timeout 2: no ack in 5 s

ENVIRONMENT: as it was prepared
  njst 1.0; cores 4 of 16, limit 4; nats-server 2.14.0; account ORDERS; connected to n1, n2
  S: leader n1, replicas n2, n3
  T: leader not named
  T: leader not named
  T: leader not named
  T: leader not named
  and 2 more streams

WORKERS
  NAME  OUTCOME    DONE
  w1-a  Completed  write 4,000
  w2-b  Unfit      -            StreamExists: it is there

TESTER
  LIMITED  ProcessBusy: take more processes
  2 processes used 1.45 cores; busiest 97 %, waiting for a core 3 %, throttled 0 %, blocked 0 %
"""


def test_a_report_with_everything() -> None:
    assert render(REPORT, "orders") == TEXT


def test_a_job_that_never_started_says_so() -> None:
    report = REPORT.model_copy(update={"start_time": None, "workloads": [], "thresholds": []})
    assert "the load never started" in render(report, "orders")


def test_what_began_later_and_what_was_skipped_say_so() -> None:
    late = REPORT.workloads[1].model_copy(update={"start_ms": 12_345})
    lacks = "publish.mode FastBatch needs nats-server 2.14 (API level 4)"
    skipped = WorkloadResult(workload="fast", kind="Publish", start_ms=0, skipped=lacks)
    missed = REPORT.thresholds[0].model_copy(
        update={"workload": "fast", "value": None, "verdict": Verdict.UNKNOWN}
    )
    text = render(
        REPORT.model_copy(update={"workloads": [late, skipped], "thresholds": [missed]}), "orders"
    )
    assert "\n  read (from 12.3 s)  Consume " in text
    assert "\n  fast                Publish " in text
    assert f"\nSKIPPED\n  fast: {lacks}\n" in text
    assert "\n  ?     fast LatencyP99Microseconds no data, wanted at most 20,000\n" in text


def test_the_course_is_shown_where_there_is_one() -> None:
    assert "COURSE" not in render(REPORT, "orders")
    series = SeriesResult(windows=[WindowResult(messages=5), WindowResult(messages=10)])
    moving = REPORT.workloads[1].model_copy(update={"series": series})
    text = render(REPORT.model_copy(update={"workloads": [moving]}), "orders")
    assert "\nCOURSE: from the common start\n  read  rate    ▄█  up to 10/s" in text
