"""A mesh in one thread: real agents, books and doors; simulated log, clocks, target and load.

The log behaves as JetStream does: it stores in one order with its own time, refuses a decision
whose subject is taken, and an append whose answer is lost may be stored all the same, even long
after its sender gave up.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from typing import TypeVar

from njst.agent.deps import AgentDeps
from njst.agent.experiments.experimenter import Experimenter
from njst.agent.runner import Agent
from njst.contract.connection import Connection
from njst.contract.events import Origin, OriginKind, Payload, Progress
from njst.contract.kinds.publish import ReadBackPlan
from njst.contract.names.mesh import EventName
from njst.contract.plan import Consumption, LoadPlan, Provisioned, RangePlan, Receipt, SlicePlan
from njst.contract.results.outcome import Outcome, Problem, SetupError
from njst.contract.results.readback import READ_FAILED, SliceResult
from njst.contract.results.report import Report, StoredReport
from njst.contract.results.tallies import LoadCost, WorkloadTally
from njst.contract.results.windows import ParticipantWindow
from njst.contract.spec.job import JobSpec
from njst.journal.experiments import Experiments
from njst.journal.interfaces import (
    Appended,
    JournalUnavailableError,
    Member,
    OnEntry,
    OnProgress,
    both,
)
from njst.journal.jobs import Jobs, NotEnoughWorkersError, Submission, UnknownJobError
from njst.journal.state.experiments.experiment_store import ExperimentStore
from njst.journal.state.job_store import JobStore
from njst.testing.fake_clock import FakeClock
from njst.testing.fake_members import FakeMembers
from njst.testing.memory_log import MemoryLog
from njst.testing.memory_windows import MemoryWindows
from njst.testing.virtual_loop import SimulatedProcess, VirtualLoop
from njst.verification.range_codec import ProducerRanges as Numbers
from njst.verification.range_codec import encode
from njst.verification.ranges import Ranges
from njst.verification.slices import FEWEST

EPOCH_NS = 1_700_000_000 * 10**9
APPEND_TIMEOUT_S = 2.0
# A worker's idea of the log's time is off by up to this.
CLOCK_ERROR_NS = 3_000_000
# What each worker writes in a job: for four of them three slices are worth it.
WRITTEN = FEWEST * 2 // 3
# The number of the message that a target loses which loses some: one of each producer.
FORGOTTEN = 17
UNAVAILABLE = "the job log does not answer; try again"


@dataclass
class SimLink:
    """One worker's connection to the log, through a network that is slow and loses messages."""

    world: "World"
    process: SimulatedProcess
    cut: bool = False
    max_event_bytes: int = 2**20
    _sent: int = 0
    _due_s: float = 0.0
    _on_entry: OnEntry | None = None
    _on_progress: OnProgress | None = None

    @property
    def broken(self) -> bool:
        return self.cut or bool(self.world.log.broken)

    async def append(self, name: EventName, payload: Payload) -> Appended:
        """As in nats-py: a request into a broken connection times out, and is sent later."""
        random = self.world.random
        if self.broken or random.random() < self.world.loss:
            if random.random() < 0.5:
                self._store_later(name, payload)
            await asyncio.sleep(APPEND_TIMEOUT_S)
            raise JournalUnavailableError(UNAVAILABLE)
        await asyncio.sleep(random.uniform(0.0002, 0.02))
        if self.broken:
            await asyncio.sleep(APPEND_TIMEOUT_S)
            raise JournalUnavailableError(UNAVAILABLE)
        appended = self.world.log.store(name, payload)
        if random.random() < self.world.loss:
            await asyncio.sleep(APPEND_TIMEOUT_S)
            raise JournalUnavailableError(UNAVAILABLE)
        await asyncio.sleep(random.uniform(0.0002, 0.01))
        return appended

    async def holds(self, name: EventName) -> bool:
        return self.world.log.has(name)

    async def is_crowded(self) -> bool:
        kept = sum(entry.job not in self.world.forgotten for entry in self.world.log.entries)
        return 0 < self.world.room < kept

    async def forget(self, job: str) -> None:
        self.world.forgotten.append(job)

    async def publish_progress(self, job: str, worker: str, progress: Progress) -> None:
        if not self.broken and worker not in self.world.muted:
            await self.world.log.publish_progress(job, worker, progress)

    async def follow(self, on_entry: OnEntry, on_progress: OnProgress | None = None) -> None:
        self._on_entry, self._on_progress = on_entry, on_progress
        self.world.log.subscribe(lambda _: self.catch_up(), self.show_progress)
        self.catch_up()
        await self._caught_up()
        for (job, worker), (progress, time_ns) in self.world.log.progress.items():
            self.show_progress(job, worker, progress, time_ns)

    async def _caught_up(self) -> None:
        # In simulated time looking again costs nothing.
        while self.broken or self._due_s > self.world.loop.time():  # noqa: ASYNC110
            await asyncio.sleep(0.01)

    async def close(self) -> None:
        self._on_entry = self._on_progress = None

    def catch_up(self) -> None:
        """Send what the worker has not got yet, in order, each a bit later; some twice."""
        if self.broken or self._on_entry is None:
            return
        if not self._sent:
            self._sent = self.world.expired()
        for entry in self.world.log.entries[self._sent :]:
            delay_s = self.world.random.uniform(0.0001, 0.01)
            self._due_s = max(self._due_s, self.world.loop.time() + delay_s)
            for _ in range(1 if self.world.random.random() < 0.95 else 2):
                self._call(self._on_entry, entry)
        self._sent = len(self.world.log.entries)

    def show_progress(self, job: str, worker: str, progress: Progress, time_ns: int) -> None:
        if not self.broken and self._on_progress is not None:
            self._due_s = max(self._due_s, self.world.loop.time() + 0.0001)
            self._call(self._on_progress, job, worker, progress, time_ns)

    def _call(self, call: object, *arguments: object) -> None:
        # A later timer of the same instant could overtake: heaps are not stable.
        self._due_s += 1e-7
        self.world.loop.call_at(self._due_s, call, *arguments, context=self.process.context)  # type: ignore[arg-type]

    def _store_later(self, name: EventName, payload: Payload) -> None:
        def retry() -> None:
            if self.process.dead:
                return
            if self.broken:
                self.world.loop.at(self.world.loop.time() + 0.5, retry)
            else:
                self.world.log.store(name, payload)

        self.world.loop.at(self.world.loop.time() + self.world.random.uniform(0.01, 3.0), retry)


