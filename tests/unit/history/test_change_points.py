"""Where series change: one step, several, none."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from njst.history.change_points import FEWEST, changes_of

# Noise of +-1 without a pattern that a window could take for a change.
NOISE = (0.3, -0.7, 0.9, -0.2, 0.5, -1.0, 0.1, 0.8, -0.4, -0.6, 1.0, -0.9, 0.2, 0.6, -0.1, -0.5)


def series(*levels: tuple[float, int]) -> list[float]:
    """Noise around levels, each with its number of values."""
    means = [level for level, count in levels for _ in range(count)]
    return [mean + NOISE[at % len(NOISE)] for at, mean in enumerate(means)]


def found(values: list[float], min_size: float = 0.5) -> list[int]:
    return [change.at for change in changes_of(values, 0.001, min_size)]


def test_changes__step__is_at_its_first_value() -> None:
    (change,) = changes_of(series((100, 20), (110, 10)), 0.001, 1)
    assert change.at == 20
    assert 99 < change.before < 101
    assert 109 < change.after < 111
    assert change.p < 1e-12
    assert change.size == change.after - change.before


def test_changes__no_step__are_none() -> None:
    assert found(series((100, 200))) == []
    assert found([5.0] * 60) == []
    assert found([]) == []


def test_changes__several__are_all_found_in_order() -> None:
    assert found(series((100, 30), (110, 40), (95, 30), (100, 100))) == [30, 70, 100]


def test_changes__short_excursion_in_a_long_past__is_found() -> None:
    assert found(series((100, 300), (108, 6), (100, 100))) == [300, 306]


def test_changes__single_outlier__is_none() -> None:
    values = series((100, 40))
    for at in (0, 1, 20, 38, 39):
        for outlier in (50.0, 110.0, 200.0):
            assert found([*values[:at], outlier, *values[at + 1 :]], min_size=2) == []


def test_changes__last_runs__are_found_as_soon_as_there_are_enough() -> None:
    assert found(series((100, 30), (110, 1)), min_size=2) == []
    assert found(series((100, 30), (110, FEWEST)), min_size=2) == [30]


def test_changes__smaller_than_what_matters__are_none() -> None:
    step = series((100, 40), (102, 40))
    assert found(step, min_size=1) == [40]
    assert found(step, min_size=3) == []


def test_changes__small_one_beside_a_large_one__goes_alone() -> None:
    assert found(series((100, 30), (102, 30), (120, 30)), min_size=3) == [60]


def test_changes__values_without_noise__are_found() -> None:
    assert found([1.0] * 5 + [2.0] * 5) == [5]


@given(values=st.lists(st.integers(-20, 20).map(float), max_size=130), p=st.floats(0.0001, 0.2))
def test_changes__any_series__are_significant_large_and_apart(
    values: list[float], p: float
) -> None:
    changes = changes_of(values, p, 1.5)
    assert all(change.p <= p and change.size >= 1.5 for change in changes)
    bounds = [0, *(change.at for change in changes), len(values)]
    assert not changes or all(b - a >= FEWEST for a, b in pairwise(bounds))
    assert all(one.after == other.before for one, other in pairwise(changes))
