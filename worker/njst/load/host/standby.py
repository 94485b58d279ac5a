"""Processes that are started before they are needed.

A process of the load takes most of a second of CPU time to start, nearly all of it imports. In a
series of jobs a worker therefore starts as many as the last one had when that is over, and the next
one takes those. They wait for their first line, use no CPU time, and end when nobody needed them
for a while. A job that came alone is no series: nothing is started in vain after it.
"""

import asyncio
import contextlib
import logging
import math
import time
from asyncio.subprocess import Process
from collections import Counter
from collections.abc import Callable, Mapping

from njst.load.host.spawn import Spawn, spawn

log = logging.getLogger(__name__)

# How long processes wait for a job; jobs of a series follow each other faster.
KEEP_S = 60.0
# How long after a job none is started: its report is read then, often on a host with few cores. A
# job that comes sooner ends the pause.
PAUSE_S = 0.5


class Standby:
    """Starts processes of modules, and keeps some for the next job."""

    def __init__(
        self,
        most: Mapping[str, int],
        spawn: Spawn = spawn,
        keep_s: float = KEEP_S,
        pause_s: float = PAUSE_S,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """Keep processes for the next job of a series.

        Args:
            most: how many at most of each module, by its name.
            spawn: starts a process.
            keep_s: how long they wait; two jobs of a series are not further apart.
            pause_s: how long after a job they are started, unless the next one comes sooner.
            now_s: the time in s.
        """
        self._most = most
        self._spawn = spawn
        self._keep_s = keep_s
        self._pause_s = pause_s
        self._now_s = now_s
        # When the last job was over, and whether the present one followed it soon.
        self._over_s = -math.inf
        self._is_series = False
        self._taken: Counter[str] = Counter()
        self._ready: dict[str, list[Process]] = {}
        self._warming: asyncio.Task[None] | None = None
        # Set: the pause is over; and: the processes after it are started.
        self._pause_over = asyncio.Event()
        self._started = asyncio.Event()
        self._started.set()

    async def take(self, module: str) -> Process:
        """Return a process of a module that waits for its first line.

        Raises:
            OSError: it cannot be started.
        """
        if not self._taken:
            self._is_series = self._now_s() - self._over_s <= self._keep_s
        self._taken[module] += 1
        # Those for later start now as well: during the load, they would be in its way.
        self._pause_over.set()
        await self._started.wait()
        ready = self._ready.get(module, [])
        while ready:
            process = ready.pop()
            if process.returncode is None:
                return process
        return await self._spawn(module)

    def warm(self) -> None:
        """Start processes if the job that is over belongs to a series: as many as it took.

        Nothing changes if none was taken since the last call.
        """
        if not self._taken:
            return
        wanted = {name: min(n, self._most.get(name, 0)) for name, n in self._taken.items()}
        self._taken.clear()
        self._over_s = self._now_s()
        if self._warming is not None:
            self._warming.cancel()
        if self._is_series:
            self._pause_over.clear()
            self._started.clear()
            self._warming = asyncio.create_task(self._keep(wanted), name="standby")
            # Whatever ends it, nobody waits for what it does not start.
            self._warming.add_done_callback(self._release)

    def _release(self, warming: asyncio.Task[None]) -> None:
        if warming is self._warming:
            self._started.set()

    async def _keep(self, wanted: Mapping[str, int]) -> None:
        await self._end(wanted)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._pause_s):
                await self._pause_over.wait()
        await self._start(wanted)
        self._started.set()
        await asyncio.sleep(self._keep_s)
        await self._end({})

    async def _start(self, wanted: Mapping[str, int]) -> None:
        try:
            for module, count in wanted.items():
                ready = self._ready.setdefault(module, [])
                while len(ready) < count:
                    ready.append(await self._spawn(module))
        except OSError as error:
            # The next job says what is wrong, if it still is.
            log.info("no process can be started for the next job: %s", error)

    async def _end(self, kept: Mapping[str, int]) -> None:
        """End the processes of each module beyond the number that is kept."""
        ended = []
        for module, ready in self._ready.items():
            while len(ready) > kept.get(module, 0):
                ended.append(process := ready.pop())
                if process.returncode is None:
                    with contextlib.suppress(ProcessLookupError):
                        process.kill()
        await asyncio.gather(*(process.wait() for process in ended))

    async def close(self) -> None:
        """End the processes that wait."""
        if self._warming is not None:
            self._warming.cancel()
            await asyncio.wait({self._warming})
        await self._end({})
