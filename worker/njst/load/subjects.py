"""Which subject, key or sequence comes next, for a cycle that is drawn once."""

import random
from itertools import accumulate

import numpy as np
import numpy.typing as npt

from njst.contract.connection import API_PREFIX
from njst.contract.kinds.order import Order
from njst.contract.names import key_subject

# Rank k is drawn in proportion to 1/k: the classic law of word and page frequencies.
_ZIPF_EXPONENT = 1.0


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


def draw_many(
    order: Order, count: int, rows: int, seed: int, first: int = 0
) -> npt.NDArray[np.int32]:
    """Return what `draw` does, by the same law, for numbers below a large count."""
    if order is Order.SEQUENTIAL:
        return ((first + np.arange(rows)) % count).astype(np.int32)
    source = np.random.default_rng(seed)
    if order is Order.RANDOM:
        return source.integers(count, size=rows, dtype=np.int32)
    weights = np.cumsum(1 / np.arange(1, count + 1) ** _ZIPF_EXPONENT)
    drawn: npt.NDArray[np.int64] = np.searchsorted(weights, source.random(rows) * weights[-1])
    return drawn.astype(np.int32)


class ManySubjects:
    """Which subject each message has, where there are too many to write them all down."""

    def __init__(self, stems: list[str], count: int, drawn: npt.NDArray[np.int32]) -> None:
        """`drawn`: numbers of subjects, `count` below each stem, in a cycle."""
        self._stems = [stem.encode() for stem in stems]
        self._count = count
        self._drawn = drawn

    def number(self, message: int) -> int:
        """Return the number of a message's subject among all."""
        return self._drawn.item(message % len(self._drawn))

    def name(self, message: int) -> bytes:
        """Return a message's subject."""
        stem, number = divmod(self.number(message), self._count)
        return b"%s.%d" % (self._stems[stem], number)


def expand(subjects: list[str], count: int) -> list[str]:
    """Return the subjects themselves, or `count` below each of them."""
    if count == 1:
        return subjects
    return [f"{subject}.{number}" for subject in subjects for number in range(count)]


def written_key(api_prefix: str, bucket: str, key: str) -> str:
    """Return where a key is written to: below the prefix of another domain or account, if any.

    Source: nats.go, kv.go (useJSPfx); server/accounts.go maps it back.
    """
    subject = key_subject(bucket, key)
    return subject if api_prefix == API_PREFIX else f"{api_prefix}.{subject}"
