"""Workloads that know something of the store, when the server is killed and comes back."""

import asyncio
from typing import Any

from nats.aio.client import Client

from njst.contract.connection import Connection
from njst.contract.parsing.document import parse_spec
from njst.contract.plan import LoadPlan
from njst.contract.results.report import WorkloadResult
from njst.contract.results.tallies import ErrorClass
from njst.load.runtime.process_group import LoadGroup
from njst.local.nats_server import NatsServer
from njst.provisioning import provision
from tests.nats.load.test_faults import ended, errors, prepared, start, until

JOB = "j1"
OBJECT_BYTES = 100_000
UNKNOWN = {ErrorClass.DISCONNECTED, ErrorClass.NO_RESPONDERS, ErrorClass.TIMEOUT}


def spec(kind: dict[str, Any], stream: str) -> dict[str, Any]:
    workload = {"name": "write", "stream": stream, "durationSeconds": 60, **kind}
    return {"streams": [{"name": stream, "retain": "Keep"}], "workloads": [workload]}


def messages(group: LoadGroup) -> int:
    return sum(tally.messages for tally in group.tallies())


async def run_through_a_restart(server: NatsServer, document: dict[str, Any]) -> WorkloadResult:
    """Load until something is done, kill the server, and go on until much more is done."""
    connection = Connection(servers=[server.url])
    made = await provision.provision(JOB, parse_spec(document), connection, ["w"], "w")
    plan = LoadPlan(job=JOB, connection=connection, clients=made.clients)
    async with prepared(plan) as group:
        start(group)
        await until(lambda: messages(group) > 0)
        server.kill()
        await asyncio.to_thread(server.restart)
        before = messages(group)
        await until(lambda: messages(group) > before + 20)
        await group.stop()
        _, result = await ended(group)
    assert errors(result).keys() <= UNKNOWN | {ErrorClass.WRONG_SEQUENCE}
    assert sum(errors(result).values()) > 0
    return result


async def test_every_object_that_is_described_is_whole(nats_server: NatsServer) -> None:
    how = {"operation": "Put", "objects": 4, "objectBytes": OBJECT_BYTES, "chunkBytes": 5_000}
    await run_through_a_restart(
        nats_server, spec({"objectStore": {**how, "timeoutSeconds": 2}}, "OBJ_b")
    )
    client = Client()
    await client.connect(nats_server.url)
    try:
        objects = await client.jetstream().object_store("b")
        found = [await objects.get(info.name) for info in await objects.list()]
    finally:
        await client.close()
    assert len(found) == 4
    assert all(got.data is not None and len(got.data) == OBJECT_BYTES for got in found)


async def test_update_after_a_lost_answer_learns_the_revision(
    nats_server: NatsServer,
) -> None:
    how = {"operation": "Update", "keys": 50, "window": 10, "timeoutSeconds": 2}
    result = await run_through_a_restart(nats_server, spec({"keyValue": how}, "KV_b"))
    found = errors(result)
    refused = found.get(ErrorClass.WRONG_SEQUENCE, 0)
    assert refused <= sum(found.values()) - refused, "once for each that was stored all the same"
