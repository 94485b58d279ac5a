"""Which token the reply subject of a request ends in, and which request a token is of.

A server remembers where the last subjects led: nats-server 1,024 of an account (`slCacheMax`) and
512 of what a stream sends (`maxResultCacheSize`). Subjects that never come again drive each other
out of that, as those of client libraries do; some that are used in turns stay in it.
"""

from collections import deque

import numpy as np

from njst.load.protocol.request_numbers import RequestNumbers, as_array

# So few that those of some clients are remembered together.
FEWEST = 256
# So many rounds are remembered although none of their requests waits: late answers are known.
_KEPT = 16
_GONE = -1


class ReplyTokens:
    """A token for each request, and for no other: its number."""

    # So many are used in turns; 0: each once.
    turns = 0
    # What is added to each.
    shift = 0

    def use(self, first: int, count: int, oldest: int) -> None:
        """Have tokens for `count` requests from `first`; from `oldest` on, answers may come."""

    def renew(self, first: int, oldest: int) -> None:
        """Use none again of those before `first`: to some of them an answer may come late."""

    def of(self, number: int) -> int:
        """Return the token of a request that is made now."""
        return number

    def after(self, token: int) -> int:
        """Return the token of the request that follows that of another."""
        return token + 1

    def number(self, token: int) -> int:
        """Return the request that a token is of, -1 for one of which no answer matters any more."""
        return token

    def numbers(self, tokens: RequestNumbers) -> RequestNumbers:
        """Return the requests that tokens are of, as `number` does."""
        return tokens


class ReusedTokens(ReplyTokens):
    """Tokens that are used in turns, while it is certain which request each is of.

    A round is a stretch of requests whose tokens are their numbers modulo `turns`, beside those of
    all other rounds. In it a token is of the last request that had it, since no request follows
    another so far behind while that has no answer: then a new round begins.
    """

    def __init__(self, window: int) -> None:
        """`window` is how many requests may be without an answer."""
        self.turns = max(FEWEST, 1 << (window - 1).bit_length())
        self._first = self._end = 0
        # The rounds before: those of which a request waits, and the last ones.
        self._before: deque[range] = deque()
        self._dropped = 0

    def use(self, first: int, count: int, oldest: int) -> None:
        """Have tokens for `count` requests from `first`; from `oldest` on, answers may come."""
        if first + count - oldest > self.turns:
            self.renew(first, oldest)
        self._end = max(self._end, first + count)

    def renew(self, first: int, oldest: int) -> None:
        """Use none again of those before `first`: to some of them an answer may come late."""
        self._before.append(range(self._first, first))
        self.shift += self.turns
        self._first = self._end = first
        while len(self._before) > _KEPT and self._before[0].stop <= oldest:
            self._before.popleft()
            self._dropped += 1

    def of(self, number: int) -> int:
        """Return the token of a request that is made now."""
        return self.shift + number % self.turns

    def after(self, token: int) -> int:
        """Return the token of the request that follows that of another, in the same round."""
        following = token + 1
        return following if following % self.turns else following - self.turns

    def number(self, token: int) -> int:
        """Return the request that a token is of, -1 for one of which no answer matters any more."""
        numbers = self._round(token // self.turns)
        last = numbers.stop - 1
        number = last - (last - token) % self.turns
        return number if number in numbers else _GONE

    def numbers(self, tokens: RequestNumbers) -> RequestNumbers:
        """Return the requests that tokens are of, as `number` does."""
        if isinstance(tokens, range) and tokens:
            first, last = self.number(tokens.start), self.number(tokens.stop - 1)
            is_one_round = tokens.start // self.turns == (tokens.stop - 1) // self.turns
            if is_one_round and first != _GONE and last - first == len(tokens) - 1:
                return range(first, last + 1)
        given = as_array(tokens)
        rounds = given // self.turns
        found = np.full(len(given), _GONE)
        for which in np.unique(rounds).tolist():
            numbers, those = self._round(which), rounds == which
            last = numbers.stop - 1
            of_these = last - (last - given[those]) % self.turns
            of_these[of_these < numbers.start] = _GONE
            found[those] = of_these
        return found

    def _round(self, which: int) -> range:
        """Return the requests of a round; none if it is forgotten or never was."""
        if which == self.shift // self.turns:
            return range(self._first, self._end)
        place = which - self._dropped
        return self._before[place] if 0 <= place < len(self._before) else range(0)
