"""Student's t, against its closed forms and published tables."""

from math import atan, inf, pi, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from njst.history.student import t_test, two_sided_p

T = st.floats(0, 1e6)


@given(t=T)
def test_two_sided_p__one_two_and_four_degrees__are_the_closed_forms(t: float) -> None:
    assert two_sided_p(t, 1) == pytest.approx(1 - 2 * atan(t) / pi, abs=1e-7)
    assert two_sided_p(t, 2) == pytest.approx(1 - t / sqrt(2 + t * t), abs=1e-7)
    share = t * t / (4 + t * t)
    assert two_sided_p(t, 4) == pytest.approx(1 - sqrt(share) * (3 - share) / 2, abs=1e-7)


@pytest.mark.parametrize(
    ("t", "freedom", "p"),
    [
        (2.228, 10, 0.05),
        (3.169, 10, 0.01),
        (4.587, 10, 0.001),
        (2.042, 30, 0.05),
        (3.646, 30, 0.001),
        (3.373, 120, 0.001),
    ],
)
def test_two_sided_p__critical_values_of_tables__have_their_level(
    t: float, freedom: int, p: float
) -> None:
    assert two_sided_p(t, freedom) == pytest.approx(p, rel=0.005)


def test_two_sided_p__far_out__stays_a_small_positive_number() -> None:
    assert 0 < two_sided_p(200, 40) < 1e-50
    assert two_sided_p(inf, 10) == 0
    assert two_sided_p(0, 10) == 1


def test_t_test__worked_example__has_the_pooled_variance() -> None:
    # Means 3 and 5, both variances 2.5: t = 2 / sqrt(2.5 * 2 / 5) = 2 with 8 degrees of freedom.
    first, second = [1.0, 2, 3, 4, 5], [3.0, 4, 5, 6, 7]
    assert t_test(first, second) == t_test(second, first) == two_sided_p(2, 8)


def test_t_test__values_without_variance__differ_for_certain_or_not_at_all() -> None:
    assert t_test([1, 1, 1], [2, 2]) == 0
    assert t_test([1, 1, 1], [1, 1]) == 1
    assert t_test([1], [2]) == 1
