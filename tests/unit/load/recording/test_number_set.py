"""Ranges are the set that they stand for, and few as long as numbers come nearly in order."""

from hypothesis import given
from hypothesis import strategies as st

from njst.load.recording.number_set import NumberSet
from njst.verification.ranges import MOST_RANGES, count

Chunks = st.lists(st.lists(st.integers(0, 60), max_size=30), max_size=8)


def numbers_of(chunks: list[list[int]]) -> tuple[NumberSet, set[int]]:
    made, plain = NumberSet(), set[int]()
    for chunk in chunks:
        again = made.add(chunk)
        assert again == len(chunk) - len(set(chunk) - plain)
        plain |= set(chunk)
    return made, plain


@given(Chunks, Chunks)
def test_they_are_the_sets_that_they_stand_for(
    first: list[list[int]], second: list[list[int]]
) -> None:
    ours, plain = numbers_of(first)
    theirs, other = numbers_of(second)
    assert {n for begin, end in ours.ranges() for n in range(begin, end)} == plain
    assert len(ours) == len(plain)
    ends = [end for _, end in ours.ranges()]
    assert all(begin > end for (begin, _), end in zip(ours.ranges()[1:], ends, strict=False))
    left = list(ours.without(theirs))
    assert {n for begin, end in left for n in range(begin, end)} == plain - other
    assert count(left) == len(plain - other)


def test_a_range_says_what_was_there() -> None:
    numbers = NumberSet([(0, 10), (20, 30)])
    assert numbers.add_range(5, 25) == 10
    assert numbers.ranges() == [(0, 30)]
    assert numbers.add_range(7, 7) == 0


def test_numbers_in_order_are_one_range_and_too_many_holes_are_given_up() -> None:
    numbers = NumberSet()
    for first in range(0, 10_000, 100):
        numbers.add(list(range(first, first + 100)))
    assert numbers.ranges() == [(0, 10_000)]
    numbers.add(list(range(20_000, 20_000 + 2 * MOST_RANGES + 10, 2)))
    assert numbers.is_full
    assert len(numbers.ranges()) <= MOST_RANGES + 1
