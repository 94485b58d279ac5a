"""Thresholds: no data is a failure, bounds are inclusive, and each workload answers for itself."""

from datetime import UTC, datetime

import pytest

from njst.contract.results.comparison import PinnedBaseline, PinnedValue
from njst.contract.results.report import Latency, LatencyBound, Verdict, WorkloadResult
from njst.contract.results.tallies import ErrorClass, ErrorTally
from njst.contract.spec.threshold import Metric, Threshold
from njst.stats.histogram import Histogram
from njst.verdict.threshold_words import limit_words, sentence
from njst.verdict.thresholds import evaluate, exact_values

LATENCY = Latency(p50=50, p90=90, p99=99, p999=999, max=1_000)
MEASURED = WorkloadResult(
    workload="write",
    kind="Publish",
    start_ms=0,
    attempted=14,
    messages=10,
    messages_per_second=20,
    bytes_per_second=30,
    errors=[
        ErrorTally(error_class=ErrorClass.TIMEOUT, count=3),
        ErrorTally(error_class=ErrorClass.OTHER, count=4),
    ],
    latency=Histogram({95: 9_500, 500: 499, 995: 1}).encode(),
    latency_microseconds=LATENCY,
    service_microseconds=Latency(p50=201, p90=202, p99=203, p999=204, max=205),
    slip_microseconds=Latency(p50=211, p90=212, p99=213, p999=214, max=215),
    stored_microseconds=Latency(p50=221, p90=222, p99=223, p999=224, max=225),
    delivered_microseconds=Latency(p50=231, p90=232, p99=233, p999=234, max=235),
    redelivered=8,
    longest_outage_us=4_000,
    backlog_messages=6,
)
# One value for each metric, all different: a wrong one cannot pass for another.
VALUES = {
    Metric.MESSAGES: 10,
    Metric.ERRORS: 7,
    Metric.ERRORS_PER_MILLION: 500_000,
    Metric.MESSAGES_PER_SECOND: 20,
    Metric.BYTES_PER_SECOND: 30,
    Metric.LATENCY_P50: 50,
    Metric.LATENCY_P90: 90,
    Metric.LATENCY_P95: 95,
    Metric.LATENCY_P99: 99,
    Metric.LATENCY_P999: 999,
    Metric.LATENCY_P9999: 500,
    Metric.LATENCY_MAX: 1_000,
    **{
        Metric(f"{part}{name}Microseconds"): first + more
        for part, first in (("Service", 201), ("Slip", 211), ("Stored", 221), ("Delivered", 231))
        for more, name in enumerate(("P50", "P90", "P99", "P999", "Max"))
    },
    Metric.REDELIVERED: 8,
    Metric.LONGEST_OUTAGE: 4_000,
    Metric.BACKLOG: 6,
}
RATES = [Metric.MESSAGES_PER_SECOND, Metric.BYTES_PER_SECOND]
COUNTED = [Metric.LONGEST_OUTAGE]
LATENCIES = [m for m in Metric if m.endswith("Microseconds") and m not in COUNTED]


def verdict(threshold: Threshold, measured: WorkloadResult = MEASURED) -> Verdict:
    [result] = evaluate([threshold], [measured])
    return result.verdict


@pytest.mark.parametrize("metric", Metric)
def test_each_metric_has_its_own_value(metric: Metric) -> None:
    [result] = evaluate([Threshold(metric=metric, at_most=5_000)], [MEASURED])
    assert result.value == VALUES[metric]
    assert (result.workload, result.metric, result.at_most, result.at_least) == (
        "write",
        metric,
        5_000,
        None,
    )
    assert not result.is_lower_bound


@pytest.mark.parametrize("metric", Metric)
@pytest.mark.parametrize(
    ("bound", "off", "expected"),
    [
        ("at_most", -1, Verdict.INVALID),
        ("at_most", 0, Verdict.VALID),
        ("at_most", 1, Verdict.VALID),
        ("at_least", -1, Verdict.VALID),
        ("at_least", 0, Verdict.VALID),
        ("at_least", 1, Verdict.INVALID),
    ],
)
def test_bounds_are_inclusive(metric: Metric, bound: str, off: int, expected: Verdict) -> None:
    threshold = Threshold.model_validate({"metric": metric, bound: VALUES[metric] + off})
    assert verdict(threshold) is expected


