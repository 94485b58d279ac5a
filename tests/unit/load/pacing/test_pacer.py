"""What is left to send: never too much, never too early, and at an offered rate all of it."""

from hypothesis import given
from hypothesis import strategies as st

from njst.contract.plan import ArrivalPiece, ArrivalPlan, ClientPlan
from njst.load.load_client import StartTime
from njst.load.pacing.pacer import Pacer

START_NS = 1_000_000_000
MS_NS = 1_000_000


def supply(weight: int = 1, **plan: object) -> Pacer:
    made = Pacer(ClientPlan.model_validate({"workload": "w", "index": 0, **plan}), weight)
    made.start(StartTime(START_NS, log_offset_ns=7))
    return made


def at_rate(per_second: int) -> ArrivalPlan:
    piece = ArrivalPiece(begin_per_second=per_second, end_per_second=per_second, ms=None)
    return ArrivalPlan(pieces=[piece], parts=1, index=0)


@given(
    messages=st.integers(1, 500),
    weight=st.integers(1, 7),
    wanted=st.lists(st.integers(-3, 60), max_size=40),
)
def test_a_number_of_messages_is_given_out_once(
    messages: int, weight: int, wanted: list[int]
) -> None:
    numbers = supply(weight, messages=messages)
    whole = -(-messages // weight)
    left = whole
    for most in wanted:
        assert numbers.take(most, START_NS) == max(0, min(most, left))
        left = whole - numbers.next
    assert numbers.is_over is (left == 0)
    assert numbers.due_ns() is None


def test_time_ends_what_no_number_ends() -> None:
    numbers = supply(duration_ms=5)
    end_ns = START_NS + 5 * MS_NS
    assert numbers.take(10, end_ns - 1) == 10
    assert not numbers.is_over
    assert numbers.take(10, end_ns) == 0
    assert numbers.is_over
    assert numbers.next == 10


def test_looking_at_the_time_ends_it_too() -> None:
    numbers = supply(duration_ms=5)
    numbers.look(START_NS + 5 * MS_NS)
    assert numbers.is_over


@given(
    per_second=st.integers(1, 100_000),
    duration_ms=st.integers(1, 300),
    pauses_ns=st.lists(st.integers(0, 50 * MS_NS), max_size=30),
)
def test_an_offered_rate_gives_out_each_when_it_is_due(
    per_second: int, duration_ms: int, pauses_ns: list[int]
) -> None:
    numbers = supply(duration_ms=duration_ms, pace=at_rate(per_second))
    now_ns = START_NS
    for pause_ns in pauses_ns:
        now_ns += pause_ns
        due_ns = numbers.due_ns()
        count = numbers.take(per_second, now_ns)
        assert (count > 0) is (due_ns is not None and due_ns <= now_ns)
        following_ns = numbers.due_ns()
        assert following_ns is None or following_ns > now_ns
    # Late is not left out: after any delay all that was offered still leaves.
    numbers.take(per_second, START_NS + 3_600 * 1_000 * MS_NS)
    assert numbers.next == -(-per_second * duration_ms // 1_000)
    assert numbers.is_over


def test_what_is_closed_gives_nothing_out() -> None:
    numbers = supply(messages=5, pace=at_rate(1))
    assert numbers.due_ns() == START_NS
    numbers.is_closed = True
    assert numbers.take(5, START_NS + 10_000 * MS_NS) == 0
    assert numbers.due_ns() is None
    assert numbers.is_over


def test_nothing_is_due_where_answers_set_the_pace() -> None:
    assert supply(messages=5).due_count(START_NS + MS_NS) == 0
