"""Whose turn it is, without asking anyone: a rank that every worker computes alike.

Highest random weight ("rendezvous") hashing, Thaler and Ravishankar 1998: each pair of key and
worker has a weight, and the workers' order for a key is the order of their weights. A worker that
comes or goes changes no one else's order.
"""

from collections.abc import Iterable
from functools import lru_cache
from hashlib import blake2b


def order(key: str, workers: Iterable[str]) -> list[str]:
    """Return `workers` in the order of their turns for `key`."""
    return list(_order(key, tuple(workers)))


def rank(key: str, worker: str, workers: Iterable[str]) -> int:
    """Return the place of `worker` in the order, from 0; one that is not in it comes last."""
    turns = _order(key, tuple(workers))
    return turns.index(worker) if worker in turns else len(turns)


# Asked at every look at a job, for workers that do not change.
@lru_cache(maxsize=256)
def _order(key: str, workers: tuple[str, ...]) -> tuple[str, ...]:
    weighed = sorted(set(workers), key=lambda worker: (_weight(key, worker), worker), reverse=True)
    return tuple(weighed)


def _weight(key: str, worker: str) -> bytes:
    return blake2b(f"{key}\0{worker}".encode(), digest_size=8).digest()
