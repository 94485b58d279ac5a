"""Start skew of the workers of a job."""

from collections.abc import AsyncGenerator

from bench.goals import Goal
from bench.mesh.wakeup_baseline import Sleepers, apart_ms
from bench.mesh.worker_fleet import crowd
from bench.pairs import Spread, course, percentile


async def skew(processes: int, each: int, jobs: int, bound_ms: float) -> AsyncGenerator[Goal]:
    """Yield the distance from the first to the last start, over many jobs.

    Beside it: how far the clocks disagree about the instant, which is what njst adds, and how far
    apart processes without any work wake in turns with the jobs, which no program could better.
    """
    starts_ms, clocks_ms, sleepers_ms = [], [], []
    async with crowd() as mesh, Sleepers.awake(processes * each) as sleepers:
        await mesh.join(processes, each)
        await sleepers.apart_ms()
        for number in range(jobs):
            job = f"job-{number}"
            await mesh.submit(job, workers=processes * each)
            [view] = await mesh.closed(job)
            began = await mesh.began(view)
            starts_ms.append(apart_ms([start.at_ns for start in began]))
            clocks_ms.append(apart_ms([start.due_ns for start in began]))
            sleepers_ms.append(await sleepers.apart_ms())
    of = f"of {processes} processes, ms"
    figure = Spread.of([percentile(starts_ms, 0.99)])
    yield Goal(f"start skew p99 {of}", figure, bound_ms, at_least=False)
    figure = Spread.of([percentile(clocks_ms, 0.99)])
    yield Goal(f"start skew p99 {of}: clocks alone", figure, bound_ms, at_least=False)
    print(f"        starts apart {of}: {course(starts_ms)}", flush=True)
    print(f"        idle ones that only wake apart, ms: {course(sleepers_ms)}", flush=True)
