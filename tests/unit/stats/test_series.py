"""The course of a job: seconds are never lost, however wide the windows become."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from njst.contract.results.tallies import SeriesTally, WindowTally
from njst.stats.histogram import Histogram
from njst.stats.series import MAX_WINDOWS, Series, SeriesBuilder, Window, merge_series

lengths_s = st.one_of(st.integers(0, 5), st.integers(0, 5 * MAX_WINDOWS))


def second(number: int) -> Window:
    """A second that no other one looks like."""
    return Window(number + 1, 10 * number, number % 7, Histogram({number % 50: 1}))


def built(length_s: int) -> Series:
    builder = SeriesBuilder()
    for number in range(length_s):
        builder.append(second(number))
    return builder.series()


@settings(max_examples=40)
@given(lengths_s)
def test_each_second_is_in_the_window_of_its_time(length_s: int) -> None:
    series = built(length_s)
    assert len(series.windows) <= MAX_WINDOWS
    assert len(series.windows) == -(-length_s // series.width_s)
    for number, window in enumerate(series.windows):
        begin_s = number * series.width_s
        seconds = range(begin_s, min(begin_s + series.width_s, length_s))
        assert window == sum((second(s) for s in seconds), Window())


@settings(max_examples=40)
@given(lengths_s)
def test_what_crosses_a_process_boundary_is_the_same_there(length_s: int) -> None:
    series = built(length_s)
    assert Series.of(series.tally()) == series


@settings(max_examples=40)
@given(st.lists(lengths_s, min_size=1, max_size=5), st.data())
def test_series_of_any_lengths_merge_without_loss_in_any_grouping(
    all_s: list[int], data: st.DataObject
) -> None:
    parts = [built(length_s) for length_s in all_s]
    whole = merge_series(parts)
    assert len(whole.windows) <= MAX_WINDOWS
    assert sum(w.messages for w in whole.windows) == sum(
        w.messages for part in parts for w in part.windows
    )
    cut = data.draw(st.integers(0, len(parts)))
    mixed = data.draw(st.permutations(parts))
    assert merge_series([merge_series(mixed[:cut]), merge_series(mixed[cut:])]) == whole


def test_windows_of_all_parts_stand_on_the_same_time_base() -> None:
    long, short = built(2 * MAX_WINDOWS), built(3)
    assert (long.width_s, short.width_s) == (4, 1)
    merged = merge_series([short, long])
    assert merged.width_s == 4
    assert merged.windows[0] == long.windows[0] + second(0) + second(1) + second(2)
    assert merged.windows[1:] == long.windows[1:]


def test_nothing_merged_is_nothing() -> None:
    assert merge_series([Series(), Series()]) == Series()


@pytest.mark.parametrize("width_s", [-2, -1, 0, 3, 6])
def test_a_width_that_no_series_has_is_refused(width_s: int) -> None:
    """Windows of 2 and of 3 seconds have no common width that either can be widened to."""
    with pytest.raises(ValueError, match="must be 1, 2, 4, 8"):
        Series.of(SeriesTally(width_s=width_s, windows=[WindowTally()]))
