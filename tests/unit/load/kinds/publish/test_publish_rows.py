"""The rows of a publisher's cycle: how many of them carry an id that was there before."""

from hypothesis import given
from hypothesis import strategies as st

from njst.contract.kinds.publish import PublishMode, PublishPlan
from njst.contract.payload import PayloadPlan
from njst.load.kinds.publish.publish_rows import cycle_length, ids_back


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


@given(
    percent=st.integers(0, 99),
    size=st.sampled_from([0, 16_384, 1_000_000]),
    subjects=st.integers(1, 5),
    siblings=st.sampled_from([1, 40]),
)
def test_a_cycle_has_the_exact_share_in_no_more_rows_than_that_needs(
    percent: int, size: int, subjects: int, siblings: int
) -> None:
    publish = PublishPlan(
        mode=PublishMode.ASYNCHRONOUS,
        window=1,
        payload=PayloadPlan(bytes_min=size, bytes_max=size),
        subjects=["s"],
        ack_timeout_ms=1,
        duplicate_percent=percent,
    )
    rows = cycle_length(publish, subjects, siblings)
    assert rows % subjects == 0
    each = rows // subjects
    assert each * percent % 100 == 0
    if size == 1_000_000:
        fewest = next(n for n in range(1, 101) if n * percent % 100 == 0)
        assert each == max(fewest, 2 // siblings // subjects)
