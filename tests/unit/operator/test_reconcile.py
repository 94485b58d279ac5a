"""What the operator decides, as tables: a resource, what is known of its job, and the time."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from njst.contract.events import Cancelled, Event, Finished, Lost, Ready, Started
from njst.contract.result import (
    ErrorClass,
    ErrorTally,
    Outcome,
    Problem,
    Report,
    ThresholdResult,
    Verdict,
    WorkloadResult,
    WorkloadTally,
)
from njst.contract.status import MAX_BYTES, JobStatus
from njst.journal.fold import Entry, fold
from njst.journal.summary import conclude, so_far
from njst.journal.view import JobView
from njst_operator import reconcile as r
from njst_operator import status
from njst_operator.conditions import is_true
from njst_operator.resource import Resource, resource_of
from tests.unit.journal.test_fold import BEGIN, WORKERS, S, created, ended

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
SPEC: dict[str, Any] = {
    "streams": [{"name": "S"}],
    "workloads": [{"name": "w", "stream": "S", "messages": 9, "publish": {}}],
}


def resource(before: JobStatus | None = None, **spec: Any) -> Resource:
    body = {
        "metadata": {
            "uid": "j",
            "namespace": "ns",
            "name": "orders",
            "generation": 3,
            "resourceVersion": "7",
        },
        "spec": {**SPEC, **spec},
    }
    return replace(resource_of(body), status=before or JobStatus())


def known(*events: tuple[str, Event], begin: list[Entry] = BEGIN) -> r.Known:
    view: JobView | None = None
    for entry in begin:
        view = fold(view, entry)
    for number, (worker, event) in enumerate(events):
        entry = Entry(100 + number, (1001 + number) * S, "j", worker, event)
        view = fold(view, entry)
    assert view is not None
    return r.Known(view, so_far(view, {}, 1100 * S))


def written(actions: tuple[r.Action, ...]) -> JobStatus:
    (write,) = (action for action in actions if isinstance(action, r.WriteStatus))
    return write.status


DONE: list[tuple[str, Event]] = [
    (
        worker,
        Finished(
            outcome=Outcome.COMPLETED,
            workloads=[WorkloadTally(workload="w", planned=3, messages=3, elapsed_us=1000)],
        ),
    )
    for worker in WORKERS
]


def finished(*, begin: list[Entry] = BEGIN, done: list[tuple[str, Event]] = DONE) -> r.Known:
    view = known(*done, begin=begin).view
    assert view is not None
    report = conclude(view, {}, 1100 * S)
    ending = ended().model_copy(update={"report": report})
    return known(*done, ("", ending), begin=begin)


def test_a_new_resource_is_submitted() -> None:
    (action,) = r.reconcile(resource(), r.Known(), NOW)
    assert isinstance(action, r.Submit)
    assert action.spec.workloads[0].messages == 9


def test_one_that_waits_is_tried_again_and_says_why() -> None:
    refusal = Problem(reason="NotEnoughWorkers", message="2 wanted, 1 connected")
    submit, write = r.reconcile(resource(), r.Known(refusal=refusal), NOW)
    assert isinstance(submit, r.Submit)
    assert isinstance(write, r.WriteStatus)
    assert (write.status.phase, write.status.reason) == ("Pending", "NotEnoughWorkers")
    assert not is_true(write.status.conditions, "Accepted")


SECOND = timedelta(seconds=1)
TOO_FEW = Problem(reason="NotEnoughWorkers", message="20 wanted, 3 connected")


def test_one_that_waits_for_too_long_fails() -> None:
    first = written(r.reconcile(resource(queueTimeoutSeconds=60), r.Known(refusal=TOO_FEW), NOW))
    assert first.message == "20 wanted, 3 connected; it is tried for 60 s"
    waiting = resource(first, queueTimeoutSeconds=60)
    submit, *_ = r.reconcile(waiting, r.Known(refusal=TOO_FEW), NOW + 59 * SECOND)
    assert isinstance(submit, r.Submit)
    assert submit.waited_ms == 59_000
    # By whichever copy: also by one that has not tried yet.
    for refusal in (TOO_FEW, None):
        actions = r.reconcile(waiting, r.Known(refusal=refusal), NOW + 60 * SECOND)
        assert len(actions) == 1
        over = written(actions)
        assert (over.phase, over.reason) == ("Failed", "QueueTimeout")
        assert over.verdict == "Invalid"
        assert "within 60 s: 20 wanted, 3 connected" in over.message
        assert is_true(over.conditions, "Finished")


def test_the_time_of_suspend_is_no_waiting() -> None:
    held = written(r.reconcile(resource(suspend=True), r.Known(), NOW))
    later = NOW + timedelta(days=1)
    released = resource(held, queueTimeoutSeconds=60)
    submit, write = r.reconcile(released, r.Known(refusal=TOO_FEW), later)
    assert isinstance(submit, r.Submit)
    assert submit.waited_ms == 0
    assert isinstance(write, r.WriteStatus)
    again = resource(write.status, queueTimeoutSeconds=60)
    (submit, _) = r.reconcile(again, r.Known(refusal=TOO_FEW), later + 59 * SECOND)
    assert isinstance(submit, r.Submit)


def test_a_suspended_one_is_not_submitted() -> None:
    actions = r.reconcile(resource(suspend=True), r.Known(), NOW)
    assert len(actions) == 1
    assert is_true(written(actions).conditions, "Suspended")


@pytest.mark.parametrize(
    ("knowledge", "phase"),
    [
        (known(begin=BEGIN[:1]), "Pending"),
        (known(), "Running"),
        (known(*DONE), "Running"),
        (finished(), "Succeeded"),
    ],
    ids=["created", "running", "all done", "ended"],
)
def test_suspend_says_nothing_of_a_job_that_is_in_the_log(knowledge: r.Known, phase: str) -> None:
    """The API server refuses it then; where it came all the same, what runs is shown, and runs."""
    actions = r.reconcile(resource(suspend=True), knowledge, NOW)
    assert not [action for action in actions if not isinstance(action, r.WriteStatus)]
    assert written(actions) == written(r.reconcile(resource(), knowledge, NOW))
    assert written(actions).phase == phase
    assert not is_true(written(actions).conditions, "Suspended")


def test_suspend_of_one_whose_job_another_copy_knows_is_left_to_it() -> None:
    before = JobStatus(phase="Running", job_id="j")
    assert r.reconcile(resource(before, suspend=True), r.Known(), NOW) == ()


def test_suspend_and_cancel_together_is_cancelled() -> None:
    new = written(r.reconcile(resource(suspend=True, cancel=True), r.Known(), NOW))
    assert (new.phase, new.reason) == ("Cancelled", "Requested")
    actions = r.reconcile(resource(suspend=True, cancel=True), known(), NOW)
    assert [action for action in actions if isinstance(action, r.Cancel)]


@pytest.mark.parametrize(
    ("spec", "phase", "reason"),
    [({"cancel": True}, "Cancelled", "Requested"), ({"streams": []}, "Failed", "InvalidSpec")],
)
def test_what_can_never_run_is_finished_at_once(
    spec: dict[str, Any], phase: str, reason: str
) -> None:
    new = written(r.reconcile(resource(**spec), r.Known(), NOW))
    assert (new.phase, new.reason) == (phase, reason)
    assert is_true(new.conditions, "Finished")
    assert new.completion_time == "2026-01-02T03:04:05Z"


def test_a_copy_that_lags_says_nothing_of_a_job_that_others_know() -> None:
    before = JobStatus(phase="Running", job_id="j")
    assert r.reconcile(resource(before), r.Known(), NOW) == ()


def test_a_job_that_the_log_itself_has_forgotten_is_lost_and_never_submitted_again() -> None:
    before = JobStatus(phase="Running", job_id="j")
    new = written(r.reconcile(resource(before), r.Known(forgotten=True), NOW))
    assert (new.phase, new.reason) == ("Failed", "ResultLost")


def test_cancel_reaches_a_running_job_once() -> None:
    cancel, _ = r.reconcile(resource(cancel=True), known(), NOW)
    assert isinstance(cancel, r.Cancel)
    already = known(("", Cancelled(reason="Requested")))
    assert [type(a) for a in r.reconcile(resource(cancel=True), already, NOW)] == [r.WriteStatus]


def test_a_running_job_reconciles_and_is_neither_ready_nor_stalled() -> None:
    new = written(r.reconcile(resource(), known(), NOW))
    assert new.phase == "Running"
    assert [c.type for c in new.conditions if c.status == "True"] == [
        "Accepted",
        "WorkersReady",
        "Reconciling",
    ]
    assert new.workers is not None
    assert new.workers.summary == "3/3"
    assert new.observed_generation == 3


def test_success_is_ready_finished_and_succeeded() -> None:
    new = written(r.reconcile(resource(), finished(), NOW))
    assert [c.type for c in new.conditions if c.status == "True"] == [
        "Accepted",
        "WorkersReady",
        "Finished",
        "Succeeded",
        "Ready",
    ]
    assert new.workloads[0].messages == 9
    assert new.result_ref == "/api/v1/jobs/j/report"


def test_a_lost_worker_is_named() -> None:
    accusations = [("a", Lost())] * 6
    new = written(r.reconcile(resource(), known(*accusations), NOW))
    assert new.lost_workers == ["a"]


def test_a_final_status_is_final() -> None:
    final = written(r.reconcile(resource(), finished(), NOW))
    settled = resource(final)
    assert r.reconcile(settled, known(), NOW) == ()
    assert r.reconcile(settled, r.Known(), NOW) == ()
    running = written(r.reconcile(resource(), known(), NOW))
    assert status.regresses(final, running)
    assert not status.regresses(running, final)


def test_a_later_generation_of_a_final_status_is_observed_and_nothing_else() -> None:
    final = written(r.reconcile(resource(), finished(), NOW))
    changed = replace(resource(final), generation=4)
    new = written(r.reconcile(changed, r.Known(), NOW))
    assert new.observed_generation == 4
    assert not status.regresses(final, new)
    assert (
        new.model_copy(update={"observed_generation": 3, "conditions": final.conditions}) == final
    )


def test_numbers_never_go_back() -> None:
    def at(messages: int) -> JobStatus:
        new = written(r.reconcile(resource(), known(), NOW))
        workloads = [new.workloads[0].model_copy(update={"messages": messages})]
        return new.model_copy(update={"workloads": workloads})

    assert status.regresses(at(10), at(9))
    assert not status.regresses(at(9), at(10))


def test_the_ttl_counts_from_the_end() -> None:
    final = written(r.reconcile(resource(), finished(), NOW))
    assert final.completion_time is not None
    end = datetime.fromisoformat(final.completion_time)
    settled = resource(final, ttlSecondsAfterFinished=60)
    assert r.reconcile(settled, r.Known(), end + timedelta(seconds=59)) == ()
    assert r.reconcile(settled, r.Known(), end + timedelta(seconds=60)) == (r.Delete(),)
    kept = resource(final)
    assert r.reconcile(kept, r.Known(), end + timedelta(days=999)) == ()


def test_a_condition_keeps_its_time_while_it_stays_as_it_was() -> None:
    first = written(r.reconcile(resource(), known(), NOW))
    later = NOW + timedelta(hours=1)
    second = written(r.reconcile(resource(first), known(), later))
    assert [c.last_transition_time for c in first.conditions] == [
        c.last_transition_time for c in second.conditions
    ]
    over = written(r.reconcile(resource(second), finished(), later))
    changed = {c.type for c in over.conditions if c.last_transition_time != "2026-01-02T03:04:05Z"}
    assert changed == {"Finished", "Succeeded", "Reconciling", "Ready"}


def test_the_status_stays_small_at_every_limit() -> None:
    errors = [ErrorTally(error_class=kind, count=1, example="x" * 300) for kind in ErrorClass]
    latency = {"p50": 10**7, "p90": 10**7, "p99": 10**7, "p999": 10**7, "max": 10**7}
    workloads = [
        WorkloadResult(
            workload="w" * 38 + str(n),
            kind="Publish",
            planned=10**12,
            messages=10**12,
            bytes=10**15,
            errors=errors,
            latency_microseconds=latency,  # type: ignore[arg-type]
        )
        for n in range(16)
    ]
    thresholds = [
        ThresholdResult(
            workload="w" * 40, metric="Errors", at_most=0, value=1, verdict=Verdict.INVALID
        )
    ] * 512
    names = [f"{'worker' * 10}-{n}" for n in range(1000)]
    view = fold(None, Entry(1, S, "j", "", created(*names)))
    assert view is not None
    report = Report(
        verdict=Verdict.INVALID,
        reason="ThresholdsFailed",
        message="m" * 5000,
        create_time=NOW,
        completion_time=NOW,
        workloads=workloads,
        thresholds=thresholds,
    )
    over = fold(view, Entry(2, 2 * S, "j", "", ended().model_copy(update={"report": report})))
    assert over is not None
    new = status.of_job(resource(), over, report, NOW)
    assert len(new.to_json()) <= MAX_BYTES
    assert "resultRef" in new.omitted
    small = status.of_job(resource(), *_plain(), NOW)
    assert small.omitted == ""


def _plain() -> tuple[JobView, Report]:
    plain = finished()
    assert plain.view is not None
    assert plain.report is not None
    return plain.view, plain.report


def test_ready_events_of_the_helper_are_those_of_the_contract() -> None:
    """The history above is one that the fold accepts in full."""
    view = known(*DONE).view
    assert view is not None
    assert view.void_count == 0
    assert isinstance(view.started, Started)
    assert {type(entry.event) for entry in BEGIN} >= {Ready, Started}


def test_a_rate_stands_in_the_status_from_the_first_message_on() -> None:
    running = [
        *((worker, Ready()) for worker in WORKERS),
        ("", Started(run=list(WORKERS), lead_ms=0)),
    ]
    nothing = known(*running, begin=BEGIN[:1])
    assert nothing.view is not None
    assert (written(r.reconcile(resource(), nothing, NOW)).rate) == ""
    assert written(r.reconcile(resource(), finished(), NOW)).rate == "9,000/s"
