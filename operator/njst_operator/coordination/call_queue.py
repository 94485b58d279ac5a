"""Calls that one thread queues for the event loop of another."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from typing import TypeVar

log = logging.getLogger(__name__)

Item = TypeVar("Item")


class CallQueue:
    """Wakes the loop once per batch of calls: waking it costs more than a call."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Queue calls for `loop`."""
        self._loop = loop
        self._calls: deque[Callable[[], object]] = deque()

    def put(self, call: Callable[[Item], object], item: Item) -> None:
        """Queue a call behind all earlier ones; may be used from any thread."""
        self._calls.append(lambda: call(item))
        # `_drain` removes a call before it makes it, so the first call in the queue wakes the loop.
        if len(self._calls) == 1:
            self._loop.call_soon_threadsafe(self._drain)

    def _drain(self) -> None:
        while self._calls:
            call = self._calls.popleft()
            try:
                call()
            except Exception:
                log.exception("a change is lost until the next list")
