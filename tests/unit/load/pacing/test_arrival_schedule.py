"""The schedule of offered messages, beside a numerical integration of the same rate."""

from fractions import Fraction
from itertools import pairwise
from math import ceil

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

from njst.contract.plan import ArrivalPiece, ArrivalPlan
from njst.load.pacing.arrival_schedule import ArrivalSchedule

SECOND = 1_000_000_000


def steady(rate: int, ramp_ms: int = 0) -> list[ArrivalPiece]:
    """A rate without an end, after a ramp from nothing."""
    ramp = [ArrivalPiece(ms=ramp_ms, begin_per_second=0, end_per_second=rate)] if ramp_ms else []
    return [*ramp, ArrivalPiece(begin_per_second=rate, end_per_second=rate)]


def whole(pieces: list[ArrivalPiece]) -> ArrivalSchedule:
    return ArrivalSchedule(ArrivalPlan(pieces=pieces, parts=1, index=0))


rates = st.one_of(st.integers(0, 20), st.integers(0, 1_000_000))


@st.composite
def stages(draw: st.DrawFn, longest_ms: int = 20_000) -> list[ArrivalPiece]:
    """Stages of a workload: some ramps, some steps, some pauses."""
    return [
        ArrivalPiece(
            ms=draw(st.integers(1, longest_ms)),
            begin_per_second=draw(rates),
            end_per_second=draw(rates),
        )
        for _ in range(draw(st.integers(1, 6)))
    ]


@st.composite
def paces(draw: st.DrawFn) -> ArrivalPlan:
    parts = draw(st.integers(1, 50))
    return ArrivalPlan(
        pieces=steady(draw(st.integers(1, 1_000_000)), draw(st.sampled_from([0, 0, 1, 500]))),
        parts=parts,
        index=draw(st.integers(0, parts - 1)),
    )


def length_ns(pieces: list[ArrivalPiece]) -> int:
    return sum(piece.ms or 0 for piece in pieces) * 1_000_000


def integral(pieces: list[ArrivalPiece], until_ns: int) -> Fraction:
    """Add up the rate in the middle of many short steps; in fractions that is exact for ramps."""
    steps = 7
    total, at_ns = Fraction(0), 0
    for piece in pieces:
        piece_ns = (piece.ms or 0) * 1_000_000
        taken_ns = min(max(0, until_ns - at_ns), piece_ns)
        for step in range(steps):
            middle = Fraction(taken_ns * (2 * step + 1), 2 * steps * piece_ns)
            rate = piece.begin_per_second + middle * (piece.end_per_second - piece.begin_per_second)
            total += rate * Fraction(taken_ns, steps * SECOND)
        at_ns += piece_ns
    return total


@given(paces(), st.integers(0, 100_000))
def test_due_times_never_go_back_and_the_count_is_their_inverse(pace: ArrivalPlan, k: int) -> None:
    schedule = ArrivalSchedule(pace)
    due = schedule.due_ns(k)
    assert 0 <= due <= schedule.due_ns(k + 1)
    assert schedule.due_count(due) >= k + 1
    if due:
        assert schedule.due_count(due - 1) <= k


@given(stages(), st.data())
def test_a_message_is_due_when_the_integral_of_the_rate_has_reached_it(
    pieces: list[ArrivalPiece], data: st.DataObject
) -> None:
    total = ceil(integral(pieces, length_ns(pieces)))
    assume(total)
    schedule = whole(pieces)
    number = data.draw(st.integers(0, total - 1))
    due = schedule.due_ns(number)
    assert integral(pieces, due) <= number, "rounded down"
    assert integral(pieces, due + 1) > number or (
        integral(pieces, due + 1) == number and integral(pieces, due + 2) > number
    )
    assert schedule.due_count(due) >= number + 1
    if due:
        assert schedule.due_count(due - 1) <= number


@given(stages(), st.integers(1, 20), st.data())
def test_all_clients_together_offer_the_integral_to_the_message(
    pieces: list[ArrivalPiece], parts: int, data: st.DataObject
) -> None:
    end_ns = length_ns(pieces)
    clients = [
        ArrivalSchedule(ArrivalPlan(pieces=pieces, parts=parts, index=index))
        for index in range(parts)
    ]
    for until_ns in (end_ns, data.draw(st.integers(1, end_ns))):
        sent = sum(client.due_count(until_ns - 1) for client in clients)
        assert sent == ceil(integral(pieces, until_ns))
    assert sum(client.due_count(10 * end_ns) for client in clients) == ceil(
        integral(pieces, end_ns)
    ), "nothing is due after the end"


