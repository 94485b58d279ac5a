"""Thresholds that end a job early: never while the rest of the run could keep them."""

import json
from typing import Any

import pytest

from njst.contract.results.report import WorkloadResult
from njst.contract.results.tallies import ErrorClass, ErrorTally, WorkloadTally
from njst.contract.spec.job import JobSpec
from njst.contract.spec.threshold import Metric
from njst.stats.histogram import Histogram
from njst.stats.tally_merge import totals
from njst.verdict.abort import Abort, SoFar, abort_of, may_abort

FAST, SLOW = 100, 5_000
DURATION = {"durationSeconds": 60}
PACED = {"durationSeconds": 60, "messagesPerSecond": 100}
COUNTED = {"messages": 6_000}
P99 = {"metric": "LatencyP99Microseconds", "atMost": 1_000}


def job(threshold: dict[str, Any], length: dict[str, Any], **changes: Any) -> JobSpec:
    """A job of one workload; the threshold aborts it after 10 s."""
    workload = {"name": "w", "stream": "S", "publish": {}, **length, **changes}
    document = {
        "streams": [{"name": "S"}],
        "workloads": [workload],
        "thresholds": [{"abort": True, **threshold}],
    }
    return JobSpec.model_validate_json(json.dumps(document))


def tally(fast: int = 0, slow: int = 0, errors: int = 0, **changes: Any) -> WorkloadTally:
    """So many messages, and so many failed ones."""
    latencies = Histogram.of([FAST] * fast + [SLOW] * slow).encode()
    failed = ErrorTally(error_class=ErrorClass.TIMEOUT, count=errors, operations=errors)
    return WorkloadTally(
        workload="w",
        attempted=fast + slow + errors,
        messages=fast + slow,
        errors=[failed] if errors else [],
        **{"elapsed_us": 20_000_000, "latency": latencies, "slip": latencies} | changes,
    )


def planned(spec: JobSpec) -> int | None:
    workload = spec.workloads[0]
    if workload.messages is not None:
        return workload.messages
    return 6_000 if workload.is_paced else None


def decided(spec: JobSpec, measured: WorkloadTally, elapsed_s: float = 20) -> Abort | None:
    result = totals("w", "Publish", [measured]).model_copy(
        update={"planned": planned(spec), "start_ms": 0}
    )
    return abort_of(spec, SoFar(round(1000 * elapsed_s), [result], [measured]))


@pytest.mark.parametrize("length", [PACED, COUNTED])
@pytest.mark.parametrize(
    ("slow", "aborts"),
    [
        # Of 6,000 operations 60 may be slow.
        (60, False),
        (61, True),
    ],
)
@pytest.mark.parametrize("metric", ["LatencyP99Microseconds", "SlipP99Microseconds"])
def test_percentile__number_of_operations_is_known__aborts_when_no_rest_could_keep_it(
    length: dict[str, Any], slow: int, aborts: bool, metric: str
) -> None:
    found = decided(job({**P99, "metric": metric}, length), tally(fast=100, slow=slow))
    assert (found is not None) == aborts


def test_percentile__as_fast_as_possible__counts_as_it_is() -> None:
    spec = job(P99, DURATION)
    assert decided(spec, tally(fast=99, slow=1)) is None
    found = decided(spec, tally(fast=98, slow=2))
    assert found == Abort(
        "ThresholdAborted",
        "stopped after 20.0 s: w LatencyP99Microseconds is 5003, wanted at most 1000",
    )


