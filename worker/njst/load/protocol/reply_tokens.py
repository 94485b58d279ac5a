"""The last token of a request's reply subject, and the request that a token belongs to.

A server caches routes by subject: nats-server 1,024 for an account (`slCacheMax`) and 512 for what
a stream sends (`maxResultCacheSize`). Subjects that are used once, as by client libraries, evict
each other; a few reused ones stay in the cache.
"""

from collections import deque

import numpy as np

from njst.load.protocol.request_numbers import RequestNumbers, as_array

# Few enough for the subjects of some clients to fit into the cache together.
FEWEST = 256
# Rounds that are kept after their last request has ended, to recognise late answers.
_KEPT = 16
_GONE = -1


class ReplyTokens:
    """A token of its own for each request: its number."""

    # How many tokens are reused in turn; 0: each is used once.
    turns = 0
    # What is added to each token.
    shift = 0

    def use(self, first: int, count: int, oldest: int) -> None:
        """Assign tokens to `count` requests from `first`; answers may come from `oldest` on."""

    def renew(self, first: int, oldest: int) -> None:
        """Use no token from before `first` again: late answers may come."""

    def of(self, number: int) -> int:
        """Return the token of a new request."""
        return number

    def after(self, token: int) -> int:
        """Return the token of the request that follows that of another."""
        return token + 1

    def number(self, token: int) -> int:
        """Return the request of a token; -1 if its answer does not matter any more."""
        return token

    def numbers(self, tokens: RequestNumbers) -> RequestNumbers:
        """Return the requests of tokens, as `number` does."""
        return tokens


class ReusedTokens(ReplyTokens):
    """Tokens that are reused in turn, as long as the request of each is certain.

    A round is a range of requests whose tokens are their numbers modulo `turns`, distinct from
    those of all other rounds. In a round a token belongs to the last request that had it: before a
    request would reuse the token of one in flight, a new round begins.
    """

    def __init__(self, window: int) -> None:
        """`window` is how many requests may be in flight."""
        self.turns = max(FEWEST, 1 << (window - 1).bit_length())
        self._first = self._end = 0
        # Earlier rounds: those with requests in flight, and the last ones.
        self._before: deque[range] = deque()
        self._dropped = 0

    def use(self, first: int, count: int, oldest: int) -> None:
        """Assign tokens to `count` requests from `first`; answers may come from `oldest` on."""
        if first + count - oldest > self.turns:
            self.renew(first, oldest)
        self._end = max(self._end, first + count)

    def renew(self, first: int, oldest: int) -> None:
        """Use no token from before `first` again: late answers may come."""
        self._before.append(range(self._first, first))
        self.shift += self.turns
        self._first = self._end = first
        while len(self._before) > _KEPT and self._before[0].stop <= oldest:
            self._before.popleft()
            self._dropped += 1

    def of(self, number: int) -> int:
        """Return the token of a new request."""
        return self.shift + number % self.turns

    def after(self, token: int) -> int:
        """Return the token of the request that follows another in the same round."""
        following = token + 1
        return following if following % self.turns else following - self.turns

    def number(self, token: int) -> int:
        """Return the request of a token; -1 if its answer does not matter any more."""
        numbers = self._round(token // self.turns)
        last = numbers.stop - 1
        number = last - (last - token) % self.turns
        return number if number in numbers else _GONE

    def numbers(self, tokens: RequestNumbers) -> RequestNumbers:
        """Return the requests of tokens, as `number` does."""
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
        """Return the requests of a round; none if it is unknown."""
        if which == self.shift // self.turns:
            return range(self._first, self._end)
        place = which - self._dropped
        return self._before[place] if 0 <= place < len(self._before) else range(0)
