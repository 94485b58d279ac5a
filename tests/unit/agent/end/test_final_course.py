"""The course in the final report: whole, or with words about what is missing."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from njst.agent.end import final_course as under_test
from njst.agent.end.final_course import WINDOWS, final_course
from njst.agent.end.final_report import final_report_event
from njst.agent.orphan_reaper import WINDOWS_NS, OrphanReaper
from njst.contract.events import Cleaned
from njst.contract.results.windows import ParticipantWindow, Published, WorkloadWindow
from njst.journal.state.projection import LogEntry
from njst.stats.histogram import Histogram
from njst.testing.fake_clock import FakeClock
from njst.testing.memory_log import MemoryLog
from njst.testing.memory_windows import MemoryWindows
from tests.unit.agent.end.test_final_report import Shelf, deps, settled

# Workers that have done 0, 1, 2 ... messages.
WORKERS = 4


def second(at_s: int, messages: int) -> Published:
    latency = Histogram.of([50 + at_s] * messages).encode()
    window = WorkloadWindow(workload="w", messages=messages, latency=latency)
    return Published(ParticipantWindow(at_s=at_s, workloads=[window]))


async def publish(windows: MemoryWindows, *workers: int) -> None:
    for worker in workers:
        await windows.publish("j", f"worker-{worker:04}", second(0, worker))


async def test_course__once_all_windows_are_there__is_whole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked = asyncio.Event()

    def look(*job: Any) -> dict[str, int]:
        looked.set()
        return short(*job)

    short = under_test._short
    monkeypatch.setattr(under_test, "_short", look)
    job_store, view = settled(WORKERS)
    windows = MemoryWindows()
    await publish(windows, 0, 1, 2)
    ending = asyncio.create_task(final_course(deps(job_store, Shelf(), MemoryLog(), windows), view))
    await looked.wait()
    await publish(windows, 3)
    course, events, *_ = await ending
    assert course is not None
    assert course.omitted == ""
    (workload,) = course.workloads
    (window,) = workload.windows
    assert window.messages == 0 + 1 + 2 + 3
    assert window.histograms is not None
    assert Histogram.decode(window.histograms["latency"]) == Histogram.of([50] * 6)
    assert [event.type for event in events][-1] == "WorkerFinished"
    assert windows.followers == 0


async def test_course__of_which_windows_are_missing__says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(under_test, "WAIT_S", 0.0)
    job_store, view = settled(WORKERS)
    windows = MemoryWindows()
    await publish(windows, 0, 1, 2)
    course, *_ = await final_course(deps(job_store, Shelf(), MemoryLog(), windows), view)
    assert course is not None
    assert "the windows of worker-0003" in course.omitted
    assert course.omitted.endswith("3 messages of workload w are in no window")


@pytest.mark.parametrize("broken", ["", "no stream"])
async def test_report__without_windows__has_events_and_the_series_of_the_totals(
    broken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(under_test, "WAIT_S", 0.0)
    job_store, view = settled(WORKERS)
    windows = MemoryWindows()
    windows.broken = broken
    end = await final_report_event(deps(job_store, Shelf(), MemoryLog(), windows), view)
    assert end.report.course is None
    assert end.report.omitted == f"{WINDOWS}: {broken or 'no worker has published any'}"
    assert [event.type for event in end.report.events][:2] == ["Created", "Ready"]


async def test_report__with_a_long_course__is_stored_and_the_log_has_none() -> None:
    job_store, view = settled(2)
    windows = MemoryWindows()
    await publish(windows, 0, 1)
    for at_s in range(1, 600):
        for worker in range(2):
            await windows.publish("j", f"worker-{worker:04}", second(at_s, 1))
    shelf = Shelf()
    end = await final_report_event(deps(job_store, shelf, MemoryLog(), windows), view)
    assert end.stored is not None
    assert (end.report.course, end.report.events, end.report.omitted) == (None, [], "")
    course = shelf.reports["j"].course
    assert course is not None
    assert len(course.workloads[0].windows) == 600


async def never() -> bool:
    raise AssertionError("it is not asked to run by itself")


async def test_windows__of_a_job__are_removed_an_hour_after_its_end() -> None:
    job_store, view = settled(1)
    windows, clock = MemoryWindows(), FakeClock(10**13)
    await publish(windows, 0)
    worker = deps(job_store, Shelf(), MemoryLog(), windows)
    end = await final_report_event(worker, view)
    job_store.on_entry(LogEntry(8, clock.now_ns(), "j", "", end))
    reaper = OrphanReaper(replace(worker, time=clock), set(), claim=never)
    await reaper.remove_windows()
    assert windows.stored, "it is not cleaned up yet"
    job_store.on_entry(LogEntry(9, clock.now_ns(), "j", "", Cleaned()))
    clock.advance(WINDOWS_NS / 1e9 - 1)
    await reaper.remove_windows()
    assert windows.stored, "an hour is not over"
    clock.advance(2)
    await reaper.remove_windows()
    assert not windows.stored
    windows.broken = "never asked again"
    await reaper.remove_windows()