KNOWN: list[tuple[dict[str, Any], dict[str, Any], WorkloadTally, bool]] = [
    ({"metric": "LatencyMaxMicroseconds", "atMost": 1_000}, PACED, tally(999, 1), True),
    ({"metric": "Errors", "atMost": 3}, PACED, tally(9, errors=3), False),
    ({"metric": "Errors", "atMost": 3}, PACED, tally(9, errors=4), True),
    ({"metric": "Redelivered", "atMost": 3}, DURATION, tally(9, redelivered=4), True),
    (
        {"metric": "LongestOutageMicroseconds", "atMost": 3},
        PACED,
        tally(9, longest_outage_us=4),
        True,
    ),
    # A half of 12 has failed; of 6,000 it would be a thousandth.
    ({"metric": "ErrorsPerMillion", "atMost": 1_000}, PACED, tally(6, errors=6), False),
    ({"metric": "ErrorsPerMillion", "atMost": 1_000}, PACED, tally(6, errors=7), True),
    ({"metric": "ErrorsPerMillion", "atMost": 1_000}, DURATION, tally(6, errors=6), True),
    # More are to come.
    ({"metric": "Messages", "atLeast": 6_000}, COUNTED, tally(9), False),
    ({"metric": "Messages", "atLeast": 6_000}, COUNTED, tally(9, errors=1), True),
    ({"metric": "Messages", "atLeast": 10**9}, DURATION, tally(9), False),
    ({"metric": "Redelivered", "atLeast": 1}, DURATION, tally(9), False),
    ({"metric": "Errors", "atLeast": 1}, PACED, tally(9), False),
    # An offered rate may still be made good, any other is what it is.
    ({"metric": "MessagesPerSecond", "atLeast": 100}, PACED, tally(20), False),
    ({"metric": "MessagesPerSecond", "atLeast": 100}, DURATION, tally(20), True),
    ({"metric": "MessagesPerSecond", "atLeast": 1}, DURATION, tally(20), False),
    ({"metric": "MessagesPerSecond", "atLeast": 100}, COUNTED, tally(20), True),
    # No data is no reason yet.
    ({"metric": "LatencyP99Microseconds", "atMost": 1}, DURATION, tally(), False),
]


@pytest.mark.parametrize(
    ("threshold", "length", "measured", "aborts"),
    KNOWN,
    ids=[f"{row[0]} {'' if row[3] else 'not '}with {row[1]}" for row in KNOWN],
)
def test_threshold__what_the_rest_can_change__decides(
    threshold: dict[str, Any], length: dict[str, Any], measured: WorkloadTally, aborts: bool
) -> None:
    assert (decided(job(threshold, length), measured) is not None) == aborts


@pytest.mark.parametrize(
    ("after", "warmup_s", "elapsed_s", "aborts"),
    [
        ({}, 0, 9.999, False),
        ({}, 0, 10, True),
        ({}, 5, 14.999, False),
        ({}, 5, 15, True),
        ({"abortAfterSeconds": 2}, 0, 1.999, False),
        ({"abortAfterSeconds": 2}, 0, 2, True),
    ],
)
def test_abort_after__counts_from_the_measured_window(
    after: dict[str, Any], warmup_s: int, elapsed_s: float, aborts: bool
) -> None:
    spec = job({"metric": "Errors", "atMost": 0, **after}, DURATION, warmupSeconds=warmup_s)
    assert (decided(spec, tally(errors=1), elapsed_s) is not None) == aborts


def test_threshold__without_abort__never_stops_a_job() -> None:
    for abort in (None, False):
        spec = job({"metric": "Errors", "atMost": 0, "abort": abort}, DURATION)
        assert decided(spec, tally(errors=1)) is None
        assert not may_abort(spec)


def test_ratio_of_counts__may_be_made_good__goes_on() -> None:
    """The bound rises with the other workload."""
    workloads = [
        {"name": name, "stream": "S", "publish": {}, "durationSeconds": 60} for name in "vw"
    ]
    for metric, aborts in (("Messages", False), ("MessagesPerSecond", True)):
        threshold = {
            "workload": "w",
            "metric": metric,
            "relativeToWorkload": "v",
            "atMostPercent": 50,
            "abort": True,
        }
        document = {
            "streams": [{"name": "S"}],
            "workloads": workloads,
            "thresholds": [threshold],
        }
        spec = JobSpec.model_validate_json(json.dumps(document))
        measured = tally(fast=200)
        results: list[WorkloadResult] = [
            totals(name, "Publish", [measured]).model_copy(update={"start_ms": 0}) for name in "vw"
        ]
        found = abort_of(spec, SoFar(20_000, results, [measured]))
        assert (found is not None) == aborts


@pytest.mark.parametrize("metric", Metric)
@pytest.mark.parametrize("bound", ["atMost", "atLeast"])
def test_each_metric__has_a_rule(metric: Metric, bound: str) -> None:
    """A new metric without one is an error here, not in a running job."""
    threshold = {"metric": metric, bound: 0 if bound == "atMost" else 10**9}
    for length in (DURATION, PACED, COUNTED):
        decided(job(threshold, length), tally(9, 9, errors=9, redelivered=9, longest_outage_us=9))
