"""A hundred workers: the error of their log clocks, and the time until a job starts."""

import asyncio
import time
from collections.abc import AsyncGenerator

from bench.goals import Goal
from bench.mesh.worker_fleet import crowd
from bench.pairs import Spread, percentile

WORKERS = 100
PROCESSES = 4


async def hundred() -> AsyncGenerator[Goal]:
    """Yield the errors of the clocks, the errors that they report, and the time to the start."""
    async with crowd() as mesh:
        await mesh.join(PROCESSES, WORKERS // PROCESSES)
        await asyncio.sleep(3)
        said = [tuple(clock) for figures in await mesh.figures() for clock in figures["clocks"]]
        errors_us = [error for error, _ in said]
        figure = Spread.of([percentile(errors_us, 0.99)])
        yield Goal(f"clock error p99 of {WORKERS} workers, us", figure, 1_000, at_least=False)
        wrong = sum(error > stated + 50 for error, stated in said)
        yield Goal("clocks further off than they say", Spread.of([wrong]), 0, at_least=False)
        waits_s = []
        for number in range(10):
            job = f"job-{number}"
            begin_ns = time.monotonic_ns()
            await mesh.submit(job)
            [view] = await mesh.closed(job)
            first_ns = min(start.at_ns for start in await mesh.began(view))
            waits_s.append((first_ns - begin_ns) / 1e9)
        figure = Spread.of(waits_s)
        yield Goal(f"submit to start of {WORKERS} workers, s", figure, 1.0, at_least=False)
