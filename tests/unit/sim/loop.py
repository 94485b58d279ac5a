"""Asyncio in simulated time, with processes that can be stopped and killed at any await.

Everything that a simulated process runs carries the process in its context. A killed process never
runs again, wherever it was; a stalled one runs on, late, when it is resumed.
"""

import asyncio
import heapq
from collections.abc import Callable
from contextvars import Context, ContextVar, copy_context
from typing import Any

_RUNNING_IN: ContextVar["Process | None"] = ContextVar("process", default=None)


class Process:
    """A simulated operating system process."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.dead = False
        self.stalled = False
        self.held: list[asyncio.Handle] = []
        self.context: Context = copy_context()
        self.context.run(_RUNNING_IN.set, self)


class VirtualLoop(asyncio.BaseEventLoop):
    """Time stands still while anything can run, and then jumps to the next timer."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 0.0
        # What happens is the trace's own fault, never a message on the terminal.
        self.errors: list[dict[str, Any]] = []
        self.set_exception_handler(lambda _, context: self.errors.append(context))

    def time(self) -> float:
        return self.now_s

    def resume(self, process: Process) -> None:
        """Let a stalled process go on, in the order in which it would have."""
        if process.dead:
            return
        process.stalled = False
        held, process.held = process.held, []
        self._ready.extend(held)  # type: ignore[attr-defined]

    def at(self, when_s: float, call: Callable[..., object], *arguments: object) -> None:
        """Call from outside all processes."""
        self.call_at(when_s, call, *arguments, context=Context())

    def _run_once(self) -> None:
        ready, timers = self._ready, self._scheduled  # type: ignore[attr-defined]
        if not ready:
            assert timers, "nothing can ever happen again"
            self.now_s = max(self.now_s, timers[0]._when)
        while timers and timers[0]._when <= self.now_s:
            timer = heapq.heappop(timers)
            timer._scheduled = False
            if not timer._cancelled:
                ready.append(timer)
        for _ in range(len(ready)):
            handle = ready.popleft()
            if handle._cancelled:
                continue
            process = handle._context.get(_RUNNING_IN)
            if process is None or not (process.dead or process.stalled):
                handle._run()
            else:
                process.held.append(handle)

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """Cancelled timers are dropped when they are due."""

    def _process_events(self, event_list: object) -> None:
        """There is no selector."""

    def _write_to_self(self) -> None:
        """There is no other thread."""
