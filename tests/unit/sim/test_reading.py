"""Readers that die, leave or are cut off while they read: each slice is seen, and nothing twice."""

from collections.abc import Callable

import pytest

from njst.contract.results.tallies import ReadBack
from njst.journal.state.job_view import JobView, ParticipantPhase, Phase
from tests.unit.sim import test_schedules
from tests.unit.sim.test_schedules import Run, Schedule, check, coarse_ticks, fault, quiet
from tests.unit.sim.world import FORGOTTEN, WRITTEN, SimWorker

__all__ = ["coarse_ticks", "quiet"]  # fixtures

JOB = "job-0"
# Longer than it takes to lose a reader.
LOOK_S = 8.0
Strike = Callable[[Run, SimWorker], None]


@pytest.fixture(autouse=True)
def late_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(test_schedules, "DEADLINE_S", 90)


def kill(run: Run, worker: SimWorker) -> None:
    run.world.kill(worker)


def leave(_: Run, worker: SimWorker) -> None:
    worker.stop.set()


def cut(run: Run, worker: SimWorker) -> None:
    run.world.cut(worker, 30.0)


def stall(run: Run, worker: SimWorker) -> None:
    run.world.stall(worker, 30.0)


def mute(run: Run, worker: SimWorker) -> None:
    run.world.mute(worker, 30.0)


def play(strike: Strike, victims: tuple[int, ...], seed: int) -> Run:
    """Strike some of four workers as soon as the reading begins; another one has joined late."""
    joined = [fault("join", 500, 0)]
    run = Run(Schedule(seed, 4, [(0, 1)], strict=True, faults=joined))
    run.world.look_s = LOOK_S
    struck: list[int] = []

    def look(job: str) -> None:
        view = run.world.truth.view(job)
        if view is not None and view.reading and not struck:
            struck.extend(victims)
            for number in victims:
                run.blamed.add(f"w{number}")
                run.loop.at(run.loop.time() + 0.005, strike, run, run.world.workers[number])

    run.world.truth.listen(look)
    try:
        run.play()
        assert struck
        check(run)
    finally:
        run.world.close()
    return run


def proved(view: JobView) -> ReadBack:
    assert view.ended is not None
    (workload,) = view.ended.report.workloads
    assert workload.read_back is not None
    return workload.read_back


def is_finished(view: JobView) -> bool:
    return {part.state for part in view.parts.values()} == {ParticipantPhase.FINISHED}


@pytest.mark.parametrize("seed", [4, 5])
@pytest.mark.parametrize("victims", [(0,), (1, 2), (0, 1, 2)])
@pytest.mark.parametrize("strike", [kill, leave, cut, stall])
def test_what_a_lost_reader_was_to_read_is_read_by_others(
    strike: Strike, victims: tuple[int, ...], seed: int
) -> None:
    run = play(strike, victims, seed)
    view = run.world.truth.view(JOB)
    assert view is not None
    assert view.slices == 3
    lost = seed % 2 * 4
    assert FORGOTTEN < WRITTEN
    assert proved(view) == ReadBack(acknowledged=4 * WRITTEN, found=4 * WRITTEN - lost, lost=lost)
    assert is_finished(view), "the load of all of them counts, also in a strict job"
    assert view.phase is (Phase.FAILED if lost else Phase.SUCCEEDED)


def test_if_all_readers_are_lost_a_bystander_ends_the_job() -> None:
    run = play(kill, (0, 1, 2, 3), 4)
    view = run.world.truth.view(JOB)
    assert view is not None
    assert proved(view).reasons == ["NotRead"]
    assert is_finished(view)


def test_a_reader_that_is_well_and_not_heard_reads_on() -> None:
    run = play(mute, (0,), 4)
    slices = [name for job, name in run.world.looks if job == JOB]
    assert sorted(slices) == ["w0", "w1", "w2"]
