"""Processes with many workers each, and one connection to submit jobs."""

import asyncio
import json
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

from njst.contract.connection import Connection
from njst.contract.events import Origin, OriginKind
from njst.contract.names.mesh import Mesh
from njst.contract.parsing.document import parse_spec
from njst.journal.jobs import Jobs, NotEnoughWorkersError, Submission
from njst.journal.nats.control_connection import connect
from njst.journal.nats.job_log import JetStreamLog
from njst.journal.nats.worker_discovery import NatsDiscovery
from njst.journal.state.job_store import JobStore
from njst.journal.state.job_view import JobView
from njst.local.nats_server import NatsServer

JOIN_S = 120.0
FIGURES_S = 30.0
JOB_S = 30.0


_Result = TypeVar("_Result")


class NodeGoneError(Exception):
    """A process of workers ended unexpectedly."""


@dataclass(frozen=True)
class Start:
    """When a worker started, and when it should have: CLOCK_MONOTONIC, ns."""

    at_ns: int
    due_ns: int


@dataclass
class WorkerFleet:
    """The processes of a mesh; `starts` has the starts of the workers of each job."""

    server: NatsServer
    jobs: Jobs
    job_store: JobStore
    starts: dict[str, list[Start]] = field(default_factory=lambda: defaultdict(list))
    _children: list[Process] = field(default_factory=list)
    _figures: list[asyncio.Queue[dict[str, Any]]] = field(default_factory=list)
    _gone: asyncio.Event = field(default_factory=asyncio.Event)
    _reading: list[asyncio.Task[None]] = field(default_factory=list)

    async def join(self, processes: int, each: int) -> None:
        """Start processes and wait until all their workers are in the mesh.

        Raises:
            NodeGoneError: a process ended; its own words are on standard error.
            TimeoutError: it takes too long.
        """
        joined = []
        for _ in range(processes):
            number = len(self._children)
            child = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-m", "bench.mesh.fleet_process", self.server.url, f"n{number}", str(each)),
                stdin=PIPE,
                stdout=PIPE,
            )
            self._children.append(child)
            self._figures.append(asyncio.Queue())
            is_joined = asyncio.Event()
            self._reading.append(asyncio.create_task(self._read(number, is_joined)))
            joined.append(is_joined.wait())
        await self._unless_gone(asyncio.gather(*joined), JOIN_S)

    async def _unless_gone(self, awaited: Awaitable[_Result], timeout_s: float) -> _Result:
        """Return the awaited result; fail if a process ends meanwhile."""
        waiting = asyncio.ensure_future(awaited)
        gone = asyncio.create_task(self._gone.wait())
        try:
            async with asyncio.timeout(timeout_s):
                await asyncio.wait({waiting, gone}, return_when=asyncio.FIRST_COMPLETED)
            if not waiting.done():
                raise NodeGoneError("a process of workers ended by itself")
            return waiting.result()
        finally:
            waiting.cancel()
            gone.cancel()

    async def _read(self, number: int, joined: asyncio.Event) -> None:
        stdout = self._children[number].stdout
        assert stdout is not None
        while line := await stdout.readline():
            document = json.loads(line)
            if "joined" in document:
                joined.set()
            elif "job" in document:
                start = Start(document["atNs"], document["dueNs"])
                self.starts[document["job"]].append(start)
            else:
                self._figures[number].put_nowait(document)
        self._gone.set()

    async def figures(self) -> list[dict[str, Any]]:
        """Ask each process for its CPU time and the errors of its clocks."""
        for child in self._children:
            assert child.stdin is not None
            child.stdin.write(b"\n")
        answers = asyncio.gather(*(queue.get() for queue in self._figures))
        return await self._unless_gone(answers, FIGURES_S)

    async def submit(self, job: str, **changes: Any) -> JobView:
        """Create a job that does nothing; retry while workers are too busy to answer."""
        workload = {
            "name": "w",
            "messages": 1000,
            "core": {"operation": "Publish", "subject": "bench"},
        }
        spec = parse_spec({"workloads": [workload], **changes})
        submission = Submission(job, spec, Origin(kind=OriginKind.HTTP))
        async with asyncio.timeout(JOB_S):
            while True:
                with suppress(NotEnoughWorkersError):
                    return (await self.jobs.submit(submission)).view

    async def closed(self, *jobs: str, timeout_s: float = JOB_S) -> list[JobView]:
        """Return the jobs once all have ended and are cleaned up."""
        changed = asyncio.Event()
        stop = self.job_store.listen(lambda _: changed.set())
        try:
            async with asyncio.timeout(timeout_s):
                while True:
                    changed.clear()
                    views = [self.job_store.view(job) for job in jobs]
                    if all(view is not None and view.closed for view in views):
                        return [view for view in views if view is not None]
                    await changed.wait()
        finally:
            stop()

    async def began(self, view: JobView) -> list[Start]:
        """Return the start of each worker of a job, once all processes have reported it."""
        run = 0 if view.started is None else len(view.started.run)
        async with asyncio.timeout(JOB_S):
            while len(self.starts[view.id]) < run:  # noqa: ASYNC110 - a pipe is quick
                await asyncio.sleep(0.01)
        return self.starts[view.id]

    def traffic(self) -> int:
        """Return how many messages the server has received and sent so far."""
        varz = self.server.monitor("/varz")
        return int(varz["in_msgs"]) + int(varz["out_msgs"])

    def server_cpu_s(self) -> float:
        """Return the CPU time of the server from the kernel; its own figure is an estimate."""
        with open(f"/proc/{self.server.pid}/stat") as stat:  # noqa: PTH123
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / 100

    async def leave(self) -> None:
        for child in self._children:
            with suppress(ProcessLookupError):
                child.kill()
            await child.wait()
        await asyncio.gather(*self._reading)


@asynccontextmanager
async def crowd() -> AsyncIterator[WorkerFleet]:
    """Start a server without workers, and a connection to submit jobs."""
    with NatsServer.start() as server:
        client = await connect(Connection(servers=[server.url]))
        log, job_store = JetStreamLog(client, Mesh()), JobStore(keep=5000)
        await log.open()
        await log.follow(job_store.on_entry, job_store.on_progress)
        members = NatsDiscovery(client, Mesh())
        # As a worker does: wait for workers that have announced themselves and are busy.
        await members.listen()
        gathered = WorkerFleet(server, Jobs(log, job_store, members), job_store)
        try:
            yield gathered
        finally:
            await gathered.leave()
            await log.close()
            await client.close()


def elapsed_s(since_ns: int) -> float:
    """Return the time since a CLOCK_MONOTONIC instant."""
    return (time.monotonic_ns() - since_ns) / 1e9
