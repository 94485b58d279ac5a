"""Where a series divides into the two parts that differ the most: E-divisive.

The divergence of two samples is the mean distance between them, less the mean distances within each
of them, scaled by their sizes. It compares whole distributions, and needs no shape of them.

Source: Matteson and James, "A Nonparametric Approach for Multiple Change Point Analysis of
Multivariate Data", 2014, equations 5 and 7, with alpha = 1 and one dimension.
"""

from collections.abc import Sequence
from math import inf


def best_split(values: Sequence[float], fewest: int) -> int | None:
    """Return the index of the first value of the second part; None: there are too few values.

    The second part of a candidate may end before the series does: a later change back must not hide
    this one.

    Args:
        values: The series.
        fewest: The least number of values in each part, at least 1.
    """
    count = len(values)
    if count < 2 * fewest:
        return None
    below = [_distances_below(values, at) for at in range(count)]
    best, found = -inf, None
    within_first = sum(below[at][at] for at in range(fewest))
    for split in range(fewest, count - fewest + 1):
        between = within_second = 0.0
        for end in range(split + 1, count + 1):
            sums = below[end - 1]
            between += sums[split]
            within_second += sums[end - 1] - sums[split]
            if end - split >= fewest:
                size = (split, end - split)
                divergence = _divergence(size, between, within_first, within_second)
                if divergence > best:
                    best, found = divergence, split
        within_first += below[split][split]
    return found


def _distances_below(values: Sequence[float], at: int) -> list[float]:
    """Return, for each n up to `at`, the sum of distances of a value to the first n ones."""
    sums = [0.0]
    for before in range(at):
        sums.append(sums[-1] + abs(values[before] - values[at]))
    return sums


def _divergence(
    size: tuple[int, int], between: float, within_first: float, within_second: float
) -> float:
    """Return the scaled divergence of two parts, from sums over all pairs of values."""
    first, second = size
    distance = 2 * between / (first * second)
    for count, within in ((first, within_first), (second, within_second)):
        if count > 1:
            distance -= 2 * within / (count * (count - 1))
    return first * second / (first + second) * distance
