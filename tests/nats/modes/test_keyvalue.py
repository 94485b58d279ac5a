"""Buckets against a real server: what njst does to keys, as another client sees it."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
from nats.aio.client import Client
from nats.js.errors import KeyNotFoundError, NotFoundError
from nats.js.kv import KeyValue

from njst.contract.results.tallies import ErrorClass
from tests.nats.modes.running import Runner, errors

Document = dict[str, Any]


@pytest.fixture
def bucket() -> str:
    return f"B{secrets.token_hex(4)}"


def workload(bucket: str, operation: str, messages: int, **how: Any) -> Document:
    return {
        "name": operation.lower(),
        "stream": f"KV_{bucket}",
        "messages": messages,
        "keyValue": {"operation": operation, "keys": 100, "window": 10, **how},
    }


def job(bucket: str, *workloads: Document, first: bool = False, history: int = 1) -> Document:
    made = {"retain": "Keep", "storage": "Memory", "maxMessagesPerSubject": history}
    how = made if first else {"useExisting": True}
    return {"streams": [{"name": f"KV_{bucket}", **how}], "workloads": list(workloads)}


@asynccontextmanager
async def seen_by_another(runner: Runner, bucket: str) -> AsyncIterator[KeyValue]:
    client = Client()
    await client.connect(runner.url)
    try:
        yield await client.jetstream().key_value(bucket)
    finally:
        await client.close()


async def history(runner: Runner, bucket: str, key: str) -> list[str | None]:
    """What was done to a key, the oldest first, None for a value.

    The stream is asked: nats-py's own says that there is none where it has not come to the messages
    yet when it hears that all are delivered.
    """
    operations: list[str | None] = []

    async def look(client: Client) -> None:
        following = 1
        with suppress(NotFoundError):
            while True:
                message = await client.jetstream().get_msg(
                    f"KV_{bucket}", seq=following, subject=f"$KV.{bucket}.{key}", next=True
                )
                operations.append((message.headers or {}).get("KV-Operation"))
                following = (message.seq or 0) + 1

    await runner.ask(look)
    return operations


async def test_a_bucket(runner: Runner, bucket: str) -> None:
    made = await runner.run(job(bucket, workload(bucket, "Create", 100), first=True))
    assert (made["create"].messages, errors(made["create"])) == (100, {})
    assert await runner.stored(f"KV_{bucket}") == 100
    for operation, messages in (("Put", 500), ("Get", 500), ("Delete", 100)):
        done = await runner.run(job(bucket, workload(bucket, operation, messages)))
        result = done[operation.lower()]
        assert (result.messages, errors(result)) == (messages, {}), operation
    async with seen_by_another(runner, bucket) as kv:
        with pytest.raises(KeyNotFoundError) as found:
            await kv.get("0.5")
        assert found.value.op == "DEL"


@pytest.mark.parametrize("window", [1, 10])
async def test_create_takes_what_is_gone_and_refuses_what_is_there(
    runner: Runner, bucket: str, window: int
) -> None:
    await runner.run(job(bucket, workload(bucket, "Put", 100), first=True, history=5))
    create = workload(bucket, "Create", 100, window=window, valueBytes=40)
    done = (await runner.run(job(bucket, create)))["create"]
    assert (done.messages, errors(done)) == (0, {ErrorClass.WRONG_SEQUENCE: 100})
    await runner.run(job(bucket, workload(bucket, "Delete", 30)))
    async with seen_by_another(runner, bucket) as kv:
        for number in range(30, 50):
            await kv.purge(f"0.{number}")
        done = (await runner.run(job(bucket, create)))["create"]
        assert (done.messages, done.bytes) == (50, 50 * 40)
        assert errors(done) == {ErrorClass.WRONG_SEQUENCE: 50}
        for key, operations in (("0.0", [None, "DEL", None]), ("0.40", ["PURGE", None])):
            assert await history(runner, bucket, key) == operations
        assert await history(runner, bucket, "0.99") == [None]


async def test_history_is_kept_and_purged(runner: Runner, bucket: str) -> None:
    await runner.run(job(bucket, workload(bucket, "Put", 700), first=True, history=5))
    assert await history(runner, bucket, "0.7") == [None] * 5
    assert await runner.stored(f"KV_{bucket}") == 500
    done = (await runner.run(job(bucket, workload(bucket, "Purge", 100))))["purge"]
    assert (done.messages, done.bytes, errors(done)) == (100, 0, {})
    assert await runner.stored(f"KV_{bucket}") == 100
    assert await history(runner, bucket, "0.7") == ["PURGE"]


async def test_updates_of_own_keys_are_never_refused(runner: Runner, bucket: str) -> None:
    await runner.run(job(bucket, workload(bucket, "Put", 100), first=True, history=20))
    update = workload(bucket, "Update", 1000, valueBytes=200) | {"clients": 2}
    done = (await runner.run(job(bucket, update)))["update"]
    assert (done.messages, done.bytes, errors(done)) == (1000, 200_000, {})
    assert done.latency_microseconds is not None
    # 100 puts of client 0's keys before, then five updates of each key of both clients.
    assert [len(await history(runner, bucket, key)) for key in ("0.9", "1.9")] == [6, 5]


async def test_updates_of_shared_keys_are_refused_and_go_on(runner: Runner, bucket: str) -> None:
    update = workload(bucket, "Update", 2000, keys=2, window=1, sharedKeys=True) | {"clients": 4}
    done = (await runner.run(job(bucket, update, first=True, history=1)))["update"]
    refused = errors(done)
    assert set(refused) == {ErrorClass.WRONG_SEQUENCE}
    assert done.messages + refused[ErrorClass.WRONG_SEQUENCE] == done.attempted == 2000
    async with seen_by_another(runner, bucket) as kv:
        entries = [await kv.get(f"all.{n}") for n in range(2)]
        # Each successful write is one revision of the bucket, and nobody else writes.
        assert max(entry.revision or 0 for entry in entries) == done.messages > 2


async def test_a_watcher_sees_every_change_and_when(runner: Runner, bucket: str) -> None:
    put = workload(bucket, "Put", 3000, valueBytes=64, window=5) | {"clients": 2}
    watch = workload(bucket, "Watch", 2 * 3000, timeoutSeconds=10) | {"clients": 2}
    done = await runner.run(job(bucket, put, watch, first=True, history=30))
    assert errors(done["put"]) == {}
    seen = done["watch"]
    assert (seen.messages, seen.bytes, errors(seen)) == (6000, 6000 * 64, {})
    assert seen.latency_microseconds is not None
    assert seen.latency_microseconds.p50 > 0
    # 200 keys have a last value; only own keys, only what changes: nothing is there.
    again = await runner.run(job(bucket, workload(bucket, "Watch", 200)))
    assert (again["watch"].messages, errors(again["watch"])) == (200, {})
    own = workload(bucket, "Watch", 101, watchKeys="1.*", timeoutSeconds=1)
    done = await runner.run(job(bucket, own))
    assert (done["watch"].messages, errors(done["watch"])) == (100, {ErrorClass.STARVED: 1})
    new = workload(bucket, "Watch", 1, updatesOnly=True, timeoutSeconds=1)
    done = await runner.run(job(bucket, new))
    assert (done["watch"].messages, errors(done["watch"])) == (0, {ErrorClass.STARVED: 1})


async def test_watchers_leave_no_consumer_behind(runner: Runner, bucket: str) -> None:
    watch = workload(bucket, "Watch", 100) | {"clients": 3}
    await runner.run(job(bucket, workload(bucket, "Put", 100), watch, first=True))
    client = Client()
    await client.connect(runner.url)
    info = await client.jetstream().stream_info(f"KV_{bucket}")
    await client.close()
    assert info.state.consumer_count == 0
