"""The places of one kind of digits in a buffer of frames."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import groupby, islice, pairwise

import numpy as np

from njst.load.protocol.digits import Cells

# With more runs of equal frames than this in a cycle, runs gain little.
MOST_RUNS = 100


class DigitColumns:
    """The cells of one kind of digits in the buffer of a cycle.

    Consecutive rows of one length are written as a matrix, several times faster than scattered
    cells.
    """

    def __init__(
        self, buffer: Cells, ends: Sequence[int], at: Sequence[int | None], width: int
    ) -> None:
        self.some = any(place is not None for place in at)
        self._buffer = buffer
        self._runs = _runs(ends, at) if self.some else []
        self._matrices = [
            _matrix(buffer, ends, run, at[run.start] or 0, width)
            for run in self._runs
            if len(self._runs) <= MOST_RUNS
        ]
        self._starts = [run.start for run in self._runs]
        self._has = np.array([place is not None for place in at])
        starts = [end + (place or 0) for end, place in zip(ends, at, strict=False)]
        self._cells = np.array(starts, dtype=np.int64)[:, None] + np.arange(width)

    def write(self, rows: slice, fill: Callable[[Cells, int], None]) -> None:
        """Let `fill` write the cells of some rows; it also gets how many rows precede them."""
        if not self._matrices:
            cells = np.empty((rows.stop - rows.start, self._cells.shape[1]), dtype=np.uint8)
            fill(cells, 0)
            has = self._has[rows]
            self._buffer[self._cells[rows][has]] = cells[has]
            return
        place = max(0, bisect_right(self._starts, rows.start) - 1)
        for run, matrix in islice(zip(self._runs, self._matrices, strict=True), place, None):
            begin, end = max(run.start, rows.start), min(run.stop, rows.stop)
            if run.start >= rows.stop:
                break
            if begin < end:
                fill(matrix[begin - run.start : end - run.start], begin - rows.start)


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


def _matrix(buffer: Cells, ends: Sequence[int], run: range, at: int, width: int) -> Cells:
    """Return the cells of a run, a row for each."""
    frames = buffer[ends[run.start] : ends[run.stop]].reshape(len(run), -1)
    return frames[:, at : at + width]
