"""Decisions about an NjstSchedule, as tables: the spec, its children, and the time."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from njst.contract.parsing.field_errors import InvalidDocumentError
from njst.contract.parsing.schedule import parse_schedule
from njst.contract.results.schedule_status import ScheduleStatus
from njst_operator.controllers.job import job_events
from njst_operator.controllers.schedule import schedule_decide as s
from njst_operator.controllers.schedule.child_kind import EXPERIMENTS, JOBS, Child
from njst_operator.controllers.schedule.cron import Cron, UnreadableScheduleError
from njst_operator.controllers.schedule.schedule_reason import ScheduleReason
from njst_operator.controllers.schedule.schedule_resource import ScheduleResource
from njst_operator.kube.conditions import is_true, time_text
from tests.unit.contract.parsing.bad_experiments import good_experiment
from tests.unit.operator.controllers.job.test_job_decide import SPEC

# The template of each kind of children, as a field of the spec.
TEMPLATES: dict[str, dict[str, Any]] = {
    "job": {"jobTemplate": {"spec": SPEC}},
    "experiment": {"experimentTemplate": {"spec": good_experiment()}},
}
UNKNOWN_PATH = {"name": "f", "path": "workloads[0].publish.nothing", "values": [1]}
KINDS = {"job": JOBS, "experiment": EXPERIMENTS}
# A Monday.
NOON = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)


def schedule(last: datetime | None = None, kind: str = "job", **spec: Any) -> ScheduleResource:
    """Return a schedule for noon of each day, created at one o'clock of the day before."""
    status = ScheduleStatus(last_schedule_time=None if last is None else time_text(last))
    whole = {"schedule": "0 12 * * *", **TEMPLATES[kind], **spec}
    created = NOON - timedelta(hours=23)
    return ScheduleResource("s", "ns", "noon", 2, "5", whole, status, created)


def child(time: datetime, phase: str = "Succeeded", kind: str = "job") -> Child:
    """Return what a schedule made for a time."""
    body = {
        "metadata": {
            "uid": f"uid-{time:%d%H%M}",
            "namespace": "ns",
            "name": f"noon-{int(time.timestamp())}",
            "resourceVersion": "1",
            "annotations": {"njst.io/scheduled-time": time_text(time)},
            "ownerReferences": [{"uid": "x"}, {"uid": "s", "controller": True}],
        },
        "spec": SPEC,
    }
    over = phase in ("Succeeded", "Failed", "Cancelled")
    completion = time_text(time + timedelta(minutes=5)) if over else None
    made = KINDS[kind].read(body)
    assert (made.owner, made.scheduled, made.schedule) == ("s", time, None)
    changes = {"phase": phase, "completion_time": completion}
    return replace(made, status=made.status.model_copy(update=changes))


def job(time: datetime, phase: str = "Succeeded") -> Child:
    return child(time, phase)


def plan(
    it: ScheduleResource, children: Sequence[Child] = (), now: datetime = NOON
) -> tuple[s.Decision, ScheduleStatus]:
    made = s.decide(it, children, now)
    (write,) = (action for action in made.actions if isinstance(action, s.WriteStatus))
    return made, write.status


def created(made: s.Decision) -> list[datetime]:
    return [action.time for action in made.actions if isinstance(action, s.Create)]


def deleted(made: s.Decision) -> list[str]:
    return [action.child.uid for action in made.actions if isinstance(action, s.Delete)]


@pytest.mark.parametrize("kind", KINDS)
def test_decide__time_comes__creates_the_child(kind: str) -> None:
    early, status = plan(schedule(kind=kind), now=NOON - SECOND)
    assert created(early) == []
    assert early.next == NOON
    assert (status.reason, status.next_schedule_time) == ("Scheduled", "2026-01-05T12:00:00Z")
    assert is_true(status.conditions, "Ready")
    assert status.message == f"{kind}s are made at their times"
    on_time, _ = plan(schedule(kind=kind))
    assert created(on_time) == [NOON]
    assert on_time.next == NOON + DAY


def test_deletion__of_a_schedule__makes_no_more_jobs() -> None:
    assert s.decide(replace(schedule(), deleting=True), [], NOON) == s.Decision(())


