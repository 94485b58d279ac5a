"""Encodes some acknowledgements of producers for the log: lines of numbers, deflated, base64."""

import zlib
from base64 import b64decode, b64encode
from collections.abc import Iterable, Sequence
from typing import NamedTuple

# Maximum size of a decoded text.
_MOST_BYTES = 4 * 1024 * 1024
# Maximum marks of one producer, and of all producers of a workload.
MOST_OF_ONE = 32
MOST_OF_ALL = 4_000


class Mark(NamedTuple):
    """One acknowledgement: the message's number, its sequence in the stream, and its time.

    `at_ms` is the time by the host's clock, in ms since the Unix epoch.
    """

    number: int
    sequence: int
    at_ms: int


def encode(marks: Iterable[tuple[int, Sequence[Mark]]], most: int = MOST_OF_ALL) -> str:
    """Return the text of at most `most` marks, by producer code; empty: no marks.

    If there are more, each producer keeps fewer, spread evenly, with its first and last one.
    """
    told = [(code, list(some)) for code, some in marks if some][: most // 2]
    each = max(2, most // max(1, len(told)))
    lines = [
        f"{code} {mark.number} {mark.sequence} {mark.at_ms}"
        for code, some in told
        for mark in thinned(some, each)
    ]
    return b64encode(zlib.compress("\n".join(lines).encode(), 6)).decode() if lines else ""


def decode(text: str) -> dict[int, list[Mark]]:
    """Return the marks of each producer.

    Raises:
        ValueError: the text is malformed.
    """
    marks: dict[int, list[Mark]] = {}
    if not text:
        return marks
    inflate = zlib.decompressobj()
    try:
        data = inflate.decompress(b64decode(text, validate=True), _MOST_BYTES)
    except zlib.error as error:
        raise ValueError(str(error)) from error
    if not inflate.eof:
        raise ValueError("it is cut off, or too long")
    for line in data.decode().splitlines():
        code, number, sequence, at_ms = map(int, line.split(" "))
        marks.setdefault(code, []).append(Mark(number, sequence, at_ms))
    return marks


def thinned(marks: Sequence[Mark], most: int) -> list[Mark]:
    """Return at most `most` marks, at least 2, with the first and the last one."""
    if len(marks) <= most:
        return list(marks)
    last = len(marks) - 1
    return [marks[last * place // (most - 1)] for place in range(most)]
