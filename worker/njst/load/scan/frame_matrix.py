"""Frames of one shape, compared many at once.

A busy server sends frame after frame of the same length whose heads differ in digits alone. A
regular expression reads the first frame; how many more are like it is a comparison of columns. It
is exact as well: a frame counts when each byte of its head is that of the first frame, or a digit
where the first has a digit that may differ, and when it ends where the first does.
"""

import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from njst.load.protocol.digits import HEX

Bytes = npt.NDArray[np.uint8]

# Below this the regular expression is as fast.
FEWEST = 8
_ZERO = ord("0")
_NUMBER = re.compile(rb"\d+")


def _view(data: bytes, at: int, count: int, size: int) -> Bytes:
    """Return `count` rows of the data, without a copy."""
    return np.ndarray((count, size), np.uint8, data, at)


def _right_rows(wrong: npt.NDArray[np.bool_]) -> int:
    """Return how many rows precede the first wrong one.

    To search the bytes costs a third of asking numpy, in which each call costs as much as some
    dozen rows.
    """
    place = wrong.tobytes().find(1)
    return len(wrong) if place < 0 else place // wrong.shape[1]


def _leading(data: bytes, byte: bytes) -> int:
    """Return how many times a byte occurs at the beginning."""
    return len(data) - len(data.lstrip(byte))


class FrameMatrix:
    """Rows of equal length: one frame each."""

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


class FrameShape:
    """What frames of equal length have in common: learnt from one, it finds those like it."""

    def __init__(
        self, frame: bytes, head: int, digits: Sequence[Span], free: Sequence[Span] = ()
    ) -> None:
        """Learn from a whole frame.

        Args:
            frame: from its beginning to behind its line end.
            head: how many of its bytes must be those of the first.
            digits: parts of the head where decimal digits may differ.
            free: parts of the head that may be anything: the caller checks them.
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

    def matrix(self, data: bytes, at: int, fewest: int = FEWEST) -> FrameMatrix | None:
        """Return the frames from `at` on that have this shape; None when they are fewer."""
        size = self.size
        count = (len(data) - at) // size
        if count < fewest:
            return None
        cells = _view(data, at, count, size)
        right = _right_rows((cells[:, : self._head] ^ self._common) > self._limits)
        if self._head < size:
            end = at + right * size
            right = min(
                _leading(data[at + size - 2 : end : size], b"\r"),
                _leading(data[at + size - 1 : end : size], b"\n"),
            )
        return FrameMatrix(cells[:right], size) if right >= fewest else None


class CountedFrameShape(FrameShape):
    """Frames of one shape with consecutive numbers.

    The expected frames are laid out in rows for a single comparison: most of the cost of a few
    hundred frames is the number of calls.
    """

    def __init__(self, frame: bytes, digits: Sequence[Span], number: Span, most: int) -> None:
        """Learn from a whole frame.

        Args:
            frame: from its beginning to behind its line end.
            digits: where decimal digits may differ.
            number: where the ten hex digits of the number are.
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
        cells = _view(data, at, count, self.size)
        return _right_rows((cells ^ self._rows[begin : begin + count]) > self._limits)


class Framing:
    """Joins the rows of a column, each between two constant parts.

    The parts are laid out once, for the most rows so far.
    """

    def __init__(self, before: bytes, after: bytes) -> None:
        self._before = before
        self._after = after
        self._lay_out(0, 0)

    def _lay_out(self, count: int, width: int) -> None:
        begin = len(self._before)
        row = np.frombuffer(self._before + bytes(width) + self._after, dtype=np.uint8)
        self._rows = row[None].repeat(count, axis=0)
        self._cells = self._rows[:, begin : begin + width]

    def joined(self, column: Bytes) -> bytes:
        """Return each row of the column between the two parts, joined."""
        count, width = column.shape
        if count > len(self._cells) or width != self._cells.shape[1]:
            self._lay_out(count, width)
        self._cells[:count] = column
        return self._rows[:count].tobytes()
