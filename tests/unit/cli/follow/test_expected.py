import pytest

from njst.cli.follow.expected import offered_per_second, remaining_s, spec_of
from njst.cli.follow.history import History, Interval, workloads_of
from tests.unit.cli.follow.documents import SPEC, running, workload

SPEC_MODEL = spec_of(running())
assert SPEC_MODEL is not None
WRITE, READ = SPEC_MODEL.workloads


@pytest.mark.parametrize(("into_s", "rate"), [(0.5, 501), (30.0, 1000), (61.0, 0)])
def test_offered_rate__is_that_of_the_spec(into_s: float, rate: int) -> None:
    assert offered_per_second(WRITE, into_s) == rate
    assert offered_per_second(READ, into_s) is None


def test_spec_of_a_newer_njst__is_unknown() -> None:
    assert spec_of(running(spec={**SPEC, "newer": 1})) is None
    assert spec_of({}) is None


@pytest.mark.parametrize(
    ("start_ms", "read", "left_s"),
    [
        (0, 40_000, 40.0),  # by the duration
        (0, 39_000, 40.0),
        (0, 10_000, 60.0),  # 30,000 at 500 a second
        (15_000, 40_000, 55.0),
        (None, 40_000, None),  # it waits for others
    ],
)
def test_remaining_time__is_that_of_the_longest_workload(
    start_ms: int | None, read: int, left_s: float | None
) -> None:
    document = running(
        workload("write", 20_000, 20.0, startMs=start_ms), workload("read", read, 20.0)
    )
    history = History(intervals={"read": [Interval(500)]})
    assert SPEC_MODEL is not None
    assert remaining_s(SPEC_MODEL, workloads_of(document), 20.0, history) == left_s


def test_remaining_time__without_a_rate__is_unknown() -> None:
    document = running(workload("write", 1, 1.0), workload("read", 1, 1.0))
    assert SPEC_MODEL is not None
    assert remaining_s(SPEC_MODEL, workloads_of(document), 1.0, History()) is None
