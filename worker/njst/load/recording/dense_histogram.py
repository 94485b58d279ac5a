"""Fills a histogram a chunk at a time, with numpy; only load processes import this."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from njst.stats.histogram import HIGHEST_US, LENGTH, SUB_COUNT, Histogram, index_of

_SUB_BITS = SUB_COUNT.bit_length() - 1


class DenseHistogram:
    """Counts by slot (uint64[LENGTH]), for one workload of one client."""

    def __init__(self) -> None:
        self._counts: npt.NDArray[np.int64] = np.zeros(LENGTH, dtype=np.int64)
        # The counts at the last call of `take_new`.
        self._taken: npt.NDArray[np.int64] = np.zeros(LENGTH, dtype=np.int64)

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

    def record_times(self, latency_ns: int, times: int) -> None:
        """Count one latency `times` times."""
        self._counts[index_of(latency_ns // 1_000)] += times

    def histogram(self) -> Histogram:
        """Return the histogram of all counts so far."""
        return _sparse(self._counts)

    def take_new(self) -> Histogram:
        """Return the histogram of the counts since the last call."""
        new = self._counts - self._taken
        self._taken[:] = self._counts
        return _sparse(new)


def _sparse(counts: npt.NDArray[np.int64]) -> Histogram:
    slots = np.nonzero(counts)[0]
    return Histogram(dict(zip(slots.tolist(), counts[slots].tolist(), strict=True)))
