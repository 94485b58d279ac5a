"""Who takes part: those that the spec selects, in the rendezvous order, and how they are spread."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta

import pytest

from njst.api.job_documents import document_of
from njst.contract.events import Cleaned, Ended, Origin, OriginKind, Progress, Started
from njst.contract.names.mesh import EventName
from njst.contract.parsing.document import parse_spec
from njst.contract.results.report import Report
from njst.contract.results.tallies import WorkloadTally
from njst.contract.spec.job import JobSpec
from njst.journal.jobs import (
    CACHED_REPORTS,
    EXPECT_MS,
    YOUNG_S,
    Jobs,
    NotEnoughWorkersError,
    QueueTimeoutError,
    Submission,
)
from njst.journal.report_builder import log_datetime, report_so_far
from njst.journal.state.job_store import JobStore, ProgressEntry
from njst.journal.state.job_view import JobView
from njst.journal.state.rendezvous import order
from njst.journal.state.state_text import state_text
from njst.report.terminal import render
from njst.testing.fake_members import FakeMembers, member
from njst.testing.memory_log import MemoryLog
from njst.testing.virtual_loop import run


def zoned_members() -> FakeMembers:
    """Six workers in two zones, every second of them with a fast disk."""
    return FakeMembers(
        *(
            member(
                f"w{number}",
                zone="north" if number < 4 else "south",
                labels={"disk": "fast" if number % 2 else "slow"},
            )
            for number in range(6)
        )
    )


def spec(**changes: object) -> JobSpec:
    workload = {"name": "w", "stream": "S", "messages": 9, "publish": {}}
    return parse_spec({"streams": [{"name": "S"}], "workloads": [workload], **changes})


@pytest.fixture
async def jobs() -> Jobs:
    log, job_store = MemoryLog(), JobStore()
    await log.follow(job_store.on_entry, job_store.on_progress)
    return Jobs(log, job_store, zoned_members())


async def submit(jobs: Jobs, **changes: object) -> tuple[list[str], dict[str, int]]:
    submission = Submission("job-1", spec(**changes), Origin(kind=OriginKind.HTTP))
    created = (await jobs.submit(submission)).view.created
    return created.participants, created.zones


async def test_submit__all_workers__take_part_and_zones_are_counted(jobs: Jobs) -> None:
    assert await submit(jobs) == ([f"w{n}" for n in range(6)], {"north": 4, "south": 2})


async def test_report_so_far__nothing_changed__is_merged_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    log, job_store = MemoryLog(), JobStore()
    await log.follow(job_store.on_entry, job_store.on_progress)
    jobs = Jobs(log, job_store, zoned_members())
    await submit(jobs)
    merged: list[str] = []

    def merge(view: JobView, progress: Mapping[str, ProgressEntry], now_ns: int) -> Report:
        merged.append(view.id)
        return report_so_far(view, progress, now_ns)

    monkeypatch.setattr("njst.journal.jobs.report_so_far", merge)

    def messages(at_s: int) -> int:
        report = jobs.report(jobs.get("job-1"), at_s * 10**9)
        assert report.completion_time == log_datetime(at_s * 10**9)
        return report.workloads[0].messages

    assert [messages(1), messages(2)] == [0, 0]
    assert len(merged) == 1
    for done in (3, 5):
        log.clock.advance(1)
        tally = WorkloadTally(workload="w", messages=done)
        await log.publish_progress("job-1", "w1", Progress(elapsed_ms=1, workloads=[tally]))
        assert [messages(3), messages(4)] == [done, done]
    assert len(merged) == 3
    await log.append(EventName("job-1", "started"), Started(run=["w1"], lead_ms=400))
    assert jobs.report(jobs.get("job-1"), 5 * 10**9).reason != "Pending"
    assert len(merged) == 4


async def test_report__clean_up_failed__has_what_is_left_behind() -> None:
    log, job_store = MemoryLog(), JobStore()
    await log.follow(job_store.on_entry, job_store.on_progress)
    jobs = Jobs(log, job_store, zoned_members())
    await submit(jobs)
    final = report_so_far(jobs.get("job-1"), {}, 10**9)
    await log.append(EventName("job-1", "ended"), Ended(report=final))
    assert jobs.report(jobs.get("job-1"), 10**9) == final
    problems = ["S: nats: permissions violation for publish to $JS.API.STREAM.DELETE.S"]
    await log.append(EventName("job-1", "cleaned"), Cleaned(problems=problems))
    view = jobs.get("job-1")
    for report in (jobs.report(view, 10**9), await jobs.whole_report(view)):
        assert report == final.model_copy(update={"left_behind": problems})
        assert document_of(view, report).left_behind == problems
        assert "LEFT ON THE TARGET: it could not be removed\n  S: nats: permissions" in render(
            report, "a job"
        )


async def test_report_cache__many_jobs__is_bounded(jobs: Jobs) -> None:
    for number in range(CACHED_REPORTS + 5):
        submission = Submission(f"job-{number}", spec(), Origin(kind=OriginKind.HTTP))
        view = (await jobs.submit(submission)).view
        assert jobs.report(view, 10**9).workloads[0].messages == 0
    assert len(jobs._cached_reports) == CACHED_REPORTS


async def test_submit__worker_selector__takes_workers_with_all_labels(jobs: Jobs) -> None:
    selector = {"matchLabels": {"disk": "fast", "zone": "north"}}
    assert await submit(jobs, workerSelector=selector) == (["w1", "w3"], {"north": 2})


async def test_submit__workers_and_selector__counts_selected_workers(jobs: Jobs) -> None:
    selector = {"matchLabels": {"disk": "fast"}}
    participants, _ = await submit(jobs, workerSelector=selector, workers=2)
    assert participants == sorted(order("job-1", ["w1", "w3", "w5"])[:2])


async def test_submit__too_few_workers__names_the_labels(jobs: Jobs) -> None:
    selector = {"matchLabels": {"disk": "fast", "zone": "south"}}
    words = "asks for 2 workers, 1 are connected that have disk=fast, zone=south"
    with pytest.raises(NotEnoughWorkersError, match=words):
        await submit(jobs, workerSelector=selector, workers=2)


async def _expecting(
    *there: str, age: timedelta = timedelta(seconds=5)
) -> tuple[Jobs, FakeMembers]:
    """The jobs of a mesh of which three workers are wanted, and these are there for so long."""
    log, job_store, members = MemoryLog(), JobStore(), FakeMembers(*there)
    await log.follow(job_store.on_entry, job_store.on_progress)
    began = max(member.started_at for member in await members.present())
    return Jobs(log, job_store, members, expect=3, now=lambda: began + age), members


def _waiting(waited_ms: int | None, **changes: object) -> Submission:
    origin = Origin(kind=OriginKind.RESOURCE)
    return Submission("job-1", spec(**changes), origin, waited_ms=waited_ms)


async def test_submit__fewer_than_expected__waits_but_not_for_long() -> None:
    jobs, _ = await _expecting("w1")
    words = "1 of 3 workers that are wanted here are connected; the others have 60 s to come"
    for waited_ms in (0, EXPECT_MS - 1):
        with pytest.raises(NotEnoughWorkersError, match=words):
            await jobs.submit(_waiting(waited_ms))
    view = (await jobs.submit(_waiting(EXPECT_MS))).view
    assert (list(view.parts), view.wanted) == (["w1"], 3)
    assert state_text(view, []).message == "1 of 3 workers prepare"
    assert view.queue_end_ns == view.created_ns + (3_600_000 - EXPECT_MS) * 1_000_000


async def test_submit__number_given_or_no_wait__takes_present_workers() -> None:
    jobs, _ = await _expecting("w1")
    assert (await jobs.submit(_waiting(0, workers=1))).view.wanted == 1
    jobs, _ = await _expecting("w1")
    assert (await jobs.submit(_waiting(5_000, queueTimeoutSeconds=10))).view.wanted == 3
    # Long after the installation nobody is on the way.
    jobs, _ = await _expecting("w1", age=timedelta(seconds=YOUNG_S))
    assert (await jobs.submit(_waiting(0))).view.wanted == 3
    jobs, _ = await _expecting("w1", "w2")
    assert (await jobs.submit(_waiting(None))).view.wanted == 3


def test_submit_and_wait__workers_come__creates_the_job() -> None:
    async def waited_s() -> float:
        jobs, members = await _expecting("w1")
        asyncio.get_running_loop().call_later(10, members.workers.extend, ["w2", "w3"])
        view = (await jobs.submit_and_wait(_waiting(0), _never)).view
        assert len(view.parts) == 3
        return asyncio.get_running_loop().time()

    assert 10 <= run(waited_s()) <= 11


def test_submit_and_wait__queue_timeout_over__raises() -> None:
    async def waited_s() -> float:
        jobs, _ = await _expecting("w1")
        with pytest.raises(QueueTimeoutError, match=r"within 5 s: .*asks for 9 workers, 1 are"):
            await jobs.submit_and_wait(_waiting(0, workers=9, queueTimeoutSeconds=5), _never)
        return asyncio.get_running_loop().time()

    assert 5 <= run(waited_s()) <= 6


async def test_submit_and_wait__client_gone__stops() -> None:
    async def is_gone() -> bool:
        return True

    jobs, _ = await _expecting("w1")
    with pytest.raises(NotEnoughWorkersError, match="asks for 9 workers, 1 are connected"):
        await jobs.submit_and_wait(_waiting(0, workers=9), is_gone)


async def _never() -> bool:
    return False


async def test_overdue__queue_timeout_over__returns_the_jobs() -> None:
    log, job_store = MemoryLog(), JobStore()
    await log.follow(job_store.on_entry, job_store.on_progress)
    jobs = Jobs(log, job_store, FakeMembers("w1"))
    for job, limit_s in (("first", 10), ("second", 20), ("third", 10)):
        changed = spec(queueTimeoutSeconds=limit_s)
        await jobs.submit(Submission(job, changed, Origin(kind=OriginKind.HTTP)))

    def overdue(at_s: int) -> list[str]:
        return [view.id for view in job_store.overdue(log.clock.now_ns() + at_s * 10**9)]

    assert (overdue(9), overdue(10), overdue(20)) == ([], ["third"], ["second", "third"])
