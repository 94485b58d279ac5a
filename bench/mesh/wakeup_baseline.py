"""Wake-up skew of processes without other work: the baseline for the workers of a job."""

import asyncio
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

# From the order to its instant, as the lead of a job is for its workers.
_LEAD_NS = 200_000_000


def apart_ms(instants_ns: Sequence[int]) -> float:
    """Return the time from the first to the last."""
    return (max(instants_ns) - min(instants_ns)) / 1e6


@dataclass(frozen=True)
class Sleepers:
    """Processes that only wait for an instant: the best possible skew on this machine now."""

    _children: list[Process]

    @classmethod
    @asynccontextmanager
    async def awake(cls, count: int) -> AsyncIterator["Sleepers"]:
        """Start them; they end with the context."""
        command = (sys.executable, "-m", "bench.mesh.wakeup_process")
        children = [
            await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE)
            for _ in range(count)
        ]
        try:
            yield cls(children)
        finally:
            for child in children:
                child.kill()
                await child.wait()

    async def apart_ms(self) -> float:
        """Return the skew of their wake-ups."""
        due_ns = time.monotonic_ns() + _LEAD_NS
        for child in self._children:
            assert child.stdin is not None
            child.stdin.write(f"{due_ns}\n".encode())
        woken_ns = [int(await _line(child)) for child in self._children]
        return apart_ms(woken_ns)


async def _line(child: Process) -> bytes:
    assert child.stdout is not None
    return await child.stdout.readline()
