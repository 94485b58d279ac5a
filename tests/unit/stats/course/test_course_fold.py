"""The course of a job: the same sums, however windows are split, ordered and repeated."""

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from njst.contract.results.course import EventType
from njst.contract.results.tallies import ErrorClass
from njst.contract.results.windows import ErrorCount, ParticipantWindow, WorkloadWindow
from njst.stats.course.course_fold import BEHIND_S, MAX_PARTS, CourseFold, MergedWindow
from njst.stats.course.course_writer import MAX_WINDOWS, CourseWriter
from njst.stats.course.folds import Folds
from njst.stats.histogram import Histogram

Added = tuple[str, ParticipantWindow]


def second(at_s: int, worker: int) -> ParticipantWindow:
    """A second that no other one looks like."""
    window = WorkloadWindow(
        workload="w",
        messages=at_s + worker + 1,
        bytes=10 * worker,
        errors=[ErrorCount(error_class=ErrorClass.TIMEOUT, count=at_s % 3 + 1)],
        latency=Histogram({(at_s + worker) % 40: 1 + worker}).encode(),
    )
    return ParticipantWindow(at_s=at_s, workloads=[window])


def course_of(worker: int, length_s: int) -> list[Added]:
    """What a worker publishes of its course."""
    writer = CourseWriter()
    published = [some for at_s in range(length_s) for some in writer.add(second(at_s, worker))]
    published += writer.close()
    return [(f"w{worker}", some.window) for some in published if not some.is_newest]


def folded(added: Sequence[Added]) -> CourseFold:
    fold = CourseFold()
    for worker, window in added:
        fold.add(worker, window)
    return fold


def content(fold: CourseFold) -> list[tuple[int, int, int, int, str]]:
    return [
        (
            at_s,
            merged.messages,
            merged.bytes,
            merged.errors[ErrorClass.TIMEOUT],
            merged.histograms().get("latency", ""),
        )
        for at_s, merged in fold.windows("w", 0, fold.until_s(()))
    ]


lengths = st.lists(st.one_of(st.integers(1, 9), st.integers(590, 1_300)), min_size=1, max_size=3)


@settings(max_examples=15, deadline=None)
@given(lengths, st.randoms(use_true_random=False))
def test_course__in_any_order_with_repetitions__is_the_same(
    lengths_s: list[int], random: object
) -> None:
    added = [some for worker, s in enumerate(lengths_s) for some in course_of(worker, s)]
    mixed = [*added, *added[::3]]
    random.shuffle(mixed)  # type: ignore[attr-defined]
    expected = content(folded(added))
    assert content(folded(mixed)) == expected
    assert len(expected) <= MAX_WINDOWS
    messages = sum(
        second(s, w).workloads[0].messages for w, n in enumerate(lengths_s) for s in range(n)
    )
    assert sum(window[1] for window in expected) == messages


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 1_300), st.data())
def test_until__while_windows_come__only_grows_and_what_is_whole_stays(
    length_s: int, data: st.DataObject
) -> None:
    fold, width_s, until_s = CourseFold(), 1, 0
    seen: list[tuple[int, int, int, int, str]] = []
    added = sorted(
        (some for worker in range(2) for some in course_of(worker, length_s)),
        key=lambda some: some[1].at_s,
    )
    look = data.draw(st.integers(1, 97))
    for number, (worker, window) in enumerate(added):
        fold.add(worker, window)
        if number % look:
            continue
        now_s = fold.until_s(("w0", "w1"))
        windows = [
            (at_s, m.messages, m.bytes, m.errors[ErrorClass.TIMEOUT], "")
            for at_s, m in fold.windows("w", 0, now_s)
        ]
        assert now_s >= until_s
        if fold.width_s == width_s:
            assert windows[: len(seen)] == seen
        seen, width_s, until_s = windows, fold.width_s, now_s
    assert fold.changes == 0


def test_until__of_a_worker_that_is_behind__waits_for_it_for_a_while() -> None:
    fold = folded([("w0", second(at_s, 0)) for at_s in range(3)])
    assert fold.until_s(("w0", "w1")) == 0, "the other one has sent nothing yet"
    assert fold.until_s(("w0",)) == 3
    fold = folded([("w0", second(at_s, 0)) for at_s in range(BEHIND_S + 4)])
    assert fold.until_s(("w0", "w1")) == 4, "it is behind, or does not send windows"
    fold.add("w1", second(2, 1))
    assert fold.changes == 1, "so that what was sent is sent anew"
    (_, merged), *_ = fold.windows("w", 2, 3)
    assert merged.messages == 3 + 4


def test_windows__in_which_nothing_happened__are_there_too() -> None:
    fold = folded([("w0", second(0, 0)), ("w0", second(3, 0))])
    assert [(at_s, m.messages) for at_s, m in fold.windows("w", 1, 4)] == [(1, 0), (2, 0), (3, 4)]
    assert fold.missing_s("w0") == 2
    assert fold.missing_s("w1") == 0


def test_newest__after_the_windows_widened__is_in_seconds() -> None:
    folds = Folds()
    writer = CourseWriter()
    for at_s in range(700):
        for some in writer.add(second(at_s, 0)):
            folds.add("w0", some.window, is_newest=some.is_newest)
    assert (folds.course.width_s, folds.course.until_s(())) == (2, 700)
    assert folds.at(0) is folds.course
    newest = folds.at(100)
    assert (newest.width_s, newest.until_s(())) == (1, 700)
    assert [m.messages for _, m in newest.windows("w", 598, 602)] == [599, 600, 601, 602]
    assert folds.newest_windows()["w0"].at_s == 699


def test_newest__of_many_workers__is_their_course() -> None:
    folds = Folds()
    folds.add("w0", ParticipantWindow(at_s=4, width_s=4), is_newest=False)
    assert folds.at(0) is folds.at(4) is folds.course
    assert (folds.course.width_s, folds.course.until_s(())) == (4, 8)


def test_histograms__of_very_many_workers__are_merged_as_they_come() -> None:
    merged = MergedWindow()
    for value in range(3 * MAX_PARTS):
        merged.add(WorkloadWindow(workload="w", latency=Histogram.of([value]).encode()))
    assert Histogram.decode(merged.histograms()["latency"]) == Histogram.of(range(3 * MAX_PARTS))


def test_latency__of_a_damaged_histogram__is_that_of_the_others() -> None:
    merged = MergedWindow()
    merged.add(WorkloadWindow(workload="w", latency="damaged"))
    assert merged.latency("latency") is None
    assert merged.histograms() == {}
    merged.add(WorkloadWindow(workload="w", latency=Histogram.of([5, 7]).encode()))
    latency = merged.latency("latency")
    assert latency is not None
    assert (latency.count, latency.p50, latency.max) == (2, 5, 7)


def test_connections__that_broke_and_came_back__are_events_of_their_second() -> None:
    events = [
        ErrorCount(error_class=ErrorClass.DISCONNECTED, count=2),
        ErrorCount(error_class=ErrorClass.LEADER_CHANGED, count=1),
        ErrorCount(error_class=ErrorClass.PULL_LOST, count=9),
    ]
    window = WorkloadWindow(workload="w", events=events, reconnects=2)
    fold = folded([("w0", ParticipantWindow(at_s=4, workloads=[window]))])
    assert [(e.at_s, e.type, e.count) for e in fold.connection_events] == [
        (4, EventType.DISCONNECTED, 2),
        (4, EventType.LEADER_CHANGED, 1),
        (4, EventType.RECONNECTED, 2),
    ]