@dataclass
class SimTarget:
    """The NATS under test: which job's assets are there, and who made them last."""

    made: dict[str, "SimWorker"] = field(default_factory=dict)
    # The producers of each job, in the order in which they wrote, each all at once.
    written: dict[str, list[int]] = field(default_factory=dict)
    loses: bool = False
    removals: list[str] = field(default_factory=list)
    down: bool = False

    def write(self, job: str, producer: int) -> None:
        """Store all messages of a producer."""
        if producer not in self.written.setdefault(job, []):
            self.written[job].append(producer)

    def sight(self, job: str, pieces: Sequence[RangePlan]) -> SliceResult:
        """Return what is in some pieces of a job's only stream."""
        found: dict[int, Ranges] = {}
        for piece in pieces:
            for place, producer in enumerate(self.written[job]):
                begin = place * WRITTEN
                end = begin + WRITTEN if piece.upto is None else min(piece.upto, begin + WRITTEN)
                here = found.setdefault(producer, Ranges())
                for first, last in ((0, FORGOTTEN), (FORGOTTEN + self.loses, WRITTEN)):
                    here.add_range(max(first, piece.after - begin), min(last, end - begin))
        entries = [Numbers(producer, 0, here.ranges()) for producer, here in found.items()]
        return SliceResult(found=encode(entries))

    def reach(self) -> None:
        """Fail as a connection to a target does that is away."""
        if self.down:
            raise SetupError("TargetUnreachable", "spec.target: it does not answer")


