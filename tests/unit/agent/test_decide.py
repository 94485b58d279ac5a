"""Decisions of a worker, as tables: the view and the time in, actions out."""

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
from njst.verdict.abort import Abort
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
    """Apply `created` at second 0, and then (second, worker, event)."""
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
        admitted_ns=BEGIN,
        heard_ns={},
    )
    return replace(knowledge, **changes)  # type: ignore[arg-type]


def heard(second: float, *workers: str) -> dict[str, int]:
    return {worker: BEGIN + int(second * S) for worker in workers}


SLOW = Problem(reason=START_TIMEOUT, message="still at it")
READY = [(1.0, worker, Ready()) for worker in WORKERS]
STARTED = [*READY, (2.0, "", Started(run=list(WORKERS), lead_ms=400))]


def test_decide__idle_participant__prepares() -> None:
    assert d.decide(history(), know("a", 0.1)) == (a.Prepare(),)


def test_decide__worker_that_joined_later__does_nothing() -> None:
    assert d.decide(history(), know("late", 0.1)) == ()
    assert d.decide(history(*STARTED), know("late", 2.1)) == ()


def test_decide__workers_in_use_by_another_job__waits() -> None:
    assert d.decide(history(), know("a", 5, admitted_ns=None)) == ()


def test_decide__already_preparing__does_nothing() -> None:
    assert d.decide(history(), know("a", 1, stage=a.ParticipantStage.PREPARING)) == ()


def test_start__all_ready__first_by_rank_starts_at_once() -> None:
    view = history(*READY)
    prepared = {"stage": a.ParticipantStage.PREPARED}
    assert d.decide(view, know(FIRST, 1.0, **prepared)) == (a.StartJob(WORKERS),)
    assert d.decide(view, know(SECOND, 1.0, **prepared)) == ()
    assert d.decide(view, know(SECOND, 1.03, **prepared)) == (a.StartJob(WORKERS),)


def test_start__participants_do_not_act__bystander_starts() -> None:
    assert d.decide(history(*READY), know("late", 1.2)) == ()
    assert d.decide(history(*READY), know("late", 3.0)) == (a.StartJob(WORKERS),)


def test_start__some_late__starts_those_in_time() -> None:
    view = history((1.0, "a", Ready()), startTimeoutSeconds=10)
    assert d.decide(view, know("a", 14.9, stage=a.ParticipantStage.PREPARED)) == ()
    assert d.decide(view, know("a", 15.1, stage=a.ParticipantStage.PREPARED)) == (
        a.StartJob(("a",)),
    )


def test_start_timeout__worker_not_ready__reports_late() -> None:
    view = history((1.0, "a", Ready()), startTimeoutSeconds=10)
    preparing = {"stage": a.ParticipantStage.PREPARING}
    assert d.decide(view, know(THIRD, 9.9, **preparing)) == ()
    assert d.decide(view, know(THIRD, 10.1, **preparing)) == (a.ReportLate(),)
    assert d.decide(view, know(THIRD, 10.1, admitted_ns=BEGIN + S, **preparing)) == ()
    assert d.decide(view, know(THIRD, 10.1, admitted_ns=None, **preparing)) == ()
    assert d.decide(view, know(THIRD, 10.1, stage=a.ParticipantStage.PREPARED)) == ()


def test_start__all_late_have_reported__does_not_wait() -> None:
    late = [(10.1, worker, Ready(problem=SLOW)) for worker in ("b", "c")]
    view = history((1.0, "a", Ready()), *late, startTimeoutSeconds=10)
    assert d.decide(view, know("a", 10.2, stage=a.ParticipantStage.PREPARED)) == (
        a.StartJob(("a",)),
    )
    nobody = history((10.1, "a", Ready(problem=SLOW)), *late, startTimeoutSeconds=10)
    assert d.decide(nobody, know(FIRST, 10.2, stage=a.ParticipantStage.STOPPED)) == (
        a.StartJob(()),
    )


