"""The timeline of a job: what happened, in the log's time and in words."""

from njst.contract.events import (
    Begun,
    Cancelled,
    Cleaned,
    Done,
    Event,
    Finished,
    Ready,
    Refuted,
    Started,
    Suspected,
)
from njst.contract.results.course import EventType as E
from njst.contract.results.outcome import START_TIMEOUT, Outcome, Problem
from njst.journal.state.job_view import JobView
from njst.journal.state.projection import LogEntry, apply
from njst.journal.state.timeline import MAX_PER_TYPE
from tests.unit.journal.state.test_projection import WROTE, S, created, ended

FINISHED = Finished(outcome=Outcome.COMPLETED, receipts=[WROTE])


def view_of(*events: tuple[float, str, Event]) -> JobView:
    view: JobView | None = None
    for seq, (at_s, worker, event) in enumerate(events, 1):
        view = apply(view, LogEntry(seq, round(at_s * S), "j", worker, event))
    assert view is not None
    return view


def happened(view: JobView, since: int = 0) -> list[tuple[float, E, str]]:
    """When, what, and to whom or what."""
    return [
        (entry.time_ns / S, entry.type, entry.worker or entry.workload)
        for entry in view.timeline[since:]
    ]


START: list[tuple[float, str, Event]] = [
    (1, "", created("a", "b")),
    (2, "a", Ready()),
    (2, "b", Ready()),
    (3, "", Started(run=["a", "b"], lead_ms=500)),
]


def test_timeline__of_a_start__names_who_is_there_and_who_is_not() -> None:
    refused = Problem(reason="StreamExists", message="it is there")
    late = Problem(reason=START_TIMEOUT, message="connecting")
    view = view_of(
        (1, "", created("a", "b", "c", "d")),
        (2, "a", Ready()),
        (3, "b", Ready(problem=refused)),
        (4, "c", Ready(problem=late)),
        (5, "", Started(run=["a"], lead_ms=500)),
    )
    assert happened(view) == [
        (1, E.CREATED, ""),
        (2, E.READY, "a"),
        (3, E.REFUSED, "b"),
        (4, E.LATE, "c"),
        (5, E.LATE, "d"),
        (5.5, E.STARTED, ""),
        (5.5, E.WORKLOAD_BEGAN, "w"),
    ]
    words = [entry.message for entry in view.timeline]
    assert words[0] == "the job was created for 4 workers"
    assert words[2] == "it cannot take part: it is there"
    assert words[3] == "the job starts without it: connecting"


def test_timeline__of_phases__has_the_end_of_one_and_the_begin_of_the_next() -> None:
    view = view_of(
        *START,
        (6, "a", Done(workloads=["w"])),
        (7, "b", Done(workloads=["w"])),
        (8, "", Begun(workloads=["x"], lead_ms=1_000)),
        (8.1, "", Begun(workloads=["x"], lead_ms=2_000)),
    )
    assert happened(view, 5) == [(7, E.WORKLOAD_DONE, "w"), (9, E.WORKLOAD_BEGAN, "x")]


def test_timeline__of_workers__says_who_was_suspected_back_lost_and_done() -> None:
    suspected = [(at_s, "b", Suspected()) for at_s in (7.0, 8.5, 10.0)]
    view = view_of(
        *START,
        (5, "a", Suspected()),
        (5.5, "a", Refuted()),
        (6, "a", FINISHED),
        *suspected,
    )
    assert happened(view, 5) == [
        (5, E.WORKER_SUSPECTED, "a"),
        (5.5, E.WORKER_BACK, "a"),
        (6, E.WORKER_FINISHED, "a"),
        (7, E.WORKER_SUSPECTED, "b"),
        (10, E.WORKER_LOST, "b"),
        (10, E.READING_BACK, ""),
    ]


def test_timeline__of_a_closed_job__is_without_what_happened_to_workers() -> None:
    view = view_of(
        *START,
        (5, "", Cancelled(reason="Requested", message="enough")),
        (6, "a", FINISHED),
        (6, "b", FINISHED),
        (7, "", ended()),
        (8, "", Cleaned(problems=["a stream"])),
    )
    assert happened(view) == [
        (1, E.CREATED, ""),
        (3.5, E.STARTED, ""),
        (3.5, E.WORKLOAD_BEGAN, "w"),
        (5, E.CANCEL_REQUESTED, ""),
        (7, E.ENDED, ""),
        (8, E.CLEANED_UP, ""),
    ]
    assert view.timeline[3].message == "the load is to stop: enough"
    assert view.timeline[4].message == "Valid: Valid"
    assert view.timeline[5].message == "what the job made is removed; 1 things are left"


def test_timeline__of_very_many_workers__counts_those_that_it_leaves_out() -> None:
    workers = [f"w{number}" for number in range(MAX_PER_TYPE + 5)]
    view = view_of(
        (1, "", created(*workers)),
        *((2, worker, Ready()) for worker in workers),
        (3, "", Started(run=workers, lead_ms=0)),
    )
    assert view.timeline_omitted == 5
    types = [entry.type for entry in view.timeline]
    assert types.count(E.READY) == MAX_PER_TYPE
    assert types[-2:] == [E.STARTED, E.WORKLOAD_BEGAN]
