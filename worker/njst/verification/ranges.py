"""Sets of message numbers as ranges: what was acknowledged, what was found.

Numbers come nearly in order, so nearly always there is one range, whatever the number of messages.
Each message that failed may begin another one; beyond MOST_RANGES the set gives up, and says so.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from itertools import islice

MOST_RANGES = 10_000

Range = tuple[int, int]


class Ranges:
    """A set of whole numbers, kept as disjoint ranges [begin, end) in order."""

    def __init__(self, ranges: Iterable[Range] = ()) -> None:
        self._begins: list[int] = []
        self._ends: list[int] = []
        self.is_full = False
        for begin, end in ranges:
            self.add_range(begin, end)

    def ranges(self) -> list[Range]:
        """Return the ranges in order; none of them touches the next."""
        return list(zip(self._begins, self._ends, strict=True))

    def __len__(self) -> int:
        return sum(end - begin for begin, end in zip(self._begins, self._ends, strict=True))

    def add_range(self, begin: int, end: int) -> int:
        """Add [begin, end); return how many of them were there before."""
        begins, ends = self._begins, self._ends
        if begin >= end or self.is_full:
            return 0
        if ends and begin == ends[-1]:
            ends[-1] = end
            return 0
        first = bisect_left(ends, begin)
        last = bisect_right(begins, end)
        before = sum(max(0, min(end, ends[n]) - max(begin, begins[n])) for n in range(first, last))
        if first < last:
            begin, end = min(begin, begins[first]), max(end, ends[last - 1])
        begins[first:last] = [begin]
        ends[first:last] = [end]
        self.is_full = len(begins) > MOST_RANGES
        return before

    def beyond(self, bound: int) -> int:
        """Return how many are not below the bound."""
        return count((max(begin, bound), end) for begin, end in self.ranges() if end > bound)

    def without(self, other: "Ranges") -> Iterator[Range]:
        """Return the ranges of those that the other set does not have."""
        holes = other.ranges()
        place = 0
        for begin, end in self.ranges():
            at = begin
            while place < len(holes) and holes[place][1] <= at:
                place += 1
            for hole_begin, hole_end in islice(holes, place, None):
                if hole_begin >= end:
                    break
                if hole_begin > at:
                    yield at, hole_begin
                at = hole_end
            if at < end:
                yield at, end


def count(ranges: Iterable[Range]) -> int:
    """Return how many numbers are in disjoint ranges."""
    return sum(end - begin for begin, end in ranges)
