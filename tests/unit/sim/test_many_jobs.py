"""Hundreds of jobs that run beside each other: what one does must not cost the others anything."""

import asyncio
from collections import Counter
from typing import Any

import pytest

from njst.agent import runner
from njst.contract.parsing.document import parse_spec
from njst.contract.results.report import Verdict
from njst.testing.virtual_loop import VirtualLoop
from tests.unit.sim.world import World

JOBS, WORKERS = 300, 2
SPEC = parse_spec(
    {
        "sharing": "Shared",
        "workloads": [
            {
                "name": "w",
                "durationSeconds": 3,
                "core": {"operation": "Publish", "subject": "s"},
            }
        ],
    }
)


def test_a_change_makes_a_worker_look_at_that_job_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    looks: Counter[str] = Counter()
    decide = runner.d.decide

    def counting(view: Any, know: Any) -> Any:
        looks[view.id] += 1
        return decide(view, know)

    monkeypatch.setattr(runner.d, "decide", counting)
    loop = VirtualLoop()
    world = World(loop, seed=1)
    names = [f"job-{number}" for number in range(JOBS)]

    async def play() -> None:
        for number in range(WORKERS):
            world.boot(f"w{number}")
        for name in names:
            loop.at(0.5, world.submit, name, SPEC)
        while not all(_closed(world, name) for name in names):
            assert loop.time() < 60, "the jobs do not end"
            await asyncio.sleep(0.5)

    try:
        loop.run_until_complete(play())
    finally:
        world.close()
    for name in names:
        view = world.truth.view(name)
        assert view is not None
        assert view.ended is not None
        assert view.ended.report.verdict is Verdict.VALID, view.ended.report.message
    # Some 20 things happen to a job, and twice a second it is looked at for the time's sake.
    assert max(looks.values()) < 60 * WORKERS


def _closed(world: World, name: str) -> bool:
    view = world.truth.view(name)
    return view is not None and view.closed
