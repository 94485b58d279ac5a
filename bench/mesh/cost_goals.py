"""Cost of an idle mesh, and of the history of its jobs."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncGenerator

from bench.goals import Goal
from bench.mesh.worker_fleet import WorkerFleet, crowd
from bench.pairs import Spread

FEW, MANY, PROCESSES = 40, 1_000, 4
WATCHED_S = 10.0


async def idle() -> AsyncGenerator[Goal]:
    """Yield traffic and CPU of an idle worker in a large mesh, relative to a small one."""
    few = await _idle(FEW)
    many = await _idle(MANY)
    for workers, (messages, cpu) in ((FEW, few), (MANY, many)):
        words = f"{messages:.2f} messages and {cpu * 1e3:.2f} ms of CPU a second"
        print(f"        each of {workers}, its part of the server included: {words}", flush=True)
    for what, at_few, at_many in zip(("traffic", "CPU"), few, many, strict=True):
        label = f"idle {what} of a worker, {MANY} of them by {FEW}"
        yield Goal(label, Spread.of([at_many / at_few]), 1.25, at_least=False)


async def _idle(workers: int) -> tuple[float, float]:
    """Return messages per second and cores used per worker, including its share of the server."""
    async with crowd() as mesh:
        await mesh.join(PROCESSES, workers // PROCESSES)
        # Skip the burst of the first second.
        await asyncio.sleep(5)
        messages, cpu_s = mesh.traffic(), await _cpu_s(mesh)
        await asyncio.sleep(WATCHED_S)
        per_worker = WATCHED_S * workers
        return (
            (mesh.traffic() - messages) / per_worker,
            (await _cpu_s(mesh) - cpu_s) / per_worker,
        )


async def _cpu_s(mesh: WorkerFleet) -> float:
    figures = await mesh.figures()
    return mesh.server_cpu_s() + sum(float(figure["cpuS"]) for figure in figures)


async def folds() -> AsyncGenerator[Goal]:
    """Yield time and memory of folding a long history, in a process of its own."""
    said = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "bench.mesh.fold_history"],
        capture_output=True,
        check=True,
    )
    seconds, megabytes = (float(word) for word in said.stdout.split())
    label = "fold of 1,000 jobs of 100 workers"
    yield Goal(f"{label}, s", Spread.of([seconds]), 2.0, at_least=False)
    yield Goal(f"{label}, MB", Spread.of([megabytes]), 100.0, at_least=False)