@dataclass
class SimLoad:
    """Load that takes `length_s` from its start; it stops with its worker."""

    worker: "SimWorker"
    job: str
    length_s: float
    starts_s: float | None = None
    stopped_s: float | None = None
    _ended: asyncio.Event = field(default_factory=asyncio.Event)
    _outcome: Outcome = Outcome.COMPLETED
    killed: bool = False

    problem: Problem | None = None

    def start(self, at_monotonic_ns: int, log_offset_ns: int) -> None:
        self.starts_s = at_monotonic_ns / 1e9
        now_s = self.worker.loop.time()
        self.worker.loop.call_at(max(now_s, self.starts_s) + self.length_s, self._end)

    def _end(self) -> None:
        if self.stopped_s is None:
            self.stopped_s = self.worker.loop.time()
            if self.starts_s is not None:
                self.worker.world.target.write(self.job, self.worker.number)
        self._ended.set()

    def found(self) -> list[str]:
        return []

    def consumption(self) -> list[Consumption]:
        return []

    def receipts(self) -> list[Receipt]:
        if self.starts_s is None:
            return []
        return [
            Receipt(
                workload="w",
                code=self.worker.number,
                sent=WRITTEN,
                count=WRITTEN,
                acknowledged=[(0, WRITTEN)],
                read_back=ReadBackPlan(stream="S"),
            )
        ]

    def begin(self, workload: str, at_monotonic_ns: int) -> None:
        raise AssertionError(f"{workload} waits for nothing")

    def left(self) -> frozenset[str]:
        return frozenset({"w"} if self.stopped_s is None else ())

    def tallies(self) -> list[WorkloadTally]:
        if self.starts_s is None:
            return []
        until_s = self.worker.loop.time() if self.stopped_s is None else self.stopped_s
        elapsed_s = max(0.0, min(until_s - self.starts_s, self.length_s))
        count = round(WRITTEN * elapsed_s / self.length_s)
        return [
            WorkloadTally(
                workload="w",
                attempted=count,
                messages=count,
                unfinished=0,
                elapsed_us=round(1_000_000 * elapsed_s),
            )
        ]

    def take_windows(self) -> list[ParticipantWindow]:
        return []

    def cost(self) -> LoadCost | None:
        return None

    async def wait(self) -> Outcome:
        await self._ended.wait()
        return self._outcome

    async def stop(self) -> None:
        if self.stopped_s is None:
            self._outcome = Outcome.STOPPED
            await asyncio.sleep(self.worker.world.random.uniform(0.0, 0.2))
        self._end()

    def kill(self) -> None:
        self.killed = True
        if self.starts_s is not None:
            self._end()

    def runs(self) -> bool:
        """Whether it makes load now."""
        begun = self.starts_s is not None and self.starts_s <= self.worker.loop.time()
        process = self.worker.process
        return begun and self.stopped_s is None and not process.dead and not process.stalled


class NoReports:
    """No report here is so large."""

    async def put(self, job: str, report: Report) -> StoredReport:
        raise AssertionError(f"the report of {job} is too large")

    async def get(self, stored: StoredReport) -> Report:
        raise AssertionError(f"nobody stored {stored}")


def no_windows() -> MemoryWindows:
    """A control NATS that keeps no windows: loads here have none."""
    windows = MemoryWindows()
    windows.broken = UNAVAILABLE
    return windows


_Result = TypeVar("_Result")


async def at_once(compute: Callable[[], _Result], /) -> _Result:
    """Return what it computes; in simulated time everything is quick."""
    return compute()


class SimTime(FakeClock):
    """A worker's idea of the log's time, which is off by `error_ns`."""

    def __init__(self, clock: FakeClock, error_ns: int) -> None:
        super().__init__()
        self.clock, self.error_ns = clock, error_ns
        self.error_us = abs(error_ns) // 1000

    def now_ns(self) -> int:
        return self.clock.now_ns() + self.error_ns

    def monotonic_ns_at(self, log_ns: int) -> int:
        return self.clock.monotonic_ns_at(log_ns - self.error_ns)


@dataclass
class SimMembers:
    """The workers that can answer, as one of them finds them."""

    world: "World"
    me: "SimWorker"

    async def present(self) -> list[Member]:
        members = FakeMembers(*(worker.name for worker in self.world.able()), delay_s=0.1)
        members.broken = UNAVAILABLE if self.me.link.broken else ""
        return await members.present()


