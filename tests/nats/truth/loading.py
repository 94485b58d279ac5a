"""One load from its set-up to its clean-up, and what a test does to it in the midst."""

import asyncio
import os
import secrets
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from nats.aio.client import Client
from nats.js import JetStreamContext

from njst.contract.connection import Connection
from njst.contract.parsing.document import parse_spec
from njst.contract.plan import LoadPlan, RangePlan, SlicePlan
from njst.contract.results.outcome import Outcome
from njst.contract.results.readback import NOT_READ, STOPPED
from njst.contract.results.report import WorkloadResult
from njst.contract.results.tallies import ErrorClass, WorkloadTally
from njst.load.readback.readback_client import read_slice
from njst.load.runtime.process_group import LoadGroup
from njst.local.nats_cluster import NatsCluster
from njst.local.nats_server import NatsServer
from njst.provisioning import provision, teardown
from njst.provisioning.core_streams import core_receipts
from njst.stats.histogram import Histogram
from njst.stats.tally_merge import merge, totals
from njst.verification.checker import prove, with_proof
from njst.verification.receipt_budget import had, split_receipts
from njst.verification.slices import slices

# Of a wait for what takes moments: only a failure takes so long, and a busy machine less.
LIMIT_S = 90.0
WORKER = "w"
ROOM_BYTES = 512 * 1024
# Of what was injected. A busy host adds to a time and takes nothing away; on an idle one, say 1.
LESS_PERCENT = 1
MORE_PERCENT = int(os.environ.get("NJST_TRUTH_PERCENT", "10"))
Document = dict[str, Any]


@dataclass
class Load:
    """A prepared load: connected and waiting for its start."""

    plan: LoadPlan
    group: LoadGroup
    # In how many slices the streams are read back.
    slices: int = 1

    def start(self, lead_ns: int = 0) -> None:
        """Start after a lead, as the mesh does: subscriptions have to arrive by then."""
        now_ns = time.monotonic_ns()
        self.group.start(now_ns + lead_ns, time.time_ns() - now_ns)

    def done(self, workload: str) -> int:
        """How many messages the load processes have said are done."""
        return sum(t.messages for t in self.group.tallies() if t.workload == workload)

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(LIMIT_S):
            while not holds():  # noqa: ASYNC110
                await asyncio.sleep(0.01)

    async def end(self, outcome: Outcome = Outcome.COMPLETED) -> dict[str, WorkloadResult]:
        """Return the totals of each workload once the load has ended by itself."""
        async with asyncio.timeout(LIMIT_S):
            assert await self.group.wait() is outcome
        tallies = await self.read_back(read=outcome is not Outcome.STOPPED)
        return {t.workload: totals(t.workload, "", [t]) for t in tallies}

    async def read_back(self, *, read: bool = True) -> list[WorkloadTally]:
        """Return the tallies once the streams were read, slice by slice, as a mesh does it."""
        asked, unread = split_receipts(self.group.receipts(), ROOM_BYTES)
        asked += core_receipts(self.plan.clients, self.group.tallies())
        seen = {}
        if read and asked:
            for number, pieces in enumerate(slices(asked, self.slices)):
                plan = SlicePlan(
                    job=self.plan.job,
                    connection=self.plan.connection.knowing(self.group.found()),
                    pieces=[RangePlan(stream=p.stream, after=p.after, upto=p.upto) for p in pieces],
                    receipts=asked,
                    max_bytes=ROOM_BYTES,
                )
                seen[number] = WORKER, await read_slice(plan)
        consumed = had(self.group.consumption(), ROOM_BYTES)
        missing = NOT_READ if read else STOPPED
        proofs = prove({WORKER: asked}, self.slices, seen, missing, consumed)
        return with_proof(merge([*self.group.tallies(), *unread]), proofs.get(WORKER, []))

    async def run(self, lead_ns: int = 0) -> dict[str, WorkloadResult]:
        self.start(lead_ns)
        return await self.end()


@asynccontextmanager
async def loading(
    server: NatsServer | NatsCluster,
    document: Document,
    *,
    via: str = "",
    seeds: int = 0,
    processes: int = 1,
    slices: int = 1,
    **connection: Any,
) -> AsyncIterator[Load]:
    """Make a job's assets on the server itself; its clients connect to `via`.

    With `seeds`, no more than so many servers of a cluster are named to anybody.
    """
    spec = parse_spec(document)
    job = secrets.token_hex(4)
    urls = server.urls if isinstance(server, NatsCluster) else [server.url]
    urls = urls[: seeds or len(urls)]
    direct = Connection(servers=urls)
    settings = Connection.model_validate({"servers": [via] if via else urls, **connection})
    prepared = await provision.provision(job, spec, direct, [WORKER], WORKER)
    plan = LoadPlan(job=job, connection=settings, clients=prepared.clients)
    group = await LoadGroup.prepare(plan, processes=processes, timeout_s=LIMIT_S)
    try:
        yield Load(plan, group, slices)
    finally:
        await group.stop()
        assert await teardown.teardown(job, spec, direct.knowing(group.found())) == []


@asynccontextmanager
async def jetstream(server: NatsServer | NatsCluster) -> AsyncIterator[JetStreamContext]:
    connection = Client()
    await connection.connect(server.url.split(","))
    try:
        yield connection.jetstream()
    finally:
        await connection.close()


async def stored(server: NatsServer, stream: str) -> int:
    """Return how many messages a stream has."""
    async with jetstream(server) as js:
        return (await js.stream_info(stream)).state.messages


def is_injected(found_us: int, injected_us: int, more_percent: int = MORE_PERCENT) -> bool:
    """Whether a time is what a proxy added."""
    off_percent = 100 * (found_us - injected_us) / injected_us
    return -LESS_PERCENT <= off_percent <= more_percent


def errors(result: WorkloadResult) -> dict[ErrorClass, int]:
    return {error.error_class: error.count for error in result.errors}


def events(result: WorkloadResult) -> dict[ErrorClass, int]:
    """Return what befell connections, by class."""
    return {event.error_class: event.count for event in result.events}


def count_above(result: WorkloadResult, bound_us: int) -> int:
    """Return how many latencies were above a bound, to the histogram's three digits."""
    counts: Mapping[int, int] = Histogram.decode(result.latency)._counts
    bound = Histogram.of([bound_us])
    (slot,) = bound._counts
    return sum(count for at, count in counts.items() if at > slot)
