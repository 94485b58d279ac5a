"""Ten digits of a number, as frames carry them; many at once, and back.

Numbers that follow each other differ in their last digits nearly always, so these come from a
table, as a range of it, and those before them are the same for a whole block.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

DIGITS = 10

Cells = npt.NDArray[np.uint8]
Numbers = npt.NDArray[np.int64]

_HEX = np.frombuffer(b"0123456789abcdef", dtype=np.uint8)
_VALUES = np.full(256, -1, dtype=np.int64)
_VALUES[_HEX] = np.arange(16)
_WEIGHTS = 16 ** np.arange(DIGITS - 1, -1, -1, dtype=np.int64)


@dataclass(frozen=True)
class Notation:
    """A notation of numbers: the format of one, and a table of all ends of some digits."""

    form: bytes
    # Row n has the last digits of the number n.
    ends: Cells

    def one(self, number: int) -> bytes:
        """Return the digits of a number."""
        return self.form % number

    def fill(self, cells: Cells, first: int) -> None:
        """Write the numbers from `first` on into rows of ten cells."""
        block, width = self.ends.shape
        done = 0
        while done < len(cells):
            high, low = divmod(first + done, block)
            part = cells[done : done + block - low]
            beginning = (self.form % (high * block))[: DIGITS - width]
            part[:, : DIGITS - width] = np.frombuffer(beginning, dtype=np.uint8)
            part[:, DIGITS - width :] = self.ends[low : low + len(part)]
            done += len(part)

    def many(self, numbers: Numbers) -> Cells:
        """Return the digits of any numbers, a row for each."""
        digits = b"".join([self.form % number for number in numbers.tolist()])
        return np.frombuffer(digits, dtype=np.uint8).reshape(-1, DIGITS)


def _ends(alphabet: bytes, width: int) -> Cells:
    """Return each number of `width` digits, as a row."""
    base = len(alphabet)
    places = base ** np.arange(width - 1, -1, -1)
    which = np.arange(base**width)[:, None] // places % base
    table: Cells = np.frombuffer(alphabet, dtype=np.uint8)[which]
    return table


HEX = Notation(b"%010x", _ends(b"0123456789abcdef", 3))
DECIMAL = Notation(b"%010d", _ends(b"0123456789", 3))


def numbers_of(tokens: Sequence[bytes]) -> Numbers:
    """Return the numbers of tokens of ten hex digits each."""
    return numbers_in(np.frombuffer(b"".join(tokens), dtype=np.uint8).reshape(-1, DIGITS))


def numbers_in(cells: Cells) -> Numbers:
    """Return the number of each row of ten hex digits; -1 for any other row."""
    values = _VALUES[cells]
    numbers: Numbers = values @ _WEIGHTS
    if values.min() < 0:
        numbers[(values < 0).any(axis=1)] = -1
    return numbers
