"""Each delivery that never came is counted once, in any order and any chunks."""

import random

from hypothesis import given
from hypothesis import strategies as st

from njst.load.recording.delivery_gaps import PATIENCE, DeliveryGaps


@given(st.sets(st.integers(1, 60)), st.integers(0, 5), st.data())
def test_what_is_missing_up_to_the_last_is_what_never_came(
    numbers: set[int], copies: int, data: st.DataObject
) -> None:
    source = random.Random(data.draw(st.integers()))
    come = [*numbers, *source.choices(sorted(numbers), k=copies if numbers else 0)]
    source.shuffle(come)
    gaps, lost = DeliveryGaps(), 0
    while come:
        size = data.draw(st.integers(1, len(come)))
        lost += gaps.take(come[:size])
        come = come[size:]
    lost += gaps.settle()
    assert lost == max(numbers, default=0) - len(numbers)
    assert gaps.settle() == 0


def test_a_gap_is_known_for_sure_after_so_many_later_ones() -> None:
    gaps = DeliveryGaps()
    assert gaps.take([1, 3]) == 0
    assert gaps.take(list(range(4, PATIENCE + 2))) == 0
    assert gaps.take([PATIENCE + 2, PATIENCE + 3]) == 1
    assert gaps.settle() == 0


def test_a_huge_gap_costs_no_memory() -> None:
    gaps = DeliveryGaps()
    count = 10**12
    lost = gaps.take([count + 1])
    assert len(gaps._missing) <= PATIENCE
    assert lost + gaps.settle() == count
