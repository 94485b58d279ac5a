"""Object stores against a real server, and against another client library's (ADR-20)."""

import base64
import hashlib
import json
import secrets
from collections.abc import AsyncIterator
from typing import Any

import pytest
from nats.aio.client import Client
from nats.js.errors import ObjectNotFoundError
from nats.js.object_store import ObjectStore

from njst.contract.results.tallies import ErrorClass
from tests.nats.modes.running import Runner, errors

Document = dict[str, Any]


@pytest.fixture
def bucket() -> str:
    return f"B{secrets.token_hex(4)}"


@pytest.fixture
async def client(runner: Runner) -> AsyncIterator[Client]:
    connected = Client()
    await connected.connect(runner.url)
    yield connected
    await connected.close()


def workload(bucket: str, operation: str, messages: int, **how: Any) -> Document:
    return {
        "name": operation.lower(),
        "stream": f"OBJ_{bucket}",
        "messages": messages,
        "objectStore": {
            "operation": operation,
            "objects": 5,
            "objectBytes": 300_000,
            "timeoutSeconds": 20,
            **how,
        },
    }


def job(bucket: str, *workloads: Document, first: bool = False) -> Document:
    how = {"retain": "Keep", "storage": "Memory"} if first else {"useExisting": True}
    return {"streams": [{"name": f"OBJ_{bucket}", **how}], "workloads": list(workloads)}


async def store(client: Client, bucket: str) -> ObjectStore:
    return await client.jetstream().object_store(bucket)


async def test_what_njst_puts_another_client_gets(
    runner: Runner, client: Client, bucket: str
) -> None:
    put = workload(bucket, "Put", 10) | {"clients": 2}
    done = (await runner.run(job(bucket, put, first=True)))["put"]
    assert (done.messages, done.bytes, errors(done)) == (10, 3_000_000, {})
    assert done.latency_microseconds is not None
    # Ten objects in three chunks of 128 KiB at the most, and their descriptions.
    assert await runner.stored(f"OBJ_{bucket}") == 10 * (3 + 1)
    objects = await store(client, bucket)
    contents = set()
    for name in ("0-0", "0-4", "1-2"):
        found = await objects.get(name)
        assert found.data is not None
        assert len(found.data) == found.info.size == 300_000
        assert found.info.chunks == 3
        contents.add(found.data)
    assert len(contents) == 3
    assert {info.name for info in await objects.list()} == {
        f"{c}-{n}" for c in "01" for n in "01234"
    }


async def test_what_another_client_puts_njst_gets(
    runner: Runner, client: Client, bucket: str
) -> None:
    objects = await client.jetstream().create_object_store(bucket)
    sizes = [0, 1, 131_072, 131_073, 700_000]
    for number, size in enumerate(sizes):
        await objects.put(f"0-{number}", secrets.token_bytes(size))
    done = (await runner.run(job(bucket, workload(bucket, "Get", 15))))["get"]
    assert (done.messages, done.bytes, errors(done)) == (15, 3 * sum(sizes), {})
    info = await client.jetstream().stream_info(f"OBJ_{bucket}")
    assert info.state.consumer_count == 0, "each Get removes its consumer"
    assert (await runner.stored(f"OBJ_{bucket}")) == 5 + 1 + 1 + 2 + 6


async def test_a_put_takes_the_place_of_the_object_before(
    runner: Runner, client: Client, bucket: str
) -> None:
    await runner.run(job(bucket, workload(bucket, "Put", 12), first=True))
    assert await runner.stored(f"OBJ_{bucket}") == 5 * (3 + 1)
    small = workload(bucket, "Put", 5, objectBytes=1000, chunkBytes=100)
    done = (await runner.run(job(bucket, small)))["put"]
    assert (done.messages, done.bytes, errors(done)) == (5, 5000, {})
    assert await runner.stored(f"OBJ_{bucket}") == 5 * (10 + 1)
    found = await (await store(client, bucket)).get("0-3")
    assert found.data is not None
    assert len(found.data) == 1000


async def test_puts_and_gets_go_round(runner: Runner, bucket: str) -> None:
    how = {"objectBytes": 100_000, "chunkBytes": 7_000, "objectOrder": "Random"}
    put = workload(bucket, "Put", 20, **how) | {"clients": 3}
    await runner.run(job(bucket, workload(bucket, "Put", 15) | {"clients": 3}, first=True))
    await runner.run(job(bucket, put))
    get = workload(bucket, "Get", 30) | {"clients": 3}
    done = (await runner.run(job(bucket, get)))["get"]
    assert (done.messages, errors(done)) == (30, {})
    assert done.latency_microseconds is not None


async def test_what_is_deleted_is_not_found_and_gone(
    runner: Runner, client: Client, bucket: str
) -> None:
    await runner.run(job(bucket, workload(bucket, "Put", 5), first=True))
    gone = (await runner.run(job(bucket, workload(bucket, "Delete", 5))))["delete"]
    assert (gone.messages, gone.bytes, errors(gone)) == (5, 0, {})
    assert await runner.stored(f"OBJ_{bucket}") == 5, "descriptions stay, chunks go"
    with pytest.raises(ObjectNotFoundError):
        await (await store(client, bucket)).get("0-1")
    for operation in ("Get", "Delete"):
        done = (await runner.run(job(bucket, workload(bucket, operation, 5))))[operation.lower()]
        assert (done.messages, errors(done)) == (0, {ErrorClass.NOT_FOUND: 5})
    again = (await runner.run(job(bucket, workload(bucket, "Put", 5))))["put"]
    assert (again.messages, errors(again)) == (5, {})


async def test_a_changed_and_a_missing_chunk_are_found(
    runner: Runner, client: Client, bucket: str
) -> None:
    await runner.run(job(bucket, workload(bucket, "Put", 5), first=True))
    js = client.jetstream()
    described = await js.get_last_msg(
        f"OBJ_{bucket}", f"$O.{bucket}.M.{base64.urlsafe_b64encode(b'0-1').decode()}"
    )
    assert described.data is not None
    info = json.loads(described.data)
    wrong = base64.urlsafe_b64encode(hashlib.sha256(b"other").digest()).decode()
    for change in ({"digest": f"SHA-256={wrong}"}, {"size": 299_999}, {"chunks": 4}):
        await js.publish(described.subject or "", json.dumps({**info, **change}).encode())
        done = (await runner.run(job(bucket, workload(bucket, "Get", 5))))["get"]
        error_class = ErrorClass.LOST if "chunks" in change else ErrorClass.CORRUPTED
        assert (done.messages, errors(done)) == (4, {error_class: 1}), change


async def test_an_offered_rate_of_objects(runner: Runner, bucket: str) -> None:
    put = workload(bucket, "Put", 0, objectBytes=5_000)
    del put["messages"]
    put |= {"durationSeconds": 1, "messagesPerSecond": 40, "clients": 2}
    done = (await runner.run(job(bucket, put, first=True)))["put"]
    assert (done.attempted, done.messages, errors(done)) == (40, 40, {})
    assert done.service_microseconds is not None
