"""What a worker decides, told as tables: the view and the clock in, actions out."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from njst.agent import actions as a
from njst.agent import decide as d
from njst.contract.events import (
    Cancelled,
    Created,
    Ended,
    Event,
    Finished,
    Origin,
    OriginKind,
    Ready,
    Refuted,
    Started,
    Suspected,
)
from njst.contract.parsing.document import parse_spec
from njst.contract.results.outcome import START_TIMEOUT, Outcome, Problem
from njst.contract.results.readback import StreamReceipts
from njst.contract.results.report import Report, Verdict
from njst.journal.state.job_view import JobView
from njst.journal.state.projection import LogEntry, apply
from njst.journal.state.rendezvous import order
from njst.verification.slices import FEWEST

S = 1_000_000_000
BEGIN = 1_000 * S
JOB = "job-1"
WORKERS = ("a", "b", "c")
FIRST, SECOND, THIRD = order(JOB, WORKERS)


def spec(**changes: object) -> dict[str, object]:
    return {
        "streams": [{"name": "S"}],
        "workloads": [{"name": "w", "stream": "S", "messages": 9, "publish": {}}],
        **changes,
    }


def history(*events: tuple[float, str, Event], **changes: object) -> JobView:
    """Fold `created` at second 0 and then (second, worker, event)."""
    created = Created(
        spec=parse_spec(spec(**changes)),
        participants=list(WORKERS),
        origin=Origin(kind=OriginKind.HTTP),
    )
    view = apply(None, LogEntry(1, BEGIN, JOB, "", created))
    for seq, (second, worker, event) in enumerate(events, start=2):
        view = apply(view, LogEntry(seq, BEGIN + int(second * S), JOB, worker, event))
    assert view is not None
    return view


def know(me: str, second: float, **changes: object) -> a.Knowledge:
    knowledge = a.Knowledge(
        me=me,
        stage=a.ParticipantStage.IDLE,
        now_ns=BEGIN + int(second * S),
        queue_since_ns=BEGIN,
        heard_ns={},
    )
    return replace(knowledge, **changes)  # type: ignore[arg-type]


def heard(second: float, *workers: str) -> dict[str, int]:
    return {worker: BEGIN + int(second * S) for worker in workers}


SLOW = Problem(reason=START_TIMEOUT, message="still at it")
READY = [(1.0, worker, Ready()) for worker in WORKERS]
STARTED = [*READY, (2.0, "", Started(run=list(WORKERS), lead_ms=400))]


def test_an_idle_participant_prepares() -> None:
    assert d.decide(history(), know("a", 0.1)) == (a.Prepare(),)


def test_a_worker_that_joined_later_never_runs_the_job() -> None:
    assert d.decide(history(), know("late", 0.1)) == ()
    assert d.decide(history(*STARTED), know("late", 2.1)) == ()


def test_a_job_waits_while_an_earlier_one_holds_its_workers() -> None:
    assert d.decide(history(), know("a", 5, queue_since_ns=None)) == ()


def test_a_worker_prepares_once() -> None:
    assert d.decide(history(), know("a", 1, stage=a.ParticipantStage.PREPARING)) == ()


def test_when_all_are_ready_the_first_by_rank_starts_them_at_once() -> None:
    view = history(*READY)
    prepared = {"stage": a.ParticipantStage.PREPARED}
    assert d.decide(view, know(FIRST, 1.0, **prepared)) == (a.StartJob(WORKERS),)
    assert d.decide(view, know(SECOND, 1.0, **prepared)) == ()
    assert d.decide(view, know(SECOND, 1.03, **prepared)) == (a.StartJob(WORKERS),)


def test_a_bystander_starts_a_job_whose_participants_do_not() -> None:
    assert d.decide(history(*READY), know("late", 1.2)) == ()
    assert d.decide(history(*READY), know("late", 3.0)) == (a.StartJob(WORKERS),)


def test_those_in_time_start_without_the_rest() -> None:
    view = history((1.0, "a", Ready()), startTimeoutSeconds=10)
    assert d.decide(view, know("a", 14.9, stage=a.ParticipantStage.PREPARED)) == ()
    assert d.decide(view, know("a", 15.1, stage=a.ParticipantStage.PREPARED)) == (
        a.StartJob(("a",)),
    )


def test_a_worker_that_is_not_ready_in_time_says_what_keeps_it() -> None:
    view = history((1.0, "a", Ready()), startTimeoutSeconds=10)
    preparing = {"stage": a.ParticipantStage.PREPARING}
    assert d.decide(view, know(THIRD, 9.9, **preparing)) == ()
    assert d.decide(view, know(THIRD, 10.1, **preparing)) == (a.ReportLate(),)
    assert d.decide(view, know(THIRD, 10.1, queue_since_ns=BEGIN + S, **preparing)) == ()
    assert d.decide(view, know(THIRD, 10.1, queue_since_ns=None, **preparing)) == ()
    assert d.decide(view, know(THIRD, 10.1, stage=a.ParticipantStage.PREPARED)) == ()


def test_when_all_who_are_late_have_said_why_nobody_waits_longer() -> None:
    late = [(10.1, worker, Ready(problem=SLOW)) for worker in ("b", "c")]
    view = history((1.0, "a", Ready()), *late, startTimeoutSeconds=10)
    assert d.decide(view, know("a", 10.2, stage=a.ParticipantStage.PREPARED)) == (
        a.StartJob(("a",)),
    )
    nobody = history((10.1, "a", Ready(problem=SLOW)), *late, startTimeoutSeconds=10)
    assert d.decide(nobody, know(FIRST, 10.2, stage=a.ParticipantStage.STOPPED)) == (
        a.StartJob(()),
    )


def test_the_start_timeout_counts_from_the_end_of_the_job_before() -> None:
    view = history((1.0, "a", Ready()), startTimeoutSeconds=10)
    waited = know("a", 15, stage=a.ParticipantStage.PREPARED, queue_since_ns=BEGIN + 10 * S)
    assert d.decide(view, waited) == ()


@pytest.mark.parametrize(
    ("events", "second", "reason", "part_of_message"),
    [
        (
            [(1.0, "b", Ready(problem=Problem(reason="StreamExists", message="X is there")))],
            2,
            "StreamExists",
            "b: X is there",
        ),
        (
            [(1.0, "a", Ready()), (30.1, "b", Ready(problem=SLOW))],
            35.1,
            "StartTimeout",
            "not ready within 30 s: b (still at it), c (no word from it)",
        ),
        (
            [
                (1.0, "a", Ready()),
                (30.1, "b", Ready(problem=SLOW)),
                (30.2, "c", Ready(problem=SLOW)),
            ],
            30.3,
            "StartTimeout",
            "not ready within 30 s: b (still at it), c (still at it)",
        ),
        (
            [
                *STARTED,
                *[(5 + n, FIRST, Suspected()) for n in range(5)],
            ],
            10,
            "WorkersLost",
            FIRST,
        ),
    ],
)
def test_a_strict_job_is_cancelled_when_a_worker_is_missing(
    events: Sequence[tuple[float, str, Event]], second: float, reason: str, part_of_message: str
) -> None:
    view = history(*events, onWorkerLoss="Fail")
    me = SECOND
    actions = d.decide(
        view, know(me, second, stage=a.ParticipantStage.LOADING, heard_ns=heard(second, *WORKERS))
    )
    cancels = [action for action in actions if isinstance(action, a.Cancel)]
    assert [cancel.reason for cancel in cancels] == [reason]
    assert part_of_message in cancels[0].message


def test_a_job_that_does_not_get_its_workers_in_time_is_cancelled() -> None:
    view = history(queueTimeoutSeconds=20)
    waiting: dict[str, object] = {"queue_since_ns": None, "waits_for": ("job-0", "job-x")}
    assert d.decide(view, know(FIRST, 19.9, **waiting)) == ()
    words = "it did not get its workers within 20 s: it stood behind job job-0"
    cancel = a.Cancel("QueueTimeout", words, before_start=True)
    assert d.decide(view, know(FIRST, 20, **waiting)) == (cancel,)
    # The others let it go first.
    assert d.decide(view, know(THIRD, 20, **waiting)) == ()
    assert d.decide(view, know(THIRD, 21, **waiting)) == (cancel,)
    has_workers = know(FIRST, 21, queue_since_ns=BEGIN + 20 * S)
    assert a.Cancel not in map(type, d.decide(view, has_workers))


def test_the_started_load_at_the_common_instant() -> None:
    view = history(*STARTED)
    assert d.decide(view, know("a", 2.1, stage=a.ParticipantStage.PREPARED)) == (
        a.StartLoad(BEGIN + int(2.4 * S)),
    )


def test_a_worker_that_was_ready_too_late_gives_up() -> None:
    view = history((1.0, "a", Ready()), (2.0, "", Started(run=["a"], lead_ms=400)))
    assert d.decide(view, know("b", 2.1, stage=a.ParticipantStage.PREPARED)) == (a.StopLoad(),)


def test_cancel_stops_the_load_and_keeps_quiet_afterwards() -> None:
    view = history(*STARTED, (5.0, "", Cancelled(reason="Requested")))
    alive = heard(5, *WORKERS)
    assert d.decide(view, know("a", 5.1, stage=a.ParticipantStage.LOADING, heard_ns=alive)) == (
        a.StopLoad(),
    )
    assert d.decide(view, know("a", 5.2, stage=a.ParticipantStage.STOPPED, heard_ns=alive)) == ()


def test_a_cancelled_job_that_never_started_is_ended_and_released() -> None:
    view = history((1.0, "a", Ready()), (2.0, "", Cancelled(reason="Requested")))
    actions = d.decide(view, know(FIRST, 2.0, stage=a.ParticipantStage.PREPARED))
    assert actions == (a.StopLoad(), a.EndJob())


def test_the_deadline_counts_from_the_common_start() -> None:
    view = history(*STARTED, activeDeadlineSeconds=10)
    alive = {"stage": a.ParticipantStage.LOADING, "heard_ns": heard(12.3, *WORKERS)}
    assert d.decide(view, know(FIRST, 12.39, **alive)) == ()
    (cancel,) = d.decide(view, know(FIRST, 12.41, **alive))
    assert isinstance(cancel, a.Cancel)
    assert cancel.reason == "DeadlineExceeded"


def test_a_silent_worker_is_suspected_by_one_that_hears_itself() -> None:
    view = history(*STARTED)
    others = {"stage": a.ParticipantStage.LOADING, "heard_ns": heard(7, FIRST, SECOND)}
    actions = d.decide(view, know(FIRST, 7.2, **others))
    assert actions == (a.Suspect(THIRD, 4800),)


def test_a_worker_that_does_not_hear_itself_accuses_nobody() -> None:
    view = history(*STARTED)
    assert (
        d.decide(view, know(FIRST, 7.2, stage=a.ParticipantStage.LOADING, heard_ns=heard(3, FIRST)))
        == ()
    )


def test_an_accusation_is_repeated_often_enough_for_the_chain_and_not_more() -> None:
    view = history(*STARTED, (7.0, THIRD, Suspected()))
    others = {"stage": a.ParticipantStage.LOADING, "heard_ns": heard(7.5, FIRST, SECOND)}
    assert d.decide(view, know(FIRST, 7.5, **others)) == ()
    assert d.decide(view, know(FIRST, 7.75, **others)) == (a.Suspect(THIRD, 5350),)


def test_the_suspected_answers() -> None:
    view = history(*STARTED, (7.0, THIRD, Suspected()))
    alive = {"stage": a.ParticipantStage.LOADING, "heard_ns": heard(7, *WORKERS)}
    assert d.decide(view, know(THIRD, 7.1, **alive)) == (a.Refute(),)
    answered = history(*STARTED, (7.0, THIRD, Suspected()), (7.1, THIRD, Refuted()))
    assert d.decide(answered, know(THIRD, 7.2, **alive)) == ()


def test_a_worker_that_was_declared_lost_stops_its_load_at_once() -> None:
    lost = [(5 + n, THIRD, Suspected()) for n in range(5)]
    view = history(*STARTED, *lost)
    alive = {"stage": a.ParticipantStage.LOADING, "heard_ns": heard(9, *WORKERS)}
    assert d.decide(view, know(THIRD, 9.1, **alive)) == (a.StopLoad(),)


DONE = [*STARTED, *[(6.0, worker, Finished(outcome=Outcome.COMPLETED)) for worker in WORKERS]]


def test_a_settled_job_is_ended_in_turns() -> None:
    view = history(*DONE)
    released = {"stage": a.ParticipantStage.STOPPED}
    assert d.decide(view, know(FIRST, 6.0, **released)) == (a.EndJob(),)
    assert d.decide(view, know(SECOND, 6.0, **released)) == ()


def test_an_ended_job_is_cleaned_by_the_first_and_if_that_one_dies_by_the_next() -> None:
    report = Report(
        verdict=Verdict.VALID,
        reason="Completed",
        create_time=datetime.fromtimestamp(1000, UTC),
        completion_time=datetime.fromtimestamp(1000, UTC),
    )
    view = history(*DONE, (6.1, "", Ended(report=report)))
    released = {"stage": a.ParticipantStage.STOPPED}
    assert d.decide(view, know(FIRST, 6.1, **released)) == (a.Clean(),)
    assert d.decide(view, know(SECOND, 6.1, **released)) == ()
    assert d.decide(view, know(SECOND, 9.2, **released)) == (a.Clean(),)


def test_who_has_given_up_a_job_does_not_answer_for_it() -> None:
    """Its load is gone: silence lets the job end."""
    view = history(*STARTED, (7.0, THIRD, Suspected()))
    alive = {"stage": a.ParticipantStage.STOPPED, "heard_ns": heard(7, *WORKERS)}
    assert d.decide(view, know(THIRD, 7.1, **alive)) == ()


def test_a_worker_whose_log_is_silent_stops_at_the_deadline_by_itself() -> None:
    view = history(*STARTED, activeDeadlineSeconds=10)
    cut_off = {"stage": a.ParticipantStage.LOADING, "heard_ns": heard(4, *WORKERS)}
    assert a.StopLoad(overdue=True) not in d.decide(view, know(THIRD, 13.3, **cut_off))
    assert a.StopLoad(overdue=True) in d.decide(view, know(THIRD, 13.5, **cut_off))


WROTE = StreamReceipts(workload="w", stream="S", count=3 * FEWEST)
LOADED = [
    *STARTED,
    *[(6.0, w, Finished(outcome=Outcome.COMPLETED, receipts=[WROTE])) for w in WORKERS],
]
READING = {"stage": a.ParticipantStage.READING}


def test_a_job_that_is_read_back_is_not_ended_and_its_readers_are_watched() -> None:
    view = history(*LOADED)
    all_well = know(FIRST, 8, **READING, heard_ns=heard(7.5, *WORKERS))
    assert d.decide(view, all_well) == ()
    silent = know(FIRST, 9.2, **READING, heard_ns=heard(9, FIRST, SECOND) | heard(6, THIRD))
    assert d.decide(view, silent) == (a.Suspect(THIRD, 3200),)
    deaf = know(FIRST, 9.2, **READING, heard_ns=heard(6, *WORKERS))
    assert d.decide(view, deaf) == ()


def test_a_reader_that_is_suspected_answers_and_one_that_was_lost_stops() -> None:
    alive = {**READING, "heard_ns": heard(10, *WORKERS)}
    view = history(*LOADED, (9.0, THIRD, Suspected()))
    assert d.decide(view, know(THIRD, 9.1, **alive)) == (a.Refute(),)
    lost = history(*LOADED, *[(9.0 + n, THIRD, Suspected()) for n in range(4)])
    assert d.decide(lost, know(THIRD, 12.1, **alive)) == (a.StopLoad(),)


def test_the_deadline_holds_for_the_reading_too() -> None:
    view = history(*LOADED, activeDeadlineSeconds=10)
    (cancel,) = d.decide(view, know(FIRST, 12.5, **READING, heard_ns=heard(12, *WORKERS)))
    assert isinstance(cancel, a.Cancel)
    overdue = d.decide(view, know(THIRD, 13.5, **READING, heard_ns=heard(6, *WORKERS)))
    assert a.StopLoad(overdue=True) in overdue


def test_a_lost_reader_does_not_fail_a_strict_job() -> None:
    view = history(*LOADED, *[(9.0 + n, THIRD, Suspected()) for n in range(4)], onWorkerLoss="Fail")
    assert d.decide(view, know(FIRST, 12.1, **READING, heard_ns=heard(12, FIRST, SECOND))) == ()


def test_a_reading_that_is_cancelled_is_over() -> None:
    view = history(*LOADED, (7.0, "", Cancelled(reason="Requested")))
    told = d.decide(view, know(FIRST, 7.1, **READING, heard_ns=heard(7, *WORKERS)))
    assert told == (a.StopLoad(), a.EndJob())
