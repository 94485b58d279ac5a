"""Exact rank tests for few values: Mann-Whitney (rank sum) and Wilcoxon (signed rank).

All assignments of the ranks are counted, so the p-values are exact at any number of runs, and with
equal values too (the distribution is then that of the midranks, as in a permutation test). The
counts are the coefficients of a polynomial, which one long integer holds: adding an element is a
shift and an addition (Streitberg and Roehmel 1986).

SciPy has these tests. Own ones take 150 lines and no package of 90 MiB, which each worker would
have to carry; `tests/unit/comparison` checks them against all permutations and published tables.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import accumulate


def rank_sum_p(first: Sequence[float], second: Sequence[float]) -> float:
    """Return the two-sided p-value of the Mann-Whitney test that both have one distribution."""
    ranks = _midranks([*first, *second])
    return _two_sided(_subset_sums(ranks, len(first)), sum(ranks[: len(first)]))


def signed_rank_p(differences: Sequence[float]) -> float:
    """Return the two-sided p-value of the Wilcoxon test that differences are symmetric around 0.

    Differences of 0 say nothing and are left out, as Wilcoxon does; without any other p is 1.
    """
    some = [value for value in differences if value]
    ranks = _midranks([abs(value) for value in some])
    above = sum(rank for rank, value in zip(ranks, some, strict=True) if value > 0)
    return _two_sided(_all_sums(ranks), above)


@lru_cache(maxsize=256)
def rank_sum_depth(first: int, second: int, alpha: float) -> int:
    """Return how many of all differences may be cut off on each side of an interval.

    Between the rest of them, in order, lies the shift between the two distributions with a
    confidence of at least 1 - alpha. 0: there are too few values for any interval.
    """
    ranks = [2 * rank for rank in range(1, first + second + 1)]
    least = first * (first + 1)
    return _depth(_subset_sums(ranks, first)[least::2], alpha)


@lru_cache(maxsize=256)
def signed_rank_depth(count: int, alpha: float) -> int:
    """Return how many of all Walsh averages may be cut off on each side; see `rank_sum_depth`."""
    return _depth(_all_sums(list(range(1, count + 1))), alpha)


def _midranks(values: Sequence[float]) -> list[int]:
    """Return twice the rank of each value, from 2; equal values share the mean of their ranks."""
    order = sorted(values)
    first: dict[float, int] = {}
    last: dict[float, int] = {}
    for place, value in enumerate(order, start=1):
        first.setdefault(value, place)
        last[value] = place
    return [first[value] + last[value] for value in values]


def _subset_sums(ranks: Iterable[int], size: int) -> Sequence[int]:
    """Return how many subsets of so many ranks have each sum, from the sum 0."""
    return _sums_of_size(tuple(sorted(ranks)), size)


# Without equal values, the ranks of so many values are always the same.
@lru_cache(maxsize=256)
def _sums_of_size(ranks: tuple[int, ...], size: int) -> Sequence[int]:
    bits = len(ranks) + 1
    polynomials = [1] + [0] * size
    for number, rank in enumerate(ranks):
        for chosen in range(min(number + 1, size), 0, -1):
            polynomials[chosen] += polynomials[chosen - 1] << (rank * bits)
    return tuple(_coefficients(polynomials[size], bits))


def _all_sums(ranks: Iterable[int]) -> Sequence[int]:
    """Return how many subsets of the ranks, of any size, have each sum, from the sum 0."""
    return _sums_of_any_size(tuple(sorted(ranks)))


@lru_cache(maxsize=256)
def _sums_of_any_size(ranks: tuple[int, ...]) -> Sequence[int]:
    bits = len(ranks) + 1
    polynomial = 1
    for rank in ranks:
        polynomial += polynomial << (rank * bits)
    return tuple(_coefficients(polynomial, bits))


def _coefficients(polynomial: int, bits: int) -> Iterator[int]:
    mask = (1 << bits) - 1
    # Converted once: a shift of the whole number for each coefficient would be quadratic.
    digits = f"{polynomial:b}"
    for end in range(len(digits), 0, -bits):
        yield int(digits[max(0, end - bits) : end], 2) & mask


def _two_sided(counts: Sequence[int], value: int) -> float:
    whole = sum(counts)
    low, high = sum(counts[: value + 1]), sum(counts[value:])
    return min(1.0, 2 * min(low, high) / whole)


def _depth(counts: Sequence[int], alpha: float) -> int:
    """Return the number of values below which the distribution has at most alpha / 2."""
    whole = sum(counts)
    return sum(1 for below in accumulate(counts) if 2 * below <= alpha * whole)
