"""What a load process did of one workload: exact counts, errors by class, latencies, seconds."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from njst.contract.result import ErrorClass, ErrorTally, WorkloadTally
from njst.measure.fill import Recorder
from njst.measure.histogram import Histogram
from njst.measure.series import SeriesBuilder, Window

MAX_EXAMPLE = 300
# Latencies wait for the histogram until there are this many: then they cost next to nothing.
FLUSH_COUNT = 4096

Nanoseconds = npt.NDArray[np.int64]


class Ledger:
    """One workload's book in one process; all its clients write into it.

    Times are CLOCK_MONOTONIC ns. What completes before `warm_ns` is counted, but is in no rate and
    no latency.
    """

    def __init__(self, workload: str, planned: int | None) -> None:
        self.workload = workload
        self.planned = planned
        self.attempted = 0
        self.messages = 0
        self.bytes = 0
        self.redelivered = 0
        # Messages whose instant passed while the window was full.
        self.held = 0
        self.duplicates = 0
        self.terminated = 0
        self._reconnects = 0
        self._disconnected_ns = 0
        self._longest_ns = 0
        self._warmup_messages = 0
        self._warmup_bytes = 0
        self.warm_ns = 0
        self._last_ns = 0
        self._errors: dict[ErrorClass, int] = {}
        self._events: dict[ErrorClass, int] = {}
        self._event_examples: dict[ErrorClass, str] = {}
        self._examples: dict[ErrorClass, str] = {}
        self._latency = _Values()
        self._service = _Values()
        self._slip = _Values()
        self._stored = _Values()
        self._delivered = _Values()
        self._login = _Values()
        self._store_error_us = 0
        self._series = SeriesBuilder()
        self._before = Window()
        self._late_books: list[Callable[[], None]] = []

    def before_reading(self, book: Callable[[], None]) -> None:
        """Have `book` called before what is in here is read: it enters what it has put off."""
        self._late_books.append(book)

    def _enter_all(self) -> None:
        for book in self._late_books:
            book()

    def start(self, warm_ns: int) -> None:
        """Begin: rates count from `warm_ns`, the common start or the end of the warm-up."""
        self.warm_ns = warm_ns

    def complete(self, count: int, size_bytes: int, now_ns: int) -> None:
        """Count messages that are done at `now_ns`."""
        self.messages += count
        self.bytes += size_bytes
        if now_ns < self.warm_ns:
            self._warmup_messages += count
            self._warmup_bytes += size_bytes
        elif now_ns > self._last_ns:
            self._last_ns = now_ns

    def latency(self, latencies_ns: Nanoseconds | list[int], now_ns: int) -> None:
        """Record how long messages took that are done at `now_ns`."""
        if now_ns >= self.warm_ns:
            self._latency.add(latencies_ns)

    def latency_times(self, latency_ns: int, times: int, now_ns: int) -> None:
        """Record that so many messages took so long, which were sent and are done together."""
        if now_ns >= self.warm_ns:
            self._latency.add_times(latency_ns, times)

    def paced(
        self, service_ns: Nanoseconds | list[int], slip_ns: Nanoseconds | list[int], now_ns: int
    ) -> None:
        """Record, for messages that had a due time: send to answer, and due time to send."""
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

    def fail(self, kind: ErrorClass, example: str, count: int = 1) -> None:
        """Count errors of one class; the first example is kept."""
        if count > 0:
            self._errors[kind] = self._errors.get(kind, 0) + count
            self._examples.setdefault(kind, example[:MAX_EXAMPLE])

    def event(self, kind: ErrorClass, example: str, count: int = 1) -> None:
        """Count events of connections, which are outcomes of no operation."""
        if count > 0:
            self._events[kind] = self._events.get(kind, 0) + count
            self._event_examples.setdefault(kind, example[:MAX_EXAMPLE])

    def reconnected(self, outage_ns: int) -> None:
        """Count a client that was without a connection for so long and has one again."""
        self._reconnects += 1
        self.disconnected(outage_ns)

    def disconnected(self, outage_ns: int) -> None:
        """Add a time that a client was without a connection."""
        self._disconnected_ns += outage_ns
        self._longest_ns = max(self._longest_ns, outage_ns)

    def logged_in(self, login_ns: int) -> None:
        """Record how long a login took: from the begin of its attempt to the server's answer."""
        self._login.add([login_ns])

    def refuse(self, words: str) -> None:
        """Count an error that the server says of the connection."""
        kind = ErrorClass.OTHER
        if "permissions violation" in words.lower():
            kind = ErrorClass.PERMISSION_DENIED
        elif "maximum payload" in words.lower():
            kind = ErrorClass.PAYLOAD_TOO_LARGE
        self.fail(kind, words)

    def roll(self) -> None:
        """Close the second that ends now; called once for each since the common start."""
        self._enter_all()
        now = Window(
            self.messages, self.bytes, sum(self._errors.values()), self._latency.histogram()
        )
        before, self._before = self._before, now
        self._series.append(
            Window(
                now.messages - before.messages,
                now.bytes - before.bytes,
                now.errors - before.errors,
                now.latency - before.latency,
            )
        )

    def tally(self, *, series: bool = False) -> WorkloadTally:
        """Return everything so far; with `series` also the windows."""
        self._enter_all()
        elapsed_ns = self._last_ns - self.warm_ns if self._last_ns else 0
        return WorkloadTally(
            workload=self.workload,
            planned=self.planned,
            attempted=self.attempted,
            messages=self.messages,
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
            elapsed_us=max(0, elapsed_ns // 1000),
            errors=[
                ErrorTally(error_class=kind, count=count, example=self._examples[kind])
                for kind, count in self._errors.items()
            ],
            events=[
                ErrorTally(error_class=kind, count=count, example=self._event_examples[kind])
                for kind, count in self._events.items()
            ],
            latency=self._latency.histogram().encode(),
            service=self._service.histogram().encode(),
            slip=self._slip.histogram().encode(),
            stored=self._stored.histogram().encode(),
            delivered=self._delivered.histogram().encode(),
            login=self._login.histogram().encode(),
            store_clock_error_us=self._store_error_us,
            series=self._series.series().tally() if series else None,
        )


class _Values:
    """Latencies that wait, and the histogram of those before."""

    def __init__(self) -> None:
        self.few: list[int] = []
        self._many: list[Nanoseconds] = []
        # Values in all of `_many`.
        self._count = 0
        self._recorder: Recorder | None = None

    def add(self, values_ns: Nanoseconds | list[int]) -> None:
        if isinstance(values_ns, list):
            self.few += values_ns
        else:
            self._many.append(values_ns)
            self._count += len(values_ns)
        if len(self.few) + self._count >= FLUSH_COUNT:
            self.flush()

    def add_times(self, value_ns: int, times: int) -> None:
        self._recorder = self._recorder or Recorder()
        self._recorder.record_times(value_ns, times)

    def flush(self) -> None:
        self._recorder = self._recorder or Recorder()
        self._recorder.record_ns(np.concatenate([np.array(self.few, dtype=np.int64), *self._many]))
        self.few.clear()
        self._many.clear()
        self._count = 0

    def histogram(self) -> Histogram:
        if self.few or self._many:
            self.flush()
        return Histogram() if self._recorder is None else self._recorder.histogram()
