"""Whether the tester was late, or the target had no room: told apart by what really happens."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from njst.contract.kinds.core import CoreOperation, CorePlan
from njst.contract.kinds.payload import PayloadPlan
from njst.contract.kinds.publish import PublishMode, PublishPlan
from njst.contract.plan import ArrivalPiece, ArrivalPlan, ClientPlan
from njst.contract.results.report import Diagnosis, WorkloadResult
from njst.load.runtime.process_group import LoadGroup
from njst.local.nats_server import NatsServer
from njst.verdict.tester_diagnosis import diagnose
from tests.nats.load.test_faults import ended, jetstream, pids_of, plan, prepared, start
from tests.stopping import stopped

PER_SECOND = 1_000


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
    _, result = await ended(group)
    diagnosis = diagnose([group.cost()], [result])
    assert diagnosis is not None
    return result, diagnosis


@pytest.fixture
async def stream(nats_server: NatsServer) -> AsyncIterator[None]:
    async with jetstream(nats_server) as context:
        await context.add_stream(name="S", subjects=["s.>"])
        yield


async def test_a_tester_that_stands_still_is_late(nats_server: NatsServer, stream: None) -> None:
    async with prepared(plan(nats_server.url, paced(window=2_000))) as group:
        start(group)
        await asyncio.sleep(0.5)
        with stopped(pids_of(group)[0]):
            await asyncio.sleep(0.4)
        result, diagnosis = await measured(group)
    assert (result.messages, result.held) == (2_000, 0)
    assert result.slip_microseconds is not None
    assert result.slip_microseconds.p99 > 200_000
    assert diagnosis.limited
    # On a busy machine the reason for being late comes first.
    assert diagnosis.reason in ("SendsLate", "CpuContended", "ProcessBusy")


async def test_frozen_target_delays_messages_beyond_the_window(
    nats_server: NatsServer, stream: None
) -> None:
    async with prepared(plan(nats_server.url, paced(window=20))) as group:
        start(group)
        await asyncio.sleep(0.5)
        with stopped(nats_server.pid):
            await asyncio.sleep(0.4)
        result, diagnosis = await measured(group)
    assert result.messages == 2_000
    assert result.held >= 300, "what was due in 0.4 s, but for the window"
    assert result.slip_microseconds is not None
    assert result.slip_microseconds.p99 > 200_000
    assert diagnosis.reason != "SendsLate"


async def test_a_target_that_reads_nothing_is_seen_as_back_pressure(
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
        await asyncio.sleep(0.5)
        with stopped(nats_server.pid):
            # What is asked for is a share of the 4 s: it has to be this long.
            await asyncio.sleep(3.2)
        _, diagnosis = await measured(group)
    assert diagnosis.blocked_percent >= 30
    assert diagnosis.reason in ("BackPressure", "CpuContended", "ProcessBusy")