def test_deletion__of_a_job_that_a_finalizer_holds__is_asked_for_once() -> None:
    held = replace(job(NOON - DAY, "Running"), deleting=True)
    made, _ = plan(schedule(concurrencyPolicy="Replace"), [held])
    assert (created(made), deleted(made)) == ([NOON], [])
    old = [replace(job(NOON - DAY * n), deleting=True) for n in range(1, 9)]
    made, _ = plan(schedule(), old, NOON - SECOND)
    assert deleted(made) == []


@pytest.mark.parametrize("kind", KINDS)
def test_child__of_a_time__is_owned_and_named_by_the_time(kind: str) -> None:
    (action,) = (a for a in plan(schedule(kind=kind))[0].actions if isinstance(a, s.Create))
    (template,) = TEMPLATES[kind].values()
    assert action.kind is KINDS[kind]
    assert action.body["kind"] == f"Njst{kind.capitalize()}"
    meta = action.body["metadata"]
    assert meta["name"] == f"noon-{int(NOON.timestamp())}"
    assert meta["ownerReferences"][0]["uid"] == "s"
    assert meta["labels"] == {"njst.io/schedule": "noon"}
    assert action.body["spec"] == template["spec"]
    resource = action.kind.read(
        {**action.body, "metadata": {**meta, "uid": "u", "resourceVersion": "1"}}
    )
    assert resource.schedule == "noon"


def test_decide__time_is_done__creates_nothing() -> None:
    by_status, _ = plan(schedule(last=NOON), now=NOON + SECOND)
    by_job, status = plan(schedule(), [job(NOON, "Running")], now=NOON + SECOND)
    assert created(by_status) == created(by_job) == []
    assert status.last_schedule_time == time_text(NOON)
    assert status.active == [f"noon-{int(NOON.timestamp())}"]


def test_decide__several_missed_times__creates_the_last() -> None:
    made, _ = plan(schedule(), now=NOON + 3 * DAY + timedelta(hours=1))
    assert created(made) == [NOON + 3 * DAY]


def test_decide__times_before_creation__are_ignored() -> None:
    assert created(plan(schedule(), now=NOON - timedelta(hours=1))[0]) == []


@pytest.mark.parametrize(("late_s", "times"), [(60, [NOON]), (61, [])])
def test_decide__starting_deadline_over__creates_nothing(
    late_s: int, times: list[datetime]
) -> None:
    it = schedule(startingDeadlineSeconds=60)
    assert created(plan(it, now=NOON + late_s * SECOND)[0]) == times


@pytest.mark.parametrize(
    ("policy", "times", "gone"),
    [("Forbid", [], []), ("Allow", [NOON], []), ("Replace", [NOON], ["uid-041200"])],
)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("of_active", KINDS)
def test_concurrency_policy__earlier_child_active__is_applied(
    policy: str, times: list[datetime], gone: list[str], kind: str, of_active: str
) -> None:
    """A schedule whose template was changed may have children of both kinds."""
    running = child(NOON - DAY, "Running", of_active)
    made, status = plan(schedule(kind=kind, concurrencyPolicy=policy), [running])
    assert created(made) == times
    assert deleted(made) == gone
    assert (status.reason == f"{kind.capitalize()}Active") is (policy == "Forbid")
    if policy == "Forbid":
        assert status.message == f"the {kind} of 2026-01-05T12:00:00Z waits for {running.name}"


def test_forbid__earlier_job_over__creates_the_job() -> None:
    over = job(NOON - DAY)
    assert created(plan(schedule(), [over], now=NOON + timedelta(hours=3))[0]) == [NOON]


@pytest.mark.parametrize("kind", KINDS)
def test_restored__with_its_status__makes_up_for_nothing(kind: str) -> None:
    _, status = plan(schedule(NOON - DAY, kind), now=NOON - SECOND)
    restored = replace(schedule(kind=kind), status=status, created=NOON + 60 * SECOND)
    assert created(plan(restored, now=NOON + 61 * SECOND)[0]) == []
    assert created(plan(restored, now=NOON + DAY)[0]) == [NOON + DAY]
    own = replace(restored, created=NOON - DAY)
    assert created(plan(own, now=NOON + 61 * SECOND)[0]) == [NOON]


