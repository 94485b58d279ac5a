"""Frames that differ in a few digits, made many at once.

A cycle of frames is prebuilt in one buffer. The digits that count the messages are written once for
each cycle; for each chunk only the time is written into a range of it, and the range is copied out:
the cost of a message is that of copying it. Row r of the cycle serves the messages r, r + rows,
r + 2 rows ...
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from njst.load.protocol import stamp
from njst.load.protocol.digits import DECIMAL, DIGITS, HEX, Cells
from njst.load.templates.digit_columns import DigitColumns

# Returns the prebuilt frame at a place, stamped with a time; each once.
FrameStamper = Callable[[int, int], bytes | memoryview]

# Below this a chunk is filled number by number: numpy's calls would cost more than they save.
FEW = 7


def made_late(encode: Callable[[int, int, int], bytes], first: int) -> FrameStamper:
    """Return a stamper that makes each frame, from number `first` on, when it leaves."""
    return lambda place, time_ns: encode(first + place, 1, time_ns)


@dataclass(frozen=True)
class FrameRow:
    """One frame of the cycle, and where its digits are; None for those that it does not have.

    `token_at`: ten hex digits of the message's number. `id_at`: ten hex digits of `number //
    id_step - id_back`. `stamp_at`: a stamp whose part before the guard is in place.
    """

    frame: bytes
    token_at: int | None = None
    id_at: int | None = None
    id_back: int = 0
    stamp_at: int | None = None


class FrameCycle:
    """A cycle of rows, all with the same kinds of digits; only the token may be in some alone."""

    def __init__(
        self,
        rows: Sequence[FrameRow],
        *,
        id_step: int = 1,
        decimal: bool = False,
        turns: int = 0,
    ) -> None:
        """`turns` is how many tokens are reused in turn; 0: each message has its own."""
        self.rows = len(rows)
        self._id_step = id_step
        self._turns = turns
        self._notation = DECIMAL if decimal else HEX
        self._lengths = np.array([len(row.frame) for row in rows])
        self._ends = [0, *np.cumsum(self._lengths).tolist()]
        self._buffer = np.frombuffer(b"".join(row.frame for row in rows), dtype=np.uint8).copy()
        self._view = self._buffer.data
        self._tokens = DigitColumns(
            self._buffer, self._ends, [row.token_at for row in rows], DIGITS
        )
        self._ids = DigitColumns(self._buffer, self._ends, [row.id_at for row in rows], DIGITS)
        self._back = np.array([row.id_back for row in rows], dtype=np.int64)
        stamp_at = [
            None if row.stamp_at is None else row.stamp_at + stamp.VARIABLE_AT for row in rows
        ]
        self._stamps = DigitColumns(self._buffer, self._ends, stamp_at, stamp.VARIABLE.itemsize)
        self._stamp_at = np.array([-1 if at is None else at for at in stamp_at])
        self._cuts = [_cut(row) for row in rows]
        self._seeds = np.array([cut.seed for cut in self._cuts], dtype=np.uint64)
        # The variable parts of stamps, and their guards before the time is mixed in.
        self._variable = np.empty(self.rows, dtype=stamp.VARIABLE)
        self._guards, self._times = self._variable["guard"], self._variable["time_ns"]
        self._variable_cells = self._variable.view(np.uint8).reshape(self.rows, -1)
        self._mixed = np.empty(self.rows, dtype=np.uint64)
        # The messages whose digits are in the buffer, and the shift of their tokens.
        self._counted = range(0)
        self._shift = 0

    def encode(self, first: int, count: int, time_ns: int, *, shift: int = 0) -> bytes:
        """Return the frames of `count` messages from number `first`, stamped with the time.

        The token of a message is its number, or its turn, plus `shift`.
        """
        if count == 1:
            return self._one(first, time_ns, shift)
        if count <= FEW:
            return b"".join([self._one(first + n, time_ns, shift) for n in range(count)])
        parts = [
            self._part(number, row, size, time_ns, shift)
            for number, row, size in self._pieces(first, count)
        ]
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def subject(self, number: int) -> str:
        """Return the subject of a message."""
        return self._cuts[number % self.rows].pieces[0].split(b" ", 2)[1].decode()

    def prebuilt(self, first: int, count: int, *, shift: int = 0) -> FrameStamper:
        """Make `count` frames from number `first` on; return what stamps each when it leaves."""
        made = memoryview(bytearray(self.encode(first, count, 0, shift=shift)))
        numbers = np.arange(first, first + count)
        rows = numbers % self.rows
        ends = self._lengths[rows].cumsum().tolist()
        frames = [made[begin:end] for begin, end in pairwise([0, *ends])]
        if not self._stamps.some:
            return lambda place, log_ns: frames[place]  # noqa: ARG005
        return stamp.frame_stamper(
            frames, self._stamp_at[rows].tolist(), self._seeds[rows], numbers
        )

    def _one(self, number: int, time_ns: int, shift: int) -> bytes:
        """Return one frame, made without numpy."""
        row = number % self.rows
        cut = self._cuts[row]
        pieces = cut.pieces.copy()
        if cut.token is not None:
            turn = number % self._turns if self._turns else number
            pieces[cut.token] = self._notation.one(turn + shift)
        if cut.id is not None:
            pieces[cut.id] = HEX.one(number // self._id_step - cut.id_back)
        if cut.stamp is not None:
            pieces[cut.stamp] = stamp.seeded(cut.seed, number, time_ns)
        return b"".join(pieces)

    def _pieces(self, first: int, count: int) -> Iterator[tuple[int, int, int]]:
        while count:
            row = first % self.rows
            size = min(count, self.rows - row)
            yield first, row, size
            first += size
            count -= size

    def _part(self, first: int, row: int, count: int, time_ns: int, shift: int) -> bytes:
        counted = self._counted
        if shift != self._shift or first < counted.start or first + count > counted.stop:
            self._count(first, row, shift)
        if self._stamps.some:
            self._stamp(slice(row, row + count), time_ns)
        return bytes(self._view[self._ends[row] : self._ends[row + count]])

    def _count(self, first: int, row: int, shift: int) -> None:
        """Write the numbers of the messages into the rows from `row` on."""
        rows = slice(row, self.rows)
        self._counted, self._shift = range(first, first + self.rows - row), shift
        if self._tokens.some:
            self._tokens.write(rows, lambda cells, at: self._fill_tokens(cells, first + at, shift))
        if self._ids.some:
            self._ids.write(rows, lambda cells, at: self._fill_ids(cells, first + at))
        if self._stamps.some:
            sequence = np.arange(first, self._counted.stop, dtype=np.uint64)
            self._variable["sequence"][rows] = sequence
            self._mixed[rows] = stamp.mixed(self._seeds[rows], sequence)

    def _fill_tokens(self, cells: Cells, first: int, shift: int) -> None:
        turns = self._turns
        if not turns:
            self._notation.fill(cells, first + shift)
            return
        done = 0
        while done < len(cells):
            turn = (first + done) % turns
            part = cells[done : done + turns - turn]
            self._notation.fill(part, turn + shift)
            done += len(part)

    def _fill_ids(self, cells: Cells, first: int) -> None:
        step = self._id_step
        if step == 1:
            HEX.fill(cells, first)
            begin = first % self.rows
            for place in np.flatnonzero(self._back[begin : begin + len(cells)]).tolist():
                back = int(self._back[begin + place])
                cells[place] = np.frombuffer(HEX.one(first + place - back), dtype=np.uint8)
            return
        done = 0
        while done < len(cells):
            number, place = divmod(first + done, step)
            part = cells[done : done + step - place]
            part[:] = np.frombuffer(HEX.one(number), dtype=np.uint8)
            done += len(part)

    def _stamp(self, rows: slice, time_ns: int) -> None:
        """Write the time, and the guards that are mixed with it."""
        self._guards[rows] = stamp.guards(self._mixed[rows], np.uint64(time_ns))
        self._times[rows] = time_ns
        made = self._variable_cells[rows]
        self._stamps.write(rows, lambda cells, at: np.copyto(cells, made[at : at + len(cells)]))


def _seed(row: FrameRow) -> int:
    """Return the seed of the guard of a row's stamp; 0 for a row without one."""
    at = row.stamp_at
    return 0 if at is None else stamp.seed_of(row.frame[at : at + stamp.VARIABLE_AT])


class _Cut(NamedTuple):
    """A row in pieces, and which of them are digits."""

    pieces: list[bytes]
    token: int | None
    id: int | None
    id_back: int
    stamp: int | None
    seed: int


def _cut(row: FrameRow) -> _Cut:
    """Cut a row at its digits."""
    stamp_at = None if row.stamp_at is None else row.stamp_at + stamp.VARIABLE_AT
    cells = [(row.token_at, DIGITS), (row.id_at, DIGITS), (stamp_at, stamp.VARIABLE.itemsize)]
    pieces: list[bytes] = []
    places: dict[int, int] = {}
    end = 0
    for at, width in sorted((at, width) for at, width in cells if at is not None):
        pieces += [row.frame[end:at], b""]
        places[at] = len(pieces) - 1
        end = at + width
    pieces.append(row.frame[end:])
    token, number, stamped = (None if at is None else places[at] for at, _ in cells)
    return _Cut(pieces, token, number, row.id_back, stamped, _seed(row))
