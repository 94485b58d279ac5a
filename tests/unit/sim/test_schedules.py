"""Thousands of random schedules of faults: whatever happens, a job ends, once, and all agree.

A schedule that fails is shrunk by hypothesis and printed as code that repeats it.
"""

import asyncio
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pytest
from hypothesis import Phase as HypothesisPhase
from hypothesis import example, given, settings
from hypothesis import strategies as st

from njst.agent import runner
from njst.contract.parsing.document import parse_spec
from njst.contract.results.outcome import Outcome
from njst.contract.results.readback import READ_FAILED, STOPPED, WORKER_LOST
from njst.contract.results.report import Verdict
from njst.contract.spec.job import JobSpec
from njst.journal.state.job_view import JobView, ParticipantPhase, Phase
from njst.testing.virtual_loop import VirtualLoop
from tests.unit.sim.world import EPOCH_NS, WRITTEN, SimWorker, World

SCHEDULES = int(os.environ.get("NJST_SCHEDULES", "600"))
# Half of them in each test: a busy machine took 0.3 s for one.
LIMIT_S = max(600, SCHEDULES)
# Without the explanations, which cost more than all the rest.
PHASES = tuple(phase for phase in HypothesisPhase if phase is not HypothesisPhase.explain)
DEADLINE_S = 12
START_TIMEOUT_S = 5
FINAL = (
    ParticipantPhase.REJECTED,
    ParticipantPhase.LATE,
    ParticipantPhase.FINISHED,
    ParticipantPhase.LOST,
)
# How long load may run on after its worker has read that it must stop.
STOP_S = 0.5
# Faults begin in the first so many seconds, and last so long at most.
FAULTS_S = 14.0
LASTING_S = 20.0
# Every job is over by then: queue, start time-outs, deadlines and clean-up turns included.
GIVE_UP_S = 200.0


@dataclass(frozen=True)
class Fault:
    kind: str
    at_ms: int
    worker: int
    lasts_ms: int


@dataclass(frozen=True)
class Schedule:
    """`jobs` are pairs of (submitted at ms, length of the load in s).

    Jobs have `priorities`, by their number, and are shared or not.
    """

    seed: int
    workers: int
    jobs: Sequence[tuple[int, int]]
    strict: bool
    faults: Sequence[Fault]
    priorities: Sequence[int] = (0, 0, 0)
    shared: Sequence[bool] = (False, False, False)


KINDS = (
    *("kill", "stall", "cut", "leave", "unfit"),
    *("log down", "loss", "target down", "jump", "join", "cancel", "mute"),
)

# Most of what matters is over in the first seconds, or takes as long as a worker's loss.
_faults = st.builds(
    Fault,
    kind=st.sampled_from(KINDS),
    at_ms=st.one_of(st.integers(0, 2000), st.integers(0, int(FAULTS_S * 1000))),
    worker=st.integers(0, 4),
    lasts_ms=st.one_of(st.integers(4000, 9000), st.integers(50, int(LASTING_S * 1000))),
)
_schedules = st.builds(
    Schedule,
    seed=st.integers(0, 2**32 - 1),
    workers=st.integers(1, 4),
    jobs=st.lists(
        st.tuples(st.integers(0, 3000), st.sampled_from([1, 4, 9, 11, 40])), min_size=1, max_size=3
    ),
    strict=st.booleans(),
    faults=st.lists(_faults, max_size=6),
    priorities=st.tuples(*[st.integers(0, 1)] * 3),
    shared=st.tuples(*[st.booleans()] * 3),
)
# What strikes long enough for somebody to be missed, while load runs that is long enough to see it
# through; and the log that comes and goes. Of schedules drawn from everything few are such.
_long = st.builds(
    Fault,
    kind=st.sampled_from(
        ("cut", "stall", "mute", "cut", "stall", "log down", "loss", "kill", "leave", "cancel")
    ),
    at_ms=st.integers(300, 6000),
    worker=st.integers(0, 3),
    lasts_ms=st.integers(2600, 9000),
)


def _flapping(gaps_ms: list[tuple[int, int]]) -> list[Fault]:
    """Once load runs, the log is up for so long and down for so long, in turns."""
    faults = []
    at_ms = 3000
    for up_ms, down_ms in gaps_ms:
        at_ms += up_ms
        faults.append(Fault("log down", at_ms, 0, down_ms))
        at_ms += down_ms
    return faults


_flaps = st.lists(
    st.tuples(st.integers(5, 700), st.integers(2600, 6000)), min_size=2, max_size=4
).map(_flapping)
_under_load = st.builds(
    Schedule,
    seed=st.integers(0, 2**32 - 1),
    workers=st.integers(2, 4),
    jobs=st.sampled_from([[(0, 9)], [(0, 11)]]),
    strict=st.booleans(),
    faults=st.one_of(
        st.lists(_long, min_size=1, max_size=2), st.lists(_long, min_size=1, max_size=5), _flaps
    ),
)


