"""The counts of one workload: its own window, what is in no rate, and what was given up."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from njst.contract.results.report import WorkloadResult
from njst.contract.results.tallies import ErrorClass
from njst.contract.results.windows import ErrorCount
from njst.load.recording.recorder import Recorder
from njst.stats.histogram import Histogram
from njst.stats.tally_merge import totals

SECOND = 1_000_000_000
START = 5 * SECOND


def new_recorder(seconds: int | None = None, warmup_seconds: int = 0) -> Recorder:
    made = Recorder("w", None)
    end_ns = None if seconds is None else START + seconds * SECOND
    made.start(START + warmup_seconds * SECOND, end_ns)
    return made


def done(recorder: Recorder, count: int, at_seconds: float) -> None:
    recorder.attempted += count
    recorder.complete(count, 10 * count, START + round(at_seconds * SECOND))


def result(recorder: Recorder, at_seconds: float) -> WorkloadResult:
    return totals("w", "", [recorder.tally(START + round(at_seconds * SECOND))])


def test_a_duration_is_the_window_also_when_answers_ended_long_before() -> None:
    frozen = new_recorder(seconds=12)
    done(frozen, 8_143, 0.15)
    running = result(frozen, 6)
    assert (running.elapsed_us, running.messages_per_second) == (6_000_000, round(8_143 / 6))
    frozen.close(START + 12 * SECOND)
    over = result(frozen, 17)
    assert (over.elapsed_us, over.messages_per_second) == (12_000_000, round(8_143 / 12))


def test_what_is_answered_after_the_duration_is_in_no_rate() -> None:
    late = new_recorder(seconds=2)
    done(late, 100, 1)
    done(late, 11, 2)
    done(late, 7, 5)
    late.close(START + 5 * SECOND)
    over = result(late, 5)
    assert (over.messages, over.drained, over.elapsed_us) == (118, 18, 2_000_000)
    assert (over.messages_per_second, over.bytes_per_second) == (50, 500)


def test_early_end_leaves_the_rest_of_the_duration_empty() -> None:
    gone = new_recorder(seconds=10)
    done(gone, 100, 1)
    gone.close(START + 2 * SECOND)
    assert result(gone, 2).messages_per_second == 10


@pytest.mark.parametrize("fails", [False, True])
def test_window_of_a_message_count_ends_with_the_last_operation(*, fails: bool) -> None:
    counted = new_recorder()
    done(counted, 100, 1)
    assert result(counted, 4).elapsed_us == 4_000_000, "it goes on: nothing has come since"
    if fails:
        counted.attempted += 1
        counted.fail(ErrorClass.TIMEOUT, "no answer", 1, START + 4 * SECOND)
    counted.close(START + 5 * SECOND)
    over = result(counted, 9)
    assert over.elapsed_us == (4_000_000 if fails else 1_000_000)
    assert over.messages_per_second == (25 if fails else 100)


@pytest.mark.parametrize("seconds", [None, 60])
def test_a_load_that_is_stopped_has_the_window_until_then(seconds: int | None) -> None:
    stopped = new_recorder(seconds)
    done(stopped, 100, 1)
    stopped.stop(START + 2 * SECOND)
    done(stopped, 1, 2.5)
    stopped.close(START + 3 * SECOND)
    over = result(stopped, 9)
    assert (over.elapsed_us, over.messages_per_second, over.drained) == (2_000_000, 50, 1)


def test_a_load_that_was_over_before_the_stop_keeps_its_window() -> None:
    over = new_recorder(seconds=2)
    done(over, 100, 1)
    over.close(START + 2 * SECOND)
    over.stop(START + SECOND)
    assert result(over, 3).elapsed_us == 2_000_000


def test_the_warm_up_is_in_no_rate_and_in_no_window() -> None:
    warm = new_recorder(seconds=6, warmup_seconds=2)
    done(warm, 1_000, 1)
    assert result(warm, 1).elapsed_us == 0
    done(warm, 100, 3)
    warm.close(START + 6 * SECOND)
    over = result(warm, 6)
    assert (over.warmup_messages, over.elapsed_us, over.messages_per_second) == (
        1_000,
        4_000_000,
        25,
    )


def test_before_the_start_there_is_no_window() -> None:
    assert Recorder("w", 5).tally(START).elapsed_us == 0


def test_findings_and_events_are_no_outcomes() -> None:
    recorder = new_recorder()
    done(recorder, 10, 1)
    recorder.add_finding(ErrorClass.CORRUPTED, "another body", 3)
    recorder.event(ErrorClass.DISCONNECTED, "reset by peer")
    found = result(recorder, 1)
    assert (found.attempted, found.messages, found.failed, found.error_count) == (10, 10, 0, 3)
    assert [(e.error_class, e.count) for e in found.events] == [(ErrorClass.DISCONNECTED, 1)]


def test_a_minute_and_more_of_waiting_is_told_as_it_was() -> None:
    recorder = new_recorder()
    recorder.cut_off([75 * SECOND], START + 80 * SECOND)
    found = result(recorder, 80)
    assert found.latency_microseconds is not None
    assert found.latency_microseconds.max >= 75_000_000


waits = st.lists(st.integers(1, 100_000), max_size=200)


@given(answered=waits, given_up=waits)
def test_percentiles_with_censored_latencies_lie_between_their_bounds(
    answered: list[int], given_up: list[int]
) -> None:
    """The bounds are those of all ways in which what was given up could have gone on."""
    recorder = new_recorder()
    recorder.latency([1_000 * us for us in answered], START)
    recorder.cut_off([1_000 * us for us in given_up], START)
    found = result(recorder, 1)
    assert found.censored_count == len(given_up)
    latency, at_most = found.latency_microseconds, found.latency_at_most_microseconds
    if not given_up:
        assert at_most is None
        return
    assert latency is not None
    assert at_most is not None
    for_ever = 10**9
    soonest, latest = (
        Histogram.of(answered + given_up),
        Histogram.of(answered + [for_ever] * len(given_up)),
    )
    for name, share in (("p50", 50_000), ("p90", 90_000), ("p99", 99_000), ("max", 100_000)):
        assert getattr(latency, name) == soonest.percentile(share)
        highest = latest.percentile(share)
        assert getattr(at_most, name) == (None if highest >= for_ever else highest)


def test_a_window_has_what_came_since_the_last_one() -> None:
    recorder = new_recorder(warmup_seconds=1)
    done(recorder, 3, 0.5)
    recorder.latency([5_000] * 3, START + SECOND // 2)
    first = recorder.roll()
    assert (first.messages, first.bytes, first.latency) == (3, 30, ""), "no latency of the warm-up"
    now_ns = START + 3 * SECOND // 2
    done(recorder, 2, 1.5)
    recorder.latency([7_000, 9_000], now_ns)
    recorder.paced([6_000, 8_000], [1_000], now_ns)
    recorder.split(np.array([3_000]), np.array([4_000]), 0, now_ns)
    recorder.fail(ErrorClass.TIMEOUT, "no answer", 2, now_ns)
    recorder.event(ErrorClass.DISCONNECTED, "gone")
    recorder.reconnected(1_000)
    window = recorder.roll()
    assert (window.messages, window.bytes, window.reconnects) == (2, 20, 1)
    assert window.errors == [ErrorCount(error_class=ErrorClass.TIMEOUT, count=2)]
    assert window.events == [ErrorCount(error_class=ErrorClass.DISCONNECTED, count=1)]
    values_us = {"latency": [7, 9], "service": [6, 8], "slip": [1], "stored": [3], "delivered": [4]}
    for name, values in values_us.items():
        assert getattr(window, name) == Histogram.of(values).encode(), name
    assert recorder.roll().is_empty
    series = recorder.tally(series=True).series
    assert series is not None
    assert [w.messages for w in series.windows] == [3, 2, 0]
