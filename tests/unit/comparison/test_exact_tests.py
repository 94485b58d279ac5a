"""Exact rank tests, against all permutations and published tables."""

from collections.abc import Sequence
from itertools import combinations, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from njst.comparison.exact_tests import (
    rank_sum_depth,
    rank_sum_p,
    signed_rank_depth,
    signed_rank_p,
)

# Small integers, so that equal values are frequent.
VALUES = st.lists(st.integers(-3, 3).map(float), min_size=1, max_size=5)


def _midrank(value: float, values: Sequence[float]) -> float:
    below, equal = sum(v < value for v in values), sum(v == value for v in values)
    return below + (equal + 1) / 2


def _doubled_tail(sums: Sequence[float], value: float) -> float:
    low = sum(s <= value for s in sums) / len(sums)
    high = sum(s >= value for s in sums) / len(sums)
    return min(1.0, 2 * min(low, high))


@given(first=VALUES, second=VALUES)
def test_rank_sum_p__any_values__counts_all_permutations(
    first: list[float], second: list[float]
) -> None:
    both = first + second
    ranks = [_midrank(value, both) for value in both]
    sums = [sum(ranks[i] for i in some) for some in combinations(range(len(both)), len(first))]
    assert rank_sum_p(first, second) == pytest.approx(_doubled_tail(sums, sum(ranks[: len(first)])))


@given(differences=VALUES)
def test_signed_rank_p__any_differences__counts_all_signs(differences: list[float]) -> None:
    some = [d for d in differences if d]
    sizes = [abs(d) for d in some]
    ranks = [_midrank(size, sizes) for size in sizes]
    sums = [
        sum(rank for rank, sign in zip(ranks, signs, strict=True) if sign)
        for signs in product((0, 1), repeat=len(ranks))
    ]
    above = sum(rank for rank, d in zip(ranks, some, strict=True) if d > 0)
    assert signed_rank_p(differences) == pytest.approx(_doubled_tail(sums, above))


@pytest.mark.parametrize(
    ("first", "second", "critical"),
    [(3, 3, None), (4, 4, 0), (5, 5, 2), (6, 6, 5), (7, 9, 12), (10, 10, 23), (20, 20, 127)],
)
def test_rank_sum_depth__five_percent__is_the_critical_value_of_tables(
    first: int, second: int, critical: int | None
) -> None:
    """Mann and Whitney's critical values of U, two-sided 5 %; the depth is one more."""
    assert rank_sum_depth(first, second, 0.05) == (0 if critical is None else critical + 1)


@pytest.mark.parametrize(
    ("count", "critical"), [(5, None), (6, 0), (7, 2), (8, 3), (10, 8), (15, 25), (25, 89)]
)
def test_signed_rank_depth__five_percent__is_the_critical_value_of_tables(
    count: int, critical: int | None
) -> None:
    """Wilcoxon's critical values of T, two-sided 5 %; the depth is one more."""
    assert signed_rank_depth(count, 0.05) == (0 if critical is None else critical + 1)


def test_rank_sum_p__forty_against_forty__is_symmetric_and_near_the_normal_law() -> None:
    first, second = [float(n) for n in range(40)], [n + 8.5 for n in range(40)]
    p = rank_sum_p(first, second)
    assert p == rank_sum_p(second, first)
    # U is 496 of 1600, z is -2.926: 0.00343, and 0.0031 with the Edgeworth term of the kurtosis.
    assert p == pytest.approx(0.0031, rel=0.02)
