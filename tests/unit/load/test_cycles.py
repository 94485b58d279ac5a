"""The rows of a publisher's cycle: how many of them carry an id that was there before."""

from hypothesis import given
from hypothesis import strategies as st

from njst.load.workloads.cycles import ids_back


@given(percent=st.integers(0, 99), hundreds=st.integers(1, 5))
def test_of_each_hundred_so_many_carry_an_id_that_was_there_before(
    percent: int, hundreds: int
) -> None:
    rows = 100 * hundreds
    backs = ids_back(percent, rows)
    seen: set[int] = set()
    again = 0
    # Two turns of the cycle: the first row of the second one has an id of its own as well.
    for number in range(2 * rows):
        carried = number - backs[number % rows]
        again += carried in seen
        seen.add(carried)
    assert again == 2 * hundreds * percent
