"""Many workers in one process, each with a connection, a log reader, a clock and an agent.

Their load does nothing but note when it began, and ends a while later: what a worker does at the
end of a job would hold up those of its neighbours on the same cores that have not begun.

`python -m bench.mesh.fleet_process URL PREFIX COUNT` says `{"joined": n}`, then each start as
`{"job", "atNs", "dueNs"}`; a line on stdin asks for figures: `{"cpuS", "peakBytes", "clocks":
[[error us, stated error us], ...]}`.
"""

import asyncio
import json
import os
import resource
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from nats.aio.client import Client

from njst.agent.deps import AgentDeps
from njst.agent.runner import Agent
from njst.contract.connection import Connection
from njst.contract.names.mesh import Mesh
from njst.contract.plan import Consumption, LoadPlan, Provisioned, Receipt, SlicePlan
from njst.contract.results.outcome import Outcome, Problem
from njst.contract.results.readback import SliceResult
from njst.contract.results.tallies import LoadCost, WorkloadTally
from njst.contract.results.windows import ParticipantWindow
from njst.contract.spec.job import JobSpec
from njst.journal.interfaces import Member
from njst.journal.nats.control_connection import connect
from njst.journal.nats.job_log import JetStreamLog
from njst.journal.nats.log_clock import LogClock
from njst.journal.nats.report_store import ReportStore
from njst.journal.nats.window_store import WindowStore
from njst.journal.nats.worker_discovery import NatsDiscovery
from njst.journal.state.job_store import JobStore
from njst.load.host.clock import wait_until
from njst.planning.client_plans import client_plans

# The number of logins that a server handles at a time without a queue.
_AT_ONCE = 25
# How long a load lasts.
_LOAD_S = 0.2
# The last part of the wait for the start blocks, as in a load process.
_CLOSE_S = 0.003


def say(document: dict[str, object]) -> None:
    """Print a line for the parent."""
    print(json.dumps(document), flush=True)


class NoLoad:
    """Load that does nothing."""

    problem: Problem | None = None

    def __init__(self, plan: LoadPlan) -> None:
        self._plan = plan
        self._began_ns = 0
        self._over = asyncio.Event()

    def start(self, at_monotonic_ns: int, log_offset_ns: int) -> None:
        del log_offset_ns
        left_s = (at_monotonic_ns - time.monotonic_ns()) / 1e9 - _CLOSE_S
        asyncio.get_running_loop().call_later(max(0.0, left_s), self._start, at_monotonic_ns)

    def _start(self, at_ns: int) -> None:
        wait_until(at_ns)
        self._began_ns = time.monotonic_ns()
        asyncio.get_running_loop().call_later(_LOAD_S, self._end, at_ns)

    def _end(self, due_ns: int) -> None:
        say({"job": self._plan.job, "atNs": self._began_ns, "dueNs": due_ns})
        self._over.set()

    def begin(self, workload: str, at_monotonic_ns: int) -> None:
        """No workload waits for another here."""

    def left(self) -> frozenset[str]:
        return frozenset()

    def tallies(self) -> list[WorkloadTally]:
        messages = sum(client.messages or 0 for client in self._plan.clients)
        if not self._over.is_set():
            return [WorkloadTally(workload="w", planned=messages)]
        counts = {"planned": messages, "attempted": messages, "messages": messages}
        return [WorkloadTally(workload="w", elapsed_us=round(_LOAD_S * 1e6), **counts)]

    def cost(self) -> LoadCost | None:
        return None

    async def wait(self) -> Outcome:
        await self._over.wait()
        return Outcome.COMPLETED

    def found(self) -> list[str]:
        return []

    def take_windows(self) -> list[ParticipantWindow]:
        return []

    def consumption(self) -> list[Consumption]:
        return []

    def receipts(self) -> list[Receipt]:
        return []

    async def stop(self) -> None:
        self._over.set()

    def kill(self) -> None:
        """There is no process."""


async def _make(
    job: str, spec: JobSpec, _: Connection, participants: Sequence[str], me: str
) -> Provisioned:
    return Provisioned(clients=client_plans(job, spec, participants, me))


async def _remove(_: str, __: JobSpec, ___: Connection) -> list[str]:
    return []


async def _prepare(plan: LoadPlan, _: float) -> NoLoad:
    return NoLoad(plan)


async def _look(_: SlicePlan) -> SliceResult:
    raise AssertionError("nothing was stored")


async def join(url: str, name: str) -> tuple[Client, LogClock]:
    """Join the mesh as a worker does, for good."""
    mesh = Mesh()
    client = await connect(Connection(servers=[url]))
    journal, clock, job_store = JetStreamLog(client, mesh), LogClock(client, mesh), JobStore()
    await journal.open()
    await clock.start()
    await journal.follow(job_store.on_entry, job_store.on_progress)
    deps = AgentDeps(
        me=name,
        log=journal,
        job_store=job_store,
        time=clock,
        resolve=lambda _: Connection(servers=[url]),
        provision=_make,
        teardown=_remove,
        prepare=_prepare,
        read_slice=_look,
        warm_up=lambda: None,
        reports=ReportStore(client, mesh),
        windows=WindowStore(client, mesh),
        run_in_thread=asyncio.to_thread,
    )
    me = Member(worker=name, name=name, host="bench", version="bench", started_at=datetime.now(UTC))
    await NatsDiscovery(client, mesh).answer(lambda: me)
    _FOREVER.append(asyncio.create_task(Agent(deps).run(asyncio.Event())))
    return client, clock


_FOREVER: list[asyncio.Task[None]] = []


def figures(clocks: Sequence[LogClock]) -> dict[str, object]:
    """Return what this process has used, and how well its clocks know the log's time.

    The log's server is on this host, so its time is this host's.
    """
    used = resource.getrusage(resource.RUSAGE_SELF)
    errors = []
    for clock in clocks:
        before_ns = time.time_ns()
        said_ns = clock.now_ns()
        truth_ns = (before_ns + time.time_ns()) // 2
        errors.append([abs(said_ns - truth_ns) / 1e3, clock.error_us])
    return {
        "cpuS": used.ru_utime + used.ru_stime,
        "peakBytes": used.ru_maxrss * 1024,
        "clocks": errors,
    }


async def main(url: str, prefix: str, count: int) -> None:
    """Join with `count` workers, and answer questions until the parent ends."""
    room = asyncio.Semaphore(_AT_ONCE)

    async def one(number: int) -> LogClock:
        async with room:
            _, clock = await join(url, f"{prefix}-{number}")
            return clock

    clocks: list[LogClock] = []
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    asked = asyncio.create_task(_answer(reader, clocks))
    joining = asyncio.gather(*(one(number) for number in range(count)))
    first: set[asyncio.Future[Any]] = {joining, asked}
    await asyncio.wait(first, return_when=asyncio.FIRST_COMPLETED)
    if not asked.done():
        clocks += joining.result()
        say({"joined": count})
        await asked
    # The mesh ends with the bench, so the workers need not leave it.
    os._exit(0)


async def _answer(questions: asyncio.StreamReader, clocks: Sequence[LogClock]) -> None:
    """Answer each line of the parent with the figures, until the parent ends."""
    while await questions.readline():
        say(figures(clocks))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
