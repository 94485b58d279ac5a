"""HDR histograms: 1 us to 50 days, three significant digits, merged without loss.

No job lasts longer, so no value is out of range. The layout is HdrHistogram's (lowest 1, 3 digits),
the encoding its V2 compressed format in base64, so that any HDR tool reads it. A histogram without
values over a minute has a minute as its highest value, as workers of older versions expect. Sparse
and without numpy, so that the process that merges stays small; load processes fill histograms in
bulk (`njst.load.recording.dense_histogram`).

Source: HdrHistogram V2 encoding (EncodableHistogram.encodeIntoCompressedByteBuffer): cookie,
payload length, normalizing offset, digits, lowest, highest, ratio, then zigzag LEB128 counts where
a negative number is a run of zeros.
"""

import base64
import binascii
import struct
import zlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Self

from njst.stats import varint

LOWEST_US = 1
HIGHEST_US = (1 << 42) - 1
# The highest value in the encoding of a histogram without larger values.
USUAL_HIGHEST_US = 60_000_000
DIGITS = 3
_SUB_BITS = 11
SUB_COUNT = 1 << _SUB_BITS
_HALF = SUB_COUNT // 2
BUCKETS = HIGHEST_US.bit_length() - _SUB_BITS + 1
LENGTH = (BUCKETS + 1) * _HALF

_COOKIE = 0x1C849303 | 0x10
_COMPRESSED_COOKIE = 0x1C849304 | 0x10
_HEADER = struct.Struct(">iiiiqqd")
_OUTER = struct.Struct(">ii")
# A count has at most nine bytes: data that unpacks to more is not a histogram.
_MAX_BODY_BYTES = _HEADER.size + 9 * LENGTH
# Counts below this, and runs of at most so many empty slots, have one byte.
_ONE_BYTE = 64

# The percentiles of results, ascending, in hundred-thousandths.
SUMMARY = {"p50": 50_000, "p90": 90_000, "p99": 99_000, "p999": 99_900, "max": 100_000}


def index_of(value_us: int) -> int:
    """Return the slot of a value; values above the highest one share its slot."""
    value = min(max(value_us, 0), HIGHEST_US)
    bucket = max(0, (value | (SUB_COUNT - 1)).bit_length() - _SUB_BITS)
    return (bucket << (_SUB_BITS - 1)) + (value >> bucket)


def lowest_of(index: int) -> int:
    """Return the lowest value of a slot in us."""
    bucket = max(0, (index >> (_SUB_BITS - 1)) - 1)
    return (index - (bucket << (_SUB_BITS - 1))) << bucket


def highest_of(index: int) -> int:
    """Return the highest value of a slot in us."""
    return lowest_of(index + 1) - 1


_USUAL_LAST = index_of(USUAL_HIGHEST_US)
_LAYOUTS = [[0, DIGITS, LOWEST_US, highest, 1.0] for highest in (USUAL_HIGHEST_US, HIGHEST_US)]