def test_decide__suspended__creates_nothing() -> None:
    made, status = plan(schedule(suspend=True))
    assert created(made) == []
    assert is_true(status.conditions, "Suspended")
    assert is_true(status.conditions, "Ready"), "it is as its spec wants it"


@pytest.mark.parametrize("kind", KINDS)
def test_history__beyond_the_limits__keeps_the_newest(kind: str) -> None:
    passed = [child(NOON - n * DAY, kind=kind) for n in range(1, 5)]
    failed = [child(NOON - n * DAY, "Failed", kind) for n in range(5, 8)]
    running = child(NOON, "Running", kind)
    made, status = plan(schedule(NOON, kind), [*passed, *failed, running])
    assert deleted(made) == ["uid-011200", "uid-301200", "uid-291200"]
    assert status.last_successful_time == time_text(NOON - DAY + timedelta(minutes=5))
    assert (status.active_count, status.active) == (1, [running.name])
    none, _ = plan(schedule(NOON, kind, successfulJobsHistoryLimit=0), passed)
    assert len(deleted(none)) == 4


def test_last_success__its_job_deleted__is_remembered() -> None:
    it = schedule(last=NOON)
    before = it.status.model_copy(update={"last_successful_time": time_text(NOON)})
    _, status = plan(replace(it, status=before), [], now=NOON + DAY / 2)
    assert status.last_successful_time == time_text(NOON)
    assert status.last_schedule_time == time_text(NOON)


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"schedule": "61 * * * *"}, "spec: schedule: the minute must be 0-59"),
        ({"schedule": "0 0 * * FRI-MON"}, "spec.schedule: '0 0 * * FRI-MON': Bad day-of-week"),
        ({"timeZone": "Europe/Atlantis"}, "spec: timeZone: must be a name of the IANA"),
        (
            {"experimentTemplate": {"spec": {**good_experiment(), "repeats": 0}}},
            "spec.experimentTemplate.spec.repeats: ",
        ),
        (
            {"experimentTemplate": {"spec": {**good_experiment(), "factors": [UNKNOWN_PATH]}}},
            "spec.experimentTemplate.spec.factors[0].path: workloads[0].publish has no nothing",
        ),
    ],
)
def test_decide__schedule_that_cannot_be_read__is_stalled_at_once(
    spec: dict[str, Any], said: str
) -> None:
    it = schedule()
    fields = {**it.spec, **spec}
    if "experimentTemplate" in spec:
        del fields["jobTemplate"]
    made, status = plan(replace(it, spec=fields), now=NOON - SECOND)
    assert [type(action) for action in made.actions] == [s.WriteStatus]
    assert status.reason == "InvalidSchedule"
    assert said in status.message
    assert is_true(status.conditions, "Stalled")


def refusal(
    it: ScheduleResource,
    now: datetime = NOON,
    reason: ScheduleReason = ScheduleReason.QUOTA_EXCEEDED,
    message: str = "403 exceeded quota",
) -> ScheduleResource:
    """Return the schedule after its job of noon was refused."""
    why = s.Refusal(NOON, reason, message)
    return replace(it, status=s.refused(it, [], why, NOON + DAY, now))


def test_refusal__repeated__is_written_and_retried_later() -> None:
    it, now, waits = schedule(), NOON, []
    for _ in range(8):
        it = refusal(it, now)
        assert it.status.reason == "QuotaExceeded"
        assert is_true(it.status.conditions, "Stalled")
        assert not is_true(it.status.conditions, "Ready")
        made, status = plan(it, now=now)
        # Every replica derives the same status from it.
        assert (created(made), status) == ([], it.status)
        assert made.next is not None
        assert s.must_wait(it, now)
        waits.append((made.next - now).total_seconds())
        now = made.next
        assert created(plan(it, now=now)[0]) == [NOON]
        assert not s.must_wait(it, now)
    assert waits == [10, 20, 40, 80, 160, 300, 300, 300]


