"""Experiments without a leader: whichever worker dies, each trial is one job, and all agree."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from random import Random
from typing import Any

import pytest

from njst.contract.events import Concluded, ExperimentCreated, Origin, OriginKind
from njst.contract.names.mesh import EventName
from njst.contract.parsing.experiment import parse_experiment
from njst.contract.results.report import Verdict
from njst.contract.spec.experiment import ExperimentSpec, Factor
from njst.journal.experiments import Experiments
from njst.journal.interfaces import JournalUnavailableError
from njst.journal.state.experiments.experiment_view import ExperimentPhase, ExperimentView
from njst.journal.state.projection import LogEntry
from njst.testing.virtual_loop import VirtualLoop
from tests.unit.sim.world import SimWorker, World

ID = "x-1"
GRID: dict[str, Any] = {
    "template": {
        "streams": [{"name": "S"}],
        "workloads": [
            {
                "name": "w",
                "stream": "S",
                "durationSeconds": 1,
                "publish": {},
            }
        ],
    },
    "factors": [
        {"name": "size", "path": "workloads[w].publish.payloadBytes", "values": [16, 1024]}
    ],
    "repeats": 2,
}
ONCE = {**GRID, "repeats": 1}
TRIALS = [f"{ID}-t{number}" for number in range(4)]
GIVE_UP_S = 300.0
# More than the events of an experiment of two trials.
MOST_EVENTS = 44


@contextmanager
def a_world(seed: int, workers: int = 4) -> Iterator[World]:
    loop = VirtualLoop()
    world = World(loop, seed)
    with closing(world):
        for number in range(workers):
            world.boot(f"n{number}")
        loop.run_until_complete(_pause(loop, 1.0))
        yield world


async def _pause(loop: VirtualLoop, seconds: float) -> None:
    done = loop.create_future()
    loop.at(loop.time() + seconds, done.set_result, None)
    await done


def submit(world: World, document: dict[str, Any] = GRID) -> None:
    spec = parse_experiment(document)
    world.log.store(
        EventName(ID, "experiment"),
        ExperimentCreated(spec=spec, origin=Origin(kind=OriginKind.HTTP, name="grid")),
    )


def finish(world: World) -> None:
    """Run until the log has the end of the experiment, and all have read it."""
    ended = world.loop.create_future()

    def look(entry: LogEntry) -> None:
        if isinstance(entry.event, Concluded) and not ended.done():
            ended.set_result(None)

    world.log.subscribe(look)
    world.loop.at(world.loop.time() + GIVE_UP_S, lambda: ended.done() or ended.set_result(None))
    world.loop.run_until_complete(ended)
    world.loop.run_until_complete(_pause(world.loop, 20.0))


def created(world: World) -> list[str]:
    return [name.job for name in world.log.names if name.event == "created"]


def view_of(worker: SimWorker) -> ExperimentView:
    view = worker.experiment_store.view(ID)
    assert view is not None
    return view


def check_ended(world: World, trials: Sequence[str] = TRIALS) -> ExperimentView:
    """The experiment has ended with all trials, each one job, and all workers agree."""
    assert created(world) == trials
    names = [name.event for name in world.log.names if name.job == ID]
    assert sorted(names) == ["concluded", "experiment", *(len(trials) * ["trial"])]
    views = [view_of(worker) for worker in world.able()]
    assert views
    assert all(view == views[0] for view in views)
    concluded = views[0].concluded
    assert concluded is not None
    assert concluded.outcome == "Completed"
    assert [trial.result.job for trial in views[0].trials] == trials
    return views[0]


def test_grid__without_faults__has_its_trials_in_order() -> None:
    with a_world(1) as world:
        submit(world)
        finish(world)
        view = check_ended(world)
        assert [trial.result.plan.point for trial in view.trials] == [0, 1, 1, 0]
        assert [trial.result.plan.repeat for trial in view.trials] == [0, 0, 1, 1]
        assert view.concluded is not None
        assert view.concluded.verdict is Verdict.VALID
        assert not world.loop.errors


def test_grid__each_worker__gets_ready_for_the_next_trial_once_the_last_is_closed() -> None:
    """Sooner, processes that start would delay report and clean-up on a host with few cores."""
    with a_world(1) as world:
        submit(world)
        finish(world)
        check_ended(world)
        closed = [set(TRIALS[: number + 1]) for number in range(len(TRIALS))]
        assert [worker.warm_ups for worker in world.workers] == [closed] * len(world.workers)


def on_event(world: World, number: int, call: Callable[[LogEntry], None]) -> None:
    """Call once, when the log has its event of this number."""

    def count(entry: LogEntry) -> None:
        if entry.seq == number:
            call(entry)

    world.log.subscribe(count)


@pytest.mark.parametrize("first", [1, 3])
def test_grid__worker_dies_after_any_event__another_one_goes_on(first: int) -> None:
    """The worker that dies is the one whose turn comes first: the author of the next step."""
    for number in range(first, MOST_EVENTS, 4):
        with a_world(number) as world:

            def kill(_: LogEntry, world: World = world) -> None:
                turns = {
                    worker.experimenter.turn_s(view): worker
                    for worker in world.able()
                    if (view := worker.experiment_store.view(ID)) is not None
                }
                world.kill(turns[min(turns)] if turns else world.workers[0])

            on_event(world, number, kill)
            submit(world, ONCE)
            finish(world)
            check_ended(world, TRIALS[:2])


@pytest.mark.parametrize("seed", range(6))
def test_grid__random_faults__exactly_one_job_a_trial(seed: int) -> None:
    random = Random(seed)
    with a_world(seed, workers=5) as world:
        submit(world)
        for worker in world.workers[:3]:
            fault = random.choice((world.kill, world.stall, world.cut))
            lasts = () if fault == world.kill else (random.uniform(0.5, 20),)
            world.loop.at(random.uniform(1, 25), fault, worker, *lasts)
        world.loop.at(random.uniform(1, 20), world.log_down, random.uniform(0.1, 5))
        world.loop.at(random.uniform(1, 20), world.lose, 0.3, random.uniform(1, 5))
        finish(world)
        check_ended(world)


def later(world: World, at_s: float, call: Callable[[Experiments], Awaitable[object]]) -> None:
    """Do something to experiments at a virtual time, by the first worker."""

    async def do(worker: SimWorker) -> None:
        with suppress(JournalUnavailableError):
            await call(worker.experiments)

    first = world.workers[0]
    world.loop.at(at_s, lambda: world.loop.create_task(do(first), context=first.process.context))


@pytest.mark.parametrize("is_deleted", [False, True], ids=["cancelled", "deleted"])
def test_grid__stopped_in_a_trial__cancels_it_and_begins_no_other(is_deleted: bool) -> None:
    with a_world(7) as world:
        submit(world)
        if is_deleted:
            later(world, 3.0, lambda experiments: experiments.delete(ID))
        else:
            later(world, 3.0, lambda experiments: experiments.cancel(ID, "by the test"))
        finish(world)
        view = view_of(world.workers[1])
        assert view.concluded is not None
        assert (view.concluded.outcome, view.concluded.reason) == ("Cancelled", "Requested")
        assert created(world) == TRIALS[: len(view.trials)]
        assert 0 < len(view.trials) < 4
        assert view.trials[-1].result.reason == "Requested"
        assert view.deleted is is_deleted


def test_grid__suspended_in_a_trial__ends_it_and_goes_on_once_it_is_resumed() -> None:
    with a_world(12) as world:
        submit(world, ONCE)
        later(world, 3.0, lambda experiments: experiments.suspend(ID, suspended=True))
        world.loop.run_until_complete(_pause(world.loop, 60.0))
        view = view_of(world.workers[1])
        assert (view.phase, created(world)) == (ExperimentPhase.SUSPENDED, TRIALS[:1])
        assert [trial.result.judgement for trial in view.trials] == ["Held"]
        later(world, 0.0, lambda experiments: experiments.suspend(ID, suspended=False))
        finish(world)
        assert created(world) == TRIALS[:2]
        assert view_of(world.workers[1]).phase is ExperimentPhase.SUCCEEDED


def test_grid__with_a_pause__begins_no_trial_before_its_end() -> None:
    with a_world(10) as world:
        submit(world, {**ONCE, "pauseSeconds": 7})
        finish(world)
        first, second = (
            next(view for view in world.truth.jobs() if view.id == job) for job in TRIALS[:2]
        )
        # A worker's idea of the log's time is off a little.
        assert 6.9e9 < second.created_ns - first.ended_ns < 9e9


def test_grid__more_workers_than_there_are__ends_after_the_queue_time_out() -> None:
    with a_world(8) as world:
        template = {**GRID["template"], "workers": 9, "queueTimeoutSeconds": 5}
        submit(world, {**GRID, "template": template})
        finish(world)
        view = view_of(world.workers[0])
        assert view.concluded is not None
        assert view.concluded.outcome == "TrialsFailed"
        assert "trial 0 did not get its workers within 5 s" in view.concluded.message
        assert "asks for 9 workers, 4 are connected" in view.concluded.message
        assert created(world) == []


def test_grid__worker_that_joins_later__has_the_same_view() -> None:
    with a_world(9) as world:
        submit(world)
        world.loop.at(4.0, world.join)
        finish(world)
        check_ended(world)
        assert view_of(world.workers[-1]) == view_of(world.workers[0])


def test_spec__of_which_no_trial_can_be_made__disturbs_no_other_and_can_be_cancelled() -> None:
    """No entrance takes such a spec; a newer version might write one."""
    factor = Factor(name="size", path="workloads[w].publish.nothing", values=[1])
    template = parse_experiment(GRID).template
    odd = ExperimentCreated(
        spec=ExperimentSpec(template=template, factors=[factor]),
        origin=Origin(kind=OriginKind.HTTP),
    )
    with a_world(11) as world:
        world.log.store(EventName("odd", "experiment"), odd)
        submit(world, ONCE)
        finish(world)
        check_ended(world, TRIALS[:2])
        later(world, 0.0, lambda experiments: experiments.cancel("odd", "by the test"))
        world.loop.run_until_complete(_pause(world.loop, 10.0))
        view = world.workers[0].experiment_store.view("odd")
        assert view is not None
        assert view.phase is ExperimentPhase.CANCELLED
        assert not world.loop.errors
