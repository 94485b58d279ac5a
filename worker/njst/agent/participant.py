"""One worker's part in one job, from preparation to the final tallies; read it top to bottom."""

import asyncio
from dataclasses import dataclass, field

from njst import __version__
from njst.agent.actions import ParticipantStage
from njst.agent.deps import AgentDeps, LoadHandle
from njst.agent.event_publisher import EventPublisher
from njst.agent.slice_reader import SliceReader
from njst.contract.event_limits import receipts_bytes, series_bytes
from njst.contract.events import Finished, Progress, Ready
from njst.contract.plan import LoadPlan, Provisioned
from njst.contract.results.outcome import START_TIMEOUT, Outcome, Problem, SetupError
from njst.contract.results.tallies import ControlOutages, WorkloadTally
from njst.journal.log_lines import log_about
from njst.journal.state.job_view import JobView, ParticipantPhase
from njst.provisioning.core_streams import core_receipts
from njst.stats.clock_offset import DRIFT_PPM
from njst.stats.course.course_writer import CourseWriter
from njst.stats.tally_merge import fitted, merge
from njst.verification.receipt_budget import had, split_receipts

PROGRESS_S = 1.0
# Load processes send tallies at each full second; this much later they have arrived.
ARRIVAL_NS = 100_000_000


@dataclass
class Participant:
    """A job in this process; `decide` reads its `stage`, and actions call its methods."""

    deps: AgentDeps
    view: JobView
    stage: ParticipantStage = ParticipantStage.PREPARING
    begun: set[str] = field(default_factory=set)
    # Why this worker stops although the job does not end.
    own_problem: Problem | None = None
    # When (log time) this process last made something on the target; 0: never.
    made_ns: int = 0
    # The maximum error of log time when the load began.
    _clock_error_us: int | None = None
    _load: LoadHandle | None = None
    _provisioned: Provisioned = field(default_factory=Provisioned)
    _start_ns: asyncio.Future[int] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )
    _stop_requested: asyncio.Event = field(default_factory=asyncio.Event)
    _late: asyncio.Event = field(default_factory=asyncio.Event)
    _course: CourseWriter = field(init=False)
    # What the preparation is doing, for people.
    _preparing_text: str = ""

    def __post_init__(self) -> None:
        self._course = CourseWriter(len(self.view.parts))

    @property
    def _publisher(self) -> EventPublisher:
        return EventPublisher(self.deps, self.view.id)

    def report_late(self) -> None:
        """Stop preparing, and report what was still to do."""
        self._late.set()

    def start_load(self, at_ns: int) -> None:
        """Start the load at `at_ns` (log time)."""
        if not self._start_ns.done():
            self._start_ns.set_result(at_ns)

    def begin(self, workload: str, at_ns: int) -> None:
        """Begin a workload that waited for others, at `at_ns` (log time)."""
        if self._load is not None:
            self.begun.add(workload)
            self._load.begin(workload, self.deps.time.monotonic_ns_at(at_ns))

    @property
    def done(self) -> frozenset[str]:
        """The awaited workloads that this worker has finished."""
        if self._load is None:
            return frozenset()
        return self.view.created.spec.awaited - self._load.left()

    def stop(self, problem: Problem | None = None) -> None:
        """Stop at any stage; `problem` is why this worker stops although the job goes on."""
        if not self._stop_requested.is_set():
            self.own_problem = problem
        self._stop_requested.set()

    async def run(self) -> None:
        """Take part; return when the job needs nothing more of this worker."""
        log_about(self.view.id, self.view.created.origin)
        try:
            load = await self._prepare()
            if load is None:
                return
            try:
                await self._take_part(load)
            finally:
                load.kill()
        finally:
            self.stage = ParticipantStage.STOPPED

    async def _prepare(self) -> LoadHandle | None:
        """Provision and connect; publish `ready`, or why not."""
        preparing = asyncio.create_task(self._set_up())
        stopping = asyncio.create_task(self._stop_requested.wait())
        late = asyncio.create_task(self._late.wait())
        try:
            await asyncio.wait({preparing, stopping, late}, return_when=asyncio.FIRST_COMPLETED)
            if not preparing.done():
                if not stopping.done():
                    await self._publish_ready(
                        Problem(reason=START_TIMEOUT, message=self._preparing_text)
                    )
                await self._cancel_preparation(preparing)
                return None
            try:
                load = preparing.result()
            except SetupError as error:
                await self._publish_ready(Problem(reason=error.reason, message=error.message))
                return None
        finally:
            stopping.cancel()
            late.cancel()
        self.stage = ParticipantStage.PREPARED
        await self._publish_ready()
        return load

    async def _publish_ready(self, problem: Problem | None = None) -> None:
        """Publish `ready`, or why this worker is not."""
        await self._publisher.publish(
            Ready(problem=problem, preparation=None if problem else self._provisioned.preparation),
            lambda view: not self._is(view, ParticipantPhase.PREPARING),
        )

    async def _set_up(self) -> LoadHandle:
        spec, unknown = self.view.created.spec, self.view.created.unknown_fields
        if unknown:
            raise SetupError(
                "VersionTooOld",
                f"this worker has njst {__version__}, which does not know {', '.join(unknown)}",
            )
        connection = self.deps.resolve(spec.target)
        participants = list(self.view.parts)
        self._preparing_text = "still making streams and consumers on the target"
        try:
            self._provisioned = await self.deps.provision(
                self.view.id, spec, connection, participants, self.deps.me
            )
        finally:
            self.made_ns = self.deps.time.now_ns()
        clients = self._provisioned.clients
        connection = connection.knowing(self._provisioned.found)
        plan = LoadPlan(job=self.view.id, connection=connection, clients=clients)
        count = sum(not client.skipped for client in clients)
        self._preparing_text = f"still connecting its clients: {count} of them"
        return await self.deps.prepare(plan, float(spec.start_timeout_seconds))

    async def _cancel_preparation(self, preparing: asyncio.Task[LoadHandle]) -> None:
        """Cancel a preparation."""
        preparing.cancel()
        await asyncio.wait({preparing})
        if not preparing.cancelled() and preparing.exception() is None:
            preparing.result().kill()

    async def _take_part(self, load: LoadHandle) -> None:
        stopping = asyncio.create_task(self._stop_requested.wait())
        waiting: set[asyncio.Future[object]] = {self._start_ns, stopping}  # type: ignore[arg-type]
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        if stopping.done():
            # The job may have started all the same, and then waits for this worker's `finished`.
            view = self.deps.job_store.view(self.view.id)
            if view is not None and self._is(view, ParticipantPhase.RUNNING):
                await self._publish_finished(load, Outcome.STOPPED)
            return
        self.stage = ParticipantStage.LOADING
        log_start_ns = self._start_ns.result()
        start_ns = self.deps.time.monotonic_ns_at(log_start_ns)
        self._clock_error_us = self.deps.time.error_us
        load.start(start_ns, log_start_ns - start_ns)
        self._load = load
        reporting = asyncio.create_task(self._report(load, log_start_ns))
        finishing = asyncio.create_task(load.wait())
        try:
            await asyncio.wait({finishing, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if not finishing.done():
                await load.stop()
            outcome = await finishing
            await self._publish_finished(load, outcome)
            if outcome is not Outcome.STOPPED:
                await self._read_back(load)
        finally:
            for task in (reporting, finishing, stopping):
                task.cancel()

    async def _read_back(self, load: LoadHandle) -> None:
        """Read back what is assigned to this worker, until no load runs and all is read."""
        load.kill()
        self.stage = ParticipantStage.READING
        connection = self.deps.connection_to(self.view.created.spec.target)
        await SliceReader(self.deps, self.view.id, connection, self._stop_requested).run()

    async def _publish_finished(self, load: LoadHandle, outcome: Outcome) -> None:
        self.deps.remember_servers(self.view.created.spec.target, load.found())
        await self._publish_windows(load, is_last=True)
        workers = len(self.view.parts)
        limit_bytes = receipts_bytes(workers, self.deps.log.max_event_bytes)
        producers = load.receipts()
        consumption = load.consumption()
        receipts, uncovered = await self.deps.run_in_thread(
            lambda: split_receipts(producers, limit_bytes)
        )
        receipts += core_receipts(self._provisioned.clients, load.tallies())
        consumed = await self.deps.run_in_thread(lambda: had(consumption, limit_bytes))
        tallies = merge([*load.tallies(), *uncovered])
        finished = Finished(
            outcome=outcome,
            problem=self.own_problem or load.problem,
            workloads=fitted(self._with_clock_error(tallies), series_bytes(workers)),
            cost=load.cost(),
            control=self._outages(),
            clock_error_us=self._clock_error_us,
            receipts=receipts,
            consumed=consumed,
        )
        await self._publisher.publish(
            finished, lambda view: not self._is(view, ParticipantPhase.RUNNING)
        )

    def _with_clock_error(self, tallies: list[WorkloadTally]) -> list[WorkloadTally]:
        """Return the tallies with the clock's error, where latencies depend on other hosts' clocks.

        The load's clock is set once, at the start, and drifts from then on.
        """
        if len(self.view.parts) < 2 or self._clock_error_us is None:
            return tallies
        elapsed_us = (self.deps.time.now_ns() - self._start_ns.result()) // 1000
        error_us = self._clock_error_us + max(0, elapsed_us) * DRIFT_PPM // 1_000_000
        receiving = {w.name for w in self.view.created.spec.workloads if w.receives}
        return [
            tally.model_copy(update={"clock_error_us": error_us})
            if tally.workload in receiving and tally.latency
            else tally
            for tally in tallies
        ]

    def _outages(self) -> ControlOutages | None:
        if not self._start_ns.done():
            return None
        return self.deps.time.outages_since(self.deps.time.monotonic_ns_at(self._start_ns.result()))

    async def _report(self, load: LoadHandle, start_ns: int) -> None:
        """Publish progress at each full second of the job, until cancelled."""
        count = 0
        while True:
            count += 1
            due_ns = start_ns + int(count * PROGRESS_S * 1e9) + ARRIVAL_NS
            await asyncio.sleep(max(0.0, (due_ns - self.deps.time.now_ns()) / 1e9))
            progress = Progress(
                elapsed_ms=max(0, (self.deps.time.now_ns() - start_ns) // 1_000_000),
                workloads=load.tallies(),
                cost=load.cost(),
                problem=load.problem,
            )
            await self.deps.log.publish_progress(self.view.id, self.deps.me, progress)
            await self._publish_windows(load)

    async def _publish_windows(self, load: LoadHandle, *, is_last: bool = False) -> None:
        """Publish the windows of the seconds that are over; best effort, as progress."""
        published = [some for second in load.take_windows() for some in self._course.add(second)]
        if is_last:
            published += self._course.close()
        for some in published:
            await self.deps.windows.publish(self.view.id, self.deps.me, some)

    def _is(self, view: JobView, state: ParticipantPhase) -> bool:
        return view.ended is None and view.parts[self.deps.me].state is state
