"""Folds the windows of all participants into the course of a job: at most 600 merged windows.

The order of the windows, how they were split, and repeated ones do not matter: all that counts is
the sum. The width doubles when there would be more than 600.
"""

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Self

from njst.contract.results.course import EventType, WindowLatency
from njst.contract.results.tallies import ErrorClass
from njst.contract.results.windows import (
    HISTOGRAMS,
    ErrorCount,
    ParticipantWindow,
    WorkloadWindow,
)
from njst.stats.course.course_writer import MAX_WINDOWS, width_at
from njst.stats.histogram import Histogram

# How far a participant may be behind the others before windows count as whole without it, in
# seconds.
BEHIND_S = 5
MAX_PARTS = 16
_CONNECTION_EVENTS = {
    ErrorClass.DISCONNECTED: EventType.DISCONNECTED,
    ErrorClass.LEADER_CHANGED: EventType.LEADER_CHANGED,
}


@dataclass(frozen=True, order=True)
class ConnectionEvent:
    """What befell `count` connections of one participant in the window at `at_s`."""

    at_s: int
    worker: str
    type: EventType
    workload: str
    count: int = field(compare=False)


@dataclass
class MergedWindow:
    """The sum of some windows of one workload.

    Histograms are merged when they are first read, or when there are MAX_PARTS.
    """

    messages: int = 0
    bytes: int = 0
    errors: Counter[ErrorClass] = field(default_factory=Counter)
    events: Counter[ErrorClass] = field(default_factory=Counter)
    # Encoded histograms that were not merged yet, by name.
    _parts: dict[str, list[str]] = field(default_factory=dict)
    _latencies: dict[str, WindowLatency] = field(default_factory=dict)

    def add(self, window: WorkloadWindow) -> None:
        """Add a participant's window."""
        self.messages += window.messages
        self.bytes += window.bytes
        for sums, counts in ((self.errors, window.errors), (self.events, window.events)):
            for one in counts:
                sums[one.error_class] += one.count
        for name in HISTOGRAMS:
            if text := getattr(window, name):
                self._add_histogram(name, text)

    def add_all_of(self, other: Self) -> None:
        """Add another sum."""
        self.messages += other.messages
        self.bytes += other.bytes
        self.errors.update(other.errors)
        self.events.update(other.events)
        for name, texts in other._parts.items():
            for text in texts:
                self._add_histogram(name, text)

    def _add_histogram(self, name: str, text: str) -> None:
        parts = self._parts.setdefault(name, [])
        parts.append(text)
        self._latencies.pop(name, None)
        if len(parts) >= MAX_PARTS:
            self._parts[name] = [Histogram.together(map(_decoded, parts)).encode()]

    def latency(self, name: str) -> WindowLatency | None:
        """Return the percentiles of a histogram (`HISTOGRAMS`); None if it is empty."""
        parts = self._parts.get(name)
        if not parts:
            return None
        if name not in self._latencies:
            histogram = Histogram.together(map(_decoded, parts))
            if not histogram.count:
                return None
            if len(parts) > 1:
                self._parts[name] = [histogram.encode()]
            self._latencies[name] = WindowLatency(count=histogram.count, **histogram.summary())
        return self._latencies[name]

    def histograms(self) -> dict[str, str]:
        """Return the encoded histograms that are not empty, by name."""
        return {name: self._parts[name][0] for name in HISTOGRAMS if self.latency(name)}


def _decoded(text: str) -> Histogram:
    """Return a histogram; a damaged one, which only another program can have written, is empty."""
    try:
        return Histogram.decode(text)
    except ValueError:
        return Histogram()


def counts_of(sums: Counter[ErrorClass]) -> list[ErrorCount]:
    """Return the counts, the most frequent first."""
    return [
        ErrorCount(error_class=name, count=count)
        for name, count in sorted(sums.items(), key=lambda item: (-item[1], item[0]))
    ]


@dataclass
class _Participant:
    """What is known of one participant: its windows, and where the newest one ends."""

    seen: set[tuple[int, int]] = field(default_factory=set)
    end_s: int = 0
    covered_s: int = 0
    newest: ParticipantWindow | None = None
    messages: Counter[str] = field(default_factory=Counter)


