"""What is said of the cores of a process."""

import os

import pytest

from njst.load.host.cores import count_ranges, describe_cores


@pytest.mark.parametrize(("text", "count"), [("0\n", 1), ("0-15\n", 16), ("0-3,6,8-9", 7)])
def test_ranges_of_the_kernel__are_counted(text: str, count: int) -> None:
    assert count_ranges(text) == count


@pytest.mark.parametrize("text", ["", "a", "0-"])
def test_ranges_that_are_none__are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        count_ranges(text)


def test_cores_of_a_pinned_process__are_fewer_than_those_of_the_machine() -> None:
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        assert describe_cores().startswith("1 of ")
    finally:
        os.sched_setaffinity(0, before)
    assert describe_cores().startswith(f"{len(before)} of ")
