"""When each message is due: a pure schedule that no answer can delay.

A workload offers messages at a rate that goes evenly from one value to another in each piece of
its time. Message g is due when the integral of the rate has reached g and grows on. Client `index`
of `parts` sends every `parts`-th message, so that all clients together are evenly spaced.

Within a piece of D ns from rate a to rate b, with u ns gone, the integral is
(2Da u + (b - a) u^2) / (2D 10^9); its root in whole numbers is exact. Many instants at once are
computed in floating point, from the end of the piece where the rate is lower: so nothing is lost
by cancellation, and they differ from the exact ones by 1 ns at most.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from math import isqrt

import numpy as np
import numpy.typing as npt

from njst.contract.plan import PacePiece, PacePlan

_SECOND_NS = 1_000_000_000
_MS_NS = 1_000_000
# Counts are kept in these parts of a message: a rate times ms, twice for the mean of two rates.
_UNITS = 2_000

Counts = npt.NDArray[np.int64]
Instants = npt.NDArray[np.int64]


@dataclass(frozen=True)
class _Piece:
    """A piece from `at_ns` on; `before` is what is due until then, in units."""

    at_ns: int
    length_ns: int
    before: int
    begin: int
    end: int

    def due_ns(self, units: int) -> int:
        """Return when so many units of this piece are due, from its beginning, rounded down."""
        slope = self.end - self.begin
        if slope == 0:
            return units * _MS_NS // (2 * self.begin)
        first = self.length_ns * self.begin
        square = first * first + slope * self.length_ns * _MS_NS * units
        if slope > 0:
            return (isqrt(square) - first) // slope
        root = isqrt(square - 1) + 1 if square > 0 else 0
        return (first - root) // -slope

    def units_at(self, elapsed_ns: int) -> int:
        """Return how many units of this piece are due by then, rounded down."""
        if self.length_ns:
            elapsed_ns = min(elapsed_ns, self.length_ns)
        slope = self.end - self.begin
        if slope == 0:
            return 2 * self.begin * elapsed_ns // _MS_NS
        twice = (2 * self.length_ns * self.begin + slope * elapsed_ns) * elapsed_ns
        return twice // (self.length_ns * _MS_NS)

    def many(self, units: Counts) -> npt.NDArray[np.float64]:
        """Return when so many units of this piece are due, in ns from its beginning."""
        low, high = sorted((self.begin, self.end))
        if low == high:
            return np.asarray(units * (_MS_NS / (2 * low)))
        growth = 2 * (high - low) * _SECOND_NS / self.length_ns
        if self.begin < self.end:
            return _rising(units, low, growth)
        left = (low + high) * self.length_ns // _MS_NS - units
        return self.length_ns - _rising(left, low, growth)


def _rising(units: Counts, rate: int, growth: float) -> npt.NDArray[np.float64]:
    """Return after how many ns so many units are due; each message adds to the rate's square."""
    messages = units / _UNITS
    both = rate + np.sqrt(float(rate) ** 2 + growth * messages)
    return np.asarray(2 * _SECOND_NS * messages / np.maximum(both, 1e-9))


class Schedule:
    """The due times of one client's messages, in ns after the start of its workload."""

    def __init__(self, pace: PacePlan) -> None:
        self._parts = pace.parts
        self._index = pace.index
        self._pieces, total = _pieces(pace.pieces)
        self._begin_ns = [piece.at_ns for piece in self._pieces]
        self._before = [piece.before for piece in self._pieces]
        self._before_array = np.array(self._before, dtype=np.int64)
        # How many messages all clients have to send; None without an end.
        self._whole = None if total is None else -(-total // _UNITS)

    def due_ns(self, number: int) -> int:
        """Return when the client's message `number`, from 0, is due."""
        return self._due_ns(number * self._parts + self._index)

    def _due_ns(self, whole: int) -> int:
        units = whole * _UNITS
        piece = self._pieces[bisect_right(self._before, units) - 1]
        return piece.at_ns + piece.due_ns(units - piece.before)

    def due_many_ns(self, numbers: Counts) -> Instants:
        """Return when each of these messages of the client is due, to 1 ns."""
        units = (numbers * self._parts + self._index) * _UNITS
        if len(self._pieces) == 1:
            return self._pieces[0].many(units).astype(np.int64)
        places = np.searchsorted(self._before_array, units, side="right") - 1
        due = np.empty(len(units), dtype=np.int64)
        for place in np.unique(places).tolist():
            piece, here = self._pieces[place], places == place
            due[here] = piece.at_ns + piece.many(units[here] - piece.before).astype(np.int64)
        return due

    def due_count(self, elapsed_ns: int) -> int:
        """Return how many of the client's messages are due by then, those at the instant too."""
        if elapsed_ns < 0:
            return 0
        piece = self._pieces[bisect_right(self._begin_ns, elapsed_ns) - 1]
        units = piece.before + piece.units_at(elapsed_ns + 1 - piece.at_ns)
        whole = units // _UNITS + 1
        if self._whole is not None:
            whole = min(whole, self._whole)
        # The closed form may be one too many: due at the very next ns, or after a pause.
        while whole and self._due_ns(whole - 1) > elapsed_ns:
            whole -= 1
        return max(0, -(-(whole - self._index) // self._parts))


def _pieces(plan: Sequence[PacePiece]) -> tuple[list[_Piece], int | None]:
    """Return the pieces, and how many units they are; None when the last one has no end."""
    pieces: list[_Piece] = []
    at_ns = units = 0
    for piece in plan:
        begin, end = piece.begin_per_second, piece.end_per_second
        pieces.append(_Piece(at_ns, (piece.ms or 0) * _MS_NS, units, begin, end))
        if piece.ms is None:
            return pieces, None
        at_ns += piece.ms * _MS_NS
        units += (begin + end) * piece.ms
    return pieces, units