class Histogram:
    """Counts by slot; immutable."""

    def __init__(self, counts: Mapping[int, int] | None = None) -> None:
        self._counts = {slot: n for slot, n in sorted((counts or {}).items()) if n}

    @classmethod
    def of(cls, values_us: Iterable[int]) -> Self:
        """Return the histogram of single values; slow, for tests and small numbers."""
        counts: dict[int, int] = {}
        for value in values_us:
            slot = index_of(value)
            counts[slot] = counts.get(slot, 0) + 1
        return cls(counts)

    @property
    def count(self) -> int:
        """How many values were recorded."""
        return sum(self._counts.values())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Histogram) and self._counts == other._counts

    def __hash__(self) -> int:
        return hash(tuple(self._counts.items()))

    def __add__(self, other: "Histogram") -> "Histogram":
        """Return the sum; the order does not matter."""
        return self.together((self, other))

    @classmethod
    def together(cls, histograms: Iterable["Histogram"]) -> Self:
        """Return the sum of histograms; the cost is linear in their sizes."""
        counts: dict[int, int] = {}
        for histogram in histograms:
            histogram.add_to(counts)
        return cls(counts)

    def add_to(self, counts: dict[int, int]) -> None:
        """Add the counts to `counts`, by slot."""
        if not counts:
            counts.update(self._counts)
            return
        for slot, n in self._counts.items():
            counts[slot] = counts.get(slot, 0) + n

    def __sub__(self, earlier: "Histogram") -> "Histogram":
        """Return what was recorded since `earlier`, an earlier state of this histogram."""
        counts = dict(self._counts)
        for slot, n in earlier._counts.items():
            counts[slot] = counts.get(slot, 0) - n
        return Histogram(counts)

    def slots(self) -> Iterator[tuple[int, int, int]]:
        """Yield the lowest and the highest value of each slot in us, and its count; ascending."""
        for slot, n in self._counts.items():
            yield lowest_of(slot), highest_of(slot), n

    def percentile(self, per_hundred_thousand: int) -> int:
        """Return the value, in us, that this share of all values does not exceed.

        Args:
            per_hundred_thousand: 50_000 is the median, 99_900 the 99.9th percentile.
        Raises:
            ValueError: nothing was recorded.
        """
        value = self.value_at(self.rank(per_hundred_thousand))
        if value is None:
            raise ValueError("an empty histogram has no percentiles")
        return value

    def summary(self) -> dict[str, int]:
        """Return the percentiles of SUMMARY in us by name; empty for an empty histogram."""
        values: dict[str, int] = {}
        count = self.count
        ranks = [(max(1, -(-count * share // 100_000)), name) for name, share in SUMMARY.items()]
        seen = at = 0
        for slot, n in self._counts.items():
            seen += n
            while at < len(ranks) and seen >= ranks[at][0]:
                values[ranks[at][1]] = highest_of(slot)
                at += 1
        return values

    def rank(self, per_hundred_thousand: int) -> int:
        """Return the rank of a percentile among the values in ascending order, from 1."""
        return max(1, -(-self.count * per_hundred_thousand // 100_000))

    def value_at(self, rank: int) -> int | None:
        """Return the value of this rank, from 1, in us; None: there are fewer values."""
        seen = 0
        for slot, n in self._counts.items():
            seen += n
            if seen >= rank:
                return highest_of(slot)
        return None

    def encode(self) -> str:
        """Return the V2 compressed encoding in base64; empty text for an empty histogram."""
        if not self._counts:
            return ""
        payload = bytearray()
        expected = 0
        # Most numbers have one byte, and a call for each would be most of the time.
        for slot, n in self._counts.items():
            empty = slot - expected
            if 0 < empty <= _ONE_BYTE:
                payload.append(2 * empty - 1)
            elif empty:
                varint.put(payload, 2 * empty - 1)
            if n < _ONE_BYTE:
                payload.append(2 * n)
            else:
                varint.put(payload, 2 * n)
            expected = slot + 1
        return pack(bytes(payload), slot)

    @classmethod
    def decode(cls, text: str) -> Self:
        """Return the histogram that `encode` was given.

        Raises:
            ValueError: it is no such text, or of another layout.
        """
        if not text:
            return cls()
        try:
            data = base64.b64decode(text, validate=True)
            cookie, length = _OUTER.unpack_from(data)
            if cookie != _COMPRESSED_COOKIE:
                raise ValueError("not an HDR V2 compressed histogram")
            body = _unpack(data[_OUTER.size : _OUTER.size + length])
            cookie, size, *layout = _HEADER.unpack_from(body)
        except (binascii.Error, struct.error, zlib.error) as error:
            raise ValueError(f"not an HDR histogram: {error}") from error
        if cookie != _COOKIE or layout not in _LAYOUTS:
            raise ValueError("an HDR histogram of another layout")
        if size != len(body) - _HEADER.size:
            raise ValueError("an HDR histogram that is not as long as it says")
        return cls(_counts(body[_HEADER.size :]))


def pack(payload: bytes, last_slot: int) -> str:
    """Return the text of a V2 payload whose last count is that of `last_slot`."""
    highest = USUAL_HIGHEST_US if last_slot <= _USUAL_LAST else HIGHEST_US
    header = _HEADER.pack(_COOKIE, len(payload), 0, DIGITS, LOWEST_US, highest, 1.0)
    body = zlib.compress(header + payload)
    return base64.b64encode(_OUTER.pack(_COMPRESSED_COOKIE, len(body)) + body).decode()


def _unpack(packed: bytes) -> bytes:
    unpacking = zlib.decompressobj()
    body = unpacking.decompress(packed, _MAX_BODY_BYTES)
    if not unpacking.eof:
        raise ValueError("an HDR histogram that ends early or never")
    return body


def _counts(payload: bytes) -> dict[int, int]:
    """Return the counts by slot, in their order."""
    # Most payloads have numbers of one byte alone, which are their own values.
    numbers = payload if payload.isascii() else varint.read_all(payload)
    counts: dict[int, int] = {}
    slot = 0
    for number in numbers:
        if number & 1:  # negative: a run of empty slots
            slot += (number + 1) >> 1
            continue
        if number:
            counts[slot] = number >> 1
        slot += 1
    if counts and next(reversed(counts)) >= LENGTH:
        raise ValueError("an HDR histogram with too many counts")
    return counts
