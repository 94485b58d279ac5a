"""Frames that differ in a few digits, made many at once.

A cycle of frames lies ready in one buffer. For each chunk the digits that count the messages are
written into a range of it, and the range is copied out: the cost of a message is that of copying
it. Row r of the cycle serves the messages r, r + rows, r + 2 rows ...
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, islice, pairwise
from typing import NamedTuple

import numpy as np

from njst.load.wire import stamp
from njst.load.wire.digits import DECIMAL, DIGITS, HEX, Cells

# Returns the frame at a place of those that lie ready, stamped with a time; each once.
Seal = Callable[[int, int], bytes | bytearray]

# Below this a chunk is filled number by number: numpy's calls would cost more than they save.
FEW = 12
# With more runs of equal frames than this in a cycle there is little to gain from them.
MOST_RUNS = 100


@dataclass(frozen=True)
class Row:
    """One frame of the cycle, and where its digits stand; None for what it does not have.

    `token_at`: ten hex digits of the message's number. `id_at`: ten hex digits of `number //
    id_step - id_back`. `stamp_at`: a stamp whose part before the guard is in place.
    """

    frame: bytes
    token_at: int | None = None
    id_at: int | None = None
    id_back: int = 0
    stamp_at: int | None = None


class FrameCycle:
    """A cycle of rows; all of them have the same kinds of digits, or only some a token."""

    def __init__(self, rows: Sequence[Row], *, id_step: int = 1, decimal: bool = False) -> None:
        self.rows = len(rows)
        self._id_step = id_step
        self._notation = DECIMAL if decimal else HEX
        self._lengths = np.array([len(row.frame) for row in rows])
        self._ends = [0, *np.cumsum(self._lengths).tolist()]
        self._buffer = np.frombuffer(b"".join(row.frame for row in rows), dtype=np.uint8).copy()
        self._view = self._buffer.data
        self._tokens = _Columns(self._buffer, self._ends, [row.token_at for row in rows], DIGITS)
        self._ids = _Columns(self._buffer, self._ends, [row.id_at for row in rows], DIGITS)
        self._back = np.array([row.id_back for row in rows], dtype=np.int64)
        stamp_at = [
            None if row.stamp_at is None else row.stamp_at + stamp.VARIABLE_AT for row in rows
        ]
        self._stamps = _Columns(self._buffer, self._ends, stamp_at, stamp.VARIABLE.itemsize)
        self._stamp_at = np.array([-1 if at is None else at for at in stamp_at])
        self._cuts = [_cut(row) for row in rows]
        self._seeds = np.array([cut.seed for cut in self._cuts], dtype=np.uint64)
        self._stamp_cells = np.empty(self.rows, dtype=stamp.VARIABLE)

    def encode(self, first: int, count: int, time_ns: int, *, shift: int = 0) -> bytes:
        """Return the frames of `count` messages from number `first`, stamped with the time.

        The token of a message is its number and `shift`.
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
        """Return the subject of a message; what stands in it before digits that differ."""
        return self._cuts[number % self.rows].pieces[0].split(b" ", 2)[1].decode()

    def ready(self, first: int, count: int) -> Seal:
        """Return what stamps each of `count` frames from number `first` on, made here.

        To stamp one is most of what is left to do when it leaves.
        """
        made = memoryview(self.encode(first, count, 0))
        numbers = np.arange(first, first + count)
        rows = numbers % self.rows
        ends = self._lengths[rows].cumsum().tolist()
        frames = [bytearray(made[begin:end]) for begin, end in pairwise([0, *ends])]
        if not self._stamps.some:
            return lambda place, log_ns: frames[place]  # noqa: ARG005
        return stamp.sealer(frames, self._stamp_at[rows].tolist(), self._seeds[rows], numbers)

    def _one(self, number: int, time_ns: int, shift: int) -> bytes:
        """Return one frame, made without numpy."""
        row = number % self.rows
        cut = self._cuts[row]
        pieces = cut.pieces.copy()
        if cut.token is not None:
            pieces[cut.token] = self._notation.one(number + shift)
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
        rows = slice(row, row + count)
        if self._tokens.some:
            begin = first + shift
            self._tokens.write(rows, lambda cells, at: self._notation.fill(cells, begin + at))
        if self._ids.some:
            self._ids.write(rows, lambda cells, at: self._fill_ids(cells, first + at))
        if self._stamps.some:
            made = self._variable(first, rows, time_ns)
            self._stamps.write(rows, lambda cells, at: np.copyto(cells, made[at : at + len(cells)]))
        return bytes(self._view[self._ends[row] : self._ends[row + count]])

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

    def _variable(self, first: int, rows: slice, time_ns: int) -> Cells:
        """Return the parts of stamps that vary, a row for each; they hold until the next call."""
        cells = self._stamp_cells[: rows.stop - rows.start]
        sequence = np.arange(first, first + len(cells), dtype=np.uint64)
        cells["guard"] = stamp.seeded_guards(self._seeds[rows], sequence, np.uint64(time_ns))
        cells["sequence"] = sequence
        cells["time_ns"] = time_ns
        return cells.view(np.uint8).reshape(len(cells), -1)


def _seed(row: Row) -> int:
    """Return what the guard of a row's stamp begins with; of a row without one, anything."""
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


def _cut(row: Row) -> _Cut:
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


class _Columns:
    """Where, in the buffer of a cycle, the cells of one kind are.

    Rows of one length that follow each other make a grid, which is written several times faster
    than cells that lie anywhere.
    """

    def __init__(
        self, buffer: Cells, ends: Sequence[int], at: Sequence[int | None], width: int
    ) -> None:
        self.some = any(place is not None for place in at)
        self._buffer = buffer
        self._runs = _runs(ends, at) if self.some else []
        self._grids = [
            _grid(buffer, ends, run, at[run.start] or 0, width)
            for run in self._runs
            if len(self._runs) <= MOST_RUNS
        ]
        self._starts = [run.start for run in self._runs]
        self._has = np.array([place is not None for place in at])
        starts = [end + (place or 0) for end, place in zip(ends, at, strict=False)]
        self._cells = np.array(starts, dtype=np.int64)[:, None] + np.arange(width)

    def write(self, rows: slice, fill: Callable[[Cells, int], None]) -> None:
        """Let `fill` write the cells of some rows; it is told how many rows are before them."""
        if not self._grids:
            cells = np.empty((rows.stop - rows.start, self._cells.shape[1]), dtype=np.uint8)
            fill(cells, 0)
            has = self._has[rows]
            self._buffer[self._cells[rows][has]] = cells[has]
            return
        place = max(0, bisect_right(self._starts, rows.start) - 1)
        for run, grid in islice(zip(self._runs, self._grids, strict=True), place, None):
            begin, end = max(run.start, rows.start), min(run.stop, rows.stop)
            if run.start >= rows.stop:
                break
            if begin < end:
                fill(grid[begin - run.start : end - run.start], begin - rows.start)


def _runs(ends: Sequence[int], at: Sequence[int | None]) -> list[range]:
    """Return the ranges of rows that have the cells, at one place of frames of one length."""
    shapes = [(place, end - begin) for place, (begin, end) in zip(at, pairwise(ends), strict=True)]
    runs, begin = [], 0
    for (place, _), those in groupby(shapes):
        end = begin + len(list(those))
        if place is not None:
            runs.append(range(begin, end))
        begin = end
    return runs


def _grid(buffer: Cells, ends: Sequence[int], run: range, at: int, width: int) -> Cells:
    """Return the cells of a run, a row for each."""
    frames = buffer[ends[run.start] : ends[run.stop]].reshape(len(run), -1)
    return frames[:, at : at + width]
