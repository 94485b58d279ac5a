"""Counts are the server's own: what it took from load connections, what it gave, and has stored."""

import asyncio
from dataclasses import dataclass
from typing import Any

import pytest

from njst.contract.results.report import WorkloadResult
from njst.local.nats_server import NatsServer
from tests.nats.truth.loading import LIMIT_S, Document, errors, loading, stored

COUNT = 2_345
SIZE = 64
PAYLOADS = COUNT * SIZE
CLIENTS = 2
BATCH = 100
# Each client's last batch is not a whole one.
BATCHES = CLIENTS * (COUNT // CLIENTS // BATCH + 1)
ACK = len("+ACK")
NAME = "njst"
# A look for what was published, after the load, would be one more connection.
PUBLISH = {"payloadBytes": SIZE, "verify": "None"}


@dataclass
class Traffic:
    """What the server counted for all load connections together: messages and their bytes."""

    taken: int = 0
    taken_bytes: int = 0
    given: int = 0
    given_bytes: int = 0


def closed(server: NatsServer) -> list[dict[str, Any]]:
    """What the server counted for each load connection that is closed."""
    rows: list[dict[str, Any]] = server.monitor("/connz?state=closed&limit=10000")["connections"]
    return [row for row in rows if row.get("name") == NAME]


async def measure(
    server: NatsServer, streams: list[Document], workload: Document, clients: int = CLIENTS
) -> tuple[WorkloadResult, Traffic]:
    """Return what a workload of COUNT messages says that it did, and what the server says."""
    before = {row["cid"] for row in closed(server)}
    document = {"streams": streams, "workloads": [{"clients": clients, **workload}]}
    async with loading(server, document) as load:
        (result,) = (await load.run()).values()
        rows: list[dict[str, Any]] = []
        async with asyncio.timeout(LIMIT_S):
            while len(rows) < clients:
                await asyncio.sleep(0.01)
                rows = [row for row in closed(server) if row["cid"] not in before]
    traffic = Traffic()
    for row in rows:
        traffic.taken += row["in_msgs"]
        traffic.taken_bytes += row["in_bytes"]
        traffic.given += row["out_msgs"]
        traffic.given_bytes += row["out_bytes"]
    assert len(rows) == clients
    assert errors(result) == {}
    assert (result.attempted, result.messages) == (COUNT, COUNT)
    return result, traffic


def made(stream: str) -> list[Document]:
    return [{"name": stream, "storage": "Memory", "retain": "Keep"}]


def existing(stream: str) -> list[Document]:
    return [{"name": stream, "useExisting": True}]


def work(name: str, stream: str, **kind: Document) -> Document:
    return {"name": name, "stream": stream, "messages": COUNT, **kind}


async def fill(server: NatsServer, stream: str) -> None:
    await measure(server, made(stream), work("write", stream, publish=PUBLISH))


@pytest.mark.parametrize(
    ("how", "answers"),
    [
        ({"mode": "Synchronous"}, COUNT),
        ({"mode": "Asynchronous"}, COUNT),
        ({"mode": "Asynchronous", "messageIds": "Unique"}, COUNT),
        # The first message of a batch asks for an answer too: it has the first reason of a refusal.
        ({"mode": "AtomicBatch", "batch": BATCH}, 2 * BATCHES),
        # The server chooses how often it answers; what ends a batch is a message to it.
        ({"mode": "FastBatch", "batch": BATCH}, None),
    ],
    ids=lambda how: how["mode"] if isinstance(how, dict) else "",
)
async def test_what_was_published_is_what_the_server_took_and_stored(
    server: NatsServer, stream: str, how: Document, answers: int | None
) -> None:
    workload = work("write", stream, publish={**PUBLISH, **how})
    result, traffic = await measure(server, made(stream), workload)
    assert result.bytes == PAYLOADS
    assert await stored(server, stream) == COUNT
    if answers is None:
        assert traffic.taken == COUNT + CLIENTS
    else:
        assert (traffic.taken, traffic.given) == (COUNT, answers)
    if how["mode"] != "AtomicBatch" and "messageIds" not in how:
        assert traffic.taken_bytes == PAYLOADS, "there are no headers in them"


@pytest.mark.parametrize(
    ("how", "acks", "answers"),
    [
        ({"ack": "None"}, 0, 0),
        ({"ack": "Explicit"}, COUNT, 0),
        ({"ack": "Double"}, COUNT, COUNT),
        ({"mode": "Fetch", "batch": BATCH}, COUNT, 0),
        ({"mode": "Push"}, COUNT, 0),
        ({"mode": "Ordered"}, 0, 0),
    ],
    ids=str,
)
async def test_what_was_consumed_is_what_the_server_delivered(
    server: NatsServer, stream: str, how: Document, acks: int, answers: int
) -> None:
    await fill(server, stream)
    # A consumer of a client's own gives it everything, so more than a part to each of several.
    clients = 1 if how.get("mode") in ("Push", "Ordered") else CLIENTS
    workload = work("read", stream, consume=how)
    result, traffic = await measure(server, existing(stream), workload, clients)
    assert result.bytes == PAYLOADS
    assert traffic.given == COUNT + answers
    assert traffic.given_bytes == PAYLOADS, "answers to acknowledgements are empty"
    # What was no acknowledgement was a request for messages, by its length too.
    pulls = traffic.taken - acks
    assert (pulls == 0) is (how.get("mode") == "Push")
    request = len('{"batch": 500, "expires": 5000000000}')
    assert traffic.taken_bytes - acks * ACK == pytest.approx(pulls * request, abs=2 * pulls)


@pytest.mark.parametrize(
    ("how", "requests"),
    [
        ({"mode": "Sequence", "window": 10}, COUNT),
        ({"mode": "LastBySubject"}, COUNT),
        ({"mode": "Batch", "batch": BATCH}, BATCHES),
    ],
    ids=lambda how: how["mode"] if isinstance(how, dict) else "",
)
async def test_what_was_got_is_what_the_server_gave(
    server: NatsServer, stream: str, how: Document, requests: int
) -> None:
    await fill(server, stream)
    if how["mode"] == "LastBySubject":
        how = {**how, "subjects": [f"{stream}.write"]}
    result, traffic = await measure(server, existing(stream), work("read", stream, get=how))
    assert result.bytes == PAYLOADS
    # What ends the answer to a batch is a message too.
    ends = BATCHES if how["mode"] == "Batch" else 0
    assert (traffic.taken, traffic.given) == (requests, COUNT + ends)


async def test_what_was_done_with_keys_is_what_the_server_answered(
    server: NatsServer, stream: str
) -> None:
    bucket = f"KV_{stream}"
    for operation, streams in (
        ("Put", made(bucket)),
        ("Get", existing(bucket)),
        ("Delete", existing(bucket)),
    ):
        how = {"operation": operation, "keys": 100, "valueBytes": SIZE, "window": 10}
        result, traffic = await measure(server, streams, work("keys", bucket, keyValue=how))
        assert (traffic.taken, traffic.given) == (COUNT, COUNT), operation
        assert result.bytes == (0 if operation == "Delete" else PAYLOADS)
    assert await stored(server, bucket) == CLIENTS * 100
