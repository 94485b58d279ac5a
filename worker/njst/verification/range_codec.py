"""Encodes ranges of message numbers for the log: differences as varints, deflated, base64.

Each entry has a producer's code, a number, and ranges. A thousand producers with one range each
need a few KiB.
"""

import zlib
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from njst.stats import varint
from njst.verification.ranges import MOST_RANGES, Range

# Maximum size of a decoded text: a hundred thousand producers with many ranges need less.
_MOST_BYTES = 16 * 1024 * 1024


class ProducerRanges(NamedTuple):
    """Ranges of one producer, in order; None: there are too many to encode."""

    code: int
    number: int
    ranges: list[Range] | None


def encode(entries: Iterable[ProducerRanges]) -> str:
    """Return the text of entries with different codes; empty: no entries."""
    out = bytearray()
    last = 0
    for code, number, ranges in sorted(entries, key=lambda entry: entry.code):
        varint.put(out, code - last)
        varint.put(out, number)
        varint.put(out, 0 if ranges is None else len(ranges) + 1)
        last, at = code, 0
        for begin, end in ranges or ():
            varint.put(out, begin - at)
            varint.put(out, end - begin)
            at = end
    return b64encode(zlib.compress(bytes(out), 6)).decode() if out else ""


def decode(text: str) -> list[ProducerRanges]:
    """Return the entries of a text.

    Raises:
        ValueError: the text is malformed.
    """
    if not text:
        return []
    inflate = zlib.decompressobj()
    try:
        data = inflate.decompress(b64decode(text, validate=True), _MOST_BYTES)
    except zlib.error as error:
        raise ValueError(str(error)) from error
    if not inflate.eof:
        raise ValueError("it is cut off, or too long")
    return list(_entries(varint.read_all(data)))


def fitted(entries: Iterable[ProducerRanges], max_bytes: int) -> str:
    """Return a text of at most `max_bytes`: entries with the most ranges lose theirs first."""
    left = sorted(entries, key=lambda entry: len(entry.ranges or ()))
    told = len(left)
    while len(text := encode(left)) > max_bytes and told:
        told = told * 3 // 4
        left[told:] = [entry._replace(ranges=None) for entry in left[told:]]
    return text


def _entries(numbers: Iterator[int]) -> Iterator[ProducerRanges]:
    code = 0
    for step in numbers:
        code += step
        number, count = _next(numbers), _next(numbers)
        if count > MOST_RANGES + 2:
            raise ValueError(f"{count} ranges of one producer")
        ranges: list[Range] = []
        at = 0
        for _ in range(count - 1):
            begin = at + _next(numbers)
            at = begin + _next(numbers)
            ranges.append((begin, at))
        yield ProducerRanges(code, number, ranges if count else None)


def _next(numbers: Iterator[int]) -> int:
    for number in numbers:
        return number
    raise ValueError("it ends within a producer")