class SimWorker:
    """One worker process with everything in it."""

    def __init__(self, world: "World", name: str) -> None:
        self.name, self.number = name, len(world.workers)
        self.world, self.loop = world, world.loop
        self.process = SimulatedProcess(name)
        self.link = SimLink(world, self.process)
        self.job_store = JobStore()
        self.loads: list[SimLoad] = []
        # The jobs that were closed each time that this worker got ready for the next one.
        self.warm_ups: list[set[str]] = []
        error_ns = world.random.randint(-CLOCK_ERROR_NS, CLOCK_ERROR_NS)
        self.time = SimTime(world.log.clock, error_ns)
        self.stop = asyncio.Event()
        self.unfit = False
        # Since when nothing keeps it from the log.
        self.able_since_s = self.loop.time()
        deps = AgentDeps(
            me=name,
            log=self.link,
            job_store=self.job_store,
            time=self.time,
            resolve=lambda _: Connection(servers=["nats://target:4222"]),
            provision=self._make,
            teardown=self._remove,
            prepare=self._prepare,
            read_slice=self._look,
            warm_up=self._warm_up,
            reports=NoReports(),
            windows=no_windows(),
            run_in_thread=at_once,
        )
        self.agent = Agent(deps)
        self.jobs = Jobs(self.link, self.job_store, SimMembers(world, self))
        self.experiment_store = ExperimentStore()
        self.experiments = Experiments(self.link, self.experiment_store)
        self.experimenter = Experimenter(
            me=name,
            log=self.link,
            jobs=self.jobs,
            job_store=self.job_store,
            store=self.experiment_store,
            time=self.time,
            run_in_thread=at_once,
        )

    async def run(self) -> None:
        await self.link.follow(
            both(self.job_store.on_entry, self.experiment_store.on_entry),
            self.job_store.on_progress,
        )
        await asyncio.gather(self.agent.run(self.stop), self.experimenter.run(self.stop))

    def _warm_up(self) -> None:
        jobs = self.job_store.jobs()
        self.warm_ups.append({view.id for view in jobs if view.closed})

    async def _make(
        self, job: str, spec: JobSpec, connection: Connection, workers: Sequence[str], me: str
    ) -> Provisioned:
        await asyncio.sleep(self.world.random.uniform(0.001, 0.3))
        self.world.target.reach()
        if self.unfit:
            raise SetupError("NoRoom", "this worker cannot")
        self.world.target.made[job] = self
        await asyncio.sleep(self.world.random.uniform(0.001, 0.1))
        return Provisioned()

    async def _remove(self, job: str, spec: JobSpec, connection: Connection) -> list[str]:
        await asyncio.sleep(self.world.random.uniform(0.001, 0.1))
        self.world.target.reach()
        if job in self.world.target.made:
            del self.world.target.made[job]
            self.world.target.removals.append(job)
        return []

    async def _prepare(self, plan: LoadPlan, timeout_s: float) -> SimLoad:
        await asyncio.sleep(self.world.random.uniform(0.05, 0.4))
        view = self.job_store.view(plan.job)
        assert view is not None
        load = SimLoad(self, plan.job, float(view.created.spec.workloads[0].duration_seconds or 1))
        self.loads.append(load)
        return load

    async def _look(self, plan: SlicePlan) -> SliceResult:
        self.world.looks.append((plan.job, self.name))
        await asyncio.sleep(self.world.random.uniform(0.01, self.world.look_s))
        if self.world.target.down:
            return SliceResult(problem=READ_FAILED)
        return self.world.target.sight(plan.job, plan.pieces)


