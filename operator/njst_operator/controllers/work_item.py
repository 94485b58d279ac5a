"""A resource with what one copy knows about writing to it, and how copies take turns."""

import asyncio
from dataclasses import dataclass, field
from hashlib import blake2b

from njst.contract.results.outcome import (
    Problem,
)
from njst_operator.controllers.job.job_resource import Resource

# The longest turn.
TURN_S = 0.4
# How soon what did not work is tried again, at first and at the most.
RETRY_S = 1.0
RETRY_MAX_S = 8.0


@dataclass
class Seen:
    """One resource; `wake` is set when there is a reason to look at it again."""

    resource: Resource
    written_s: float = 0.0
    refusal: Problem | None = None
    failures: int = 0
    # Its mark is being written.
    marking: bool = False
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None

    def retry_s(self, asked_s: float) -> float:
        """Return when to try again after one more failure; `asked_s` is the server's own wish."""
        self.failures += 1
        return max(asked_s, min(RETRY_MAX_S, RETRY_S * 2.0 ** (self.failures - 1)))


def turn(key: str, copy: str) -> float:
    """Return this copy's place among all copies that there may be, from 0 to 1."""
    digest = blake2b(f"{key}\0{copy}".encode(), digest_size=4).digest()
    return int.from_bytes(digest, "big") / 2**32


def turn_s(key: str, copy: str) -> float:
    """Return how long a copy lets others go first with this: 0 to TURN_S."""
    return turn(key, copy) * TURN_S


class Window:
    """How long all turns together take: longer while copies get in each other's way.

    Copies do not know how many they are, nor how slow the API server is. Both show in conflicts.
    """

    MOST_S = 16.0

    def __init__(self) -> None:
        self.seconds = TURN_S

    def on_conflict(self) -> None:
        """Take more time."""
        self.seconds = min(self.MOST_S, self.seconds * 1.5)

    def on_order(self) -> None:
        """Take less time: a turn was kept."""
        self.seconds = max(TURN_S, self.seconds * 0.95)


def now_s() -> float:
    """Return the event loop's time."""
    return asyncio.get_running_loop().time()
