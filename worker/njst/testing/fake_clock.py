"""Log time under the control of a test."""

import asyncio

# 2026-01-02T03:04:05Z, and a number of nanoseconds that microseconds cannot represent.
START_NS = 1_767_323_045_000_000_789


class FakeClock:
    """A clock of the job log, as `njst.journal.nats.log_clock.LogClock` is the real one.

    It shows `start_ns` (ns since the Unix epoch) until `advance` moves it. With a loop it also
    follows that loop's time, whose zero is `start_ns`.
    """

    error_us = 0

    def __init__(
        self, start_ns: int = START_NS, loop: asyncio.AbstractEventLoop | None = None
    ) -> None:
        self._offset_ns = start_ns
        self._loop = loop

    def now_ns(self) -> int:
        """Return the log's time now, in ns since the Unix epoch."""
        return self._offset_ns + (0 if self._loop is None else int(self._loop.time() * 1e9))

    def advance(self, seconds: float) -> None:
        """Move the clock forward; a negative number of seconds sets it back."""
        self._offset_ns += round(seconds * 1e9)

    def monotonic_ns_at(self, log_ns: int) -> int:
        """Return the instant of a log time on the loop's clock, in ns."""
        return log_ns - self._offset_ns

    def outages_since(self, monotonic_ns: int) -> None:
        """Return None: a fake log always answers."""
