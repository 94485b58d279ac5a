"""Decisions about an NjstJob, as tables: the resource, what is known of its job, and the time."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from njst.contract.events import Cancelled, Cleaned, Event, Finished, Ready, Started, Suspected
from njst.contract.results.job_status import MAX_BYTES, JobStatus
from njst.contract.results.outcome import Outcome, Problem
from njst.contract.results.report import Latency, Report, ThresholdResult, Verdict, WorkloadResult
from njst.contract.results.tallies import ErrorClass, ErrorTally, WorkloadTally
from njst.journal.report_builder import final_report, report_so_far
from njst.journal.state.job_view import JobView
from njst.journal.state.projection import LogEntry, apply
from njst_operator.controllers.job import job_decide as r
from njst_operator.controllers.job import job_status_builder
from njst_operator.controllers.job.job_events import of_job
from njst_operator.controllers.job.job_resource import JobResource, resource_of
from njst_operator.controllers.resource.log_resource import ACCEPTED_UID
from njst_operator.kube.conditions import is_true
from tests.unit.journal.state.test_projection import BEGIN, WORKERS, S, created, ended

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
SPEC: dict[str, Any] = {
    "streams": [{"name": "S"}],
    "workloads": [{"name": "w", "stream": "S", "messages": 9, "publish": {}}],
}


def resource(before: JobStatus | None = None, **spec: Any) -> JobResource:
    body = {
        "metadata": {
            "uid": "j",
            "namespace": "ns",
            "name": "orders",
            "generation": 3,
            "resourceVersion": "7",
            "annotations": {ACCEPTED_UID: "j"},
        },
        "spec": {**SPEC, **spec},
    }
    return replace(resource_of(body), status=before or JobStatus())


def known(*events: tuple[str, Event], begin: list[LogEntry] = BEGIN) -> r.ObservedState:
    view: JobView | None = None
    for entry in begin:
        view = apply(view, entry)
    for number, (worker, event) in enumerate(events):
        entry = LogEntry(100 + number, (1001 + number) * S, "j", worker, event)
        view = apply(view, entry)
    assert view is not None
    return r.ObservedState(view, report_so_far(view, {}, 1100 * S))


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


def finished(
    *, begin: list[LogEntry] = BEGIN, done: list[tuple[str, Event]] = DONE
) -> r.ObservedState:
    view = known(*done, begin=begin).view
    assert view is not None
    report = final_report(view, {}, 1100 * S)
    ending = ended().model_copy(update={"report": report})
    return known(*done, ("", ending), begin=begin)


def test_decide__new_resource__submits() -> None:
    (action,) = r.decide(resource(), r.ObservedState(), NOW)
    assert isinstance(action, r.Submit)
    assert action.spec.workloads[0].messages == 9


def test_decide__refused_submission__retries_and_says_why() -> None:
    refusal = Problem(reason="NotEnoughWorkers", message="2 wanted, 1 connected")
    submit, write = r.decide(resource(), r.ObservedState(not_submitted=refusal), NOW)
    assert isinstance(submit, r.Submit)
    assert isinstance(write, r.WriteStatus)
    assert (write.status.phase, write.status.reason) == ("Pending", "NotEnoughWorkers")
    assert not is_true(write.status.conditions, "Accepted")


@pytest.mark.parametrize(
    ("reason", "shown", "message"),
    [
        (r.TOO_LARGE, "JobTooLarge", "the event created has 2000000 bytes"),
        (
            r.INVALID,
            "InvalidSpec",
            "spec.thresholds[0].relativeTo: there is no baseline main",
        ),
    ],
)
def test_decide__job_that_the_mesh_never_takes__fails_at_once(
    reason: str, shown: str, message: str
) -> None:
    refusal = Problem(reason=reason, message=message)
    actions = r.decide(resource(), r.ObservedState(not_submitted=refusal), NOW)
    assert len(actions) == 1
    failed = written(actions)
    assert (failed.phase, failed.reason) == ("Failed", shown)
    assert failed.message == message
    assert is_true(failed.conditions, "Finished")


SECOND = timedelta(seconds=1)
TOO_FEW = Problem(reason="NotEnoughWorkers", message="20 wanted, 3 connected")


def test_decide__queue_timeout_over__fails() -> None:
    first = written(
        r.decide(resource(queueTimeoutSeconds=60), r.ObservedState(not_submitted=TOO_FEW), NOW)
    )
    assert first.message == "20 wanted, 3 connected; it is tried for 60 s"
    waiting = resource(first, queueTimeoutSeconds=60)
    submit, *_ = r.decide(waiting, r.ObservedState(not_submitted=TOO_FEW), NOW + 59 * SECOND)
    assert isinstance(submit, r.Submit)
    assert submit.waited_ms == 59_000
    # By any replica, also by one that has not submitted it yet.
    for refusal in (TOO_FEW, None):
        actions = r.decide(waiting, r.ObservedState(not_submitted=refusal), NOW + 60 * SECOND)
        assert len(actions) == 1
        over = written(actions)
        assert (over.phase, over.reason) == ("Failed", "QueueTimeout")
        assert over.verdict == "Invalid"
        assert "within 60 s: 20 wanted, 3 connected" in over.message
        assert is_true(over.conditions, "Finished")


def test_waited_ms__suspended__does_not_count() -> None:
    held = written(r.decide(resource(suspend=True), r.ObservedState(), NOW))
    later = NOW + timedelta(days=1)
    released = resource(held, queueTimeoutSeconds=60)
    submit, write = r.decide(released, r.ObservedState(not_submitted=TOO_FEW), later)
    assert isinstance(submit, r.Submit)
    assert submit.waited_ms == 0
    assert isinstance(write, r.WriteStatus)
    again = resource(write.status, queueTimeoutSeconds=60)
    (submit, _) = r.decide(again, r.ObservedState(not_submitted=TOO_FEW), later + 59 * SECOND)
    assert isinstance(submit, r.Submit)


def test_decide__suspended__does_not_submit() -> None:
    actions = r.decide(resource(suspend=True), r.ObservedState(), NOW)
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
def test_suspend__job_in_the_log__has_no_effect(knowledge: r.ObservedState, phase: str) -> None:
    """A suspend that comes back, as GitOps does it, is reported as ignored; the job goes on."""
    actions = r.decide(resource(suspend=True), knowledge, NOW)
    assert not [action for action in actions if not isinstance(action, r.WriteStatus)]
    plain = written(r.decide(resource(), knowledge, NOW))
    *others, last = written(actions).conditions
    assert written(actions).model_copy(update={"conditions": others}) == plain
    assert (last.type, last.status, last.reason) == ("SpecIgnored", "True", "JobBegan")
    assert written(actions).phase == phase
    assert not is_true(written(actions).conditions, "Suspended")


def test_suspend__job_known_to_another_replica__does_nothing() -> None:
    before = JobStatus(phase="Running", job_id="j")
    assert r.decide(resource(before, suspend=True), r.ObservedState(), NOW) == ()


def test_suspend__with_cancel__is_cancelled() -> None:
    new = written(r.decide(resource(suspend=True, cancel=True), r.ObservedState(), NOW))
    assert (new.phase, new.reason) == ("Cancelled", "Requested")
    actions = r.decide(resource(suspend=True, cancel=True), known(), NOW)
    assert [action for action in actions if isinstance(action, r.Cancel)]


@pytest.mark.parametrize(
    ("spec", "phase", "reason"),
    [({"cancel": True}, "Cancelled", "Requested"), ({"streams": []}, "Failed", "InvalidSpec")],
)
def test_decide__spec_that_cannot_run__finishes_at_once(
    spec: dict[str, Any], phase: str, reason: str
) -> None:
    new = written(r.decide(resource(**spec), r.ObservedState(), NOW))
    assert (new.phase, new.reason) == (phase, reason)
    assert is_true(new.conditions, "Finished")
    assert new.completion_time == "2026-01-02T03:04:05Z"


def test_decide__replica_that_lags__does_nothing() -> None:
    before = JobStatus(phase="Running", job_id="j")
    assert r.decide(resource(before), r.ObservedState(), NOW) == ()


def test_decide__job_forgotten_by_the_log__is_lost_not_resubmitted() -> None:
    before = JobStatus(phase="Running", job_id="j")
    new = written(r.decide(resource(before), r.ObservedState(forgotten=True), NOW))
    assert (new.phase, new.reason) == ("Failed", "ResultLost")


def test_cancel__running_job__is_sent_once() -> None:
    cancel, _ = r.decide(resource(cancel=True), known(), NOW)
    assert isinstance(cancel, r.Cancel)
    already = known(("", Cancelled(reason="Requested")))
    assert [type(a) for a in r.decide(resource(cancel=True), already, NOW)] == [r.WriteStatus]


def test_accepted_uid__of_a_job_that_lacks_it__is_written() -> None:
    for accepted_uid in ("", "another"):
        *_, action = r.decide(replace(resource(), accepted_uid=accepted_uid), known(), NOW)
        assert action == r.AnnotateAccepted("j")
    final = written(r.decide(resource(), finished(), NOW))
    assert r.decide(replace(resource(final), accepted_uid=""), finished(), NOW) == (
        r.AnnotateAccepted("j"),
    )


@pytest.mark.parametrize(
    ("accepted_uid", "before", "actions"),
    [
        ("old", JobStatus(), (r.WriteStatus,)),
        # Accepted by an older njst, which wrote no annotation.
        (
            "",
            JobStatus(phase="Running", job_id="old", revision=9),
            (r.AnnotateAccepted, r.WriteStatus),
        ),
        ("old", JobStatus(phase="Running", job_id="old", revision=9), (r.WriteStatus,)),
        # A copy, under another name, of a resource that is held.
        ("old", JobStatus(phase="Suspended", reason="Restored"), (r.WriteStatus,)),
    ],
    ids=["without status", "with status", "with both", "again"],
)
def test_restored__is_held(accepted_uid: str, before: JobStatus, actions: tuple[type, ...]) -> None:
    it = replace(resource(before), accepted_uid=accepted_uid)
    todo = r.decide(it, r.ObservedState(), NOW)
    assert tuple(type(action) for action in todo) == actions
    new = written(todo)
    assert (new.phase, new.reason, new.job_id) == ("Suspended", "Restored", "")
    assert new.revision == before.revision
    assert "njst.io/accepted-uid-" in new.message
    assert not job_status_builder.regresses(before, new)
    held = replace(it, status=new, accepted_uid="old")
    assert written(r.decide(held, r.ObservedState(), NOW)) == new
    (released,) = r.decide(replace(held, accepted_uid=""), r.ObservedState(), NOW)
    assert isinstance(released, r.Submit)


def test_restored__cancelled_or_deleted__is_over() -> None:
    it = replace(resource(cancel=True), accepted_uid="old")
    assert written(r.decide(it, r.ObservedState(), NOW)).phase == "Cancelled"
    it = replace(resource(), accepted_uid="old", deleting=True)
    assert written(r.decide(it, r.ObservedState(), NOW)).phase == "Cancelled"


def test_restored__with_a_result__keeps_it_and_runs_nothing() -> None:
    final = written(r.decide(resource(), finished(), NOW)).model_copy(update={"job_id": "old"})
    assert r.decide(resource(final), r.ObservedState(), NOW) == ()
    # The job that began before the old status was restored would run without a resource.
    (action,) = r.decide(resource(final), known(), NOW)
    assert isinstance(action, r.Cancel)
    assert action.reason == "Restored"


def test_cancel__set_back__is_ignored_and_said_so() -> None:
    asked = ("", Cancelled(reason="Requested", message="spec.cancel was set"))
    new = written(r.decide(resource(), known(asked), NOW))
    assert new.phase == "Cancelling"
    assert new.conditions[-1].reason == "JobCancelled"
    assert is_true(new.conditions, "SpecIgnored")
    again = written(r.decide(resource(new, cancel=True), known(asked), NOW))
    assert not is_true(again.conditions, "SpecIgnored")
    by_http = ("", Cancelled(reason="Requested"))
    new = written(r.decide(resource(), known(by_http), NOW))
    assert not is_true(new.conditions, "SpecIgnored")


def test_spec_ignored__after_the_end__is_said_and_taken_back() -> None:
    never = written(r.decide(resource(cancel=True), r.ObservedState(), NOW))
    changed = replace(resource(never), generation=4)
    new = written(r.decide(changed, r.ObservedState(), NOW))
    assert (new.phase, is_true(new.conditions, "SpecIgnored")) == ("Cancelled", True)
    final = written(r.decide(resource(), finished(), NOW)).model_copy(update={"job_id": "j"})
    held = replace(resource(final, suspend=True), generation=4)
    new = written(r.decide(held, finished(), NOW))
    assert (new.phase, is_true(new.conditions, "SpecIgnored")) == ("Succeeded", True)
    released = replace(resource(new), generation=5)
    new = written(r.decide(released, finished(), NOW))
    assert [c.type for c in new.conditions if c.type == "SpecIgnored"] == []


SKIP = {"skipIfRanWithinSeconds": 60}


def test_earlier_run__lately__is_repeated_and_nothing_runs() -> None:
    earlier = finished().view
    assert earlier is not None
    new = written(r.decide(resource(**SKIP), r.ObservedState(earlier=earlier), NOW))
    assert (new.phase, new.reason, new.verdict) == ("Succeeded", "RanAlready", "Valid")
    assert (new.job_id, new.result_ref) == ("", "/api/v1/jobs/j/report")
    assert new.completion_time == "2026-01-02T03:04:05Z"
    for kind in ("Finished", "Succeeded", "Ready"):
        assert is_true(new.conditions, kind)
    held = r.decide(resource(suspend=True, **SKIP), r.ObservedState(earlier=earlier), NOW)
    assert written(held).phase == "Suspended"


def test_deletion__before_the_job__never_runs() -> None:
    """A finalizer may hold the object for long; its job must not be submitted meanwhile."""
    for spec in ({}, {"suspend": True}, {"streams": []}):
        new = written(r.decide(replace(resource(**spec), deleting=True), r.ObservedState(), NOW))
        assert (new.phase, new.reason) == ("Cancelled", "ResourceDeleted")
        assert is_true(new.conditions, "Finished")


def test_deletion__of_a_running_job__cancels_it_once() -> None:
    going = replace(resource(), deleting=True)
    cancel, write = r.decide(going, known(), NOW)
    assert isinstance(cancel, r.Cancel)
    assert (cancel.reason, type(write)) == ("ResourceDeleted", r.WriteStatus)
    already = known(("", Cancelled(reason="ResourceDeleted")))
    new = written(r.decide(going, already, NOW))
    assert (new.phase, new.reason) == ("Cancelling", "ResourceDeleted")


def test_deletion__of_a_finished_job__is_left_to_its_finalizer() -> None:
    final = written(r.decide(resource(), finished(), NOW))
    going = replace(resource(final, ttlSecondsAfterFinished=0), deleting=True, generation=4)
    new = written(r.decide(going, finished(), NOW + timedelta(days=1)))
    assert (new.phase, new.observed_generation) == (final.phase, 4)
    seen = replace(going, status=new)
    assert r.decide(seen, finished(), NOW + timedelta(days=1)) == ()


@pytest.mark.parametrize("spec", [{"cancel": True}, {"streams": []}])
def test_decide__job_of_a_resource_that_never_ran__is_cancelled(
    spec: dict[str, Any],
) -> None:
    never = written(r.decide(resource(**spec), r.ObservedState(), NOW))
    (action,) = r.decide(resource(never, **spec), known(), NOW)
    assert action == r.Cancel(never.reason, never.message)
    stopped = known(("", Cancelled(reason="Requested")))
    assert r.decide(resource(never, **spec), stopped, NOW) == ()


def test_conditions__running__reconciling_not_ready_not_stalled() -> None:
    new = written(r.decide(resource(), known(), NOW))
    assert new.phase == "Running"
    assert [c.type for c in new.conditions if c.status == "True"] == [
        "Accepted",
        "WorkersReady",
        "Reconciling",
    ]
    assert new.workers is not None
    assert new.workers.summary == "3/3"
    assert new.observed_generation == 3


def test_conditions__success__ready_finished_succeeded() -> None:
    new = written(r.decide(resource(), finished(), NOW))
    assert [c.type for c in new.conditions if c.status == "True"] == [
        "Accepted",
        "WorkersReady",
        "Finished",
        "Succeeded",
        "Ready",
    ]
    assert new.workloads[0].messages == 9
    assert new.result_ref == "/api/v1/jobs/j/report"


def test_status__lost_worker__is_named() -> None:
    accusations = [("a", Suspected())] * 6
    new = written(r.decide(resource(), known(*accusations), NOW))
    assert new.lost_workers == ["a"]


def test_status__final__is_not_changed() -> None:
    final = written(r.decide(resource(), finished(), NOW))
    settled = resource(final)
    assert r.decide(settled, known(), NOW) == ()
    assert r.decide(settled, r.ObservedState(), NOW) == ()
    running = written(r.decide(resource(), known(), NOW))
    assert job_status_builder.regresses(final, running)
    assert not job_status_builder.regresses(running, final)


def test_status__clean_up_failed__says_what_is_left_behind_after_the_end() -> None:
    ending = finished()
    final = written(r.decide(resource(), ending, NOW))
    assert ending.view is not None
    problems = [f"S{n}: the user may not publish to $JS.API.STREAM.DELETE.S{n}" for n in range(9)]
    cleaned = LogEntry(999, 2000 * S, "j", "", Cleaned(problems=problems))
    left = r.ObservedState(apply(ending.view, cleaned))
    new = written(r.decide(resource(final), left, NOW))
    assert new == final.model_copy(update={"left_behind": problems[:5]})
    assert not job_status_builder.regresses(final, new)
    assert job_status_builder.changes_more_than_numbers(final, new)
    assert [event.reason for event in of_job(final, new)] == ["LeftBehind"] * 5
    assert r.decide(resource(new), left, NOW) == ()
    clean = replace(cleaned, event=Cleaned())
    assert r.decide(resource(final), r.ObservedState(apply(ending.view, clean)), NOW) == ()


def test_status__new_generation_after_the_end__is_only_observed() -> None:
    final = written(r.decide(resource(), finished(), NOW))
    changed = replace(resource(final), generation=4)
    new = written(r.decide(changed, r.ObservedState(), NOW))
    assert new.observed_generation == 4
    assert not job_status_builder.regresses(final, new)
    assert (
        new.model_copy(update={"observed_generation": 3, "conditions": final.conditions}) == final
    )


def test_regresses__lower_numbers__is_true() -> None:
    def at(messages: int) -> JobStatus:
        new = written(r.decide(resource(), known(), NOW))
        workloads = [new.workloads[0].model_copy(update={"messages": messages})]
        return new.model_copy(update={"workloads": workloads})

    assert job_status_builder.regresses(at(10), at(9))
    assert not job_status_builder.regresses(at(9), at(10))


def test_ttl__finished_resource__counts_from_completion() -> None:
    final = written(r.decide(resource(), finished(), NOW))
    assert final.completion_time is not None
    end = datetime.fromisoformat(final.completion_time)
    settled = resource(final, ttlSecondsAfterFinished=60)
    assert r.decide(settled, r.ObservedState(), end + timedelta(seconds=59)) == ()
    assert r.decide(settled, r.ObservedState(), end + timedelta(seconds=60)) == (r.Delete(),)
    kept = resource(final)
    assert r.decide(kept, r.ObservedState(), end + timedelta(days=999)) == ()


def test_condition__same_status__keeps_its_transition_time() -> None:
    first = written(r.decide(resource(), known(), NOW))
    later = NOW + timedelta(hours=1)
    second = written(r.decide(resource(first), known(), later))
    assert [c.last_transition_time for c in first.conditions] == [
        c.last_transition_time for c in second.conditions
    ]
    over = written(r.decide(resource(second), finished(), later))
    changed = {c.type for c in over.conditions if c.last_transition_time != "2026-01-02T03:04:05Z"}
    assert changed == {"Finished", "Succeeded", "Reconciling", "Ready"}


def test_status__all_limits_reached__stays_small() -> None:
    errors = [
        ErrorTally(error_class=error_class, count=1, example="x" * 300)
        for error_class in ErrorClass
    ]
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
    view = apply(None, LogEntry(1, S, "j", "", created(*names)))
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
    over = apply(view, LogEntry(2, 2 * S, "j", "", ended().model_copy(update={"report": report})))
    assert over is not None
    new = job_status_builder.of_job(resource(), over, report, NOW)
    assert len(new.to_json()) <= MAX_BYTES
    assert "resultRef" in new.omitted
    small = job_status_builder.of_job(resource(), *_plain(), NOW)
    assert small.omitted == ""


def _plain() -> tuple[JobView, Report]:
    plain = finished()
    assert plain.view is not None
    assert plain.report is not None
    return plain.view, plain.report


def test_ready_event__of_the_builder__is_that_of_the_contract() -> None:
    """The projection accepts all of the history above."""
    view = known(*DONE).view
    assert view is not None
    assert view.void_count == 0
    assert isinstance(view.started, Started)
    assert {type(entry.event) for entry in BEGIN} >= {Ready, Started}


def test_status__first_message__has_a_rate() -> None:
    running = [
        *((worker, Ready()) for worker in WORKERS),
        ("", Started(run=list(WORKERS), lead_ms=0)),
    ]
    nothing = known(*running, begin=BEGIN[:1])
    assert nothing.view is not None
    assert written(r.decide(resource(), nothing, NOW)).messages_per_second is None
    assert written(r.decide(resource(), finished(), NOW)).messages_per_second == 9000


def test_status__several_workloads__sums_rates_takes_highest_latency() -> None:
    view, report = _plain()
    workloads = [
        WorkloadResult(
            workload=str(p99),
            kind="Publish",
            elapsed_us=1,
            messages_per_second=100,
            bytes_per_second=1000,
            latency_microseconds=Latency(p50=1, p90=1, p99=p99, p999=p99, max=p99),
        )
        for p99 in (5, 70, 6)
    ]
    waits = WorkloadResult(workload="w", kind="Get")
    report = report.model_copy(update={"workloads": [*workloads, waits]})
    new = job_status_builder.of_job(resource(), view, report, NOW)
    assert (new.messages_per_second, new.bytes_per_second, new.p99_microseconds) == (300, 3000, 70)


def test_status__worker_that_rejects__is_refused_not_lost() -> None:
    why = Problem(reason="ContextUnknown", message="there is no context production")
    begin = [
        *BEGIN[:1],
        *(
            LogEntry(
                50 + n, 1000 * S + n, "j", worker, Ready(problem=why if worker == "a" else None)
            )
            for n, worker in enumerate(WORKERS)
        ),
    ]
    new = written(r.decide(resource(), known(begin=begin), NOW))
    assert new.workers is not None
    assert (new.workers.refused, new.workers.lost, new.workers.summary) == (1, 0, "2/3")
    assert new.lost_workers == []
    assert new.refused_workers == ["a: there is no context production"]
    assert [item.reason for item in of_job(resource().status, new)][-1] == "WorkerRefused"


def test_status__job_in_the_queue__names_the_job_before_it() -> None:
    waits = replace(known(begin=BEGIN[:1]), waits_for=("team/nightly", "other"))
    new = written(r.decide(resource(), waits, NOW))
    assert (new.phase, new.reason) == ("Pending", "WorkersBusy")
    assert new.message == "number 2 in the queue, behind job team/nightly and 1 more"
    alone = written(r.decide(resource(), known(begin=BEGIN[:1]), NOW))
    assert alone.message == "3 workers prepare"


def test_status__cancelled_by_user__has_no_verdict() -> None:
    for reason, phase, verdict in (
        ("Requested", "Cancelled", ""),
        ("DeadlineExceeded", "Failed", "Invalid"),
    ):
        stop: tuple[str, Event] = ("", Cancelled(reason=reason, message="stopped"))
        new = written(r.decide(resource(), finished(done=[stop, *DONE]), NOW))
        assert (new.phase, new.reason, new.verdict) == (phase, reason, verdict)


def test_status__success_with_errors__explains_them() -> None:
    view, report = _plain()
    error = ErrorTally(error_class=ErrorClass.TIMEOUT, count=5905, example="no answer")
    workload = report.workloads[0].model_copy(update={"errors": [error]})
    report = report.model_copy(update={"workloads": [workload]})
    assert view.ended is not None
    view = view.replace(ended=view.ended.model_copy(update={"report": report}))
    new = job_status_builder.of_job(resource(), view, report, NOW)
    assert new.error_count == 5905
    assert new.message.endswith("; its 5905 errors are no more than thresholds on Errors allow")


@pytest.mark.parametrize(
    "new",
    [
        written(r.decide(resource(suspend=True), r.ObservedState(), NOW)),
        written(
            r.decide(
                resource(), r.ObservedState(not_submitted=Problem(reason="A", message="b")), NOW
            )
        ),
        written(r.decide(resource(), known(begin=BEGIN[:1]), NOW)),
        written(r.decide(resource(), known(), NOW)),
        written(r.decide(resource(), finished(), NOW)),
        written(r.decide(resource(), finished(done=DONE[:1]), NOW)),
        written(r.decide(resource(cancel=True), r.ObservedState(), NOW)),
    ],
    ids=["suspended", "waiting", "preparing", "running", "succeeded", "failed", "never ran"],
)
def test_conditions__every_phase__have_a_short_message_each(new: JobStatus) -> None:
    sentences = [condition.message for condition in new.conditions]
    assert len(set(sentences)) == len(sentences) == 8, sentences
    assert all(sentences)


def test_status__waiting__shows_target_and_wanted_workers() -> None:
    refusal = Problem(reason="NotEnoughWorkers", message="2 wanted, 1 connected")
    for spec, target, workers in (
        ({"workers": 2, "target": {"context": "production"}}, "context production", "0/2"),
        ({}, "control NATS", "0/all"),
    ):
        new = written(r.decide(resource(**spec), r.ObservedState(not_submitted=refusal), NOW))
        assert new.target == target
        assert new.workers is not None
        assert new.workers.summary == workers


def test_duration__with_read_back__is_that_of_the_load() -> None:
    """The read-back after the load, until 1100 s, does not count."""
    over = finished()
    assert over.view is not None
    loaded_s = (over.view.load_end_ns - over.view.start_ns) / S
    new = written(r.decide(resource(), over, NOW))
    assert 0 < loaded_s < 60
    assert new.duration == f"{loaded_s:.1f}s"
