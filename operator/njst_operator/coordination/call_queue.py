"""Calls that one thread leaves for the event loop of another."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from typing import TypeVar

log = logging.getLogger(__name__)

Item = TypeVar("Item")


class CallQueue:
    """Wakes the loop once for all that comes until it has looked; waking it is what costs."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Prepare for calls in `loop`."""
        self._loop = loop
        self._calls: deque[Callable[[], object]] = deque()

    def put(self, call: Callable[[Item], object], item: Item) -> None:
        """Let the loop make this call, after all that were left before."""
        self._calls.append(lambda: call(item))
        # The loop takes a call out before it makes it: whoever finds only his own has to wake it.
        if len(self._calls) == 1:
            self._loop.call_soon_threadsafe(self._drain)

    def _drain(self) -> None:
        while self._calls:
            call = self._calls.popleft()
            try:
                call()
            except Exception:
                log.exception("a change is lost until the next list")
