"""The `ended` event: what the log and the object store have of a report, and what is left out."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from njst.agent.deps import AgentDeps
from njst.agent.end.final_report import REST_BYTES, WHOLE_BYTES, final_report_event
from njst.contract.events import Created, Event, Finished, Origin, OriginKind, Ready, Started
from njst.contract.parsing.document import parse_spec
from njst.contract.results.outcome import Outcome
from njst.contract.results.report import Report, StoredReport
from njst.contract.results.tallies import WorkloadTally
from njst.contract.results.windows import ParticipantWindow, WorkloadWindow
from njst.journal.interfaces import JournalUnavailableError, StoredWindow
from njst.journal.state.job_store import JobStore
from njst.journal.state.job_view import JobView
from njst.journal.state.projection import LogEntry
from njst.testing.fake_clock import FakeClock
from njst.testing.memory_log import MemoryLog
from njst.testing.memory_windows import MemoryWindows
from tests.unit.sim.world import at_once

SPEC = parse_spec(
    {"workloads": [{"name": "w", "messages": 9, "core": {"operation": "Publish", "subject": "s"}}]}
)


@dataclass
class Shelf:
    """An object store in memory; `broken` makes it refuse."""

    broken: str = ""
    reports: dict[str, Report] = field(default_factory=dict)

    async def put(self, job: str, report: Report) -> StoredReport:
        if self.broken:
            raise JournalUnavailableError(self.broken)
        self.reports[job] = report
        return StoredReport(bucket="b", name=job, bytes=1, digest="d")

    async def get(self, stored: StoredReport) -> Report:
        return self.reports[stored.name]


def settled(workers: int) -> tuple[JobStore, JobView]:
    """A job whose participants have all finished."""
    job_store = JobStore()
    names = [f"worker-{number:04}" for number in range(workers)]
    events: list[tuple[str, Event]] = [
        ("", Created(spec=SPEC, participants=names, origin=Origin(kind=OriginKind.HTTP))),
        *((name, Ready()) for name in names),
        ("", Started(run=names, lead_ms=0)),
        *(
            (
                name,
                Finished(
                    outcome=Outcome.COMPLETED,
                    workloads=[WorkloadTally(workload="w", messages=number)],
                ),
            )
            for number, name in enumerate(names)
        ),
    ]
    for seq, (worker, event) in enumerate(events, 1):
        job_store.on_entry(LogEntry(seq, seq * 10**9, "j", worker, event))
    view = job_store.view("j")
    assert view is not None
    return job_store, view


def all_windows(job_store: JobStore) -> MemoryWindows:
    """The windows of all workers, each of its whole load."""
    windows = MemoryWindows()
    view = job_store.view("j")
    assert view is not None
    for worker, part in view.parts.items():
        assert part.finished is not None
        (tally,) = part.finished.workloads
        window = ParticipantWindow(
            at_s=0, workloads=[WorkloadWindow(workload="w", messages=tally.messages)]
        )
        windows.stored.setdefault("j", []).append(StoredWindow(worker, window.pack(), False))
    return windows


def deps(
    job_store: JobStore, shelf: Shelf, log: Any, windows: MemoryWindows | None = None
) -> AgentDeps:
    nothing: Any = None
    return AgentDeps(
        me="worker-0000",
        log=log,
        job_store=job_store,
        time=FakeClock(10**13),
        resolve=nothing,
        provision=nothing,
        teardown=nothing,
        prepare=nothing,
        read_slice=nothing,
        warm_up=nothing,
        reports=shelf,
        windows=windows or all_windows(job_store),
        run_in_thread=at_once,
    )


async def test_ended__small_report__is_in_the_log_alone() -> None:
    job_store, view = settled(3)
    shelf = Shelf()
    end = await final_report_event(deps(job_store, shelf, MemoryLog()), view)
    assert (end.stored, shelf.reports) == (None, {})
    assert [w.workloads[0].messages for w in end.report.workers] == [0, 1, 2]
    assert end.report.omitted == ""


async def test_ended__large_report__is_stored_and_the_log_has_totals() -> None:
    job_store, view = settled(1000)
    shelf = Shelf()
    end = await final_report_event(deps(job_store, shelf, MemoryLog()), view)
    assert end.stored is not None
    assert len(end.to_json()) < REST_BYTES + 4096
    assert end.report.workloads[0].messages == sum(range(1000))
    assert len(end.report.workers) == 1000
    assert end.report.omitted == "what each worker did"
    whole = shelf.reports["j"]
    assert whole.omitted == ""
    assert [w.workloads[0].messages for w in whole.workers] == list(range(1000))


async def test_ended__store_fails__has_all_that_fits() -> None:
    job_store, view = settled(200)
    end = await final_report_event(deps(job_store, Shelf("no room"), MemoryLog()), view)
    assert len(end.to_json()) > WHOLE_BYTES
    assert (end.stored, end.report.omitted) == (None, "")
    assert [w.workloads[0].messages for w in end.report.workers] == list(range(200))


async def test_ended__store_fails_and_too_large__says_what_is_omitted() -> None:
    job_store, view = settled(2000)
    end = await final_report_event(deps(job_store, Shelf("no room"), MemoryLog()), view)
    assert end.stored is None
    left_out = "the windows and the events, what each worker did"
    assert end.report.omitted == f"{left_out}; the whole is not stored: no room"


@pytest.mark.parametrize("broken", ["", "no room"])
async def test_ended__small_max_payload__is_small(broken: str) -> None:
    job_store, view = settled(1000)
    log = MemoryLog()
    log.max_event_bytes = 64 * 1024
    end = await final_report_event(deps(job_store, Shelf(broken), log), view)
    assert len(end.to_json()) <= log.max_event_bytes
    assert end.report.workloads[0].messages == sum(range(1000))
