"""Whether the tester or the target was the bottleneck, with one of them really standing still."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from njst.contract.kinds.core import CoreOperation, CorePlan
from njst.contract.kinds.publish import PublishMode, PublishPlan
from njst.contract.payload import PayloadPlan
from njst.contract.plan import ArrivalPiece, ArrivalPlan, ClientPlan
from njst.contract.results.report import Diagnosis, WorkloadResult
from njst.load.runtime.process_group import LoadGroup
from njst.local.nats_server import NatsServer
from njst.verdict.tester_diagnosis import diagnose
from tests.nats.load.test_faults import ended, jetstream, pids_of, plan, prepared, start
from tests.stopping import stopped

PER_SECOND = 1_000
# Until all connections send.
UNDER_WAY_S = 0.5
# How long the load process, or the server, stands still: 400 messages are due meanwhile.
FROZEN_S = 0.4


def paced(window: int) -> ClientPlan:
    """A client that offers 1,000 messages a second for 2 seconds."""
    rate = ArrivalPiece(begin_per_second=PER_SECOND, end_per_second=PER_SECOND)
    return ClientPlan(
        workload="write",
        index=0,
        duration_ms=2_000,
        pace=ArrivalPlan(pieces=[rate], parts=1, index=0),
        publish=PublishPlan(
            mode=PublishMode.ASYNCHRONOUS,
            window=window,
            payload=PayloadPlan(bytes_min=64, bytes_max=64),
            subjects=["s.x"],
            ack_timeout_ms=5_000,
        ),
    )


async def measured(group: LoadGroup) -> tuple[WorkloadResult, Diagnosis]:
    """Return what was measured, and the diagnosis on a host that nothing else keeps busy."""
    _, result = await ended(group)
    cost = group.cost()
    assert cost is not None
    alone = {"busiest_cpu_us": 0, "run_delay_us": 0, "throttled_us": 0}
    diagnosis = diagnose([cost.model_copy(update=alone)], [result])
    assert diagnosis is not None
    return result, diagnosis


@pytest.fixture
async def stream(nats_server: NatsServer) -> AsyncIterator[None]:
    async with jetstream(nats_server) as context:
        await context.add_stream(name="S", subjects=["s.>"])
        yield


async def test_frozen_load__is_diagnosed_as_late(nats_server: NatsServer, stream: None) -> None:
    async with prepared(plan(nats_server.url, paced(window=2_000))) as group:
        start(group)
        await asyncio.sleep(UNDER_WAY_S)
        with stopped(pids_of(group)[0]):
            await asyncio.sleep(FROZEN_S)
        result, diagnosis = await measured(group)
    assert (result.messages, result.held) == (2_000, 0)
    assert result.slip_microseconds is not None
    assert result.slip_microseconds.p99 > 200_000
    assert diagnosis.limited
    assert diagnosis.reason == "SendsLate"


async def test_frozen_target__beyond_the_window__holds_back_what_is_due(
    nats_server: NatsServer, stream: None
) -> None:
    async with prepared(plan(nats_server.url, paced(window=20))) as group:
        start(group)
        await asyncio.sleep(UNDER_WAY_S)
        with stopped(nats_server.pid):
            await asyncio.sleep(FROZEN_S)
        result, diagnosis = await measured(group)
    assert result.messages == 2_000
    assert result.held >= 300, "what was due in 0.4 s, but for the window"
    assert result.slip_microseconds is not None
    assert result.slip_microseconds.p99 > 200_000
    assert diagnosis.reason != "SendsLate"


async def test_target__that_reads_nothing__is_diagnosed_as_back_pressure(
    nats_server: NatsServer,
) -> None:
    flood = ClientPlan(
        workload="write",
        index=0,
        duration_ms=4_000,
        core=CorePlan(
            operation=CoreOperation.PUBLISH, subject="flood", payload_bytes=8_000, timeout_ms=5_000
        ),
    )
    async with prepared(plan(nats_server.url, flood)) as group:
        start(group)
        await asyncio.sleep(UNDER_WAY_S)
        with stopped(nats_server.pid):
            # What is asked for is a share of the 4 s: it has to be this long.
            await asyncio.sleep(3.2)
        _, diagnosis = await measured(group)
    assert diagnosis.blocked_percent >= 30
    assert diagnosis.reason == "BackPressure"
