"""When each message of an offered rate is due, exactly; integers only, without numpy.

The offered rate changes linearly within each piece of a workload's time. Message g is due when the
integral of the rate reaches g and continues to grow.

Within a piece of D ns from rate a to rate b, after u ns, the integral is
(2Da u + (b - a) u^2) / (2D 10^9); its integer root is exact.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from math import isqrt

from njst.contract.plan import ArrivalPiece
from njst.contract.spec.stages import Ramp, Stage
from njst.contract.spec.workload import Workload

MS_NS = 1_000_000
# Fractions of a message: a rate per second times ms, doubled for the mean of two rates.
UNITS = 2_000


def pieces_of(workload: Workload) -> list[ArrivalPiece]:
    """Return the pieces of a workload's offered rate, over all clients; none for a closed loop."""
    if workload.stages:
        return _stages(workload.stages)
    if workload.messages_per_second is None:
        return []
    rate = workload.messages_per_second
    full = ArrivalPiece(begin_per_second=rate, end_per_second=rate)
    if not workload.ramp_seconds:
        return [full]
    ramp_ms = workload.ramp_seconds * 1000
    return [ArrivalPiece(ms=ramp_ms, begin_per_second=0, end_per_second=rate), full]


def _stages(stages: Sequence[Stage]) -> list[ArrivalPiece]:
    pieces = []
    before = 0
    for stage in stages:
        rate = stage.messages_per_second
        pieces.append(
            ArrivalPiece(
                ms=stage.duration_seconds * 1000,
                begin_per_second=before if stage.ramp is Ramp.LINEAR else rate,
                end_per_second=rate,
            )
        )
        before = rate
    return pieces


def planned_messages(workload: Workload) -> int | None:
    """Return the number of messages of a workload; None: only time ends it.

    With an offered rate and a duration it is the number of messages that are due.
    """
    if workload.messages is not None:
        return workload.messages
    pieces, length_s = pieces_of(workload), workload.length_seconds
    if not pieces or length_s is None:
        return None
    return Instants(pieces).due_count(length_s * 1_000 * MS_NS - 1)


class OfferedLoad:
    """How many messages of a workload are due when, over all clients."""

    def __init__(self, workload: Workload) -> None:
        pieces = pieces_of(workload)
        self._instants = Instants(pieces) if pieces else None
        length_s = workload.length_seconds
        self._length_ns = None if length_s is None else length_s * 1_000 * MS_NS
        self._messages = workload.messages

    def between(self, from_ns: int, until_ns: int) -> int | None:
        """Return how many are due from `from_ns` to before `until_ns` after the workload's start.

        None: the workload has no rate.
        """
        if self._instants is None:
            return None
        return self._before(until_ns) - self._before(from_ns)

    def _before(self, elapsed_ns: int) -> int:
        if self._instants is None:
            return 0
        if self._length_ns is not None:
            elapsed_ns = min(elapsed_ns, self._length_ns)
        due = self._instants.due_count(elapsed_ns - 1)
        return due if self._messages is None else min(due, self._messages)


@dataclass(frozen=True)
class Piece:
    """A piece that begins at `at_ns`; `before` is what is due before it, in units."""

    at_ns: int
    length_ns: int
    before: int
    begin: int
    end: int

    def due_ns(self, units: int) -> int:
        """Return when `units` of this piece are due, in ns from its beginning, rounded down."""
        slope = self.end - self.begin
        if slope == 0:
            return units * MS_NS // (2 * self.begin)
        first = self.length_ns * self.begin
        square = first * first + slope * self.length_ns * MS_NS * units
        if slope > 0:
            return (isqrt(square) - first) // slope
        root = isqrt(square - 1) + 1 if square > 0 else 0
        return (first - root) // -slope

    def units_at(self, elapsed_ns: int) -> int:
        """Return how many units of this piece are due after `elapsed_ns`, rounded down."""
        if self.length_ns:
            elapsed_ns = min(elapsed_ns, self.length_ns)
        slope = self.end - self.begin
        if slope == 0:
            return 2 * self.begin * elapsed_ns // MS_NS
        twice = (2 * self.length_ns * self.begin + slope * elapsed_ns) * elapsed_ns
        return twice // (self.length_ns * MS_NS)


class Instants:
    """Due times of a workload's messages, over all clients, in ns after its start.

    Attributes:
        pieces: the pieces of the rate, each with its beginning.
    """

    def __init__(self, plan: Sequence[ArrivalPiece]) -> None:
        self.pieces, total = _placed(plan)
        self._begin_ns = [piece.at_ns for piece in self.pieces]
        self._before = [piece.before for piece in self.pieces]
        # Number of messages; None: unlimited.
        self._whole = None if total is None else -(-total // UNITS)

    def due_ns(self, number: int) -> int:
        """Return when message `number`, from 0, is due."""
        units = number * UNITS
        piece = self.pieces[bisect_right(self._before, units) - 1]
        return piece.at_ns + piece.due_ns(units - piece.before)

    def due_count(self, elapsed_ns: int) -> int:
        """Return how many messages are due at `elapsed_ns` or earlier."""
        if elapsed_ns < 0:
            return 0
        piece = self.pieces[bisect_right(self._begin_ns, elapsed_ns) - 1]
        units = piece.before + piece.units_at(elapsed_ns + 1 - piece.at_ns)
        whole = units // UNITS + 1
        if self._whole is not None:
            whole = min(whole, self._whole)
        # The closed form may be one too high: a message that is due 1 ns later, or after a pause.
        while whole and self.due_ns(whole - 1) > elapsed_ns:
            whole -= 1
        return whole


def _placed(plan: Sequence[ArrivalPiece]) -> tuple[list[Piece], int | None]:
    """Return the pieces, and their sum in units; None: the last one has no end."""
    pieces: list[Piece] = []
    at_ns = units = 0
    for piece in plan:
        begin, end = piece.begin_per_second, piece.end_per_second
        pieces.append(Piece(at_ns, (piece.ms or 0) * MS_NS, units, begin, end))
        if piece.ms is None:
            return pieces, None
        at_ns += piece.ms * MS_NS
        units += (begin + end) * piece.ms
    return pieces, units
