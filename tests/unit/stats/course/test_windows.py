"""Windows from load processes to what is published: nothing is lost, and few messages are made."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from njst.contract.results.tallies import ErrorClass
from njst.contract.results.windows import ErrorCount, ParticipantWindow, WorkloadWindow
from njst.stats.course.course_writer import MAX_PER_SECOND, MAX_WINDOWS, CourseWriter, width_at
from njst.stats.course.window_merge import LATE_S, ProcessWindows, merge_workloads
from njst.stats.histogram import Histogram


def second(at_s: int, messages: int = 1, workload: str = "w") -> ParticipantWindow:
    window = WorkloadWindow(
        workload=workload,
        messages=messages,
        bytes=10 * messages,
        errors=[ErrorCount(error_class=ErrorClass.TIMEOUT, count=1)],
        latency=Histogram({at_s % 50: messages}).encode(),
    )
    return ParticipantWindow(at_s=at_s, workloads=[window])


def test_window__as_a_message__is_these_bytes() -> None:
    window = ParticipantWindow(
        at_s=7,
        workloads=[
            WorkloadWindow(
                workload="write",
                messages=3,
                bytes=192,
                errors=[ErrorCount(error_class=ErrorClass.TIMEOUT, count=2)],
                latency=Histogram.of([100, 100, 2_000]).encode(),
            )
        ],
    )
    golden = bytes.fromhex(GOLDEN)
    assert ParticipantWindow.unpack(golden) == window, "what an older njst wrote is read"
    assert ParticipantWindow.unpack(window.pack()) == window


# {"atS":7,"workloads":[{"workload":"write","messages":3,...}]}, as zlib of Python 3.11 packs it.
GOLDEN = (
    "789c3d8b410b82301886ffcb771e449a44bba92925d821c543e161cd312c75b14dd614ff7baba0f7f43c3cbc"
    "33105d00de2230423e3a411a05f83aff0d3018d96a06087aa614e1cc751fc1cdea0fad771e0226a590bfdb17"
    "e38e28a750b63d13a376572ac64103f6961a4147341ba875fd702cca34748babcd909d9e7d31e526df872f1e"
    "46531a9384da8b9f077c65929666f61c10a11213dd0daf1a58eae50d05903ed1"
)


def test_window__of_a_newer_njst__is_read_without_what_is_new() -> None:
    window = ParticipantWindow.model_validate(
        {
            "atS": 1,
            "workloads": [
                {"workload": "w", "messages": 2, "hops": 1}
                | {"errors": [{"errorClass": "Melted", "count": 3}]}
            ],
            "phase": "x",
        }
    )
    assert window.workloads[0].errors == [ErrorCount(error_class=ErrorClass.OTHER, count=3)]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no zlib",
        second(1).pack()[:-3],
        ParticipantWindow(at_s=3, width_s=2).pack(),
        ParticipantWindow(at_s=3, width_s=3).pack(),
    ],
)
def test_window__that_is_none__is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        ParticipantWindow.unpack(data)


def messages(windows: list[ParticipantWindow]) -> int:
    return sum(one.messages for window in windows for one in window.workloads)


@settings(max_examples=60)
@given(st.data())
def test_seconds_of_processes__in_any_interleaving__are_taken_once_and_in_order(
    data: st.DataObject,
) -> None:
    lengths = data.draw(st.lists(st.integers(0, 12), min_size=1, max_size=4))
    steps = data.draw(
        st.permutations([process for process, n in enumerate(lengths) for _ in range(n + 1)])
    )
    merging, taken = ProcessWindows(len(lengths)), []
    done = [0] * len(lengths)
    for process in steps:
        if done[process] < lengths[process]:
            merging.add(process, second(done[process]))
        else:
            merging.end(process)
        done[process] += 1
        if data.draw(st.booleans()):
            taken += merging.take()
    taken += merging.take()
    assert [window.at_s for window in taken] == list(range(len(taken)))
    assert messages(taken) == sum(lengths), "nothing is lost, and nothing is there twice"


def test_seconds_of_processes__while_one_is_behind__wait_for_it_for_a_while() -> None:
    merging = ProcessWindows(2)
    for at_s in range(LATE_S):
        merging.add(0, second(at_s))
    assert merging.take() == []
    merging.add(0, second(LATE_S))
    merging.add(0, second(LATE_S + 1))
    assert [window.at_s for window in merging.take()] == [0, 1]
    merging.add(1, second(0, 5))
    merging.add(1, second(1, 7))
    merging.add(1, second(2))
    assert [(w.at_s, messages([w])) for w in merging.take()] == [(2, 14)], "late, but not lost"


def test_width__of_a_window__doubles_at_600_times_each_power_of_two() -> None:
    assert [width_at(s) for s in (0, 599, 600, 1199, 1200, 2399, 2400)] == [1, 1, 2, 2, 4, 4, 8]


@pytest.mark.parametrize("length_s", [1, 600, 601, 1_205, 10_000])
def test_course__however_long__has_few_windows_with_all_seconds(length_s: int) -> None:
    writer = CourseWriter()
    published = [some for at_s in range(length_s) for some in writer.add(second(at_s))]
    published += writer.close()
    course = [some.window for some in published if not some.is_newest]
    newest = [some.window for some in published if some.is_newest]
    assert messages(course) == length_s
    assert [window.at_s for window in newest] == list(range(MAX_WINDOWS, length_s))
    ends = [window.end_s for window in course]
    assert [window.at_s for window in course] == [0, *ends[:-1]], "without a gap"
    limit = MAX_WINDOWS + 300 * max(0.0, math.log2(length_s / MAX_WINDOWS))
    assert len(course) <= limit + 1


def test_course__of_one_of_many__begins_with_wider_windows() -> None:
    writer = CourseWriter(participants=3 * MAX_PER_SECOND)
    published = [some for at_s in range(10) for some in writer.add(second(at_s))] + writer.close()
    assert [(some.window.at_s, some.window.width_s) for some in published] == [
        (0, 4),
        (4, 4),
        (8, 4),
    ]
    assert messages([some.window for some in published]) == 10
    assert not any(some.is_newest for some in published)


def test_workloads__of_several_windows__are_summed_by_name() -> None:
    windows = [
        WorkloadWindow(workload="a", messages=1, latency=Histogram({3: 1}).encode()),
        WorkloadWindow(workload="b", messages=5, reconnects=1),
        WorkloadWindow(
            workload="a",
            messages=2,
            latency=Histogram({3: 2, 9: 1}).encode(),
            events=[ErrorCount(error_class=ErrorClass.DISCONNECTED, count=2)],
        ),
    ]
    first, other = merge_workloads(windows)
    assert (first.messages, other.messages, other.reconnects) == (3, 5, 1)
    assert Histogram.decode(first.latency) == Histogram({3: 3, 9: 1})
    assert first.events == [ErrorCount(error_class=ErrorClass.DISCONNECTED, count=2)]
