"""The most different split, against the definition of E-divisive."""

from itertools import combinations, product
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from njst.history.divergence import best_split

VALUES = st.lists(st.integers(-9, 9).map(float), max_size=9)


def _divergence(first: list[float], second: list[float]) -> float:
    between = fmean(abs(a - b) for a, b in product(first, second))
    within = sum(
        fmean(abs(a - b) for a, b in combinations(side, 2))
        for side in (first, second)
        if len(side) > 1
    )
    size = len(first) * len(second) / (len(first) + len(second))
    return size * (2 * between - within)


@given(values=VALUES, fewest=st.integers(1, 3))
def test_best_split__any_series__has_the_highest_divergence(
    values: list[float], fewest: int
) -> None:
    found = {
        (split, end): _divergence(values[:split], values[split:end])
        for split in range(fewest, len(values))
        for end in range(split + fewest, len(values) + 1)
    }
    best = best_split(values, fewest)
    if not found:
        assert best is None
        return
    highest = max(found.values())
    assert max(value for (split, _), value in found.items() if split == best) == pytest.approx(
        highest
    )


def test_best_split__change_that_is_taken_back__is_found() -> None:
    assert best_split([1, 1, 1, 1, 9, 9, 9, 1, 1, 1, 1], 1) in (4, 7)