def spec(schedule: Schedule, number: int) -> JobSpec:
    _, length_s = schedule.jobs[number]
    return parse_spec(
        {
            "workloads": [
                {
                    "name": "w",
                    "durationSeconds": length_s,
                    "core": {"operation": "Publish", "subject": "s"},
                }
            ],
            "startTimeoutSeconds": START_TIMEOUT_S,
            "activeDeadlineSeconds": DEADLINE_S,
            "onWorkerLoss": "Fail" if schedule.strict else "Continue",
            "priority": schedule.priorities[number],
            "sharing": "Shared" if schedule.shared[number] else "Exclusive",
        }
    )


class Run:
    """One schedule, played; `blamed` are workers that something happened to."""

    def __init__(self, schedule: Schedule) -> None:
        self.schedule = schedule
        self.loop = VirtualLoop()
        self.world = World(self.loop, schedule.seed)
        self.world.target.loses = schedule.seed % 2 == 1
        self.world.look_s = 3.0 if schedule.faults else 0.2
        self.jobs = [f"job-{number}" for number in range(len(schedule.jobs))]
        self.blamed: set[str] = set()
        self.cancels: set[str] = set()
        self.final: dict[tuple[str, str], object] = {}
        # Told from within the workers, who survive every error.
        self.broken: list[str] = []
        moments_ms = [fault.at_ms + fault.lasts_ms for fault in schedule.faults]
        self.horizon_s = max([*moments_ms, *(at_ms for at_ms, _ in schedule.jobs)]) / 1e3 + 1

    def play(self) -> None:
        self.loop.run_until_complete(self._play())

    def _keep_final(self, job: str) -> None:
        """What the log has decided it never takes back."""
        view = self.world.truth.view(job)
        assert view is not None
        for part in view.parts.values():
            before = self.final.get((job, part.worker))
            if before is not None and part.state is not before:
                self.broken.append(f"{part.worker} was {before}, and is {part.state}")
            if part.state in FINAL:
                self.final[job, part.worker] = part.state
        if view.settled:
            before = self.final.setdefault((job, "cancelled"), view.cancelled)
            if view.cancelled is not before:
                self.broken.append("cancelled when all was over")
        if view.cancelled is not None and view.cancelled.before_start and view.started is not None:
            self.broken.append("load that runs is not kept from its start")

    async def _play(self) -> None:
        world, loop = self.world, self.loop
        world.truth.listen(self._keep_final)
        for number in range(self.schedule.workers):
            world.boot(f"w{number}")
        for number, (at_ms, _) in enumerate(self.schedule.jobs):
            loop.at(at_ms / 1e3, world.submit, self.jobs[number], spec(self.schedule, number))
        for fault in self.schedule.faults:
            loop.at(fault.at_ms / 1e3, self._strike, fault)
        # Somebody is always there in the end, as a Deployment sees to it.
        loop.at(self.horizon_s, world.boot, "last")
        while not self._over():
            assert loop.time() < GIVE_UP_S, "a job does not end"
            self._check_now()
            await asyncio.sleep(0.25)
        await asyncio.sleep(5)
        self._check_now()

    def _strike(self, fault: Fault) -> None:
        worker = self.world.workers[fault.worker % len(self.world.workers)]
        if fault.kind in ("kill", "stall", "cut", "leave", "unfit"):
            self.blamed.add(worker.name)
        if fault.kind in ("log down", "loss", "jump"):
            self.blamed.add("log")
        self._strikes(worker, fault)[fault.kind]()

    def _strikes(self, worker: SimWorker, fault: Fault) -> dict[str, Callable[[], None]]:
        world, seconds = self.world, fault.lasts_ms / 1e3
        return {
            "kill": lambda: world.kill(worker),
            "stall": lambda: world.stall(worker, seconds),
            "cut": lambda: world.cut(worker, seconds),
            "log down": lambda: world.log_down(seconds),
            "loss": lambda: world.lose(0.3, seconds),
            "join": world.join,
            "cancel": lambda: self._cancel(worker, self.jobs[fault.worker % len(self.jobs)]),
            "leave": worker.stop.set,
            "jump": lambda: world.log.clock.advance(fault.lasts_ms / 1e3 - 10),
            "target down": lambda: world.target_down(seconds),
            "unfit": lambda: setattr(worker, "unfit", True),
            "mute": lambda: world.mute(worker, seconds),
        }

    def _cancel(self, worker: SimWorker, job: str) -> None:
        if worker.job_store.get(job) is not None and not worker.process.dead:
            self.cancels.add(job)
            self.world.cancel(job, worker)

    def _over(self) -> bool:
        if self.loop.time() < self.horizon_s + 1:
            return False
        views = [self.world.workers[-1].job_store.view(job) for job in self.jobs]
        return all(view is not None and view.closed for view in views)

    def _check_now(self) -> None:
        """What must hold at any moment."""
        for worker in self.world.workers:
            running = [load for load in worker.loads if load.runs()]
            alone = [load for load in running if not self._is_shared(load.job)]
            assert not alone or len(running) == 1, f"{worker.name} runs two jobs at once"
            for load in running:
                view = self.world.truth.view(load.job)
                assert view is not None
                self._check_may_run(worker, view)
                if view.cancelled is None and view.ended is None:
                    assert view.id in self.world.target.made, "removed while load runs"

    def _is_shared(self, job: str) -> bool:
        return self.schedule.shared[self.jobs.index(job)]

    def _check_may_run(self, worker: SimWorker, view: JobView) -> None:
        now_ns = self.world.log.clock.now_ns()
        part = view.parts[worker.name]
        assert part.state in (
            ParticipantPhase.RUNNING,
            ParticipantPhase.LOST,
            ParticipantPhase.FINISHED,
        )
        if any(fault.kind == "jump" for fault in self.schedule.faults):
            return  # its times can be compared with nothing any more
        told_ns = [t for t in (view.cancelled_ns, view.ended_ns) if t]
        if part.state is ParticipantPhase.LOST:
            told_ns.append(part.suspected_until_ns)
        if told_ns and worker in self.world.able():
            heard_s = max(worker.able_since_s, (min(told_ns) - EPOCH_NS) / 1e9)
            assert self.loop.time() - heard_s < STOP_S, f"{worker.name} loads after the end"
        deadline_ns = view.start_ns + DEADLINE_S * 10**9
        late_ns = now_ns - max(deadline_ns, EPOCH_NS + int(worker.able_since_s * 1e9))
        if self.world.log.broken or worker.link.cut:
            late_ns = now_ns - deadline_ns
        assert late_ns < 1.5e9, f"{worker.name} loads after the deadline"


