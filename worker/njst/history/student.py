"""Student's t-test of two samples, and the distribution behind it."""

from collections.abc import Sequence
from math import exp, inf, lgamma, log, log1p, sqrt

# Terms of the continued fraction; it converges in O(sqrt(max(a, b))) of them.
_MOST_TERMS = 500
_PRECISION = 1e-14
_TINY = 1e-300


def t_test(first: Sequence[float], second: Sequence[float]) -> float:
    """Return the two-sided p-value that two samples have the same mean, with pooled variances.

    Args:
        first: One sample; it is not empty.
        second: The other one; it is not empty.
    Returns:
        A probability; 1 where both together have no more than two values, which say nothing.

    Source: Student 1908, as the two-sample test for equal variances.
    """
    freedom = len(first) + len(second) - 2
    if freedom < 1:
        return 1.0
    means = [sum(side) / len(side) for side in (first, second)]
    squares = sum(
        (value - mean) ** 2
        for side, mean in zip((first, second), means, strict=True)
        for value in side
    )
    error = sqrt(squares / freedom * (1 / len(first) + 1 / len(second)))
    distance = abs(means[0] - means[1])
    return two_sided_p(distance / error if error else (inf if distance else 0.0), freedom)


def two_sided_p(t: float, freedom: int) -> float:
    """Return the probability of a t at least this far from 0.

    Args:
        t: The statistic; infinite where the samples do not vary and differ.
        freedom: Degrees of freedom, at least 1.

    Source: I_x(freedom / 2, 1 / 2) with x = freedom / (freedom + t^2), DLMF 8.17.
    """
    return _incomplete_beta(freedom / 2, 0.5, freedom / (freedom + t * t))


def _incomplete_beta(a: float, b: float, x: float) -> float:
    """Return the regularized incomplete beta function I_x(a, b)."""
    if x <= 0 or x >= 1:
        return min(1.0, max(0.0, x))
    # The fraction converges fast below the mean of the distribution; symmetry has the rest.
    if x > (a + 1) / (a + b + 2):
        return 1 - _incomplete_beta(b, a, 1 - x)
    front = a * log(x) + b * log1p(-x) + lgamma(a + b) - lgamma(a) - lgamma(b)
    return exp(front) / (a * _continued_fraction(a, b, x))


def _continued_fraction(a: float, b: float, x: float) -> float:
    """Return 1 + d_1 / (1 + d_2 / (1 + ...)) of DLMF 8.17.22, by the method of Lentz."""
    value, c, d = 1.0, 1.0, 0.0
    for n in range(1, _MOST_TERMS):
        m = n // 2
        if n % 2:
            term = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        else:
            term = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        d = 1 / ((1 + term * d) or _TINY)
        c = (1 + term / c) or _TINY
        value *= c * d
        if abs(c * d - 1) < _PRECISION:
            break
    return value
