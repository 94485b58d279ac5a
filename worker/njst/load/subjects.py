"""Which subject, key or sequence comes next, for a cycle that is drawn once."""

import random
from itertools import accumulate

from njst.contract.connection import API_PREFIX
from njst.contract.kinds.order import Order
from njst.contract.names import key_subject

# Rank k is drawn in proportion to 1/k: the classic law of word and page frequencies.
_ZIPF_EXPONENT = 1.0


def draw(order: Order, count: int, rows: int, seed: int) -> list[int]:
    """Return `rows` numbers below `count` in the order asked for; the same for the same seed."""
    if order is Order.SEQUENTIAL or count == 1:
        return [row % count for row in range(rows)]
    source = random.Random(seed)  # noqa: S311 - load, not a secret
    if order is Order.RANDOM:
        return source.choices(range(count), k=rows)
    weights = list(accumulate(1 / (rank + 1) ** _ZIPF_EXPONENT for rank in range(count)))
    return source.choices(range(count), cum_weights=weights, k=rows)


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
