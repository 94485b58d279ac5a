"""Who takes part: those that the spec selects, in the rendezvous order, and how they are spread."""

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from njst.api.documents import document_of
from njst.contract.document import parse_spec
from njst.contract.events import Cleaned, Ended, Origin, OriginKind, Progress, Started
from njst.contract.job import JobSpec
from njst.contract.names import EventName
from njst.contract.result import Report, WorkloadTally
from njst.journal.book import Book, Seen
from njst.journal.jobs import KEPT_SO_FAR, Jobs, NotEnoughWorkersError, Submission
from njst.journal.port import Member
from njst.journal.summary import log_datetime, so_far
from njst.journal.turns import order
from njst.journal.view import JobView
from njst.report.text import render
from tests.unit.api.fakes import MemoryLog


class ZonedMembers:
    """Six workers in two zones, every second of them with a fast disk."""

    async def present(self) -> list[Member]:
        moment = datetime(2026, 1, 1, tzinfo=UTC)
        return [
            Member(
                worker=f"w{number}",
                name=f"w{number}",
                host="h",
                version="1",
                started_at=moment,
                zone="north" if number < 4 else "south",
                labels={"disk": "fast" if number % 2 else "slow"},
            )
            for number in range(6)
        ]


def spec(**changes: object) -> JobSpec:
    workload = {"name": "w", "stream": "S", "messages": 9, "publish": {}}
    return parse_spec({"streams": [{"name": "S"}], "workloads": [workload], **changes})


@pytest.fixture
async def jobs() -> Jobs:
    log, book = MemoryLog(), Book()
    await log.follow(book.on_entry, book.on_progress)
    return Jobs(log, book, ZonedMembers())


async def submit(jobs: Jobs, **changes: object) -> tuple[list[str], dict[str, int]]:
    submission = Submission("job-1", spec(**changes), Origin(kind=OriginKind.HTTP))
    created = (await jobs.submit(submission)).view.created
    return created.participants, created.zones


async def test_all_take_part_and_their_zones_are_counted(jobs: Jobs) -> None:
    assert await submit(jobs) == ([f"w{n}" for n in range(6)], {"north": 4, "south": 2})


async def test_a_report_so_far_is_merged_once_for_all_who_look_until_something_changes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    log, book = MemoryLog(), Book()
    await log.follow(book.on_entry, book.on_progress)
    jobs = Jobs(log, book, ZonedMembers())
    await submit(jobs)
    merged: list[str] = []

    def merge(view: JobView, progress: Mapping[str, Seen], now_ns: int) -> Report:
        merged.append(view.id)
        return so_far(view, progress, now_ns)

    monkeypatch.setattr("njst.journal.jobs.so_far", merge)

    def messages(at_s: int) -> int:
        report = jobs.report(jobs.get("job-1"), at_s * 10**9)
        assert report.completion_time == log_datetime(at_s * 10**9)
        return report.workloads[0].messages

    assert [messages(1), messages(2)] == [0, 0]
    assert len(merged) == 1
    for done in (3, 5):
        log.now_ns += 10**9
        tally = WorkloadTally(workload="w", messages=done)
        await log.publish_progress("job-1", "w1", Progress(elapsed_ms=1, workloads=[tally]))
        assert [messages(3), messages(4)] == [done, done]
    assert len(merged) == 3
    await log.append(EventName("job-1", "started"), Started(run=["w1"], lead_ms=400))
    assert jobs.report(jobs.get("job-1"), 5 * 10**9).reason != "Pending"
    assert len(merged) == 4


async def test_what_the_clean_up_left_behind_is_in_the_report_of_a_job_that_is_over() -> None:
    log, book = MemoryLog(), Book()
    await log.follow(book.on_entry, book.on_progress)
    jobs = Jobs(log, book, ZonedMembers())
    await submit(jobs)
    final = so_far(jobs.get("job-1"), {}, 10**9)
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


async def test_reports_so_far_of_many_jobs_do_not_pile_up(jobs: Jobs) -> None:
    for number in range(KEPT_SO_FAR + 5):
        submission = Submission(f"job-{number}", spec(), Origin(kind=OriginKind.HTTP))
        view = (await jobs.submit(submission)).view
        assert jobs.report(view, 10**9).workloads[0].messages == 0
    assert len(jobs._so_far) == KEPT_SO_FAR


async def test_only_those_with_all_the_labels_take_part(jobs: Jobs) -> None:
    selector = {"matchLabels": {"disk": "fast", "zone": "north"}}
    assert await submit(jobs, workerSelector=selector) == (["w1", "w3"], {"north": 2})


async def test_the_number_of_workers_counts_among_the_selected(jobs: Jobs) -> None:
    selector = {"matchLabels": {"disk": "fast"}}
    participants, _ = await submit(jobs, workerSelector=selector, workers=2)
    assert participants == sorted(order("job-1", ["w1", "w3", "w5"])[:2])


async def test_too_few_are_told_with_the_labels(jobs: Jobs) -> None:
    selector = {"matchLabels": {"disk": "fast", "zone": "south"}}
    words = "asks for 2 workers, 1 are connected that have disk=fast, zone=south"
    with pytest.raises(NotEnoughWorkersError, match=words):
        await submit(jobs, workerSelector=selector, workers=2)
