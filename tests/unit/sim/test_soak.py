"""A job of a month by a shortened clock: who joins on its last day knows it, and it ends."""

import asyncio
from typing import Any

from njst.contract.fields import MOST_JOB_SECONDS, MOST_RUN_SECONDS
from njst.contract.parsing.document import parse_spec
from njst.contract.results.report import Verdict
from njst.contract.spec.job import JobSpec
from njst.journal.nats.job_log import LOG_AGE_S
from njst.testing.virtual_loop import VirtualLoop
from tests.unit.sim.world import World

# A second is this many.
FASTER = 20_000
WEEK_S = 604_800
CORE = {"operation": "Publish", "subject": "s"}


SHORT = [f"short-{number:02}" for number in range(12)]


def job(seconds: int) -> JobSpec:
    workload: dict[str, Any] = {"name": "w", "durationSeconds": seconds // FASTER, "core": CORE}
    deadline = MOST_JOB_SECONDS // FASTER
    return parse_spec({"workloads": [workload], "activeDeadlineSeconds": deadline})


def test_job__that_waits_a_week_and_runs_a_month__is_known_to_the_end() -> None:
    loop = VirtualLoop()
    world = World(loop, seed=1)
    world.log_age_s = LOG_AGE_S / FASTER

    async def play() -> None:
        for number in range(2):
            world.boot(f"w{number}")
        loop.at(0.5, world.submit, "before", job(WEEK_S))
        loop.at(1.5, world.submit, "soak", job(MOST_RUN_SECONDS))
        await asyncio.sleep((WEEK_S + 0.95 * MOST_RUN_SECONDS) / FASTER)
        newcomer = world.boot("w2")
        await asyncio.sleep(1)
        view = newcomer.job_store.view("soak")
        assert view is not None, "the log has no `created` any more"
        assert view.run == ("w0", "w1")
        assert newcomer.job_store.view("before") is not None
        while not ((known := newcomer.job_store.view("soak")) and known.closed):
            assert loop.time() < (WEEK_S + MOST_JOB_SECONDS) / FASTER + 20, "it does not end"
            await asyncio.sleep(1)
        assert known.ended is not None
        assert known.ended.report.verdict is Verdict.VALID, known.ended.report.message
        # Its result is read for a while by whoever comes later.
        await asyncio.sleep(WEEK_S / FASTER)
        reader = world.boot("w3")
        await asyncio.sleep(1)
        assert reader.job_store.view("soak") == known

    try:
        loop.run_until_complete(play())
    finally:
        world.close()


def test_log__that_is_nearly_full__forgets_jobs_that_ended_and_keeps_the_one_that_runs() -> None:
    loop = VirtualLoop()
    world = World(loop, seed=1)
    # A job of two workers has some ten events.
    world.room = 50
    workload = {"name": "w", "core": CORE}
    soak, short = (
        parse_spec({"sharing": "Shared", "workloads": [{**workload, "durationSeconds": seconds}]})
        for seconds in (60, 1)
    )

    async def play() -> None:
        for number in range(2):
            world.boot(f"w{number}")
        loop.at(0.5, world.submit, "soak", soak)
        for number, name in enumerate(SHORT):
            loop.at(1.5 + 4 * number, world.submit, name, short)
        while not ((view := world.truth.view("soak")) and view.closed):
            assert loop.time() < 90, "it does not end"
            await asyncio.sleep(1)
        assert view.ended is not None
        assert view.ended.report.verdict is Verdict.VALID, view.ended.report.message

    try:
        loop.run_until_complete(play())
    finally:
        world.close()
    assert set(world.forgotten) <= set(SHORT)
    assert world.forgotten[0] == SHORT[0], "the oldest first"
    kept = [entry for entry in world.log.entries if entry.job not in world.forgotten]
    assert len(kept) <= world.room + 15
