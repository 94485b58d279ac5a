"""Requests under way: whatever is taken, in whatever order, a dictionary would say the same."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from njst.load.requests.in_flight import Chunk, InFlight

WINDOW = 5


class Requests(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.waiting = InFlight()
        self.model: dict[int, int] = {}
        self.next = 0
        self.now_ns = 1

    def any_number(self, share: float) -> int:
        """Return one that waits, waited once, or was never sent."""
        return int(share * (self.next + 3))

    @precondition(lambda self: len(self.model) < WINDOW)
    @rule(count=st.integers(1, WINDOW), later_ns=st.integers(0, 2))
    def send(self, count: int, later_ns: int) -> None:
        count = min(count, WINDOW - len(self.model))
        self.now_ns += later_ns
        self.waiting.add(self.next, count, self.now_ns)
        self.model |= dict.fromkeys(range(self.next, self.next + count), self.now_ns)
        self.next += count

    @rule(count=st.integers(1, WINDOW), share=st.floats(0, 0.99))
    def answer_in_order(self, count: int, share: float) -> None:
        first = sorted(self.model)[int(share * len(self.model))] if self.model else 0
        numbers = range(first, first + count)
        taken = self.waiting.take_next(numbers)
        if taken is None:
            return
        told = {n: chunk.sent_ns for chunk in taken for n in range(chunk.first, chunk.end)}
        assert told == {number: self.model.pop(number) for number in numbers}

    @rule(share=st.floats(0, 1))
    def answer_one(self, share: float) -> None:
        number = self.any_number(share)
        assert self.waiting.take(number) == self.model.pop(number, 0)

    @rule(shares=st.lists(st.floats(0, 1), min_size=1, max_size=12))
    def answer_many(self, shares: list[float]) -> None:
        numbers = [self.any_number(share) for share in shares]
        sent = self.waiting.take_many(numbers)
        assert sent == [self.model.pop(number, 0) for number in numbers]

    @rule(ago_ns=st.integers(0, 4))
    def give_up_old_ones(self, ago_ns: int) -> None:
        late = [n for n, sent_ns in self.model.items() if sent_ns <= self.now_ns - ago_ns]
        assert list(self.waiting.take_late(self.now_ns - ago_ns)) == sorted(late)
        for number in late:
            del self.model[number]

    @rule()
    def lose_the_connection(self) -> None:
        assert self.waiting.clear() == self.model
        self.model.clear()

    @invariant()
    def says_what_waits(self) -> None:
        assert len(self.waiting) == len(self.model)
        assert list(self.waiting) == sorted(self.model)
        numbers = range(self.next + 3)
        assert [n in self.waiting for n in numbers] == [n in self.model for n in numbers]


TestRequests = Requests.TestCase
TestRequests.settings = settings(max_examples=300, stateful_step_count=40, deadline=None)


def test_answers_in_order_are_taken_chunk_by_chunk() -> None:
    waiting = InFlight()
    waiting.add(0, 30, 5)
    waiting.add(30, 40, 6)
    assert waiting.take_next(range(50)) == [Chunk(0, 30, 5), Chunk(30, 50, 6)]
    assert waiting.take_next(range(50, 71)) is None
    assert waiting.take_next(range(51, 70)) is None
    assert waiting.take_next(range(50, 70)) == [Chunk(50, 70, 6)]


def test_one_that_waits_while_the_others_go_around() -> None:
    waiting = InFlight()
    waiting.add(0, 2, 5)
    assert waiting.take(1) == 5
    for number in range(2, 100):
        waiting.add(number, 1, number + 5)
        taken = waiting.take(number) if number % 10 else waiting.take_many([number])[0]
        assert taken == number + 5
        assert list(waiting) == [0]
    assert waiting.take_many([0, 0]) == [5, 0]
    assert len(waiting) == 0


def test_in_order_again_after_one_was_not() -> None:
    waiting = InFlight()
    waiting.add(0, 10, 5)
    assert waiting.take(3) == 5
    assert waiting.take_next(range(3)) is None
    waiting.add(10, 10, 6)
    assert waiting.take_next(range(10, 20)) == [Chunk(10, 20, 6)]
    assert list(waiting) == [0, 1, 2, *range(4, 10)]
