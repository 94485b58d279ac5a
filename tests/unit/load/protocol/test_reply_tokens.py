"""Reply subjects in turns: an answer is never taken for that of another request."""

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from njst.load.protocol.reply_tokens import FEWEST, ReplyTokens, ReusedTokens
from njst.load.protocol.request_numbers import as_list

WINDOW = 300


class Sending(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.tokens = ReusedTokens(WINDOW)
        self.next = 0
        # The token of each request that has no answer, and of those that are not waited for.
        self.waiting: dict[int, int] = {}
        self.late: dict[int, int] = {}

    def oldest(self) -> int:
        return next(iter(self.waiting), self.next)

    @precondition(lambda self: len(self.waiting) < WINDOW)
    @rule(count=st.integers(1, WINDOW))
    def send(self, count: int) -> None:
        count = min(count, WINDOW - len(self.waiting))
        self.tokens.use(self.next, count, self.oldest())
        made = {n: self.tokens.of(n) for n in range(self.next, self.next + count)}
        assert not set(made.values()) & {*self.waiting.values(), *self.late.values()}
        self.waiting |= made
        self.next += count

    @rule(count=st.integers(1, WINDOW))
    def answer_in_order(self, count: int) -> None:
        for number in [*self.waiting][:count]:
            del self.waiting[number]

    @rule(keep=st.integers(0, 5))
    def answer_all_but_some(self, keep: int) -> None:
        for number in [*self.waiting][keep:]:
            del self.waiting[number]

    @rule(count=st.integers(1, 5))
    def give_up(self, count: int) -> None:
        given_up = [*self.waiting][:count]
        for number in given_up:
            self.late[number] = self.waiting.pop(number)
        if given_up:
            self.tokens.renew(self.next, self.oldest())

    @invariant()
    def each_is_known_by_its_token(self) -> None:
        for number, token in self.waiting.items():
            assert self.tokens.number(token) == number
        for number, token in self.late.items():
            assert self.tokens.number(token) in (number, -1)

    @invariant()
    def many_are_what_each_is(self) -> None:
        given = [*self.late.values(), *self.waiting.values()]
        expected = [self.tokens.number(token) for token in given]
        assert as_list(self.tokens.numbers(np.array(given, dtype=np.int64))) == expected

    @invariant()
    def a_range_is_what_each_is(self) -> None:
        top = self.tokens.shift + self.tokens.turns
        for tokens in (range(top - 7, top), range(max(0, top - 520), top - 505), range(0)):
            expected = [self.tokens.number(token) for token in tokens]
            assert as_list(self.tokens.numbers(tokens)) == expected


Sending.TestCase.settings = settings(max_examples=60, stateful_step_count=40)
TestSending = Sending.TestCase


def test_few_are_used_as_long_as_answers_come() -> None:
    tokens = ReusedTokens(500)
    used = set()
    for first in range(0, 10_000, 250):
        tokens.use(first, 250, max(0, first - 250))
        used |= {tokens.of(number) for number in range(first, first + 250)}
    assert used == set(range(512))


def test_what_follows_in_turns() -> None:
    tokens = ReusedTokens(1)
    assert tokens.turns == FEWEST
    tokens.use(0, 1, 0)
    following = [tokens.of(0)]
    for number in range(1, 600):
        tokens.use(number, 1, number)
        following.append(tokens.after(following[-1]))
        assert following[-1] == tokens.of(number)


def test_one_for_each_is_its_number() -> None:
    tokens = ReplyTokens()
    tokens.use(7, 1, 7)
    tokens.renew(8, 8)
    assert (tokens.of(7), tokens.number(7), tokens.after(7)) == (7, 7, 8)
    assert tokens.numbers(range(3, 9)) == range(3, 9)
