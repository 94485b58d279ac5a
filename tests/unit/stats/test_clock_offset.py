"""The log's time: the stated error is true, whatever the network does."""

from hypothesis import given
from hypothesis import strategies as st

from njst.stats.clock_offset import DRIFT_PPM, OffsetFilter, parse_time_ns

_MS = 1_000_000


@given(
    st.integers(-30_000 * _MS, 30_000 * _MS),
    st.integers(-DRIFT_PPM, DRIFT_PPM),
    st.lists(
        st.tuples(st.integers(1, 2_000 * _MS), st.integers(0, 50 * _MS), st.integers(0, 50 * _MS)),
        min_size=1,
        max_size=100,
    ),
    st.integers(0, 60_000 * _MS),
)
def test_the_true_offset_lies_within_the_stated_error(
    offset_ns: int, drift_ppm: int, trips: list[tuple[int, int, int]], later_ns: int
) -> None:
    def server(local_ns: int) -> int:
        return local_ns + offset_ns + local_ns * drift_ppm // 1_000_000

    clock = OffsetFilter()
    now = 0
    for pause, there, back in trips:
        now += pause
        clock.add(now, server(now + there), now + there + back)
        now += there + back
    now += later_ns
    best = clock.best(now)
    assert best is not None
    assert abs(now + best.offset_ns - server(now)) <= best.error_at(now) + 2


def test_another_leader_has_another_clock() -> None:
    clock = OffsetFilter()
    clock.add(0, 100, 0, "n1")
    clock.add(10, 5_010, 20, "n2")
    best = clock.best(20)
    assert best is not None
    assert best.offset_ns == 4_995, "the sharper sample is of a clock that is no longer asked"


def test_a_clock_that_was_set_is_believed_at_once() -> None:
    """Its server is the same, and the samples before were sharper."""
    clock = OffsetFilter()
    clock.add(0, 1_000 * _MS, 10, "n1")
    clock.add(_MS, 31_000 * _MS, 3 * _MS, "n1")
    best = clock.best(3 * _MS)
    assert best is not None
    assert best.offset_ns == 30_998 * _MS


def test_without_a_sample_nothing_is_claimed() -> None:
    assert OffsetFilter().best(0) is None


def test_times_as_the_server_writes_them() -> None:
    assert parse_time_ns("1970-01-01T00:00:01Z") == 1_000_000_000
    assert parse_time_ns("1970-01-01T00:00:00.5Z") == 500_000_000
    assert parse_time_ns("1970-01-01T00:00:00.000000001Z") == 1
    assert parse_time_ns("2026-11-23T22:00:00.123456789Z") % 1_000_000_000 == 123_456_789
    assert parse_time_ns("1970-01-01T02:00:00.25+02:00") == 250_000_000
