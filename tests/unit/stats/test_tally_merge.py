"""Tallies put together: whatever the grouping, the total is the same and exact."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from njst.contract.results.report import Latency
from njst.contract.results.tallies import (
    ErrorClass,
    ErrorTally,
    ReadBack,
    SeriesTally,
    WindowTally,
    WorkloadCounts,
    WorkloadTally,
)
from njst.stats.histogram import Histogram
from njst.stats.series import Series
from njst.stats.tally_merge import check, fitted, merge, merge_errors, totals

CLASSES = (ErrorClass.TIMEOUT, ErrorClass.DISCONNECTED, ErrorClass.LIMIT_EXCEEDED)
counts = st.integers(0, 10**12)
histogram_texts = st.lists(st.integers(0, 70_000_000), max_size=5).map(
    lambda values: Histogram.of(values).encode()
)
# One example for each class: which of several examples survives a merge is not promised.
errors = st.lists(
    st.builds(
        lambda error_class, count: ErrorTally(
            error_class=error_class, count=count, example=f"a {error_class}"
        ),
        st.sampled_from(CLASSES),
        counts,
    ),
    max_size=4,
)
windows = st.builds(
    WindowTally,
    messages=counts,
    bytes=counts,
    errors=counts,
    latency=histogram_texts,
)
series = st.one_of(
    st.none(),
    st.builds(
        SeriesTally,
        width_s=st.sampled_from([1, 2, 4]),
        windows=st.lists(windows, min_size=1, max_size=3),
    ),
)


def tallies_of(*names: str) -> st.SearchStrategy[WorkloadTally]:
    return st.builds(
        WorkloadTally,
        workload=st.sampled_from(names),
        planned=counts,
        attempted=counts,
        messages=counts,
        bytes=counts,
        redelivered=counts,
        duplicates=counts,
        terminated=counts,
        warmup_messages=counts,
        warmup_bytes=counts,
        elapsed_us=counts,
        errors=errors,
        latency=histogram_texts,
        service=histogram_texts,
        slip=histogram_texts,
        series=series,
    )


SUMMED = (
    "planned",
    "attempted",
    "messages",
    "bytes",
    "redelivered",
    "duplicates",
    "terminated",
    "warmup_messages",
    "warmup_bytes",
)


@given(st.lists(tallies_of("w"), min_size=1, max_size=8))
def test_sums_are_exact_and_the_elapsed_time_is_the_longest(tallies: list[WorkloadTally]) -> None:
    [merged] = merge(tallies)
    for name in SUMMED:
        assert getattr(merged, name) == sum(getattr(tally, name) for tally in tallies), name
    assert merged.elapsed_us == max(tally.elapsed_us for tally in tallies)
    for name in ("latency", "service", "slip"):
        parts = [Histogram.decode(getattr(tally, name)) for tally in tallies]
        assert Histogram.decode(getattr(merged, name)) == sum(parts, Histogram()), name
    for error_class in CLASSES:
        single = [e.count for t in tallies for e in t.errors if e.error_class is error_class]
        assert sum(e.count for e in merged.errors if e.error_class is error_class) == sum(single)
    assert all(e.count for e in merged.errors)


@given(st.lists(tallies_of("w"), min_size=1, max_size=8), st.data())
def test_any_grouping_in_any_order_gives_the_same_total(
    tallies: list[WorkloadTally], data: st.DataObject
) -> None:
    """Clients make a process, processes a worker, workers a job: nobody sees how."""
    groups: list[list[WorkloadTally]] = [[], [], []]
    for tally in data.draw(st.permutations(tallies)):
        groups[data.draw(st.integers(0, 2))].append(tally)
    regrouped = [tally for group in groups for tally in merge(group)]
    assert totals("w", "Publish", regrouped) == totals("w", "Publish", tallies)


@given(st.lists(tallies_of("a", "b", "c"), max_size=8))
def test_each_workload_is_merged_with_its_own_in_the_order_of_appearance(
    tallies: list[WorkloadTally],
) -> None:
    merged = merge(tallies)
    assert [m.workload for m in merged] == list(dict.fromkeys(t.workload for t in tallies))
    for one in merged:
        assert [one] == merge([t for t in tallies if t.workload == one.workload])


def test_totals_are_written_in_whole_units_over_the_common_window() -> None:
    fast = WorkloadTally(
        workload="w",
        planned=600,
        attempted=600,
        messages=600,
        bytes=6_000,
        elapsed_us=1_000_000,
        latency=Histogram.of([100] * 600).encode(),
    )
    slow = WorkloadTally(
        workload="w",
        planned=400,
        attempted=401,
        messages=400,
        bytes=4_000,
        elapsed_us=3_000_000,
        errors=[ErrorTally(error_class=ErrorClass.TIMEOUT, count=1, example="none for 5 s")],
        latency=Histogram.of([1_000] * 400).encode(),
    )
    result = totals("w", "Publish", [fast, slow])
    assert (result.planned, result.attempted, result.messages, result.bytes) == (
        1_000,
        1_001,
        1_000,
        10_000,
    )
    # 1000 messages in the 3 s that the slower one took; a sum of rates would be 733.
    assert (result.messages_per_second, result.bytes_per_second) == (333, 3_333)
    assert result.latency_microseconds == Latency(
        p50=100, p90=1_000, p99=1_000, p999=1_000, max=1_000
    )
    assert result.error_count == 1


def test_the_warm_up_is_in_the_counts_and_not_in_the_rates() -> None:
    tally = WorkloadTally(
        workload="w",
        messages=1_500,
        bytes=15_000,
        warmup_messages=500,
        warmup_bytes=5_000,
        elapsed_us=2_000_000,
    )
    result = totals("w", "Publish", [tally])
    assert (result.messages, result.warmup_messages) == (1_500, 500)
    assert (result.messages_per_second, result.bytes_per_second) == (500, 5_000)


def test_nothing_measured_is_nothing_said() -> None:
    result = totals("w", "Publish", [])
    assert (result.messages, result.messages_per_second, result.planned) == (0, 0, None)
    assert result.latency_microseconds is None
    assert result.series is None


def test_a_workload_by_duration_has_no_plan() -> None:
    timed = WorkloadTally(workload="w", messages=3)
    assert merge([timed, timed])[0].planned is None


def test_merged_errors__are_sorted_by_frequency_and_keep_an_example() -> None:
    mute = ErrorTally(error_class=ErrorClass.TIMEOUT, count=2)
    told = ErrorTally(error_class=ErrorClass.TIMEOUT, count=3, example="no answer")
    other = ErrorTally(error_class=ErrorClass.PROTOCOL, count=5, example="what?")
    many = ErrorTally(error_class=ErrorClass.DISCONNECTED, count=9)
    later = ErrorTally(error_class=ErrorClass.PROTOCOL, count=0, example="again")
    none = ErrorTally(error_class=ErrorClass.STARVED, count=0, example="never")
    assert [
        (e.error_class, e.count, e.example)
        for e in merge_errors([mute, other, told, many, later, none])
    ] == [
        (ErrorClass.DISCONNECTED, 9, ""),
        (ErrorClass.PROTOCOL, 5, "what?"),
        (ErrorClass.TIMEOUT, 5, "no answer"),
    ]


@pytest.mark.parametrize("name", ["latency", "service", "slip"])
def test_a_histogram_that_cannot_be_read_is_an_error_and_not_a_zero(name: str) -> None:
    damaged = WorkloadTally.model_validate({"workload": "w", name: "AAAA"})
    for read in (check, lambda tally: totals("w", "Publish", [tally])):
        with pytest.raises(ValueError, match="HDR"):
            read(damaged)


@given(tallies_of("w"))
def test_what_load_writes_passes_the_check(tally: WorkloadTally) -> None:
    check(tally)


def test_a_damaged_series_does_not_pass_the_check() -> None:
    damaged = SeriesTally(windows=[WindowTally(latency="AAAA")])
    with pytest.raises(ValueError, match="HDR"):
        check(WorkloadTally(workload="w", series=damaged))


def long(name: str, length_s: int, values: int, width_s: int = 1) -> WorkloadTally:
    """A workload that took long, with `values` different latencies in each window."""
    windows = [
        WindowTally(
            messages=values,
            bytes=second,
            errors=second % 2,
            latency=Histogram.of(range(second + 1, second + 1 + 7 * values, 7)).encode(),
        )
        for second in range(length_s)
    ]
    return WorkloadTally(
        workload=name, messages=5, series=SeriesTally(width_s=width_s, windows=windows)
    )


@given(
    st.lists(st.tuples(st.integers(0, 40), st.sampled_from([1, 2, 4])), max_size=4),
    st.integers(0, 20_000),
)
def test_fitted_series__too_large__lose_only_narrow_windows(
    shapes: list[tuple[int, int]], max_bytes: int
) -> None:
    whole = [long(f"w{n}", length, 30, width) for n, (length, width) in enumerate(shapes)]
    fitting = fitted(whole, max_bytes)
    size = sum(len(t.series.model_dump_json(by_alias=True)) for t in fitting if t.series)
    assert size <= max_bytes
    if fitting == whole:
        return
    for before, after in zip(whole, fitting, strict=True):
        assert after.model_copy(update={"series": before.series}) == before
        if after.series is not None and before.series is not None:
            one, other = Series.of(before.series), Series.of(after.series)
            assert one.widened(other.width_s) == other


def test_what_fits_is_left_alone() -> None:
    whole = [long("w", 3, 5), WorkloadTally(workload="x")]
    assert fitted(whole, 10_000) == whole


def test_a_long_job_of_many_workloads_is_no_larger_than_a_message_may_be() -> None:
    """120 windows of 16 workloads with 2,000 different latencies in each would be 4 MB."""
    one = long("w", 120, 2_000)
    many = [one.model_copy(update={"workload": f"w{n}"}) for n in range(16)]
    fitting = fitted(many, 512 * 1024)
    assert sum(len(t.model_dump_json()) for t in fitting) < 600 * 1024
    assert all(t.series is not None and len(t.series.windows) > 1 for t in fitting)


def test_no_field_is_forgotten() -> None:
    """A tally alone stays what it is, whatever it has; so the next field is merged too."""
    one = {"latency", "service", "slip", "stored", "delivered"}
    some = {
        name: Histogram.of([5]).encode() if name in one else 7
        for name, field in WorkloadTally.model_fields.items()
        if name in one or field.annotation in (int, int | None)
    }
    tally = WorkloadTally.model_validate(
        some
        | {"workload": "w", "skipped": "why", "read_back": ReadBack(found=3)}
        | {"errors": [ErrorTally(error_class=CLASSES[0], count=1, example="e")]}
    )
    assert merge([tally]) == [tally]
    result = totals("w", "Publish", [tally])
    assert {name: getattr(result, name) for name in WorkloadCounts.model_fields} == {
        name: getattr(tally, name) for name in WorkloadCounts.model_fields
    }
