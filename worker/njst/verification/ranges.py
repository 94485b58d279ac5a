"""Sets of message numbers, stored as ranges.

Numbers arrive nearly in order, so a set usually has one range, however many messages there are.
Each failed message may start another one; a set with more than MOST_RANGES is full.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from itertools import islice

MOST_RANGES = 10_000

Range = tuple[int, int]


class Ranges:
    """A set of integers, stored as disjoint ranges [begin, end) in order."""

    def __init__(self, ranges: Iterable[Range] = ()) -> None:
        self._begins: list[int] = []
        self._ends: list[int] = []
        self.is_full = False
        for begin, end in ranges:
            self.add_range(begin, end)

    def ranges(self) -> list[Range]:
        """Return the ranges in order; adjacent ones are joined."""
        return list(zip(self._begins, self._ends, strict=True))

    def __len__(self) -> int:
        return sum(end - begin for begin, end in zip(self._begins, self._ends, strict=True))

    def add_range(self, begin: int, end: int) -> int:
        """Add [begin, end); return how many of these numbers were already in the set."""
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
        """Return how many numbers are at least `bound`."""
        return count((max(begin, bound), end) for begin, end in self.ranges() if end > bound)

    def without(self, other: "Ranges") -> Iterator[Range]:
        """Yield the ranges of the numbers that are not in the other set."""
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