def test_a_bound_of_zero_is_a_bound() -> None:
    nothing = WorkloadResult(workload="write", kind="Publish", start_ms=0)
    assert verdict(Threshold(metric=Metric.ERRORS, at_most=0), nothing) is Verdict.VALID
    assert verdict(Threshold(metric=Metric.MESSAGES, at_least=0), nothing) is Verdict.VALID
    assert verdict(Threshold(metric=Metric.ERRORS, at_most=0)) is Verdict.INVALID


@pytest.mark.parametrize("metric", LATENCIES)
@pytest.mark.parametrize("bound", [{"at_most": 10**9}, {"at_least": 0}])
def test_no_data_fails_whatever_the_bound(metric: Metric, bound: dict[str, int]) -> None:
    silent = WorkloadResult(workload="write", kind="Publish", start_ms=0, messages=10)
    [result] = evaluate([Threshold.model_validate({"metric": metric, **bound})], [silent])
    assert (result.value, result.verdict) == (None, Verdict.INVALID)


@pytest.mark.parametrize("metric", RATES)
@pytest.mark.parametrize("bound", [{"at_most": 10**9}, {"at_least": 0}])
def test_of_what_was_over_in_its_warm_up_there_is_no_rate(
    metric: Metric, bound: dict[str, int]
) -> None:
    none = {"messages_per_second": 0, "bytes_per_second": 0}
    over = MEASURED.model_copy(update={"warmup_messages": 10, **none})
    [result] = evaluate([Threshold.model_validate({"metric": metric, **bound})], [over])
    assert (result.value, result.verdict) == (None, Verdict.INVALID)


@pytest.mark.parametrize("metric", RATES)
@pytest.mark.parametrize(
    "measured",
    [
        pytest.param(MEASURED.model_copy(update={"warmup_messages": 9}), id="one after it"),
        pytest.param(
            WorkloadResult(workload="write", kind="Publish", start_ms=0), id="nothing at all"
        ),
    ],
)
def test_a_rate_of_what_was_not_is_what_it_is(metric: Metric, measured: WorkloadResult) -> None:
    [result] = evaluate([Threshold(metric=metric, at_most=30)], [measured])
    assert result.value == (VALUES[metric] if measured.messages else 0)
    assert result.verdict is Verdict.VALID


def test_without_a_name_each_workload_must_keep_it_and_with_one_only_that() -> None:
    other = MEASURED.model_copy(update={"workload": "read", "messages": 99})
    each = Threshold(metric=Metric.MESSAGES, at_most=50)
    one = Threshold(metric=Metric.MESSAGES, at_most=50, workload="read")
    results = evaluate([each, one], [MEASURED, other])
    assert [(r.workload, r.verdict) for r in results] == [
        ("write", Verdict.VALID),
        ("read", Verdict.INVALID),
        ("read", Verdict.INVALID),
    ]
    assert evaluate([], [MEASURED]) == []


@pytest.mark.parametrize("metric", Metric)
def test_of_a_workload_that_was_skipped_nothing_is_known(metric: Metric) -> None:
    skipped = WorkloadResult(workload="write", kind="Publish", skipped="needs nats-server 2.12")
    for bound in ({"at_most": 5}, {"at_least": 0}):
        [result] = evaluate([Threshold(metric=metric, **bound)], [skipped])
        assert (result.value, result.verdict) == (None, Verdict.UNKNOWN)


@pytest.mark.parametrize("metric", Metric)
@pytest.mark.parametrize("bound", [{"at_most": 10**9}, {"at_least": 0}])
def test_a_workload_that_never_began_has_no_data(metric: Metric, bound: dict[str, int]) -> None:
    [result] = evaluate(
        [Threshold.model_validate({"metric": metric, **bound})],
        [WorkloadResult(workload="write", kind="Publish")],
    )
    assert (result.value, result.verdict) == (None, Verdict.INVALID)


@pytest.mark.parametrize(
    ("attempted", "share"), [(1, 3_000_000), (1_000_001, 3), (3_000_000, 1), (9_000_000, 1)]
)
def test_a_share_of_errors_is_rounded_up(attempted: int, share: int) -> None:
    three = [ErrorTally(error_class=ErrorClass.TIMEOUT, count=3)]
    measured = MEASURED.model_copy(update={"attempted": attempted, "errors": three})
    [result] = evaluate([Threshold(metric=Metric.ERRORS_PER_MILLION, at_most=1)], [measured])
    assert result.value == share


