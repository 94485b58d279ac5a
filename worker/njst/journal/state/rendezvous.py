"""Who goes first, without asking anyone: every member computes the same order.

Highest random weight ("rendezvous") hashing, Thaler and Ravishankar 1998: each pair of key and
member has a weight, and the members' order for a key is the order of their weights. A member that
comes or goes does not change the order of the others.
"""

from collections.abc import Iterable
from functools import lru_cache
from hashlib import blake2b


def order(key: str, workers: Iterable[str]) -> list[str]:
    """Return `workers` in their order for `key`."""
    return list(_order(key, tuple(workers)))


def rank(key: str, worker: str, workers: Iterable[str]) -> int:
    """Return the place of `worker` in the order, from 0; one that is not in it comes last."""
    ordered = _order(key, tuple(workers))
    return ordered.index(worker) if worker in ordered else len(ordered)


def share(key: str, member: str) -> float:
    """Return the weight of `member` for `key` from 0 to 1, for when the members are unknown."""
    return int.from_bytes(_weight(key, member), "big") / 2**64


# Computed at each decision about a job, for workers that do not change.
@lru_cache(maxsize=256)
def _order(key: str, workers: tuple[str, ...]) -> tuple[str, ...]:
    weighed = sorted(set(workers), key=lambda worker: (_weight(key, worker), worker), reverse=True)
    return tuple(weighed)


def _weight(key: str, worker: str) -> bytes:
    return blake2b(f"{key}\0{worker}".encode(), digest_size=8).digest()
