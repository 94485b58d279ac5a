"""Plain publish acknowledgements, read a chunk at a time.

A plain one is `MSG <inbox>.<number> 1 <size>` with the JSON of a stored message, and nothing that a
publisher would have to look at: every other answer is for the exact parser.
"""

import re

import numpy as np
import numpy.typing as npt

from njst.load.wire.digits import numbers_in, numbers_of
from njst.load.wire.grid import FEWEST, grid

Numbers = npt.NDArray[np.int64]

_LAST = b"}\r\n"


class PublishAcks:
    """The acknowledgements that come to one inbox; the number is ten hex digits."""

    def __init__(self, inbox: str) -> None:
        self._one = re.compile(
            rb"MSG " + re.escape(inbox.encode()) + rb"\.([0-9a-f]{10}) 1 \d+\r\n"
            rb'\{"stream":"[^"\r\n]+", ?(?:"domain":"[^"\r\n]*", ?)?"seq":(\d{1,20})'
            rb'(?:, ?"domain":"[^"\r\n]*")?(?:, ?"duplicate": ?true)?'
            rb'(?:, ?"val": ?"[^"\r\n]*")?'
            rb'(?:, ?"batch": ?"[^"\r\n]*", ?"count": ?\d{1,9})?\}\r\n'
        )

    def alone(self, data: bytes) -> int | None:
        """Return the number of an acknowledgement that is all there is; None for anything else."""
        found = self._one.fullmatch(data)
        return None if found is None else int(found[1], 16)

    def scan(self, data: bytes) -> tuple[list[Numbers], int]:
        """Return the numbers of the acknowledgements at the beginning, and the bytes they take."""
        found: list[Numbers] = []
        at = 0
        while (first := self._one.match(data, at)) is not None:
            if len(data) - at < FEWEST * (first.end() - at):
                break
            numbers, size = _like(data, at, first)
            if len(numbers) < FEWEST:
                break
            found.append(numbers)
            at += len(numbers) * size
        return self._the_rest(data, at, found)

    def _the_rest(self, data: bytes, at: int, found: list[Numbers]) -> tuple[list[Numbers], int]:
        """Add what is behind those of equal shapes, when nothing else is among it."""
        end = data.rfind(_LAST, at) + len(_LAST)
        if end <= at:
            return found, at
        tokens = [one[0] for one in self._one.findall(data, at, end)]
        # An acknowledgement has two line ends; any other frame among them shows here.
        if not tokens or data.count(b"\r\n", at, end) != 2 * len(tokens):
            return found, at
        return [*found, numbers_of(tokens)], end


def _like(data: bytes, at: int, first: "re.Match[bytes]") -> tuple[Numbers, int]:
    """Return the numbers of the acknowledgements that have the shape of this one, and its size."""
    size = first.end() - at
    number, sequence = ((begin - at, end - at) for begin, end in (first.span(1), first.span(2)))
    rows = grid(data, at, first.end(), size, [sequence], [number])
    numbers = numbers_in(rows.column(*number))
    if numbers.min() < 0:
        numbers = numbers[: int((numbers < 0).argmax())]
    return numbers, size
