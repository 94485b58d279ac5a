"""Fills a histogram a chunk at a time, with numpy; only load processes import this."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from njst.stats.histogram import HIGHEST_US, LENGTH, SUB_COUNT, Histogram, index_of, pack

_SUB_BITS = SUB_COUNT.bit_length() - 1


class DenseHistogram:
    """Counts by slot (uint64[LENGTH]), for one workload of one client."""

    def __init__(self) -> None:
        self._counts: npt.NDArray[np.int64] = np.zeros(LENGTH, dtype=np.int64)
        # The counts at the last call of `take_new`.
        self._taken: npt.NDArray[np.int64] = np.zeros(LENGTH, dtype=np.int64)
        # All counts are below this slot.
        self._end = 0

    def record_ns(self, latencies_ns: Sequence[int] | npt.NDArray[np.int64]) -> None:
        """Count latencies in ns; the slot is that of `histogram.index_of` of the whole us."""
        values = np.asarray(latencies_ns, dtype=np.int64) // 1_000
        if not len(values):
            return
        np.clip(values, 0, HIGHEST_US, out=values)
        # frexp gives the exponent of the leading bit exactly for integers below 2^53.
        bits = np.frexp((values | (SUB_COUNT - 1)).astype(np.float64))[1].astype(np.int64)
        bucket = bits - _SUB_BITS
        slots = (bucket << (_SUB_BITS - 1)) + (values >> bucket)
        counts = np.bincount(slots)
        self._counts[: len(counts)] += counts
        self._end = max(self._end, len(counts))

    def record_times(self, latency_ns: int, times: int) -> None:
        """Count one latency `times` times."""
        slot = index_of(latency_ns // 1_000)
        self._counts[slot] += times
        self._end = max(self._end, slot + 1)

    def histogram(self) -> Histogram:
        """Return the histogram of all counts so far."""
        return _sparse(self._counts[: self._end])

    def encode(self) -> str:
        """Return what `histogram().encode()` returns, in a fraction of the time."""
        return _encoded(self._counts[: self._end])

    def take_new(self) -> "NewCounts":
        """Return the counts since the last call."""
        counts, taken = self._counts[: self._end], self._taken[: self._end]
        new = NewCounts(counts - taken)
        taken[:] = counts
        return new


@dataclass(frozen=True)
class NewCounts:
    """Counts by slot."""

    counts: npt.NDArray[np.int64]

    def histogram(self) -> Histogram:
        """Return their histogram."""
        return _sparse(self.counts)

    def encode(self) -> str:
        """Return what `histogram().encode()` returns."""
        return _encoded(self.counts)


NO_COUNTS = NewCounts(np.zeros(0, dtype=np.int64))


def _encoded(counts: npt.NDArray[np.int64]) -> str:
    # Of booleans, nonzero is several times as fast.
    slots = np.nonzero(counts != 0)[0]
    if not len(slots):
        return ""
    # A run of empty slots before each count, where there is one.
    numbers = np.empty(2 * len(slots), dtype=np.int64)
    numbers[0] = slots[0]
    numbers[2::2] = np.diff(slots) - 1
    has_run = numbers[::2] > 0
    numbers[::2] = 2 * numbers[::2] - 1
    numbers[1::2] = 2 * counts[slots]
    kept = np.ones(len(numbers), dtype=np.bool_)
    kept[::2] = has_run
    return pack(_leb128(numbers[kept]), int(slots[-1]))


def _leb128(numbers: npt.NDArray[np.int64]) -> bytes:
    """Return numbers from 0 to 2^56 - 1 one after the other, as `njst.stats.varint` puts each."""
    highest_bits = int(numbers.max()).bit_length()
    if highest_bits <= 7:
        return numbers.astype(np.uint8).tobytes()
    lengths = np.ones(len(numbers), dtype=np.int64)
    for bits in range(7, highest_bits, 7):
        lengths += numbers >= 1 << bits
    ends = np.cumsum(lengths)
    starts = ends - lengths
    data = np.empty(int(ends[-1]), dtype=np.uint8)
    for place in range(int(lengths.max())):
        some = lengths > place
        more = lengths[some] > place + 1
        data[starts[some] + place] = numbers[some] >> 7 * place & 0x7F | more.astype(np.int64) << 7
    return data.tobytes()


def _sparse(counts: npt.NDArray[np.int64]) -> Histogram:
    slots = np.nonzero(counts != 0)[0]
    return Histogram(dict(zip(slots.tolist(), counts[slots].tolist(), strict=True)))
