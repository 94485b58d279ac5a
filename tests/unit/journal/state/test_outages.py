"""Outages, cut to a time span."""

import pytest

from njst.contract.results.tallies import ControlOutages
from njst.journal.state.outages import Outages

MS = 1_000_000


@pytest.mark.parametrize(
    ("begin_ms", "end_ms", "expected"),
    [
        (0, 9, None),
        (0, 100, ControlOutages(count=1, total_us=20_000, longest_us=20_000)),
        (15, 100, ControlOutages(count=1, total_us=15_000, longest_us=15_000)),
        (0, 12, ControlOutages(count=1, total_us=2_000, longest_us=2_000)),
        (30, 200, None),
        (0, 210, ControlOutages(count=2, total_us=30_000, longest_us=20_000)),
        (205, 300, ControlOutages(count=1, total_us=95_000, longest_us=95_000)),
    ],
)
def test_outages__time_span__returns_those_within(
    begin_ms: int, end_ms: int, expected: ControlOutages | None
) -> None:
    silences = Outages()
    silences.answered(5 * MS)
    silences.missed(10 * MS)
    silences.missed(20 * MS)
    silences.answered(30 * MS)
    silences.answered(40 * MS)
    # It has not ended.
    silences.missed(200 * MS)
    assert silences.within(begin_ms * MS, end_ms * MS) == expected


def test_outages__unfinished__count_from_the_first_failed_request() -> None:
    silences = Outages()
    assert silences.lasting_ns(5) == 0
    silences.missed(10)
    silences.missed(20)
    assert silences.lasting_ns(25) == 15
    silences.answered(30)
    assert silences.lasting_ns(35) == 0
