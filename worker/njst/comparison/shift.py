"""How much larger the values of one side are: the Hodges-Lehmann estimate with its interval.

The estimate is the median of all differences, or of all Walsh averages of paired differences; the
interval is what the rank test of the same data does not reject (Hodges and Lehmann 1963, Lehmann
1975). Both ignore how far outliers are away, and assume no normal distribution.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from njst.comparison.exact_tests import (
    rank_sum_depth,
    rank_sum_p,
    signed_rank_depth,
    signed_rank_p,
)


@dataclass(frozen=True)
class Shift:
    """The shift from the first side to the second one.

    Attributes:
        estimate: The Hodges-Lehmann estimate, in the unit of the values.
        lower: Lower end of its interval; None: there are too few values for one.
        upper: Upper end.
        p: Two-sided p-value of the test that there is no shift.
    """

    estimate: float
    lower: float | None
    upper: float | None
    p: float


def unpaired_shift(first: Sequence[float], second: Sequence[float], alpha: float) -> Shift:
    """Return the shift between two independent samples, with an interval of 1 - alpha."""
    differences = sorted(b - a for a in first for b in second)
    depth = rank_sum_depth(len(first), len(second), alpha)
    return _shift(differences, depth, rank_sum_p(first, second))


def paired_shift(differences: Sequence[float], alpha: float) -> Shift:
    """Return the shift of paired differences, with an interval of 1 - alpha."""
    averages = sorted(
        (one + other) / 2
        for number, one in enumerate(differences)
        for other in differences[: number + 1]
    )
    return _shift(averages, signed_rank_depth(len(differences), alpha), signed_rank_p(differences))


def _shift(ordered: Sequence[float], depth: int, p: float) -> Shift:
    if not depth:
        return Shift(median(ordered), None, None, p)
    return Shift(median(ordered), ordered[depth - 1], ordered[-depth], p)
