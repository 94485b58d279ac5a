"""The figures, each measured on a cluster of its own."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bench.goals import Goal
from bench.operators.operator_rig import Api, Cluster, FakeWorker, join_fake_worker
from bench.pairs import Spread, course, percentile

COPIES = 3
MANY_COPIES = 20
APPLIED = 200
# Until the API server is idle again before the next job.
PAUSE_S = 0.2
JOBS_OF_MANY = 200
RESTARTED = 1000
IDLE_S = 30.0
# Pending, Running, Succeeded.
CHANGES = 3


@asynccontextmanager
async def _open(cluster: Cluster) -> AsyncIterator[tuple[Api, FakeWorker]]:
    api = Api(cluster)
    async with join_fake_worker(cluster.nats.url) as fake_worker:
        await api.watch()
        try:
            yield api, fake_worker
        finally:
            await api.close()


async def quickness(cluster: Cluster) -> list[Goal]:
    """Sequential jobs, three replicas: time from apply to job, and from last result to status."""
    cluster.start_operators(COPIES)
    to_job, to_status = [], []
    async with _open(cluster) as (api, fake_worker):
        for number in range(APPLIED):
            await asyncio.sleep(PAUSE_S)
            begin_s = time.monotonic()
            uid = await api.create(f"quick-{number}")
            await fake_worker.until_created([uid])
            to_job.append(fake_worker.created_s[uid] - begin_s)
            await fake_worker.start(uid)
            await api.until("Running", [uid])
            begin_s = time.monotonic()
            await fake_worker.finish(uid)
            await api.until("Succeeded", [uid])
            to_status.append(api.seen_s[uid, "Succeeded"] - begin_s)
    cluster.stop_operators()
    return [
        _p99("apply to job message, 3 copies, p99 ms", to_job, 100),
        _p99("last result to final status, 3 copies, p99 ms", to_status, 1000),
    ]


def _p99(what: str, seconds: list[float], goal_ms: float) -> Goal:
    """Return p99 and its goal, in ms."""
    times_ms = [1000 * time_s for time_s in seconds]
    print(f"        {what}: {course(times_ms)}", flush=True)
    return Goal(what, Spread.of([percentile(times_ms, 0.99)]), goal_ms, at_least=False)


async def many_copies(cluster: Cluster) -> list[Goal]:
    """Two hundred concurrent jobs, twenty replicas: status writes and duplicates."""
    cluster.start_operators(MANY_COPIES)
    async with _open(cluster) as (api, fake_worker):
        before = cluster.status_writes()
        uids = await _create(api, "many", JOBS_OF_MANY)
        await fake_worker.until_created(uids)
        for uid in uids:
            await fake_worker.start(uid)
        await api.until("Running", uids)
        for uid in uids:
            await fake_worker.finish(uid)
        await api.until("Succeeded", uids)
        writes = (cluster.status_writes() - before) / (JOBS_OF_MANY * CHANGES)
        duplicates = len(fake_worker.job_store.jobs()) - len(uids)
    cluster.stop_operators()
    return [
        Goal("status writes a change, 20 copies", Spread.of([writes]), 2, at_least=False),
        Goal("duplicates of 200 jobs, 20 copies", Spread.of([duplicates]), 0, at_least=False),
    ]


async def restart(cluster: Cluster) -> list[Goal]:
    """A thousand jobs end without an operator, then three replicas start; also their idle cost."""
    cluster.start_operators(COPIES)
    async with _open(cluster) as (api, fake_worker):
        uids = await _create(api, "again", RESTARTED)
        await fake_worker.until_created(uids)
        await api.until("Pending", uids)
        cluster.stop_operators()
        for uid in uids:
            await fake_worker.start(uid)
            await fake_worker.finish(uid)
        begin_s = time.monotonic()
        cluster.launch_operators(COPIES)
        await api.until("Succeeded", uids)
        took_s = time.monotonic() - begin_s
        peak = cluster.peak_megabytes()
        idle = await _idle_percent(cluster)
    cluster.stop_operators()
    return [
        Goal("1000 jobs settled after a restart, s", Spread.of([took_s]), 30, at_least=False),
        Goal("memory of a copy meanwhile, MB", Spread.of([peak]), 150, at_least=False),
        Goal("CPU of an idle copy, % of a core", Spread.of(idle), 1, at_least=False),
    ]


async def _create(api: Api, name: str, count: int) -> list[str]:
    uids: list[str] = []
    for first in range(0, count, 20):
        numbers = range(first, min(first + 20, count))
        uids += await asyncio.gather(*(api.create(f"{name}-{n}") for n in numbers))
    return uids


async def _idle_percent(cluster: Cluster) -> list[float]:
    await asyncio.sleep(5)
    before, begin_s = cluster.cpu_seconds(), time.monotonic()
    await asyncio.sleep(IDLE_S)
    elapsed_s = time.monotonic() - begin_s
    after = cluster.cpu_seconds()
    return [100 * (b - a) / elapsed_s for a, b in zip(before, after, strict=True)]