def check(run: Run) -> None:
    """What must hold in the end."""
    world = run.world
    assert not run.loop.errors, run.loop.errors
    assert not run.broken, run.broken
    truth = world.truth
    for worker in world.able():
        for job in run.jobs:
            assert worker.job_store.view(job) == truth.view(job), (
                f"{worker.name} sees another {job}"
            )
        left = [load.job for load in worker.loads if not load.killed]
        assert not left, f"{worker.name} keeps the processes of {left}"
    for job, worker in world.target.made.items():
        # What a worker made just before it died is an orphan, and reaped later.
        gone = worker.process.dead or worker.stop.is_set()
        assert gone, f"something of {job} is left behind"
    for job in run.jobs:
        view = truth.view(job)
        assert view is not None
        assert view.ended is not None
        for name in ("created", "started", "ended", "cleaned"):
            count = sum(n.job == job and n.event == name for n in world.log.names)
            assert count <= 1, f"{name} is stored {count} times"
        _check_starts(run, view)
        _check_verdict(run, view)


def _check_starts(run: Run, view: JobView) -> None:
    for worker in run.world.workers:
        for load in worker.loads:
            if load.job != view.id or load.starts_s is None:
                continue
            assert worker.name in view.run, f"{worker.name} was not to run"
            skew_ns = worker.time.monotonic_ns_at(view.start_ns) - load.starts_s * 1e9
            jumps = any(fault.kind == "jump" for fault in run.schedule.faults)
            assert abs(skew_ns) < 1000 or jumps


def _check_verdict(run: Run, view: JobView) -> None:
    assert view.ended is not None
    report = view.ended.report
    states = {part.state for part in view.parts.values()}
    if report.verdict is Verdict.VALID:
        assert states == {ParticipantPhase.FINISHED}
        assert {w.outcome for w in report.workers} == {Outcome.COMPLETED}
        assert view.cancelled is None
    for part in view.parts.values():
        if part.state is ParticipantPhase.LOST:
            assert part.worker in run.blamed | {"log"}, f"{part.worker} was lost without a reason"
    if view.cancelled is not None:
        assert report.reason == view.cancelled.reason
        if view.cancelled.reason == "Requested":
            assert view.id in run.cancels
            assert view.phase is Phase.CANCELLED
    if view.phase is Phase.CANCELLED:
        assert view.id in run.cancels
    _check_read_back(run, view)
    if not run.schedule.faults:
        length_s = run.schedule.jobs[run.jobs.index(view.id)][1]
        is_well = length_s < DEADLINE_S and not run.world.target.loses
        assert report.verdict is (Verdict.VALID if is_well else Verdict.INVALID), report.reason


