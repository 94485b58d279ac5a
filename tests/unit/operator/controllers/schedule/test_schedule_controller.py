"""The schedules of one replica, in virtual time, with an API server in memory."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from njst.contract.results.schedule_status import ScheduleStatus
from njst.testing.virtual_loop import run
from njst_operator.controllers.schedule.child_kind import Child
from njst_operator.controllers.schedule.schedule_controller import ScheduleController
from njst_operator.controllers.schedule.schedule_resource import ScheduleResource, schedule_of
from njst_operator.kube.api_transport import ConflictError, KubeError, RequestRejectedError
from njst_operator.kube.kube_event import KubeEvent
from njst_operator.kube.label_selector import Selector, parse_selector
from njst_operator.kube.watch_scope import WatchScope
from njst_operator.telemetry.operator_metrics import OperatorMetrics
from tests.unit.operator.controllers.job.test_job_decide import resource
from tests.unit.operator.controllers.schedule.test_schedule_decide import KINDS, TEMPLATES, child

BEGIN = datetime(2026, 1, 5, 12, tzinfo=UTC)
GRACE_S = 60.0


def now() -> datetime:
    return BEGIN + timedelta(seconds=asyncio.get_running_loop().time())


class Paper:
    """An API server that lists nothing, and refuses what it is set to refuse."""

    def __init__(self, body: dict[str, Any]) -> None:
        self.body = body
        self.refusal: KubeError | None = None
        self.writes: list[ScheduleStatus] = []
        self.attempts = 0

    async def list(self, *_: object) -> list[Any]:
        return []

    async def get(self, _: object) -> dict[str, Any]:
        return self.body

    async def create(self, *_: object) -> dict[str, Any]:
        self.attempts += 1
        assert self.refusal is not None
        raise self.refusal

    async def delete(self, *_: object) -> None:
        assert self.refusal is not None
        raise self.refusal

    async def write_status(self, _: object, new: ScheduleStatus) -> dict[str, Any]:
        self.attempts += 1
        if isinstance(self.refusal, RequestRejectedError) or self.refusal is None:
            self.writes.append(new)
            said = {**new.model_dump(), "revision": len(self.writes)}
            version = str(1 + len(self.writes))
            meta = {**self.body["metadata"], "resourceVersion": version}
            self.body = {**self.body, "metadata": meta, "status": said}
            return self.body
        raise self.refusal

    async def record(self, *_: object) -> None:
        pass


async def at_once(compute: Callable[[], Any]) -> Any:
    """Compute here: the loop of virtual time has no threads."""
    return compute()


def paper(kind: str = "job", **spec: Any) -> Paper:
    meta = {
        "uid": "s",
        "namespace": "ns",
        "name": "hourly",
        "resourceVersion": "1",
        "generation": 1,
        "creationTimestamp": "2026-01-05T11:30:00Z",
    }
    whole = {"schedule": "@hourly", **TEMPLATES[kind], **spec}
    return Paper({"metadata": meta, "spec": whole, "status": {"observedGeneration": -1}})


async def keep(
    kube: Paper, for_s: float, children: Sequence[Child] = (), selector: Selector | None = None
) -> ScheduleController:
    schedule_controller = ScheduleController(
        "copy-1",
        cast("Any", kube),
        OperatorMetrics(),
        now,
        selector=selector or Selector(),
        grace_s=GRACE_S,
        run_in_thread=at_once,
    )
    for made in children:
        schedule_controller.on_child(made)
    schedule_controller.on_children_listed()
    schedule_controller.on_schedule(schedule_of(kube.body))
    await asyncio.sleep(for_s)
    return schedule_controller


def test_schedule__missing_from_lists__is_kept_for_the_grace() -> None:
    async def looks() -> list[int]:
        kube = paper(suspend=True)
        job = replace(resource(), owner="s")
        schedule_controller = await keep(kube, 1)
        found: list[int] = []
        for _ in range(3):
            await schedule_controller.relist(WatchScope(("ns",)))
            before = schedule_controller.metrics.reconciles
            schedule_controller.on_child(job)
            await asyncio.sleep(GRACE_S / 2)
            found.append(schedule_controller.metrics.reconciles - before)
        await schedule_controller.loop.stop()
        return found

    assert run(looks()) == [1, 1, 0]


def test_schedule__deleted__is_no_longer_among_the_resources() -> None:
    async def names() -> list[list[str]]:
        schedule_controller = await keep(paper(suspend=True), 1)
        before = [schedule.name for schedule in schedule_controller.resources()]
        schedule_controller.on_deleted("s")
        after = [schedule.name for schedule in schedule_controller.resources()]
        await schedule_controller.loop.stop()
        return [before, after]

    assert run(names()) == [["hourly"], []]


def test_schedule__moved_to_another_mesh_and_back__still_knows_its_jobs() -> None:
    async def told() -> Paper:
        kube = paper()
        running = replace(resource(), owner="s", scheduled=BEGIN - timedelta(hours=1))
        schedule_controller = await keep(kube, 1, [running])
        schedule_controller.on_unselected("s")
        schedule_controller.on_schedule(schedule_of(kube.body))
        # Virtual time: longer than a replica lets others go first.
        await asyncio.sleep(1)
        await schedule_controller.loop.stop()
        return kube

    kube = run(told())
    assert [status.reason for status in kube.writes] == ["JobActive"]
    assert kube.attempts == 1


@pytest.mark.parametrize("kind", KINDS)
def test_schedule__refused_child__is_retried_with_backoff(kind: str) -> None:
    async def told() -> tuple[int, int, str]:
        kube = paper(kind)
        kube.refusal = RequestRejectedError("403 exceeded quota: few")
        schedule_controller = await keep(kube, 3000)
        await schedule_controller.loop.stop()
        return kube.attempts - len(kube.writes), len(kube.writes), kube.writes[-1].reason

    creates, writes, reason = run(told())
    # At once, after 10, 20, 40, 80 and 160 s more, and then every 300 s.
    assert creates == writes == 1 + 5 + 8
    assert reason == "QuotaExceeded"


@pytest.mark.parametrize(
    ("kind", "refusal", "reason"),
    [
        ("job", "422 no load on Fridays", "JobRefused"),
        ("experiment", "422 no load on Fridays", "ExperimentRefused"),
        ("job", "403 exceeded quota: few", "QuotaExceeded"),
        ("experiment", "403 exceeded quota: few", "QuotaExceeded"),
    ],
)
def test_schedule__refused_child__has_a_reason_of_its_kind(
    kind: str, refusal: str, reason: str
) -> None:
    async def told() -> Paper:
        kube = paper(kind)
        kube.refusal = RequestRejectedError(refusal)
        schedule_controller = await keep(kube, 5)
        await schedule_controller.loop.stop()
        return kube

    (status,) = run(told()).writes
    assert (status.reason, status.message) == (reason, refusal)


class Creating(Paper):
    """Creates what it is asked for."""

    def __init__(self, body: dict[str, Any]) -> None:
        super().__init__(body)
        self.created: list[tuple[str, str]] = []
        self.events: list[KubeEvent] = []

    async def create(self, plural: str, _: str, body: dict[str, Any]) -> dict[str, Any]:
        self.created.append((plural, body["kind"]))
        return {**body, "metadata": {**body["metadata"], "uid": "made", "resourceVersion": "1"}}

    async def record(self, _: object, event: KubeEvent) -> None:
        self.events.append(event)


@pytest.mark.parametrize("kind", KINDS)
def test_schedule__time_comes__creates_one_of_its_kind_and_waits_for_it(kind: str) -> None:
    async def told() -> Creating:
        kube = Creating(paper(kind).body)
        # The second time comes while the first child has not ended.
        schedule_controller = await keep(cast("Any", kube), 3700)
        await schedule_controller.loop.stop()
        return kube

    kube, noun = run(told()), kind.capitalize()
    assert kube.created == [(f"njst{kind}s", f"Njst{noun}")]
    assert [event.reason for event in kube.events] == [f"{noun}Created"]
    assert [status.reason for status in kube.writes] == ["Scheduled", f"{noun}Active"]
    assert kube.writes[0].active == [kube.events[0].about]


@pytest.mark.parametrize(("kind", "in_thread"), [("job", 0), ("experiment", 1)])
def test_schedule__template_of_an_experiment__is_checked_off_the_event_loop(
    kind: str, in_thread: int
) -> None:
    computed: list[object] = []

    async def count(compute: Callable[[], Any]) -> Any:
        computed.append(compute())
        return computed[-1]

    async def look() -> None:
        kube = paper(kind, suspend=True)
        controller = ScheduleController(
            "copy-1",
            cast("Any", kube),
            OperatorMetrics(),
            now,
            in_background=False,
            run_in_thread=count,
        )
        controller.on_children_listed()
        controller.on_schedule(schedule_of(kube.body))
        await controller.once()

    run(look())
    assert len(computed) == in_thread


@pytest.mark.parametrize("kind", KINDS)
def test_schedule__child_that_the_operator_would_not_select__is_not_created(kind: str) -> None:
    async def told() -> Paper:
        ((field, template),) = TEMPLATES[kind].items()
        kube = paper(kind, **{field: {**template, "metadata": {"labels": {"team": "b"}}}})
        schedule_controller = await keep(kube, 5, selector=parse_selector("team=a"))
        await schedule_controller.loop.stop()
        return kube

    kube = run(told())
    (status,) = kube.writes
    assert (status.reason, kube.attempts) == ("SelectorMismatch", 1)
    assert status.message == (
        f"the labels in {kind}Template.metadata are not those that the operator's selector"
        " requires: team=a"
    )


@pytest.mark.parametrize("kind", KINDS)
def test_schedule__child_that_cannot_be_replaced__makes_no_room(kind: str) -> None:
    async def told() -> Paper:
        kube = paper(kind, concurrencyPolicy="Replace")
        kube.refusal = RequestRejectedError("403 a policy forbids it")
        running = child(BEGIN - timedelta(hours=1), "Running", kind)
        schedule_controller = await keep(kube, 5, [running])
        await schedule_controller.loop.stop()
        return kube

    kube = run(told())
    (status,) = kube.writes
    assert (status.reason, kube.attempts) == ("ReplaceRefused", 1)
    assert status.message.endswith("cannot be deleted: 403 a policy forbids it")


class TwoReplicas(Paper):
    """Refuses a second replica's job, and shows its status, while the first one's is on the way."""

    controllers: list[ScheduleController]
    in_turn = False

    async def create(self, *_: object) -> dict[str, Any]:
        first, second = self.controllers
        if not self.in_turn:
            self.in_turn = True
            await second.once()
            first.on_schedule(schedule_of(self.body))
        raise RequestRejectedError("403 exceeded quota: few")


def test_schedule__refusal_that_another_replica_has_written__is_counted_once() -> None:
    async def writes() -> list[int]:
        kube = TwoReplicas(paper().body)
        kube.controllers = [
            ScheduleController(name, cast("Any", kube), OperatorMetrics(), now, in_background=False)
            for name in ("copy-1", "copy-2")
        ]
        for controller in kube.controllers:
            controller.on_children_listed()
            controller.on_schedule(schedule_of(kube.body))
        await kube.controllers[0].once()
        return [status.refusals for status in kube.writes]

    assert run(writes()) == [1]


def test_schedule__failing_api_server__is_retried_with_backoff() -> None:
    async def attempts() -> int:
        kube = paper(suspend=True)
        kube.refusal = KubeError("500")
        schedule_controller = await keep(kube, 600)
        await schedule_controller.loop.stop()
        return kube.attempts

    assert run(attempts()) <= 15


class OneRevision(Paper):
    """Accepts a status only over the one that its writer has read, and shows it to nobody."""

    def __init__(self, body: dict[str, Any]) -> None:
        super().__init__(body)
        self.events: list[str] = []

    async def write_status(self, known: ScheduleResource, new: ScheduleStatus) -> dict[str, Any]:
        if known.status.revision != len(self.writes):
            raise ConflictError("409")
        return await super().write_status(known, new)

    async def record(self, _: object, event: KubeEvent) -> None:
        self.events.append(event.reason)


def test_schedule__deadline_passes_while_an_earlier_job_runs__is_told_once() -> None:
    async def told() -> OneRevision:
        kube = OneRevision(paper(startingDeadlineSeconds=600).body)
        running = replace(resource(), owner="s", scheduled=BEGIN - timedelta(hours=1))
        controllers = [
            ScheduleController(name, cast("Any", kube), OperatorMetrics(), now)
            for name in ("copy-1", "copy-2", "copy-3")
        ]

        def show() -> None:
            for controller in controllers:
                controller.on_child(running)
                controller.on_schedule(schedule_of(kube.body))
                controller.on_children_listed()

        show()
        for until_s in (599, 605):
            await asyncio.sleep(until_s - asyncio.get_running_loop().time())
            found.append((kube.writes[-1].reason, kube.writes[-1].last_missed_time))
            # Nobody has shown it anything since: all wake by themselves.
        show()
        # Virtual time: longer than any write could take.
        await asyncio.sleep(60)
        await asyncio.gather(*(controller.loop.stop() for controller in controllers))
        return kube

    found: list[tuple[str, str | None]] = []
    kube = run(told())
    assert found == [("JobActive", None), ("MissedSchedule", "2026-01-05T12:00:00Z")]
    assert (len(kube.writes), kube.events) == (2, ["MissedSchedule"])
