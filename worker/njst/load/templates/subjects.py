"""Which subject, key or sequence comes next, for a cycle that is drawn once."""

import random
from collections.abc import Callable, Sequence
from itertools import accumulate

import numpy as np

from njst.contract.connection import API_PREFIX
from njst.contract.fields import Order
from njst.contract.names.buckets import key_subject

# Rank k is drawn in proportion to 1/k: the classic law of word and page frequencies.
_ZIPF_EXPONENT = 1.0
_INT32 = 2**31
# Subjects are drawn for this many messages of all clients of a process; then they repeat.
_DRAWN = 2_000_000
_LEAST_DRAWN = 2048
# Rows of a cycle that is drawn once.
DRAWN_ROWS = 4096


def draw(order: Order, count: int, rows: int, seed: int, first: int = 0) -> list[int]:
    """Return `rows` numbers below `count` in the order asked for; the same for the same seed.

    `first` is the number that a Sequential order begins with.
    """
    if order is Order.SEQUENTIAL or count == 1:
        return [(first + row) % count for row in range(rows)]
    source = random.Random(seed)  # noqa: S311 - load, not a secret
    if order is Order.RANDOM:
        return source.choices(range(count), k=rows)
    weights = list(accumulate(1 / (rank + 1) ** _ZIPF_EXPONENT for rank in range(count)))
    return source.choices(range(count), cum_weights=weights, k=rows)


def most_drawn(siblings: int) -> int:
    """Return for how many messages each client of a process draws subjects."""
    return max(_LEAST_DRAWN, _DRAWN // siblings)


def rows_for(count: int) -> int:
    """Return the rows of a cycle that has each of `count` equally often."""
    return max(count, DRAWN_ROWS // count * count)


def draw_many(
    order: Order, count: int, rows: int, seed: int, first: int = 0
) -> Callable[[int], int]:
    """Return a function from message to number, as `draw` does, below a large count.

    Drawn numbers repeat after `rows`; a Sequential order draws nothing.
    """
    if order is Order.SEQUENTIAL:
        return lambda message: (first + message) % count
    source = np.random.default_rng(seed)
    if order is Order.RANDOM:
        drawn = source.integers(count, size=rows)
    else:
        weights = np.cumsum(1 / np.arange(1, count + 1) ** _ZIPF_EXPONENT)
        drawn = np.searchsorted(weights, source.random(rows) * weights[-1])
    kept = drawn.astype(np.int32 if count < _INT32 else np.int64)
    return lambda message: kept.item(message % rows)


class ManySubjects:
    """The subject of each message, where there are too many for a list."""

    def __init__(self, stems: Sequence[str], count: int, number: Callable[[int], int]) -> None:
        """`number` returns a message's subject as a number; each stem has `count` subjects."""
        self._stems = [stem.encode() for stem in stems]
        self._count = count
        self.number = number

    def name(self, message: int) -> bytes:
        """Return a message's subject."""
        stem, number = divmod(self.number(message), self._count)
        return b"%s.%d" % (self._stems[stem], number)


def expand(subjects: Sequence[str], count: int) -> list[str]:
    """Return the subjects themselves, or `count` below each of them."""
    if count == 1:
        return list(subjects)
    return [f"{subject}.{number}" for subject in subjects for number in range(count)]


def written_key(api_prefix: str, bucket: str, key: str) -> str:
    """Return where a key is written to: below the prefix of another domain or account, if any.

    Source: nats.go, kv.go (useJSPfx); server/accounts.go maps it back.
    """
    subject = key_subject(bucket, key)
    return subject if api_prefix == API_PREFIX else f"{api_prefix}.{subject}"