class World:
    """All of it; every method may be called at any simulated time."""

    def __init__(self, loop: VirtualLoop, seed: int) -> None:
        self.loop = loop
        self.random = Random(seed)
        self.log = MemoryLog(FakeClock(EPOCH_NS, loop))
        # Folds the log without a network in between.
        self.truth = JobStore()
        self.log.subscribe(self.truth.on_entry)
        # After this many seconds the log lets go of an event; 0: never.
        self.log_age_s = 0.0
        # For how many events the log has room, 0: for all; and the jobs that it was to forget.
        self.room = 0
        self.forgotten: list[str] = []
        # Chance of an append whose request, or whose answer, is lost.
        self.loss = 0.0
        # Workers whose progress gets lost, though all else that they publish arrives.
        self.muted: set[str] = set()
        self.target = SimTarget()
        self.workers: list[SimWorker] = []
        # How long it takes to read a slice at most, and who has begun to read one of which job.
        self.look_s = 0.2
        self.looks: list[tuple[str, str]] = []

    def expired(self) -> int:
        """Return how many events the log has no more for one who begins to read now."""
        if not self.log_age_s:
            return 0
        oldest_ns = self.log.clock.now_ns() - round(self.log_age_s * 1e9)
        return sum(entry.time_ns < oldest_ns for entry in self.log.entries)

    def boot(self, name: str) -> SimWorker:
        worker = SimWorker(self, name)
        self.workers.append(worker)
        self.loop.create_task(worker.run(), context=worker.process.context)
        return worker

    def join(self) -> None:
        """Let another worker join."""
        self.boot(f"late-{len(self.workers)}")

    def able(self) -> list[SimWorker]:
        """Workers that run and reach the log."""
        return [
            w
            for w in self.workers
            if not (w.process.dead or w.process.stalled or w.link.broken or w.stop.is_set())
        ]

    def submit(self, job: str, spec: JobSpec) -> None:
        """Submit at one of the workers, again until one takes it."""

        async def submit(worker: SimWorker) -> None:
            submission = Submission(job, spec, Origin(kind=OriginKind.HTTP))
            with suppress(JournalUnavailableError, NotEnoughWorkersError):
                await worker.jobs.submit(submission)

        def attempt() -> None:
            if self.log.has(EventName(job, "created")):
                return
            for worker in self.able()[:1]:
                self.loop.create_task(submit(worker), context=worker.process.context)
            self.loop.at(self.loop.time() + 1.0, attempt)

        attempt()

    def cancel(self, job: str, worker: SimWorker) -> None:
        async def cancel() -> None:
            with suppress(JournalUnavailableError, UnknownJobError):
                await worker.jobs.cancel(job, "Requested", "by the test")

        self.loop.create_task(cancel(), context=worker.process.context)

    def kill(self, worker: SimWorker) -> None:
        worker.process.dead = True

    def stall(self, worker: SimWorker, seconds: float) -> None:
        if not worker.process.stalled:
            worker.process.stalled = True

            def resume() -> None:
                worker.able_since_s = self.loop.time()
                self.loop.resume(worker.process)

            self.loop.at(self.loop.time() + seconds, resume)

    def cut(self, worker: SimWorker, seconds: float) -> None:
        worker.link.cut = True

        def heal() -> None:
            worker.link.cut = False
            worker.able_since_s = self.loop.time()
            worker.link.catch_up()

        self.loop.at(self.loop.time() + seconds, heal)

    def log_down(self, seconds: float) -> None:
        self.log.broken = UNAVAILABLE

        def up() -> None:
            self.log.broken = ""
            for worker in self.workers:
                worker.able_since_s = self.loop.time()
                worker.link.catch_up()

        self.loop.at(self.loop.time() + seconds, up)

    def mute(self, worker: SimWorker, seconds: float) -> None:
        """Lose a worker's progress for a while; it is well, and says so when it is asked."""
        self.muted.add(worker.name)
        self.loop.at(self.loop.time() + seconds, self.muted.discard, worker.name)

    def lose(self, chance: float, seconds: float) -> None:
        """Lose requests and answers for a while."""
        self.loss = chance
        self.loop.at(self.loop.time() + seconds, setattr, self, "loss", 0.0)

    def target_down(self, seconds: float) -> None:
        """Let the target be away for a while; load that runs does not mind."""
        self.target.down = True
        self.loop.at(self.loop.time() + seconds, setattr, self.target, "down", False)

    def close(self) -> None:
        """End all tasks, those of killed processes too, so that nothing outlives the loop."""
        for worker in self.workers:
            worker.process.dead = False
            self.loop.resume(worker.process)
        tasks = asyncio.all_tasks(self.loop)
        for task in tasks:
            task.cancel()
        self.loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        self.loop.close()
