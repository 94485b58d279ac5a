"""The server under both sides, and the streams that a case needs."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from nats.aio.client import Client
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError, ServiceUnavailableError

from bench.load.cases import BUCKET, KEYS, STREAM, SUBJECT, Case, Needs
from bench.load.njst_side import NjstSide
from njst.local.nats_cluster import NatsCluster
from njst.local.nats_server import NatsServer

# A batch publisher fills a stream fastest; filling is not measured.
_FILL = {"mode": "FastBatch", "batch": 500, "subjects": [SUBJECT]}
# The stream of the bucket, and its keys: those that njst reads, and those that the peer reads.
_BUCKET = f"KV_{BUCKET}"
_ALL_KEYS = 2 * KEYS
_LEADER_PATIENCE_S = 20
_LOOK_S = 0.2


@contextmanager
def server_of(replicas: int) -> Iterator[str]:
    """Run one server, or three as one cluster; yield the URL of one of them."""
    if replicas == 1:
        with NatsServer.start() as server:
            yield server.url
    else:
        with NatsCluster.start(replicas) as cluster:
            yield cluster.servers[0].url


def prepare(url: str, case: Case, *, makes_bucket: bool = False) -> None:
    """Create what a run of the case needs, the same for both sides.

    Args:
        url: the server.
        case: what will run.
        makes_bucket: the side makes an empty bucket itself, and wants none there.
    """
    stored = asyncio.run(_prepare(url, case, makes_bucket=makes_bucket))
    if case.needs is Needs.FULL_STREAM and stored < case.messages:
        publish = {**_FILL, "payloadBytes": case.size_bytes}
        NjstSide(url).measure(_of_stream(STREAM, case.messages, {"publish": publish}))
    if case.needs is Needs.FULL_BUCKET and stored < _ALL_KEYS:
        for subjects in _keys_of_both_sides():
            how = {"payloadBytes": case.size_bytes, "subjects": [subjects], "subjectCount": KEYS}
            NjstSide(url).measure(_of_stream(_BUCKET, KEYS, {"publish": how}))


def _keys_of_both_sides() -> tuple[str, str]:
    """The peer numbers its keys; njst numbers its clients first."""
    return f"$KV.{BUCKET}", f"$KV.{BUCKET}.0"


def _of_stream(name: str, messages: int, kind: dict[str, Any]) -> dict[str, Any]:
    workload = {"name": "bench", "stream": name, "messages": messages, **kind}
    return {"streams": [{"name": name, "useExisting": True}], "workloads": [workload]}


async def _connected(url: str) -> Client:
    client = Client()
    await client.connect(url)
    return client


async def _prepare(url: str, case: Case, *, makes_bucket: bool) -> int:
    """Create what is missing; return the number of messages of its stream."""
    client = await _connected(url)
    try:
        js = client.jetstream(timeout=30)
        match case.needs:
            case Needs.EMPTY_STREAM:
                await _drop(js, STREAM)
                await _make_stream(js, case)
                await _lead_here(client, js, case)
            case Needs.FULL_STREAM:
                await _keep_or_make(js, case)
                await _lead_here(client, js, case)
                return await _count(js, STREAM)
            case Needs.BUCKET | Needs.FULL_BUCKET:
                # Gets do not change a bucket.
                stored = await _count(js, _BUCKET)
                if case.needs is Needs.FULL_BUCKET and stored == _ALL_KEYS:
                    return stored
                await _drop(js, _BUCKET)
                if makes_bucket and case.needs is Needs.BUCKET:
                    return 0
                await js.create_key_value(
                    bucket=BUCKET, storage=case.storage, replicas=case.replicas, direct=True
                )
        return 0
    finally:
        await client.close()


async def _keep_or_make(js: JetStreamContext, case: Case) -> None:
    """Reuse a filled stream if it has the messages of the case; delete its consumers."""
    try:
        info = await js.stream_info(STREAM)
    except NotFoundError:
        await _make_stream(js, case)
        return
    wanted = (case.storage, case.replicas)
    mean_bytes = info.state.bytes // max(1, info.state.messages)
    fits = case.size_bytes <= mean_bytes < case.size_bytes + 400
    if (info.config.storage, info.config.num_replicas) != wanted or not fits:
        await _drop(js, STREAM)
        await _make_stream(js, case)
        return
    for consumer in await js.consumers_info(STREAM):
        await js.delete_consumer(STREAM, consumer.name)


async def _make_stream(js: JetStreamContext, case: Case) -> None:
    await js.add_stream(
        name=STREAM,
        subjects=["bench.>"],
        storage=case.storage,
        num_replicas=case.replicas,
        allow_direct=True,
        allow_atomic=True,
        allow_batched=True,
    )


async def _lead_here(client: Client, js: JetStreamContext, case: Case) -> None:
    """Make the server that both sides connect to the leader of a replicated stream.

    Where it is led is chance otherwise, and one more hop for whoever has bad luck.
    """
    if case.replicas == 1:
        return
    user = json.loads((await client.request("$SYS.REQ.USER.INFO", timeout=5)).data)
    here = user["server"]["name"]
    preferred = json.dumps({"placement": {"preferred": here}}).encode()
    async with asyncio.timeout(_LEADER_PATIENCE_S):
        while (leader := await _leader(js)) != here:
            if leader:
                await client.request(f"$JS.API.STREAM.LEADER.STEPDOWN.{STREAM}", preferred)
            await asyncio.sleep(_LOOK_S)


async def _leader(js: JetStreamContext) -> str | None:
    """Return the leader of the stream, or None while it has none."""
    try:
        cluster = (await js.stream_info(STREAM)).cluster
    except ServiceUnavailableError:
        return None
    return cluster.leader if cluster else None


async def _drop(js: JetStreamContext, name: str) -> None:
    try:
        await js.delete_stream(name)
    except NotFoundError:
        return


async def _count(js: JetStreamContext, stream: str) -> int:
    """Return the number of messages of a stream, 0 if it does not exist."""
    try:
        return (await js.stream_info(stream)).state.messages
    except NotFoundError:
        return 0