def _check_read_back(run: Run, view: JobView) -> None:
    """What was acknowledged is found, or lost where the target lost it, or it says why not."""
    assert view.ended is not None
    for worker in view.ended.report.workers:
        for proved in (tally.read_back for tally in worker.workloads if tally.read_back):
            lost = int(run.world.target.loses)
            assert proved.duplicated == proved.recovered == proved.unexpected == 0
            if view.cancelled is not None:
                assert proved.lost == 0
                assert bool(proved.reasons) == bool(proved.unchecked)
                # A slice may have been read in vain before the job was stopped.
                is_hit = any(fault.kind == "target down" for fault in run.schedule.faults)
                assert {STOPPED, WORKER_LOST} | ({READ_FAILED} if is_hit else set()) >= set(
                    proved.reasons
                )
            elif proved.unchecked:
                assert proved.lost == 0
                assert run.schedule.faults, proved.reasons
            else:
                assert (proved.found, proved.lost) == (WRITTEN - lost, lost)
    if not run.schedule.faults and view.cancelled is None:
        looks = [name for job, name in run.world.looks if job == view.id]
        assert len(looks) == len(set(looks)) == view.slices


def play(schedule: Schedule) -> Run:
    run = Run(schedule)
    try:
        run.play()
        check(run)
    finally:
        run.world.close()
    return run


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("CRITICAL")


@pytest.fixture(autouse=True)
def coarse_ticks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A coarser look at the clock makes the simulation quicker, and rarer things likelier."""
    monkeypatch.setattr(runner, "TICK_S", 0.2)


def fault(kind: str, at_ms: int, worker: int, lasts_ms: int = 50) -> Fault:
    return Fault(kind, at_ms, worker, lasts_ms)


# What was found: each made njst hang, stop a healthy job, or leave something behind.
@example(
    Schedule(3987, 2, [(0, 1)], False, [fault("stall", 381, 0, 5406), fault("cancel", 1016, 1)])
)
@example(
    Schedule(3987, 2, [(222, 9)], True, [fault("cancel", 2352, 3), fault("stall", 381, 0, 5406)])
)
@example(Schedule(45107, 2, [(0, 1)], False, [fault("loss", 0, 0, 545), fault("cancel", 689, 0)]))
@example(Schedule(0, 3, [(0, 1)], True, [fault("target down", 193, 0, 4000)]))
@example(Schedule(0, 1, [(0, 1)], False, [fault("leave", 547, 0)]))
@example(Schedule(1, 1, [(0, 40)], False, [fault("cut", 3000, 0, 20_000)]))
# The deadline comes when the first slice was read in vain and the second is not read yet.
@example(Schedule(0, 2, [(0, 1), (0, 1), (0, 11)], False, [fault("target down", 3821, 0, 9000)]))
@pytest.mark.timeout(LIMIT_S)
@settings(max_examples=SCHEDULES // 2, deadline=None, phases=PHASES)
@given(_schedules)
def test_whatever_happens_jobs_end_and_all_agree(schedule: Schedule) -> None:
    play(schedule)


# Accusations on both sides of an outage are no chain.
@example(
    Schedule(
        94566,
        4,
        [(0, 11)],
        False,
        [
            *(fault("log down", 3730, 0, 5230), fault("log down", 9067, 0, 3361)),
            *(fault("log down", 13_077, 0, 5564), fault("log down", 18_949, 0, 3095)),
        ],
    )
)
# An accused that answers is not lost; a lost one's last word comes too late.
@example(Schedule(17_611, 4, [(0, 11)], False, [fault("mute", 3428, 0, 5258)]))
@example(
    Schedule(17_611, 4, [(0, 11)], False, [fault("cut", 1058, 0, 7044), fault("leave", 1482, 0)])
)
# Who was cut off takes it that the others did not begin.
@example(Schedule(38_538, 4, [(0, 11)], True, [fault("cut", 522, 0, 5410)]))
# A cancel between the last word of the load and the end.
@example(
    Schedule(
        21_184,
        1,
        [(0, 1)],
        True,
        [
            *(fault("cancel", at_ms, 0) for at_ms in (1912, 1913, 1982, 2011, 2240, 2319)),
            fault("loss", 683, 0, 2000),
        ],
    )
)
@pytest.mark.timeout(LIMIT_S)
@settings(max_examples=SCHEDULES // 2, deadline=None, phases=PHASES)
@given(_under_load)
def test_whatever_strikes_running_load_the_right_ones_are_lost(schedule: Schedule) -> None:
    play(schedule)
