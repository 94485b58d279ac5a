"""A few slots for many, who are served in the order of their ranks and not of their coming.

All copies of the operator have the same work before them. Each begins with what it is the first
one to do, and finds the rest done when it comes to it.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from heapq import heappop, heappush
from itertools import count


class PrioritySemaphore:
    """At most so many inside at once."""

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
