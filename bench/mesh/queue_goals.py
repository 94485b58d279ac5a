"""A thousand queued jobs, run one after another and concurrently."""

from collections.abc import AsyncGenerator

from bench.goals import Goal
from bench.mesh.worker_fleet import crowd
from bench.pairs import Spread
from njst.contract.results.report import Verdict

JOBS = 1_000
WORKERS = 10


async def drain() -> AsyncGenerator[Goal]:
    """Yield how many jobs of one worker each ended, are valid, and started exactly once."""
    async for goal in _run("queued"):
        yield goal


async def together() -> AsyncGenerator[Goal]:
    """Yield the same for jobs that all workers run concurrently."""
    async for goal in _run("shared", sharing="Shared"):
        yield goal


async def _run(kind: str, **spec: object) -> AsyncGenerator[Goal]:
    async with crowd() as mesh:
        await mesh.join(2, WORKERS // 2)
        names = [f"job-{number}" for number in range(JOBS)]
        for name in names:
            await mesh.submit(name, workers=1, **spec)
        views = await mesh.closed(*names, timeout_s=300)
        valid = sum(v.ended is not None and v.ended.report.verdict is Verdict.VALID for v in views)
        yield Goal(f"{kind} jobs that ended valid", Spread.of([valid]), JOBS, at_least=True)
        once = sum([len(await mesh.began(view)) == 1 for view in views])
        yield Goal(f"{kind} jobs that began exactly once", Spread.of([once]), JOBS, at_least=True)
