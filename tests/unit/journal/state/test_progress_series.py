"""The series of a lost participant: all of its progress, nothing twice or left out."""

from hypothesis import given
from hypothesis import strategies as st

from njst.contract.events import Progress
from njst.contract.results.tallies import ErrorClass, ErrorTally, WorkloadTally
from njst.journal.state.progress_series import ProgressSeries
from njst.stats.series import MAX_WINDOWS, Series


def progress(seconds: int, messages: int, errors: int = 0) -> Progress:
    failed = [ErrorTally(error_class=ErrorClass.TIMEOUT, count=errors)] if errors else []
    tally = WorkloadTally(workload="w", messages=messages, bytes=10 * messages, errors=failed)
    return Progress(elapsed_ms=1000 * seconds + 100, workloads=[tally])


def test_series__progress_each_second__has_the_differences() -> None:
    course = ProgressSeries()
    for seconds, messages, errors in ((1, 5, 0), (2, 9, 1), (4, 9, 1), (5, 20, 3)):
        course.add(progress(seconds, messages, errors))
    series = course.series("w")
    assert series is not None
    assert [w.messages for w in series.windows] == [5, 4, 0, 0, 11]
    assert [w.errors for w in series.windows] == [0, 1, 0, 0, 2]
    assert [w.bytes for w in series.windows] == [50, 40, 0, 0, 110]
    assert course.series("x") is None
    early = ProgressSeries()
    early.add(Progress(elapsed_ms=900, workloads=[WorkloadTally(workload="w", messages=5)]))
    assert early.series("w") is None


@given(st.lists(st.tuples(st.integers(1, 400), st.integers(0, 99)), min_size=1, max_size=40))
def test_series__any_length__is_complete_and_bounded(
    steps: list[tuple[int, int]],
) -> None:
    course, seconds, messages = ProgressSeries(), 0, 0
    for pause, done in steps:
        seconds, messages = seconds + pause, messages + done
        course.add(progress(seconds, messages))
    series = course.series("w")
    assert series is not None
    assert sum(window.messages for window in series.windows) == messages
    assert len(series.windows) <= MAX_WINDOWS
    assert len(series.windows) == -(-seconds // series.width_s)
    assert Series.of(series).width_s == series.width_s


def test_series__progress_out_of_order__is_ignored() -> None:
    course = ProgressSeries()
    for seconds, messages in ((3, 30), (2, 20), (4, 40)):
        course.add(progress(seconds, messages))
    series = course.series("w")
    assert series is not None
    assert sum(window.messages for window in series.windows) == 40
    assert all(window.messages >= 0 for window in series.windows)
