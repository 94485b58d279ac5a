"""Frames of one shape, taken many at once.

A server that is busy sends frame after frame of the same length whose heads differ in digits
alone. The exact parser or a regular expression reads the first of them; how many more are like it
is a comparison of columns. It is exact as well: a frame counts when each of its bytes up to the
end of its head is that of the first one, or is a digit where the first has one that may differ, and
when it ends where the first does.
"""

import re
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]

# Below this the regular expression is as fast.
FEWEST = 16
_ZERO = ord("0")
_NUMBER = re.compile(rb"\d+")
_CR, _LF = b"\r\n"


class Grid:
    """Rows of equal length: one frame each, from the one that a template was made of."""

    def __init__(self, cells: Bytes, size: int) -> None:
        self._cells = cells
        self.size = size

    def __len__(self) -> int:
        return len(self._cells)

    def column(self, begin: int, end: int) -> Bytes:
        """Return these bytes of each row, as a view."""
        return self._cells[:, begin:end]

    def row(self, number: int) -> bytes:
        """Return one frame."""
        frame: bytes = self._cells[number].tobytes()
        return frame


Span = tuple[int, int]


def numbers_in_group(head: "re.Match[bytes]", group: str) -> list[Span]:
    """Return where numbers stand in a group of a head, from the head's beginning."""
    at = head.start()
    return [
        (number.start() - at, number.end() - at)
        for number in _NUMBER.finditer(head.string, *head.span(group))
    ]


def grid(
    data: bytes, at: int, end: int, head: int, digits: Sequence[Span], free: Sequence[Span] = ()
) -> Grid:
    """Return the frames from `at` on that have the shape of the one there; that is one of them.

    Args:
        data: what has arrived.
        at: where the first frame begins.
        end: where it ends, behind its line end.
        head: how many of its bytes must be those of the first.
        digits: parts of the head where a decimal digit may be another one.
        free: parts of the head that may be anything: the caller looks at them.
    """
    size = end - at
    count = (len(data) - at) // size
    cells = np.frombuffer(data, dtype=np.uint8, count=count * size, offset=at).reshape(count, size)
    heads = cells[:, :head]
    wrong = heads != heads[0]
    if digits:
        wrong &= (heads - _ZERO > 9) | _outside(head, tuple(digits))
    for begin, stop in free:
        wrong[:, begin:stop] = False
    # One look over everything: a row is asked about only when not all are alike.
    if wrong.any():
        cells = cells[: int(wrong.any(axis=1).argmax())]
    ends = (cells[:, size - 2] == _CR) & (cells[:, size - 1] == _LF)
    if not ends.all():
        cells = cells[: int(ends.argmin())]
    return Grid(cells, size)


@lru_cache
def _outside(head: int, digits: tuple[Span, ...]) -> npt.NDArray[np.bool_]:
    """Return which bytes of a head are in none of the spans."""
    outside = np.ones(head, dtype=bool)
    for begin, stop in digits:
        outside[begin:stop] = False
    return outside


def framed(before: bytes, column: Bytes, after: bytes) -> bytes:
    """Return each row of the column between two constant parts, joined."""
    width = len(before) + column.shape[1] + len(after)
    out = np.empty((len(column), width), dtype=np.uint8)
    out[:, : len(before)] = np.frombuffer(before, dtype=np.uint8)
    out[:, len(before) : width - len(after)] = column
    out[:, width - len(after) :] = np.frombuffer(after, dtype=np.uint8)
    return out.tobytes()
