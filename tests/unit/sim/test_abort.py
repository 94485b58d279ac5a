"""A threshold that ends a job early: whoever dies, one reason counts, and all workers agree."""

import asyncio
from contextlib import closing

import pytest

from njst.contract.parsing.document import parse_spec
from njst.contract.results.report import Verdict
from njst.journal.state.rendezvous import order
from njst.testing.virtual_loop import VirtualLoop
from tests.unit.sim.world import World

JOB = "job-1"
LENGTH_S = 120
SPEC = parse_spec(
    {
        "streams": [{"name": "S"}],
        "workloads": [{"name": "w", "stream": "S", "durationSeconds": LENGTH_S, "publish": {}}],
        "thresholds": [{"metric": "Messages", "atMost": 100, "abort": True}],
    }
)


@pytest.mark.parametrize("killed", [0, 1, 2])
def test_hopeless_job__watchers_die__ends_early_all_the_same(killed: int) -> None:
    loop = VirtualLoop()
    world = World(loop, seed=killed)

    async def play() -> None:
        workers = [world.boot(f"w{number}") for number in range(4)]
        loop.at(1.0, world.submit, JOB, SPEC)
        for name in order(JOB, [worker.name for worker in workers])[:killed]:
            victim = next(worker for worker in workers if worker.name == name)
            loop.at(8.0, world.kill, victim)
        while not ((view := world.truth.view(JOB)) and view.closed):
            assert loop.time() < LENGTH_S, "the job does not end early"
            await asyncio.sleep(0.5)

    with closing(world):
        loop.run_until_complete(play())
        view = world.truth.view(JOB)
        assert view is not None
        assert view.ended is not None
        report = view.ended.report
        assert (report.verdict, report.reason) == (Verdict.INVALID, "ThresholdAborted")
        assert report.message.startswith("stopped after 1")
        assert "w Messages is" in report.message
        assert report.workloads[0].messages > 100, "what was measured is kept"
        for worker in world.able():
            (load,) = worker.loads
            assert load.starts_s is not None
            assert load.stopped_s is not None
            assert 10 < load.stopped_s - load.starts_s < 20
            read = worker.job_store.view(JOB)
            assert read is not None
            assert read.cancelled == view.cancelled