def test_refusal__job_created__is_over() -> None:
    _, status = plan(refusal(schedule()), [job(NOON, "Running")], now=NOON + SECOND)
    assert (status.reason, status.refusals, status.retry_time) == ("Scheduled", 0, None)
    assert is_true(status.conditions, "Ready")


def test_refusal__schedule_changed__is_retried_at_once() -> None:
    changed = replace(refusal(schedule()), generation=3)
    assert created(plan(changed, now=NOON + SECOND)[0]) == [NOON]
    assert refusal(changed).status.refusals == 1


def test_refusal__schedule_suspended__is_forgotten() -> None:
    it = refusal(schedule())
    _, status = plan(replace(it, spec={**it.spec, "suspend": True}))
    assert (status.reason, status.refusals) == ("Suspended", 0)


def test_refusal__too_late_for_a_retry__is_given_up() -> None:
    before = refusal(schedule(startingDeadlineSeconds=5))
    made, status = plan(before, now=NOON + 60 * SECOND)
    assert (created(made), made.next) == ([], NOON + DAY)
    assert (status.reason, status.refusals, status.retry_time) == ("QuotaExceeded", 1, None)
    assert is_true(status.conditions, "Stalled")
    assert status.message == (
        "the job of 2026-01-05T12:00:00Z was given up, the next one is at 2026-01-06T12:00:00Z:"
        " it could not be created within startingDeadlineSeconds (5 s): QuotaExceeded: 403"
        " exceeded quota"
    )
    after = replace(before, status=status)
    assert plan(after, now=NOON + 61 * SECOND)[1] == status
    assert created(plan(after, now=NOON + DAY)[0]) == [NOON + DAY]
    assert [e.reason for e in job_events.of_schedule(before.status, status)] == ["MissedSchedule"]


def test_refusal__long_message__is_given_up_with_one_status() -> None:
    before = refusal(schedule(startingDeadlineSeconds=5), message="no room " * 100)
    _, status = plan(before, now=NOON + 60 * SECOND)
    assert plan(replace(before, status=status), now=NOON + 61 * SECOND)[1] == status


def test_refusal__retry_after_the_deadline__is_given_up_at_the_deadline() -> None:
    made, _ = plan(refusal(schedule(startingDeadlineSeconds=5)))
    assert made.next == NOON + 6 * SECOND


def test_refusal__given_up_then_spec_changed__is_a_skipped_job() -> None:
    before = refusal(schedule(startingDeadlineSeconds=5))
    _, given_up = plan(before, now=NOON + 60 * SECOND)
    changed = replace(before, status=given_up, generation=3)
    _, status = plan(changed, now=NOON + 90 * SECOND)
    assert (status.reason, status.refusals) == ("MissedSchedule", 0)
    assert status.message.endswith("QuotaExceeded: 403 exceeded quota")
    assert job_events.of_schedule(given_up, status) == []


@pytest.mark.parametrize("kind", KINDS)
def test_forbid__earlier_child_outlasts_the_deadline__is_told(kind: str) -> None:
    it = schedule(kind=kind, startingDeadlineSeconds=600)
    running = child(NOON - DAY, "Running", kind)
    made, waits = plan(it, [running])
    assert made.next == NOON + 601 * SECOND
    assert waits.last_missed_time is None
    late = NOON + 601 * SECOND
    made, status = plan(replace(it, status=waits), [running], late)
    assert (created(made), made.next) == ([], NOON + DAY)
    assert status.reason == "MissedSchedule"
    assert status.last_missed_time == "2026-01-05T12:00:00Z"
    assert status.message == (
        f"the {kind} of 2026-01-05T12:00:00Z was skipped, the next one is at 2026-01-06T12:00:00Z:"
        f" it could not be created within startingDeadlineSeconds (600 s): {running.name} had not"
        " ended"
    )
    assert is_true(status.conditions, "Ready")
    (told,) = job_events.of_schedule(waits, status)
    assert (told.reason, told.warning, told.message) == ("MissedSchedule", True, status.message)
    # The reason stays when that job has ended; the other replicas write nothing.
    told_it, over = replace(it, status=status), child(NOON - DAY, kind=kind)
    _, later = plan(told_it, [over], late + SECOND)
    assert later.message == status.message
    assert job_events.of_schedule(status, later) == []