@pytest.mark.parametrize(
    ("bound", "highest", "expected"),
    [
        # The true value lies between 99 and `highest`; None: nobody knows how high it is.
        ({"at_most": 98}, None, Verdict.INVALID),
        ({"at_most": 99}, None, Verdict.UNKNOWN),
        ({"at_most": 10**9}, None, Verdict.UNKNOWN),
        ({"at_most": 149}, 150, Verdict.UNKNOWN),
        ({"at_most": 150}, 150, Verdict.VALID),
        ({"at_least": 99}, None, Verdict.VALID),
        ({"at_least": 100}, None, Verdict.UNKNOWN),
        ({"at_least": 150}, 150, Verdict.UNKNOWN),
        ({"at_least": 151}, 150, Verdict.INVALID),
    ],
)
def test_what_was_given_up_can_break_a_threshold_and_never_keep_one(
    bound: dict[str, int], highest: int | None, expected: Verdict
) -> None:
    censored = MEASURED.model_copy(
        update={"latency_at_most_microseconds": LatencyBound(p50=50, p90=90, p99=highest)}
    )
    threshold = Threshold.model_validate({"metric": Metric.LATENCY_P99, **bound})
    [result] = evaluate([threshold], [censored])
    assert (result.value, result.verdict, result.is_lower_bound) == (99, expected, True)
    # Percentiles below the first one that was given up are as exact as ever.
    [exact] = evaluate([Threshold(metric=Metric.LATENCY_P90, at_most=90)], [censored])
    assert (exact.value, exact.verdict, exact.is_lower_bound) == (90, Verdict.VALID, False)


@pytest.mark.parametrize(
    ("metric", "value", "is_lower_bound"),
    [(Metric.LATENCY_P95, 95, False), (Metric.LATENCY_P9999, 500, True)],
)
def test_percentile_of_the_histogram__what_was_given_up__makes_it_a_lower_bound(
    metric: Metric, value: int, is_lower_bound: bool
) -> None:
    given_up = Histogram({500: 400}).encode()
    censored = MEASURED.model_copy(update={"censored": given_up})
    [result] = evaluate([Threshold(metric=metric, at_most=10**9)], [censored])
    assert (result.value, result.is_lower_bound) == (value, is_lower_bound)
    assert result.verdict is (Verdict.UNKNOWN if is_lower_bound else Verdict.VALID)


READ = MEASURED.model_copy(update={"workload": "read", "messages": 200, "messages_per_second": 80})


def pinned(median: int, metric: Metric = Metric.LATENCY_P99) -> PinnedBaseline:
    """A baseline of three runs of `write`."""
    value = PinnedValue(
        workload="write",
        metric=metric,
        runs=3,
        median=median,
        lowest=median - 10,
        highest=median + 10,
    )
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    return PinnedBaseline(name="main", create_time=moment, spec="abc", values=[value])


def in_percent(**changes: object) -> Threshold:
    document = {"metric": Metric.LATENCY_P99, "relative_to": "main", "workload": "write"}
    return Threshold.model_validate({**document, **changes})


@pytest.mark.parametrize(
    ("bound", "median", "limit", "expected"),
    [
        # The value is 99; an upper limit is rounded down, a lower one up.
        ({"at_most_percent": 110}, 90, {"at_most": 99}, Verdict.VALID),
        ({"at_most_percent": 109}, 90, {"at_most": 98}, Verdict.INVALID),
        ({"at_least_percent": 110}, 90, {"at_least": 99}, Verdict.VALID),
        ({"at_least_percent": 111}, 90, {"at_least": 100}, Verdict.INVALID),
    ],
)
def test_baseline_threshold__limit__is_the_share_of_the_median(
    bound: dict[str, int], median: int, limit: dict[str, int], expected: Verdict
) -> None:
    [result] = evaluate([in_percent(**bound)], [MEASURED, READ], [pinned(median)])
    assert (result.verdict, result.value) == (expected, 99)
    shown = {"at_most": result.at_most, "at_least": result.at_least}
    assert {name: value for name, value in shown.items() if value is not None} == limit
    assert (result.relative_to, result.reference, result.reference_runs) == ("main", median, 3)
    assert (result.reference_lowest, result.reference_highest) == (median - 10, median + 10)


