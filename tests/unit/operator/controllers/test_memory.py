"""What is gone, or over and left alone, costs nothing more."""

import asyncio
import gc
import tracemalloc

from njst.contract.results.job_status import JobStatus
from njst.testing.virtual_loop import run
from njst_operator.controllers.job.job_resource import resource_of
from njst_operator.controllers.manager import Manager
from njst_operator.controllers.tombstones import KEEP_S, MOST, Tombstones
from tests.unit.operator.controllers.job.test_job_decide import SPEC
from tests.unit.operator.controllers.test_replicas import Server, copy_of, log_in_loop_time

DELETIONS = 20_000
FINISHED = 500


def show(manager: Manager, number: int) -> str:
    """Let a finished job of a schedule be seen; return its uid."""
    uid = f"uid-{number}"
    status = JobStatus(observed_generation=1, phase="Succeeded", job_id=uid)
    meta = {
        "uid": uid,
        "namespace": "ns",
        "name": f"job-{number}",
        "generation": 1,
        "resourceVersion": str(number + 1),
        "ownerReferences": [{"uid": f"schedule-{number}", "controller": True}],
    }
    body = {"metadata": meta, "spec": SPEC, "status": status.model_dump(by_alias=True)}
    manager.jobs.on_watched(resource_of(body))
    return uid


def test_memory__after_twenty_thousand_deletions__does_not_grow() -> None:
    async def grown_bytes() -> int:
        manager = copy_of(0, Server(0.005), log_in_loop_time())

        async def come_and_go(first: int, count: int) -> None:
            for number in range(first, first + count):
                manager.jobs.on_deleted(show(manager, number))
                if number % 500 == 0:
                    await asyncio.sleep(KEEP_S / 10)
            await asyncio.sleep(1)
            gc.collect()

        tracemalloc.start()
        try:
            await come_and_go(0, DELETIONS // 2)
            before, _ = tracemalloc.get_traced_memory()
            await come_and_go(DELETIONS // 2, DELETIONS // 2)
            after, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        # Nobody waits for anything of them.
        assert len(asyncio.all_tasks()) == 1
        await manager.stop()
        return after - before

    # Twenty bytes for each deletion would be more.
    assert run(grown_bytes()) < DELETIONS // 2 * 20


def test_finished_resource__without_changes__has_no_task() -> None:
    async def tasks() -> tuple[int, int]:
        manager = copy_of(0, Server(0.005), log_in_loop_time())
        for number in range(FINISHED):
            show(manager, number)
        await asyncio.sleep(1)
        left, looks = len(asyncio.all_tasks()), manager.metrics.reconciles
        assert looks == FINISHED
        manager.on_job_changed("uid-7")
        await asyncio.sleep(1)
        await manager.stop()
        return left, manager.metrics.reconciles - looks

    assert run(tasks()) == (1, 1)


def test_tombstones__more_than_the_limit__keep_the_newest() -> None:
    gone = Tombstones()
    for number in range(MOST + 5):
        gone.add(f"{number}", 0.0)
    assert len(gone) == MOST
    assert ("4" in gone, "5" in gone) == (False, True)
    gone.add("last", KEEP_S + 1)
    assert (len(gone), "last" in gone) == (1, True)