def test_missed__next_job_created__stays_in_the_status_as_a_time_only() -> None:
    it = schedule(startingDeadlineSeconds=600)
    _, missed = plan(it, now=NOON + 601 * SECOND)
    assert missed.reason == "MissedSchedule"
    assert created(plan(replace(it, status=missed), now=NOON + DAY)[0]) == [NOON + DAY]
    done = job(NOON + DAY, "Running")
    _, status = plan(replace(it, status=missed), [done], NOON + DAY + SECOND)
    assert (status.reason, status.last_missed_time) == ("Scheduled", "2026-01-05T12:00:00Z")


@pytest.mark.parametrize(
    ("before", "why"),
    [
        ({"suspend": True}, "the schedule was suspended"),
        ({}, "no operator ran, or the API server did not answer it"),
    ],
)
def test_missed__no_job_in_the_way__says_why(before: dict[str, Any], why: str) -> None:
    _, status = plan(schedule(**before), now=NOON - SECOND)
    it = replace(schedule(startingDeadlineSeconds=60), status=status)
    assert plan(it, now=NOON + 61 * SECOND)[1].last_missed_message == why


def test_decide__schedule_being_deleted__creates_nothing() -> None:
    assert s.decide(replace(schedule(), deleting=True), [], NOON) == s.Decision(())


def test_events__schedule_problem__is_recorded_once() -> None:
    before, first = schedule(), refusal(schedule())
    (told,) = job_events.of_schedule(before.status, first.status)
    assert (told.reason, told.warning) == ("QuotaExceeded", True)
    assert job_events.of_schedule(first.status, refusal(first).status) == []
    (taken,) = job_events.of_schedule(
        first.status, refusal(first, reason=ScheduleReason.NAME_TAKEN).status
    )
    assert taken.reason == "NameTaken"
    _, invalid = plan(schedule(timeZone="Europe/Atlantis"))
    (told,) = job_events.of_schedule(before.status, invalid)
    assert told.reason == "InvalidSchedule"
    assert job_events.of_schedule(invalid, invalid) == []
    assert job_events.of_schedule(before.status, plan(before)[1]) == []


def cron(text: str, zone: str = "Etc/UTC") -> Cron:
    return Cron(parse_schedule({"schedule": text, "timeZone": zone, "jobTemplate": {"spec": SPEC}}))


@pytest.mark.parametrize(
    ("text", "zone", "upcoming"),
    [
        ("@hourly", "Etc/UTC", NOON + timedelta(hours=1)),
        ("*/7 * * * *", "Etc/UTC", NOON + timedelta(minutes=7)),
        ("30 13 * * *", "Europe/Berlin", NOON + timedelta(minutes=30)),
        ("0 9 * * MON-FRI", "Asia/Tokyo", NOON + timedelta(hours=12)),
    ],
)
def test_cron__time_zone__is_used(text: str, zone: str, upcoming: datetime) -> None:
    assert cron(text, zone).next(NOON) == upcoming
    assert cron(text, zone).last(upcoming) == upcoming
    assert cron(text, zone).last(upcoming - SECOND) != upcoming


def test_cron__time_skipped_by_daylight_saving__comes_once() -> None:
    """Half past two does not exist in Berlin on 29 March 2026; as with cron, it comes at three."""
    night = cron("30 2 * * *", "Europe/Berlin")
    before = datetime(2026, 3, 28, 12, tzinfo=UTC)
    first = night.next(before)
    assert first == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)
    assert night.last(datetime(2026, 3, 29, 12, tzinfo=UTC)) == first
    assert night.next(first) == datetime(2026, 3, 30, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize("text", ["0 12 * *", "* * * * * *", "@reboot", "", "0  12 * * *"])
def test_cron__invalid_text__is_refused_by_the_contract(text: str) -> None:
    with pytest.raises(InvalidDocumentError):
        cron(text)


def test_cron__day_that_no_month_has__never_comes() -> None:
    """The contract's patterns do not find it, cronsim does."""
    with pytest.raises(UnreadableScheduleError, match="Bad day-of-month"):
        cron("0 0 31 2-2 *")