def test_baseline_threshold__nothing_pinned__is_undecided() -> None:
    [result] = evaluate([in_percent(at_most_percent=100)], [MEASURED], [])
    assert (result.verdict, result.at_most, result.reference) == (Verdict.UNKNOWN, None, None)
    assert "wanted at most ? (100 % of baseline main)" in sentence(result)


def test_baseline_threshold__no_data__fails() -> None:
    silent = WorkloadResult(workload="write", kind="Publish", start_ms=0)
    [result] = evaluate([in_percent(at_most_percent=100)], [silent], [pinned(1)])
    assert (result.verdict, result.value) == (Verdict.INVALID, None)


def test_baseline_threshold__given_up_operations__may_leave_it_undecided() -> None:
    bound = LatencyBound(p50=50, p90=90, p99=None)
    censored = MEASURED.model_copy(update={"latency_at_most_microseconds": bound})
    [result] = evaluate([in_percent(at_most_percent=100)], [censored], [pinned(1000)])
    assert result.verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("median", "bound", "words"),
    [
        (50, {"at_most_percent": 105}, "at most 52 (105 % of baseline main, the median of 3 runs"),
        (50, {"at_most_percent": 105}, "3 runs that reach 60)"),
        (500, {"at_most_percent": 110}, "the median of 3 runs)"),
        (500, {"at_least_percent": 99}, "3 runs that go down to 490)"),
    ],
)
def test_baseline_threshold__its_words__say_whether_the_runs_themselves_miss_it(
    median: int, bound: dict[str, int], words: str
) -> None:
    [result] = evaluate([in_percent(**bound)], [MEASURED], [pinned(median)])
    assert words in sentence(result)
    assert limit_words(result).endswith(" % of baseline main")


@pytest.mark.parametrize(
    ("metric", "bound", "expected"),
    [
        (Metric.MESSAGES, {"at_least_percent": 5}, Verdict.VALID),
        (Metric.MESSAGES, {"at_least_percent": 6}, Verdict.INVALID),
        (Metric.MESSAGES_PER_SECOND, {"at_most_percent": 25}, Verdict.VALID),
        (Metric.MESSAGES_PER_SECOND, {"at_most_percent": 24}, Verdict.INVALID),
    ],
)
def test_ratio_threshold__other_workload__is_the_reference(
    metric: Metric, bound: dict[str, int], expected: Verdict
) -> None:
    threshold = Threshold(metric=metric, relative_to_workload="read", **bound)
    [result] = evaluate([threshold], [MEASURED, READ])
    assert (result.workload, result.verdict) == ("write", expected), "not of itself"
    assert result.reference == (200 if metric is Metric.MESSAGES else 80)
    assert result.reference_runs is None
    assert sentence(result).endswith(" % of workload read)")


def test_ratio_threshold__reference_without_data__fails_unless_it_was_skipped() -> None:
    threshold = Threshold(
        metric=Metric.LATENCY_P99, relative_to_workload="read", at_most_percent=100
    )
    silent = WorkloadResult(workload="read", kind="Consume", start_ms=0)
    skipped = silent.model_copy(update={"skipped": "needs nats-server 2.12"})
    for other, expected in ((silent, Verdict.INVALID), (skipped, Verdict.UNKNOWN)):
        [result] = evaluate([threshold], [MEASURED, other])
        assert (result.verdict, result.value) == (expected, 99)


@pytest.mark.parametrize(
    ("highest", "expected"), [(150, Verdict.UNKNOWN), (None, Verdict.UNKNOWN), (99, Verdict.VALID)]
)
def test_ratio_threshold__value_that_is_a_lower_bound__may_leave_it_undecided(
    highest: int | None, expected: Verdict
) -> None:
    bound = LatencyBound(p50=50, p90=90, p99=highest)
    censored = MEASURED.model_copy(update={"latency_at_most_microseconds": bound})
    threshold = Threshold(
        metric=Metric.LATENCY_P99, relative_to_workload="read", at_most_percent=100
    )
    [result] = evaluate([threshold], [censored, READ])
    assert result.verdict is expected


def test_exact_values__lower_bounds__are_left_out() -> None:
    bound = LatencyBound(p50=50, p90=90, p99=150)
    censored = MEASURED.model_copy(update={"latency_at_most_microseconds": bound})
    known = exact_values(censored)
    assert Metric.LATENCY_P90 in known
    assert Metric.LATENCY_P99 not in known
    assert exact_values(MEASURED) == {str(metric): VALUES[metric] for metric in Metric}
