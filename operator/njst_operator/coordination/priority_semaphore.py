"""A semaphore that admits waiters in the order of their ranks, not of their arrival.

All replicas of the operator have the same work to do. Each begins with what it is ranked first for,
and finds the rest done by others when its turn comes.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from heapq import heappop, heappush
from itertools import count


class PrioritySemaphore:
    """At most `size` holders at once."""

    def __init__(self, size: int) -> None:
        self._free = size
        self._waiting: list[tuple[float, int, asyncio.Future[None]]] = []
        self._numbers = count()

    @asynccontextmanager
    async def at(self, rank: float) -> AsyncIterator[None]:
        """Wait for a slot, behind those of a lower rank."""
        if self._free:
            self._free -= 1
        else:
            given = asyncio.get_running_loop().create_future()
            heappush(self._waiting, (rank, next(self._numbers), given))
            try:
                await given
            except asyncio.CancelledError:
                if given.done() and not given.cancelled():
                    self._give()
                raise
        try:
            yield
        finally:
            self._give()

    def _give(self) -> None:
        while self._waiting:
            _, _, waiting = heappop(self._waiting)
            if not waiting.done():
                waiting.set_result(None)
                return
        self._free += 1
