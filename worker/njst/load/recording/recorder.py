"""Counts, errors by class, latencies and windows of one workload in one load process."""

from collections import Counter
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from njst.contract.results.tallies import ErrorClass, ErrorTally, WorkloadTally
from njst.contract.results.windows import ErrorCount, WorkloadWindow
from njst.load.recording.dense_histogram import NO_COUNTS, DenseHistogram, NewCounts
from njst.stats.series import SeriesBuilder, Window

MAX_EXAMPLE = 300
# Later than any clock reading.
NEVER = 1 << 63
# Latencies wait for the histogram until there are this many: then they cost next to nothing.
FLUSH_COUNT = 4096

Nanoseconds = npt.NDArray[np.int64]


class Recorder:
    """One workload's counts in one process; all its clients record into it.

    Each operation that was attempted has exactly one outcome: `complete`, `fail`, or none, which
    `tally` gets as `unfinished`. A fault of a message that was processed is a finding; the break of
    a connection is an event.

    Times are CLOCK_MONOTONIC ns. What completes before `warm_ns` is counted, but is in no rate and
    no latency; what completes from `end_ns` on, where time ends the workload, is in no rate.
    """

    def __init__(self, workload: str, planned: int | None) -> None:
        self.workload = workload
        self.planned = planned
        self.attempted = 0
        self.messages = 0
        self.bytes = 0
        self.redelivered = 0
        # Messages that were due while the window was full.
        self.held = 0
        self.duplicates = 0
        self.terminated = 0
        self._reconnects = 0
        self._disconnected_ns = 0
        self._longest_ns = 0
        self._warmup_messages = 0
        self._warmup_bytes = 0
        self._drained = 0
        self._drained_bytes = 0
        self._has_begun = False
        self.warm_ns = 0
        # When time ends the workload; NEVER when the number of its messages does.
        self.end_ns = NEVER
        # When the last operation ended, however it did.
        self._last_ns = 0
        # When the last client was done or stopped; 0 before.
        self._closed_ns = 0
        self._errors = _Errors()
        self._events = _Errors()
        self._latency = _Values()
        self._censored = _Values()
        self._service = _Values()
        self._slip = _Values()
        self._stored = _Values()
        self._delivered = _Values()
        self._login = _Values()
        self._store_error_us = 0
        self._series = SeriesBuilder()
        # Counts when the last second was closed.
        self._rolled_messages = 0
        self._rolled_bytes = 0
        self._rolled_reconnects = 0
        self._flushes: list[Callable[[], None]] = []

    def before_reading(self, flush: Callable[[], None]) -> None:
        """Call `flush` before this is read: it records what a client has deferred."""
        self._flushes.append(flush)

    def _flush(self) -> None:
        for flush in self._flushes:
            flush()

    def start(self, warm_ns: int, end_ns: int | None = None) -> None:
        """Begin: rates count from `warm_ns`, the common start or the end of the warm-up.

        Args:
            warm_ns: also of a workload without a warm-up.
            end_ns: when time ends the workload; None when the number of its messages does.
        """
        self._has_begun = True
        self.warm_ns = warm_ns
        self.end_ns = NEVER if end_ns is None else end_ns

    def stop(self, now_ns: int) -> None:
        """End the window here, if it has not ended: the load is stopped early."""
        if self._has_begun and not self._closed_ns:
            self.end_ns = min(self.end_ns, now_ns)

    def close(self, now_ns: int) -> None:
        """Note that the last client is done: without a duration, the window has ended."""
        self._closed_ns = now_ns

    def complete(self, count: int, size_bytes: int, now_ns: int) -> None:
        """Count messages that are done at `now_ns`."""
        self.messages += count
        self.bytes += size_bytes
        if now_ns < self.warm_ns:
            self._warmup_messages += count
            self._warmup_bytes += size_bytes
        elif now_ns >= self.end_ns:
            self._drained += count
            self._drained_bytes += size_bytes
        elif now_ns > self._last_ns:
            self._last_ns = now_ns

    def counts_alike(self, first_ns: int, last_ns: int) -> bool:
        """Whether all that completes in this time counts alike: warm-up, window or drain."""
        return not (first_ns < self.warm_ns <= last_ns or first_ns < self.end_ns <= last_ns)

    def latency(self, latencies_ns: Nanoseconds | list[int], now_ns: int) -> None:
        """Record how long messages took that completed at `now_ns`."""
        if now_ns >= self.warm_ns:
            self._latency.add(latencies_ns)

    def latency_times(self, latency_ns: int, times: int, now_ns: int) -> None:
        """Record the latency of messages that were sent together and completed together."""
        if now_ns >= self.warm_ns:
            self._latency.add_times(latency_ns, times)

    def paced(
        self, service_ns: Nanoseconds | list[int], slip_ns: Nanoseconds | list[int], now_ns: int
    ) -> None:
        """Record service time and slip of messages that had a due time."""
        if now_ns >= self.warm_ns:
            self._service.add(service_ns)
            self._slip.add(slip_ns)

    def split(
        self, stored_ns: Nanoseconds, delivered_ns: Nanoseconds, error_us: int, now_ns: int
    ) -> None:
        """Record publish to store and store to receipt, with how far its clock may be off."""
        if now_ns >= self.warm_ns:
            self._stored.add(stored_ns)
            self._delivered.add(delivered_ns)
            self._store_error_us = max(self._store_error_us, error_us)

    def cut_off(self, waited_ns: Nanoseconds | list[int], now_ns: int) -> None:
        """Record how long operations had waited when they were given up: lower bounds."""
        self.latency(waited_ns, now_ns)
        if now_ns >= self.warm_ns:
            self._censored.add(waited_ns)

    def fail(self, error_class: ErrorClass, example: str, count: int, now_ns: int) -> None:
        """Count operations that failed at `now_ns`; the first example is kept."""
        if count > 0:
            self._errors.add(error_class, example, count, operations=count)
            self._last_ns = max(self._last_ns, now_ns)

    def fail_unsent(self, error_class: ErrorClass, words: str, count: int, now_ns: int) -> None:
        """Fail what a client had left to do when it ended early.

        Where only time would have ended it, the count is unknown and 0: then one finding.
        """
        self.attempted += count
        self.fail(error_class, words, count, now_ns)
        if not count:
            self.add_finding(error_class, words)

    def add_finding(self, error_class: ErrorClass, example: str, count: int = 1) -> None:
        """Count faults of messages that were processed, or of the load as a whole."""
        self._errors.add(error_class, example, count)

    def event(self, error_class: ErrorClass, example: str, count: int = 1) -> None:
        """Count what happened to connections: it is no outcome, and by itself no error."""
        self._events.add(error_class, example, count)

    def refuse(self, words: str) -> None:
        """Count an error of the server that is no operation's outcome."""
        self.add_finding(refusal_class(words), words)

    def reconnected(self, outage_ns: int) -> None:
        """Count a reconnect, after an outage of this length."""
        self._reconnects += 1
        self.disconnected(outage_ns)

    def disconnected(self, outage_ns: int) -> None:
        """Add the time that a client was without a connection."""
        self._disconnected_ns += outage_ns
        self._longest_ns = max(self._longest_ns, outage_ns)

    def logged_in(self, login_ns: int) -> None:
        """Record how long a login took: from the start of its attempt to the server's answer."""
        self._login.add([login_ns])

    def roll(self) -> WorkloadWindow:
        """Close the second that ends now, and return it; called for each since the common start."""
        self._flush()
        latency = self._latency.take_new()
        errors = self._errors.take_new()
        window = WorkloadWindow(
            workload=self.workload,
            messages=self.messages - self._rolled_messages,
            bytes=self.bytes - self._rolled_bytes,
            errors=errors,
            events=self._events.take_new(),
            reconnects=self._reconnects - self._rolled_reconnects,
            latency=latency.encode(),
            service=self._service.take_new().encode(),
            slip=self._slip.take_new().encode(),
            stored=self._stored.take_new().encode(),
            delivered=self._delivered.take_new().encode(),
        )
        self._rolled_messages = self.messages
        self._rolled_bytes = self.bytes
        self._rolled_reconnects = self._reconnects
        count = sum(error.count for error in errors)
        self._series.append(Window(window.messages, window.bytes, count, latency.histogram()))
        return window

    def _window_ns(self, now_ns: int | None) -> int:
        """Return how long rates have counted by now."""
        if not self._has_begun:
            return 0
        until_ns = self._last_ns if now_ns is None else now_ns
        if self.end_ns != NEVER:
            # A client that ended early leaves the rest of the duration as it is: without messages.
            until_ns = self.end_ns if self._closed_ns else min(until_ns, self.end_ns)
        elif self._closed_ns:
            until_ns = self._last_ns
        return max(0, until_ns - self.warm_ns)

    def tally(
        self, now_ns: int | None = None, unfinished: int = 0, *, series: bool = False
    ) -> WorkloadTally:
        """Return everything so far.

        Args:
            now_ns: where the window ends as long as the workload goes on; None: where the last
                operation ended.
            unfinished: how many operations have no outcome.
            series: whether the windows are wanted too.
        """
        self._flush()
        return WorkloadTally(
            workload=self.workload,
            planned=self.planned,
            attempted=self.attempted,
            messages=self.messages,
            unfinished=unfinished,
            drained=self._drained,
            drained_bytes=self._drained_bytes,
            bytes=self.bytes,
            redelivered=self.redelivered,
            held=self.held,
            duplicates=self.duplicates,
            terminated=self.terminated,
            reconnects=self._reconnects,
            disconnected_us=self._disconnected_ns // 1000,
            longest_outage_us=self._longest_ns // 1000,
            warmup_messages=self._warmup_messages,
            warmup_bytes=self._warmup_bytes,
            elapsed_us=self._window_ns(now_ns) // 1000,
            errors=self._errors.tallies(),
            events=self._events.tallies(),
            censored=self._censored.encode(),
            latency=self._latency.encode(),
            service=self._service.encode(),
            slip=self._slip.encode(),
            stored=self._stored.encode(),
            delivered=self._delivered.encode(),
            login=self._login.encode(),
            store_clock_error_us=self._store_error_us,
            series=self._series.series().tally() if series else None,
        )


