"""Frames of one shape, taken many at once.

A server that is busy sends frame after frame of the same length whose heads differ in digits
alone. The exact parser or a regular expression reads the first of them; how many more are like it
is a comparison of columns. It is exact as well: a frame counts when each of its bytes up to the
end of its head is that of the first one, or is a digit where the first has one that may differ, and
when it ends where the first does.
"""

import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from njst.load.wire.digits import HEX

Bytes = npt.NDArray[np.uint8]

# Below this the regular expression is as fast.
FEWEST = 16
_ZERO = ord("0")
_NUMBER = re.compile(rb"\d+")
_LINE_END = np.frombuffer(b"\r\n", dtype=np.uint16)[0]


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


class Shape:
    """What frames of equal length have in common; made of one, it finds those that are like it."""

    def __init__(
        self, frame: bytes, head: int, digits: Sequence[Span], free: Sequence[Span] = ()
    ) -> None:
        """Learn from a whole frame.

        Args:
            frame: from its beginning to behind its line end.
            head: how many of its bytes must be those of the first.
            digits: parts of the head where a decimal digit may be another one.
            free: parts of the head that may be anything: the caller looks at them.
        """
        self.size = len(frame)
        self._head = head
        # A byte is right when it differs from the common one in no more than its limit: the bits
        # in which a digit differs from the digit zero are its value.
        self._common = np.frombuffer(frame[:head], dtype=np.uint8).copy()
        self._limits = np.zeros(head, dtype=np.uint8)
        for begin, stop in digits:
            self._common[begin:stop] = _ZERO
            self._limits[begin:stop] = 9
        for begin, stop in free:
            self._limits[begin:stop] = 255

    def grid(self, data: bytes, at: int, fewest: int = FEWEST) -> Grid | None:
        """Return the frames from `at` on that have this shape; None when they are fewer."""
        size = self.size
        count = (len(data) - at) // size
        if count < fewest:
            return None
        cells = np.frombuffer(data, dtype=np.uint8, count=count * size, offset=at)
        cells = cells.reshape(count, size)
        wrong = (cells[:, : self._head] ^ self._common) > self._limits
        # One look over everything: a row is asked about only when not all are alike.
        if wrong.any():
            cells = cells[: int(wrong.any(axis=1).argmax())]
        if self._head < size:
            astray = cells[:, -2:].view(np.uint16) != _LINE_END
            if astray.any():
                cells = cells[: int(astray.argmax())]
        return Grid(cells, size) if len(cells) >= fewest else None


class CountedShape(Shape):
    """Frames of one shape whose numbers follow each other.

    What they must be is laid out in rows, so that one comparison tells all: most of what a few
    hundred frames cost is the number of calls.
    """

    def __init__(self, frame: bytes, digits: Sequence[Span], number: Span, most: int) -> None:
        """Learn from a whole frame.

        Args:
            frame: from its beginning to behind its line end.
            digits: where a decimal digit may be another one.
            number: where the ten hex digits are that count.
            most: how many frames are compared at once.
        """
        super().__init__(frame, len(frame), digits)
        self._rows = np.repeat(self._common[None], most, axis=0)
        self._numbers = self._rows[:, slice(*number)]
        # The number in the first row.
        self._first = -most

    def count(self, data: bytes, at: int, first: int) -> int:
        """Return how many frames from `at` on, at most `most`, have the numbers from `first` on."""
        count = min((len(data) - at) // self.size, len(self._rows))
        begin = first - self._first
        if not 0 <= begin <= len(self._rows) - count:
            HEX.fill(self._numbers, first)
            self._first, begin = first, 0
        cells = np.frombuffer(data, dtype=np.uint8, count=count * self.size, offset=at)
        cells = cells.reshape(count, self.size)
        wrong = (cells ^ self._rows[begin : begin + count]) > self._limits
        return int(wrong.any(axis=1).argmax()) if wrong.any() else count


def framed(before: bytes, column: Bytes, after: bytes) -> bytes:
    """Return each row of the column between two constant parts, joined."""
    width = len(before) + column.shape[1] + len(after)
    out = np.empty((len(column), width), dtype=np.uint8)
    out[:, : len(before)] = np.frombuffer(before, dtype=np.uint8)
    out[:, len(before) : width - len(after)] = column
    out[:, width - len(after) :] = np.frombuffer(after, dtype=np.uint8)
    return out.tobytes()
