"""Change points of a series: candidates in windows, then only those that the whole series proves.

Candidates come from E-divisive in overlapping windows, so that a long past does not drown a short
change, with a lenient test. Then the weakest is dropped, and its neighbours are tested again over
the longer segments, until all that are left are significant and large enough.

Source: Fleming et al., "Hunter: Using Change Point Detection to Hunt for Performance Regressions",
2023 (Apache Otava), with Student's t in place of permutations. Unlike there, the variance is the
unbiased one, a segment has at least FEWEST values, and the size of a change is that of the medians:
a single outlier is no change.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from njst.history.divergence import best_split
from njst.history.student import t_test

# Values of a window; windows overlap by half.
WINDOW = 50
# The least number of values on each side of a change.
FEWEST = 3
# A candidate may be this much less significant than a change: its neighbours may hide it.
_LENIENCE = 10


@dataclass(frozen=True)
class Change:
    """A change of the level.

    Attributes:
        at: Index of the first value after it.
        before: Median of the values since the change before this one.
        after: Median of the values until the next change.
        p: The p-value of Student's t-test of these values.
    """

    at: int
    before: float
    after: float
    p: float

    @property
    def size(self) -> float:
        """How far the median moved, in the unit of the values."""
        return abs(self.after - self.before)


def changes_of(values: Sequence[float], max_p: float, min_size: float) -> list[Change]:
    """Return the changes of a series, in its order.

    Args:
        values: The series, oldest first; logarithms, if ratios are to be judged.
        max_p: The highest p-value of a change.
        min_size: The least size of a change, in the unit of the values.
    """
    at = sorted(_candidates(values, min(1.0, max_p * _LENIENCE)))
    while at:
        found = _changes(values, at)
        weakest = max(found, key=lambda change: change.p)
        if weakest.p <= max_p:
            weakest = min(found, key=lambda change: change.size)
            if weakest.size >= min_size:
                return found
        at.remove(weakest.at)
    return []


def _candidates(values: Sequence[float], max_p: float) -> set[int]:
    """Return the candidates of all windows, at least FEWEST values apart.

    A window begins half a window after the one before, or at the last candidate in that.
    """
    found: set[int] = set()
    start = 0
    while start < len(values):
        window = values[start : start + WINDOW]
        inside = [start + at for at in _splits(window, max_p)]
        found.update(inside)
        start = max([start + WINDOW // 2, *inside])
    return found


def _splits(values: Sequence[float], max_p: float) -> list[int]:
    """Return where a window divides, again and again, as long as the parts differ."""
    at = best_split(values, FEWEST)
    if at is None or t_test(values[:at], values[at:]) > max_p:
        return []
    return [*_splits(values[:at], max_p), at, *(at + n for n in _splits(values[at:], max_p))]


def _changes(values: Sequence[float], at: Sequence[int]) -> list[Change]:
    """Return a change at each index, beside the segments that these indices make."""
    bounds = [0, *at, len(values)]
    segments = [values[begin:end] for begin, end in pairwise(bounds)]
    return [
        Change(place, median(first), median(second), t_test(first, second))
        for place, (first, second) in zip(at, pairwise(segments), strict=True)
    ]