def refusal_class(words: str) -> ErrorClass:
    """Return the class of an error of the server."""
    if "permissions violation" in words.lower():
        return ErrorClass.PERMISSION_DENIED
    if "maximum payload" in words.lower():
        return ErrorClass.PAYLOAD_TOO_LARGE
    return ErrorClass.OTHER


class _Errors:
    """Counts by class, each with its first example."""

    def __init__(self) -> None:
        self._counts: Counter[ErrorClass] = Counter()
        # The counts at the last call of `take_new`.
        self._taken: Counter[ErrorClass] = Counter()
        self._operations: Counter[ErrorClass] = Counter()
        self._examples: dict[ErrorClass, str] = {}

    def add(self, error_class: ErrorClass, example: str, count: int, operations: int = 0) -> None:
        if count > 0:
            self._counts[error_class] += count
            self._operations[error_class] += operations
            self._examples.setdefault(error_class, example[:MAX_EXAMPLE])

    def take_new(self) -> list[ErrorCount]:
        """Return the counts since the last call."""
        new = self._counts - self._taken
        self._taken = self._counts.copy()
        return [ErrorCount(error_class=name, count=count) for name, count in new.items()]

    def tallies(self) -> list[ErrorTally]:
        return [
            ErrorTally(
                error_class=error_class,
                count=count,
                operations=self._operations[error_class],
                example=self._examples[error_class],
            )
            for error_class, count in self._counts.items()
        ]


