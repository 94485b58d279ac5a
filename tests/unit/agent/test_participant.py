"""A participant whose job ends before its load has begun."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from njst.agent.actions import ParticipantStage
from njst.agent.deps import AgentDeps
from njst.agent.participant import Participant
from njst.contract.connection import Connection
from njst.contract.events import Created, Event, Finished, Origin, OriginKind, Ready, Started
from njst.contract.names.mesh import EventName
from njst.contract.parsing.document import parse_spec
from njst.contract.plan import Consumption, LoadPlan, Provisioned, Receipt
from njst.contract.results.outcome import START_TIMEOUT, Outcome, Problem
from njst.contract.results.readback import SliceResult
from njst.contract.results.tallies import LoadCost, WorkloadTally
from njst.contract.results.windows import ParticipantWindow
from njst.journal.state.job_store import JobStore
from njst.journal.state.job_view import ParticipantPhase
from njst.testing.fake_clock import FakeClock
from njst.testing.memory_log import MemoryLog
from njst.testing.memory_windows import MemoryWindows
from tests.unit.sim.world import NoReports, at_once

JOB, ME = "job", "me"
SPEC = parse_spec(
    {"workloads": [{"name": "w", "messages": 9, "core": {"operation": "Publish", "subject": "s"}}]}
)


class Idle:
    """Load that waits for a start which does not come."""

    problem: Problem | None = None

    def __init__(self) -> None:
        self.starts: list[int] = []
        self.killed = False

    def start(self, at_monotonic_ns: int, log_offset_ns: int) -> None:
        self.starts.append(at_monotonic_ns)

    def begin(self, workload: str, at_monotonic_ns: int) -> None:
        raise AssertionError(workload)

    def left(self) -> frozenset[str]:
        return frozenset({"w"})

    def tallies(self) -> list[WorkloadTally]:
        return []

    def take_windows(self) -> list[ParticipantWindow]:
        return []

    def cost(self) -> LoadCost | None:
        return None

    async def wait(self) -> Outcome:
        raise AssertionError("it has not begun")

    def found(self) -> list[str]:
        return []

    def consumption(self) -> list[Consumption]:
        return []

    def receipts(self) -> list[Receipt]:
        return []

    async def stop(self) -> None:
        raise AssertionError("it has not begun")

    def kill(self) -> None:
        self.killed = True


async def nothing_to_make(*_: object) -> Provisioned:
    return Provisioned()


@dataclass
class Scene:
    """A job with this worker alone; `prepare` is what its load processes do at their start."""

    prepare: Callable[[], "asyncio.Future[Idle]"]
    make: Callable[..., Awaitable[Provisioned]] = nothing_to_make
    log: MemoryLog = field(default_factory=MemoryLog)
    job_store: JobStore = field(default_factory=JobStore)

    def published(self) -> list[Event | None]:
        return [entry.event for entry in self.log.entries]

    async def take_part(self) -> tuple[Participant, "asyncio.Task[None]"]:
        await self.log.follow(self.job_store.on_entry, self.job_store.on_progress)
        created = Created(spec=SPEC, participants=[ME], origin=Origin(kind=OriginKind.HTTP))
        await self.log.append(EventName(JOB, "created"), created)
        view = self.job_store.view(JOB)
        assert view is not None

        async def prepare(plan: LoadPlan, timeout_s: float) -> Idle:
            return await self.prepare()

        async def look(*_: object) -> SliceResult:
            raise AssertionError("there is nothing to read")

        async def remove(*_: object) -> list[str]:
            return []

        deps = AgentDeps(
            me=ME,
            log=self.log,
            job_store=self.job_store,
            time=FakeClock(0),
            resolve=lambda _: Connection(servers=["nats://target:4222"]),
            provision=self.make,
            teardown=remove,
            prepare=prepare,
            read_slice=look,
            warm_up=lambda: None,
            reports=NoReports(),
            windows=MemoryWindows(),
            run_in_thread=at_once,
        )
        part = Participant(deps, view)
        return part, asyncio.create_task(part.run())

    async def until(self, state: ParticipantPhase) -> None:
        changed = asyncio.Event()
        stop_listening = self.job_store.listen(lambda _: changed.set(), JOB)
        try:
            async with asyncio.timeout(30):
                while self.state() is not state:
                    changed.clear()
                    await changed.wait()
        finally:
            stop_listening()

    def state(self) -> ParticipantPhase:
        view = self.job_store.view(JOB)
        assert view is not None
        return view.parts[ME].state


async def is_over(running: "asyncio.Task[None]") -> None:
    async with asyncio.timeout(30):
        await running


async def test_stop__preparation_just_done__leaves_no_process() -> None:
    """Its load processes had just started when it was stopped."""
    load, began = Idle(), asyncio.Event()

    async def slow() -> Idle:
        began.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return load
        raise AssertionError

    scene = Scene(lambda: asyncio.ensure_future(slow()))
    part, running = await scene.take_part()
    await began.wait()
    part.stop()
    await is_over(running)
    assert load.killed
    assert part.stage is ParticipantStage.STOPPED
    assert not any(isinstance(payload, Ready) for payload in scene.published())


class Endless:
    """A preparation that does not end by itself."""

    def __init__(self) -> None:
        self.began, self.given_up = asyncio.Event(), asyncio.Event()

    async def prepare(self) -> Idle:
        self.began.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.given_up.set()
        raise AssertionError


async def test_stop__preparing__cancels_the_preparation() -> None:
    endless = Endless()
    scene = Scene(lambda: asyncio.ensure_future(endless.prepare()))
    part, running = await scene.take_part()
    await endless.began.wait()
    part.stop()
    await is_over(running)
    assert endless.given_up.is_set()


async def test_report_late__preparing__says_what_it_was_doing() -> None:
    endless = Endless()
    scene = Scene(lambda: asyncio.ensure_future(endless.prepare()))
    part, running = await scene.take_part()
    await endless.began.wait()
    part.report_late()
    await is_over(running)
    assert endless.given_up.is_set()
    assert scene.state() is ParticipantPhase.LATE
    [said] = [payload for payload in scene.published() if isinstance(payload, Ready)]
    assert said.problem == Problem(
        reason=START_TIMEOUT, message="still connecting its clients: 0 of them"
    )


async def test_report_late__connecting__says_so() -> None:
    began = asyncio.Event()

    async def make(*_: object) -> Provisioned:
        began.set()
        await asyncio.Event().wait()
        raise AssertionError

    scene = Scene(at_once_prepared(Idle()), make=make)
    part, running = await scene.take_part()
    await began.wait()
    part.report_late()
    await is_over(running)
    [said] = [payload for payload in scene.published() if isinstance(payload, Ready)]
    assert said.problem is not None
    assert said.problem.message == "still making streams and consumers on the target"


async def test_report_late__just_ready__stays_ready() -> None:
    """The time-out and the end of the preparation may come at the same time."""
    scene = Scene(at_once_prepared(Idle()))
    part, running = await scene.take_part()
    await scene.until(ParticipantPhase.READY)
    part.report_late()
    part.stop()
    await is_over(running)
    assert [p for p in scene.published() if isinstance(p, Ready)] == [Ready()]


def at_once_prepared(load: Idle) -> Callable[[], "asyncio.Future[Idle]"]:
    async def prepare() -> Idle:
        return load

    return lambda: asyncio.ensure_future(prepare())


async def test_stop__started_by_others__publishes_finished() -> None:
    """Others must not wait until it counts as lost."""
    load = Idle()
    scene = Scene(at_once_prepared(load))
    part, running = await scene.take_part()
    await scene.until(ParticipantPhase.READY)
    await scene.log.append(EventName(JOB, "started"), Started(run=[ME], lead_ms=400))
    part.stop()
    await is_over(running)
    [last] = [payload for payload in scene.published() if isinstance(payload, Finished)]
    assert last.outcome is Outcome.STOPPED
    assert scene.state() is ParticipantPhase.FINISHED
    assert load.killed
    assert not load.starts


async def test_stop__before_any_start__publishes_nothing() -> None:
    load = Idle()
    scene = Scene(at_once_prepared(load))
    part, running = await scene.take_part()
    await scene.until(ParticipantPhase.READY)
    part.stop()
    await is_over(running)
    assert not any(isinstance(payload, Finished) for payload in scene.published())
    assert load.killed
