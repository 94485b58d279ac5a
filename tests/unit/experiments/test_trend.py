"""Whether a series of numbers keeps rising."""

import numpy as np
import pytest

from njst.experiments.trend import FEWEST, trend_of


def test_trend_of__line__is_the_line() -> None:
    trend = trend_of([3, 5, 7, 9, 11])
    assert trend is not None
    assert (trend.mean, trend.growth, trend.is_rising) == (7, 8, True)


@pytest.mark.parametrize("points", [[5.0] * 8, [9.0, 7, 5, 3, 1], [1.0, 9, 2, 8, 1, 9, 2]])
def test_trend_of__flat_falling_or_wild__is_not_rising(points: list[float]) -> None:
    trend = trend_of(points)
    assert trend is not None
    assert not trend.is_rising


def test_trend_of__few_points__says_nothing() -> None:
    assert trend_of(range(FEWEST - 1)) is None
    assert trend_of(range(FEWEST)) is not None


def test_trend_of__least_squares__is_as_numpy_computes_it() -> None:
    points = np.random.default_rng(1).normal(size=30) + 0.1 * np.arange(30)
    trend = trend_of(points.tolist())
    (slope, _), ((variance, _), _) = np.polyfit(np.arange(30), points, 1, cov=True)
    assert trend is not None
    assert trend.growth == pytest.approx(29 * slope)
    assert trend.significance == pytest.approx(slope / variance**0.5)


def test_trend_of__noise__is_seldom_rising() -> None:
    random = np.random.default_rng(2)
    rising = [trend_of(random.normal(size=10).tolist()) for _ in range(3000)]
    assert sum(t is not None and t.is_rising for t in rising) < 15
