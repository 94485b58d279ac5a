"""When each message of one client is due: a pure schedule, independent of answers.

Client `index` of `parts` sends every `parts`-th message of the workload
(`njst.stats.offered_load`), so that all clients together are evenly spaced.

Many instants at once are computed in floating point, from the end of a piece where the rate is
lower: so nothing is lost by cancellation, and they differ from the exact ones by 1 ns at most.
"""

import numpy as np
import numpy.typing as npt

from njst.contract.plan import ArrivalPlan
from njst.stats.offered_load import MS_NS, UNITS, Instants, Piece

_SECOND_NS = 1_000_000_000

Counts = npt.NDArray[np.int64]
Times = npt.NDArray[np.int64]


class ArrivalSchedule:
    """The due times of one client's messages, in ns after the start of its workload."""

    def __init__(self, pace: ArrivalPlan) -> None:
        self._parts = pace.parts
        self._index = pace.index
        self._instants = Instants(pace.pieces)
        self._pieces = self._instants.pieces
        self._before = np.array([piece.before for piece in self._pieces], dtype=np.int64)

    def due_ns(self, number: int) -> int:
        """Return when the client's message `number`, from 0, is due."""
        return self._instants.due_ns(number * self._parts + self._index)

    def due_many_ns(self, numbers: Counts) -> Times:
        """Return when each of these messages of the client is due, to 1 ns."""
        units = (numbers * self._parts + self._index) * UNITS
        if len(self._pieces) == 1:
            return _many(self._pieces[0], units).astype(np.int64)
        places = np.searchsorted(self._before, units, side="right") - 1
        due = np.empty(len(units), dtype=np.int64)
        for place in np.unique(places).tolist():
            piece, here = self._pieces[place], places == place
            due[here] = piece.at_ns + _many(piece, units[here] - piece.before).astype(np.int64)
        return due

    def due_count(self, elapsed_ns: int) -> int:
        """Return how many of the client's messages are due by then, those at the instant too."""
        whole = self._instants.due_count(elapsed_ns)
        return max(0, -(-(whole - self._index) // self._parts))


def _many(piece: Piece, units: Counts) -> npt.NDArray[np.float64]:
    """Return when each number of units of a piece is due, in ns from its beginning."""
    low, high = sorted((piece.begin, piece.end))
    if low == high:
        return np.asarray(units * (MS_NS / (2 * low)))
    growth = 2 * (high - low) * _SECOND_NS / piece.length_ns
    if piece.begin < piece.end:
        return _rising(units, low, growth)
    left = (low + high) * piece.length_ns // MS_NS - units
    return piece.length_ns - _rising(left, low, growth)


def _rising(units: Counts, rate: int, growth: float) -> npt.NDArray[np.float64]:
    """Return after how many ns units are due; each message adds to the rate's square."""
    messages = units / UNITS
    both = rate + np.sqrt(float(rate) ** 2 + growth * messages)
    return np.asarray(2 * _SECOND_NS * messages / np.maximum(both, 1e-9))