class CourseFold:
    """The course of a job from the windows of its participants.

    Attributes:
        width_s: The width of the merged windows, a power of two.
        connection_events: What befell connections, in any order.
        changes: How often a window was added to a time that `until_s` had called whole.
    """

    def __init__(self, *, newest_only: bool = False) -> None:
        """Start empty; with `newest_only` it keeps the newest 600 windows, and never widens."""
        self.width_s = 1
        self.connection_events: list[ConnectionEvent] = []
        self.changes = 0
        self._newest_only = newest_only
        self._workloads: dict[str, dict[int, MergedWindow]] = {}
        self._participants: dict[str, _Participant] = {}
        self._whole_s = 0

    def add(self, worker: str, window: ParticipantWindow) -> None:
        """Add a window; one that was added before changes nothing."""
        known = self._participants.setdefault(worker, _Participant())
        if (window.width_s, window.at_s) in known.seen:
            return
        known.seen.add((window.width_s, window.at_s))
        known.covered_s += window.width_s
        if window.end_s > known.end_s:
            known.end_s, known.newest = window.end_s, window
        if self._newest_only:
            self._forget_before(window.end_s - MAX_WINDOWS)
        else:
            self._widen(max(width_at(window.end_s - 1), window.width_s))
        if window.at_s < self._whole_s:
            self.changes += 1
        for workload in window.workloads:
            known.messages[workload.workload] += workload.messages
            slots = self._workloads.setdefault(workload.workload, {})
            slots.setdefault(window.at_s // self.width_s, MergedWindow()).add(workload)
            self.connection_events += _connection_events(worker, window.at_s, workload)

    def _widen(self, width_s: int) -> None:
        if width_s <= self.width_s:
            return
        step = width_s // self.width_s
        self.width_s = width_s
        for workload, slots in self._workloads.items():
            wide: dict[int, MergedWindow] = {}
            for number, merged in slots.items():
                wide.setdefault(number // step, MergedWindow()).add_all_of(merged)
            self._workloads[workload] = wide

    def _forget_before(self, at_s: int) -> None:
        for slots in self._workloads.values():
            if len(slots) > 2 * MAX_WINDOWS:
                for number in [number for number in slots if number < at_s]:
                    del slots[number]

    @property
    def workers(self) -> frozenset[str]:
        """The participants that have sent a window."""
        return frozenset(self._participants)

    @property
    def newest_s(self) -> int:
        """Where the newest window of any participant ends, in seconds after the common start."""
        return max((known.end_s for known in self._participants.values()), default=0)

    def newest(self, worker: str) -> ParticipantWindow | None:
        """Return the newest window of a participant; None: it has sent none."""
        known = self._participants.get(worker)
        return None if known is None else known.newest

    def messages(self, worker: str, workload: str) -> int:
        """Return the sum of a participant's windows of a workload."""
        known = self._participants.get(worker)
        return 0 if known is None else known.messages[workload]

    def missing_s(self, worker: str) -> int:
        """Return how many seconds before its newest window a participant has no window for."""
        known = self._participants.get(worker)
        return 0 if known is None else max(0, known.end_s - known.covered_s)

    def until_s(self, running: Collection[str]) -> int:
        """Return where the last whole window ends, in seconds after the common start.

        Args:
            running: the participants whose load goes on: their windows are waited for, unless they
                are BEHIND_S behind. Without any, the last window is whole.
        """
        newest_s = self.newest_s
        ends = [self._participants[w].end_s if w in self._participants else 0 for w in running]
        if not ends:
            until_s = -(-newest_s // self.width_s) * self.width_s
        else:
            until_s = max(min(ends), newest_s - BEHIND_S) // self.width_s * self.width_s
        # What was whole stays whole.
        self._whole_s = max(self._whole_s // self.width_s * self.width_s, until_s)
        return self._whole_s

    def windows(
        self, workload: str, from_s: int, until_s: int
    ) -> Iterator[tuple[int, MergedWindow]]:
        """Yield each window of a workload from the one at `from_s`, with its beginning in s."""
        slots = self._workloads.get(workload, {})
        for number in range(max(0, from_s) // self.width_s, until_s // self.width_s):
            yield number * self.width_s, slots.get(number) or MergedWindow()


def _connection_events(worker: str, at_s: int, window: WorkloadWindow) -> Iterator[ConnectionEvent]:
    for one in window.events:
        kind = _CONNECTION_EVENTS.get(one.error_class)
        if kind is not None:
            yield ConnectionEvent(at_s, worker, kind, window.workload, one.count)
    if window.reconnects:
        yield ConnectionEvent(
            at_s, worker, EventType.RECONNECTED, window.workload, window.reconnects
        )