def test_start_timeout__job_was_queued__counts_from_admission() -> None:
    view = history((1.0, "a", Ready()), startTimeoutSeconds=10)
    waited = know("a", 15, stage=a.ParticipantStage.PREPARED, admitted_ns=BEGIN + 10 * S)
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
def test_strict_job__worker_missing__is_cancelled(
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


def test_queue_timeout__over__cancels() -> None:
    view = history(queueTimeoutSeconds=20)
    waiting: dict[str, object] = {"admitted_ns": None, "waits_for": ("job-0", "job-x")}
    assert d.decide(view, know(FIRST, 19.9, **waiting)) == ()
    words = "it did not get its workers within 20 s: it stood behind job job-0"
    cancel = a.Cancel("QueueTimeout", words, before_start=True)
    assert d.decide(view, know(FIRST, 20, **waiting)) == (cancel,)
    # The others wait for the first.
    assert d.decide(view, know(THIRD, 20, **waiting)) == ()
    assert d.decide(view, know(THIRD, 21, **waiting)) == (cancel,)
    has_workers = know(FIRST, 21, admitted_ns=BEGIN + 20 * S)
    assert a.Cancel not in map(type, d.decide(view, has_workers))


def test_started__prepared_worker__loads_at_the_common_instant() -> None:
    view = history(*STARTED)
    assert d.decide(view, know("a", 2.1, stage=a.ParticipantStage.PREPARED)) == (
        a.StartLoad(BEGIN + int(2.4 * S)),
    )


def test_started__worker_too_late__stops() -> None:
    view = history((1.0, "a", Ready()), (2.0, "", Started(run=["a"], lead_ms=400)))
    assert d.decide(view, know("b", 2.1, stage=a.ParticipantStage.PREPARED)) == (a.StopLoad(),)


def test_cancelled__loading_worker__stops_once() -> None:
    view = history(*STARTED, (5.0, "", Cancelled(reason="Requested")))
    alive = heard(5, *WORKERS)
    assert d.decide(view, know("a", 5.1, stage=a.ParticipantStage.LOADING, heard_ns=alive)) == (
        a.StopLoad(),
    )
    assert d.decide(view, know("a", 5.2, stage=a.ParticipantStage.STOPPED, heard_ns=alive)) == ()


def test_cancelled__never_started__is_ended() -> None:
    view = history((1.0, "a", Ready()), (2.0, "", Cancelled(reason="Requested")))
    actions = d.decide(view, know(FIRST, 2.0, stage=a.ParticipantStage.PREPARED))
    assert actions == (a.StopLoad(), a.EndJob())


def test_deadline__running__counts_from_the_common_start() -> None:
    view = history(*STARTED, activeDeadlineSeconds=10)
    alive = {"stage": a.ParticipantStage.LOADING, "heard_ns": heard(12.3, *WORKERS)}
    assert d.decide(view, know(FIRST, 12.39, **alive)) == ()
    (cancel,) = d.decide(view, know(FIRST, 12.41, **alive))
    assert isinstance(cancel, a.Cancel)
    assert cancel.reason == "DeadlineExceeded"


def test_silent_worker__others_receive_progress__is_suspected() -> None:
    view = history(*STARTED)
    others = {"stage": a.ParticipantStage.LOADING, "heard_ns": heard(7, FIRST, SECOND)}
    actions = d.decide(view, know(FIRST, 7.2, **others))
    assert actions == (a.Suspect(THIRD, 4800),)


def test_silent_worker__own_progress_missing_too__is_not_suspected() -> None:
    view = history(*STARTED)
    assert (
        d.decide(view, know(FIRST, 7.2, stage=a.ParticipantStage.LOADING, heard_ns=heard(3, FIRST)))
        == ()
    )


def test_suspicion__silence_lasts__is_repeated_within_the_chain_gap() -> None:
    view = history(*STARTED, (7.0, THIRD, Suspected()))
    others = {"stage": a.ParticipantStage.LOADING, "heard_ns": heard(7.5, FIRST, SECOND)}
    assert d.decide(view, know(FIRST, 7.5, **others)) == ()
    assert d.decide(view, know(FIRST, 7.75, **others)) == (a.Suspect(THIRD, 5350),)


def test_suspected__running_worker__refutes() -> None:
    view = history(*STARTED, (7.0, THIRD, Suspected()))
    alive = {"stage": a.ParticipantStage.LOADING, "heard_ns": heard(7, *WORKERS)}
    assert d.decide(view, know(THIRD, 7.1, **alive)) == (a.Refute(),)
    answered = history(*STARTED, (7.0, THIRD, Suspected()), (7.1, THIRD, Refuted()))
    assert d.decide(answered, know(THIRD, 7.2, **alive)) == ()


def test_lost__running_worker__stops_at_once() -> None:
    lost = [(5 + n, THIRD, Suspected()) for n in range(5)]
    view = history(*STARTED, *lost)
    alive = {"stage": a.ParticipantStage.LOADING, "heard_ns": heard(9, *WORKERS)}
    assert d.decide(view, know(THIRD, 9.1, **alive)) == (a.StopLoad(),)


DONE = [*STARTED, *[(6.0, worker, Finished(outcome=Outcome.COMPLETED)) for worker in WORKERS]]


def test_settled_job__by_rank__is_ended() -> None:
    view = history(*DONE)
    released = {"stage": a.ParticipantStage.STOPPED}
    assert d.decide(view, know(FIRST, 6.0, **released)) == (a.EndJob(),)
    assert d.decide(view, know(SECOND, 6.0, **released)) == ()


def test_ended_job__first_by_rank_dies__next_cleans_up() -> None:
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


def test_suspected__worker_that_stopped__does_not_refute() -> None:
    """Its load has stopped: without a refutation the job can end."""
    view = history(*STARTED, (7.0, THIRD, Suspected()))
    alive = {"stage": a.ParticipantStage.STOPPED, "heard_ns": heard(7, *WORKERS)}
    assert d.decide(view, know(THIRD, 7.1, **alive)) == ()


def test_deadline__log_does_not_answer__worker_stops_by_itself() -> None:
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


def test_read_back__silent_reader__is_suspected_job_not_ended() -> None:
    view = history(*LOADED)
    all_well = know(FIRST, 8, **READING, heard_ns=heard(7.5, *WORKERS))
    assert d.decide(view, all_well) == ()
    silent = know(FIRST, 9.2, **READING, heard_ns=heard(9, FIRST, SECOND) | heard(6, THIRD))
    assert d.decide(view, silent) == (a.Suspect(THIRD, 3200),)
    deaf = know(FIRST, 9.2, **READING, heard_ns=heard(6, *WORKERS))
    assert d.decide(view, deaf) == ()


def test_reader__suspected_or_lost__refutes_or_stops() -> None:
    alive = {**READING, "heard_ns": heard(10, *WORKERS)}
    view = history(*LOADED, (9.0, THIRD, Suspected()))
    assert d.decide(view, know(THIRD, 9.1, **alive)) == (a.Refute(),)
    lost = history(*LOADED, *[(9.0 + n, THIRD, Suspected()) for n in range(4)])
    assert d.decide(lost, know(THIRD, 12.1, **alive)) == (a.StopLoad(),)


def test_deadline__read_back__is_cancelled() -> None:
    view = history(*LOADED, activeDeadlineSeconds=10)
    (cancel,) = d.decide(view, know(FIRST, 12.5, **READING, heard_ns=heard(12, *WORKERS)))
    assert isinstance(cancel, a.Cancel)
    overdue = d.decide(view, know(THIRD, 13.5, **READING, heard_ns=heard(6, *WORKERS)))
    assert a.StopLoad(overdue=True) in overdue


def test_strict_job__lost_reader__does_not_fail() -> None:
    view = history(*LOADED, *[(9.0 + n, THIRD, Suspected()) for n in range(4)], onWorkerLoss="Fail")
    assert d.decide(view, know(FIRST, 12.1, **READING, heard_ns=heard(12, FIRST, SECOND))) == ()


def test_read_back__cancelled__is_ended() -> None:
    view = history(*LOADED, (7.0, "", Cancelled(reason="Requested")))
    told = d.decide(view, know(FIRST, 7.1, **READING, heard_ns=heard(7, *WORKERS)))
    assert told == (a.StopLoad(), a.EndJob())


ABORT = Abort("ThresholdAborted", "stopped after 10.0 s: w Errors is 1, wanted at most 0")


def test_abort__while_the_load_runs__cancels_the_job() -> None:
    view = history(*STARTED)
    knowledge = know(FIRST, 20.0, heard_ns=heard(20.0, *WORKERS), abort=ABORT)
    assert a.Cancel(ABORT.reason, ABORT.message) in d.decide(view, knowledge)


@pytest.mark.parametrize(
    "later",
    [
        pytest.param([(3.0, "", Cancelled(reason="Requested"))], id="cancelled already"),
        pytest.param(
            [(3.0, worker, Finished(outcome=Outcome.COMPLETED)) for worker in WORKERS],
            id="the load is over",
        ),
    ],
)
def test_abort__too_late__changes_nothing(later: list[tuple[float, str, Event]]) -> None:
    view = history(*STARTED, *later)
    knowledge = know(FIRST, 20.0, heard_ns=heard(20.0, *WORKERS), abort=ABORT)
    assert not any(isinstance(action, a.Cancel) for action in d.decide(view, knowledge))
