"""Time series of a job: windows on the common time base, merged without loss.

A window of width w has what completed from k*w to (k+1)*w seconds after the common start. A series
has at most MAX_WINDOWS: when it is full, the width doubles and neighbours are added.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest

from njst.contract.results.tallies import SeriesTally, WindowTally
from njst.stats.histogram import Histogram

MAX_WINDOWS = 120


@dataclass(frozen=True)
class Window:
    """What completed in one window."""

    messages: int = 0
    bytes: int = 0
    errors: int = 0
    latency: Histogram = field(default_factory=Histogram)

    def __add__(self, other: "Window") -> "Window":
        """Return the sum."""
        return _together((self, other))


def _together(windows: Sequence[Window]) -> Window:
    if len(windows) == 1:
        return windows[0]
    return Window(
        sum(window.messages for window in windows),
        sum(window.bytes for window in windows),
        sum(window.errors for window in windows),
        Histogram.together(window.latency for window in windows),
    )


@dataclass(frozen=True)
class Series:
    """Windows of one width; immutable."""

    width_s: int = 1
    windows: tuple[Window, ...] = ()

    def widened(self, width_s: int) -> "Series":
        """Return the series in windows of `width_s`, a multiple of its width."""
        step = width_s // self.width_s
        parts = [self.windows[at : at + step] for at in range(0, len(self.windows), step)]
        return Series(width_s, tuple(_together(part) for part in parts))

    def bounded(self) -> "Series":
        """Return the series in windows so wide that it has at most MAX_WINDOWS."""
        width_s = self.width_s
        while -(-len(self.windows) * self.width_s // width_s) > MAX_WINDOWS:
            width_s *= 2
        return self.widened(width_s)

    def tally(self) -> SeriesTally:
        """Return the series as a message."""
        return SeriesTally(
            width_s=self.width_s,
            windows=[
                WindowTally(
                    messages=w.messages, bytes=w.bytes, errors=w.errors, latency=w.latency.encode()
                )
                for w in self.windows
            ],
        )

    @classmethod
    def of(cls, tally: SeriesTally) -> "Series":
        """Return the series of a message.

        Raises:
            ValueError: a histogram cannot be decoded, or the width is not a power of two.
        """
        if tally.width_s < 1 or tally.width_s.bit_count() != 1:
            raise ValueError(f"windows of {tally.width_s} s: must be 1, 2, 4, 8 ... s")
        return cls(
            tally.width_s,
            tuple(
                Window(w.messages, w.bytes, w.errors, Histogram.decode(w.latency))
                for w in tally.windows
            ),
        )


class SeriesBuilder:
    """Builds a series second by second."""

    def __init__(self) -> None:
        self._width_s = 1
        self._windows: list[Window] = []
        self._open = Window()
        self._open_s = 0

    def append(self, second: Window) -> None:
        """Add the next second."""
        self._open += second
        self._open_s += 1
        if self._open_s < self._width_s:
            return
        self._windows.append(self._open)
        self._open, self._open_s = Window(), 0
        if len(self._windows) == MAX_WINDOWS:
            self._width_s *= 2
            pairs = zip(self._windows[::2], self._windows[1::2], strict=True)
            self._windows = [first + second for first, second in pairs]

    def series(self) -> Series:
        """Return the series so far; its last window may be incomplete."""
        rest = [self._open] if self._open_s else []
        return Series(self._width_s, (*self._windows, *rest))


def merge_series(series: Iterable[Series]) -> Series:
    """Return the sum of series, in windows as wide as the widest; the order does not matter."""
    parts = [one for one in series if one.windows]
    if not parts:
        return Series()
    width_s = max(one.width_s for one in parts)
    rows = zip_longest(*(one.widened(width_s).windows for one in parts), fillvalue=Window())
    return Series(width_s, tuple(_together(row) for row in rows)).bounded()
