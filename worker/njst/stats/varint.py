"""Numbers of variable length: LEB128 of at most nine bytes, the ninth with all its eight bits.

As HdrHistogram's V2 encoding has them; below 2^56 it is plain LEB128.
"""

from collections.abc import Iterator

_LAST_SHIFT = 7 * 8


def put(out: bytearray, number: int) -> None:
    """Append a number, from 0 to 2^64 - 1."""
    shift = 0
    while number > 0x7F and shift < _LAST_SHIFT:
        out.append(number & 0x7F | 0x80)
        number >>= 7
        shift += 7
    out.append(number)


def read_all(data: bytes) -> Iterator[int]:
    """Yield the numbers that some data consists of.

    Raises:
        ValueError: the data ends within a number.
    """
    number = shift = 0
    for byte in data:
        if byte < 0x80 or shift == _LAST_SHIFT:
            yield number | byte << shift
            number = shift = 0
        else:
            number |= (byte & 0x7F) << shift
            shift += 7
    if shift:
        raise ValueError("it ends within a number")
