"""An event loop in virtual time, with simulated processes that can be killed and stalled.

Time stands still while anything can run, and then jumps to the next timer: an hour of sleep costs
nothing, and no other load of the machine can make a test late. There are no sockets and no threads.
"""

import asyncio
import heapq
from collections.abc import Callable, Coroutine
from contextvars import Context, ContextVar, copy_context
from typing import Any, TypeVar

_Result = TypeVar("_Result")
_current_process: ContextVar["SimulatedProcess | None"] = ContextVar("process", default=None)


class SimulatedProcess:
    """Everything that runs in `context` belongs to this process.

    Once `dead`, nothing of it ever runs again, whichever await it was at. While `stalled`, nothing
    of it runs until `VirtualLoop.resume`; what became due meanwhile runs then, late.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.dead = False
        self.stalled = False
        self.context: Context = copy_context()
        self.context.run(_current_process.set, self)
        self._held: list[asyncio.Handle] = []


class VirtualLoop(asyncio.BaseEventLoop):
    """An asyncio event loop whose time starts at 0 and jumps.

    `errors` collects the contexts that a loop's exception handler gets. A program in which nothing
    can ever happen again fails with AssertionError.
    """

    def __init__(self) -> None:
        super().__init__()
        self.errors: list[dict[str, Any]] = []
        self.set_exception_handler(lambda _, context: self.errors.append(context))
        self._now_s = 0.0

    def time(self) -> float:
        """Return the virtual time in seconds."""
        return self._now_s

    def resume(self, process: SimulatedProcess) -> None:
        """Let a stalled process go on, in the order in which it would have run."""
        if process.dead:
            return
        process.stalled = False
        held, process._held = process._held, []
        self._ready.extend(held)  # type: ignore[attr-defined]

    def at(self, when_s: float, call: Callable[..., object], *arguments: object) -> None:
        """Call at a virtual time, outside all simulated processes."""
        self.call_at(when_s, call, *arguments, context=Context())

    def _run_once(self) -> None:
        ready, timers = self._ready, self._scheduled  # type: ignore[attr-defined]
        if not ready:
            assert timers, "nothing can ever happen again: every task waits for another"
            self._now_s = max(self._now_s, timers[0]._when)
        while timers and timers[0]._when <= self._now_s:
            timer = heapq.heappop(timers)
            timer._scheduled = False
            if not timer._cancelled:
                ready.append(timer)
        for _ in range(len(ready)):
            handle = ready.popleft()
            if handle._cancelled:
                continue
            process = handle._context.get(_current_process)
            if process is None or not (process.dead or process.stalled):
                handle._run()
            else:
                process._held.append(handle)

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """A cancelled timer is dropped when it is due."""

    def _process_events(self, event_list: object) -> None:
        """There is no selector whose events could be processed."""

    def _write_to_self(self) -> None:
        """There is no other thread that could have to wake this one."""


def run(main: Coroutine[Any, Any, _Result]) -> _Result:
    """Run a program in virtual time and return its result.

    Raises:
        AssertionError: an error reached the loop's exception handler, so that nobody handled it.
    """
    loop = VirtualLoop()
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        result = runner.run(main)
    assert not loop.errors, f"{len(loop.errors)} unhandled, the first: {loop.errors[0]}"
    return result