@given(stages(2_592_000_000), st.integers(1, 20), st.data())
def test_many_at_once_are_what_each_is_alone_to_1_ns(
    pieces: list[ArrivalPiece], parts: int, data: st.DataObject
) -> None:
    schedule = ArrivalSchedule(
        ArrivalPlan(pieces=pieces, parts=parts, index=data.draw(st.integers(0, parts - 1)))
    )
    total = schedule.due_count(length_ns(pieces) - 1)
    assume(total)
    some = data.draw(st.lists(st.integers(0, total - 1), min_size=1, max_size=20))
    numbers = np.array([*some, 0, total - 1])
    exact = np.array([schedule.due_ns(int(number)) for number in numbers])
    assert np.abs(schedule.due_many_ns(numbers) - exact).max() <= 1


@given(paces(), st.lists(st.integers(0, 2_678_400 * SECOND), min_size=1, max_size=20))
def test_many_at_once_of_a_rate_without_an_end(pace: ArrivalPlan, until_ns: list[int]) -> None:
    """For as long as a job may last."""
    schedule = ArrivalSchedule(pace)
    numbers = [schedule.due_count(at) for at in until_ns]
    exact = np.array([schedule.due_ns(number) for number in numbers])
    assert np.abs(schedule.due_many_ns(np.array(numbers)) - exact).max() <= 1


@given(st.integers(1, 100_000), st.integers(1, 50), st.integers(1, 20), st.sampled_from([0, 3]))
def test_all_clients_together_offer_a_steady_rate_exactly(
    rate: int, parts: int, seconds: int, ramp_s: int
) -> None:
    total = sum(
        ArrivalSchedule(
            ArrivalPlan(pieces=steady(rate, ramp_s * 1000), parts=parts, index=index)
        ).due_count(seconds * SECOND - 1)
        for index in range(parts)
    )
    if seconds > ramp_s:
        # The ramp is a triangle: half of what the full rate would have offered in it.
        twice = 2 * rate * seconds - rate * ramp_s
        assert total == -(-twice // 2)
    else:
        assert total <= rate * seconds


def test_messages_are_evenly_spaced_over_the_clients() -> None:
    due = sorted(
        ArrivalSchedule(ArrivalPlan(pieces=steady(1000), parts=4, index=index)).due_ns(k)
        for index in range(4)
        for k in range(10)
    )
    assert due == [n * SECOND // 1000 for n in range(40)]


def test_nothing_is_due_before_the_start() -> None:
    assert whole(steady(10)).due_count(-1) == 0
    assert whole(steady(10)).due_count(0) == 1


def test_in_a_pause_nothing_is_due_and_the_next_message_waits_for_its_end() -> None:
    def hold(ms: int, rate: int) -> ArrivalPiece:
        return ArrivalPiece(ms=ms, begin_per_second=rate, end_per_second=rate)

    schedule = whole([hold(500, 0), hold(1000, 10), hold(2000, 0), hold(1000, 10)])
    assert schedule.due_ns(0) == SECOND // 2
    assert [schedule.due_ns(n) for n in (9, 10, 11)] == [1.4e9, 3.5e9, 3.6e9]
    assert [schedule.due_count(int(at * SECOND)) for at in (0.4, 1.5, 3.4, 3.5, 9)] == [
        0,
        10,
        10,
        11,
        20,
    ]


def test_a_ramp_down_is_a_ramp_up_seen_from_its_end() -> None:
    up = whole([ArrivalPiece(ms=2000, begin_per_second=0, end_per_second=100)])
    down = whole([ArrivalPiece(ms=2000, begin_per_second=100, end_per_second=0)])
    for before, after in pairwise(range(100)):
        assert down.due_ns(before) < down.due_ns(after)
    for number in range(1, 100):
        assert abs(2 * SECOND - down.due_ns(100 - number) - up.due_ns(number)) <= 1