class _Values:
    """A buffer of latencies, and the histogram that it is flushed to."""

    def __init__(self) -> None:
        self.few: list[int] = []
        self._many: list[Nanoseconds] = []
        # Values in all of `_many`.
        self._count = 0
        self._recorder: DenseHistogram | None = None

    def add(self, values_ns: Nanoseconds | list[int]) -> None:
        if isinstance(values_ns, list):
            self.few += values_ns
        else:
            self._many.append(values_ns)
            self._count += len(values_ns)
        if len(self.few) + self._count >= FLUSH_COUNT:
            self.flush()

    def add_times(self, value_ns: int, times: int) -> None:
        self._recorder = self._recorder or DenseHistogram()
        self._recorder.record_times(value_ns, times)

    def flush(self) -> None:
        self._recorder = self._recorder or DenseHistogram()
        self._recorder.record_ns(np.concatenate([np.array(self.few, dtype=np.int64), *self._many]))
        self.few.clear()
        self._many.clear()
        self._count = 0

    def encode(self) -> str:
        """Return the encoded histogram of all values."""
        if self.few or self._many:
            self.flush()
        return "" if self._recorder is None else self._recorder.encode()

    def take_new(self) -> NewCounts:
        """Return the counts of the values since the last call."""
        if self.few or self._many:
            self.flush()
        return NO_COUNTS if self._recorder is None else self._recorder.take_new()
