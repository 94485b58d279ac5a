"""Each kind of workload runs with exactly the permissions that docs/connections.md lists."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg

from njst.contract.connection import Connection
from njst.contract.results.outcome import SetupError
from njst.contract.results.report import WorkloadResult
from njst.contract.results.tallies import ErrorClass
from njst.local.nats_server import NatsServer
from tests.nats.connections.running import run_and_remove

MESSAGES = 50
PAGE = Path("docs/connections.md")
_ORDERS = {"stream": "ORDERS", "messages": MESSAGES}
_BUCKET = {"stream": "KV_B", "messages": MESSAGES}
_STORE = {"stream": "OBJ_B", "messages": MESSAGES}
_ASSETS = {"assets": 5, "storage": "Memory"}
_PRICE = {"subject": "orders.price", "timeoutSeconds": 1}
# What a row of the table is, as a workload. Half of the keys that Create has were deleted.
KINDS: dict[str, dict[str, Any]] = {
    "`publish` with `verify: None`": {
        **_ORDERS,
        "publish": {"subjects": ["orders.new"], "payloadBytes": 64, "verify": "None"},
    },
    "`publish`": {**_ORDERS, "publish": {"subjects": ["orders.new"], "payloadBytes": 64}},
    "`consume`": {**_ORDERS, "consume": {}},
    "`consume` of `existingConsumer`": {**_ORDERS, "consume": {"existingConsumer": "C"}},
    "`consume`, mode Ordered": {**_ORDERS, "consume": {"mode": "Ordered"}},
    "`consume`, mode Push": {**_ORDERS, "consume": {"mode": "Push"}},
    "`get`, mode Sequence": {**_ORDERS, "get": {"mode": "Sequence"}},
    "`get` with `readFrom: Leader`": {**_ORDERS, "get": {"readFrom": "Leader"}},
    "`keyValue` Put, Update, Delete, Purge": {
        **_BUCKET,
        "keyValue": {"operation": "Update", "keys": 10},
    },
    "`keyValue` Create": {**_BUCKET, "keyValue": {"operation": "Create", "keys": MESSAGES}},
    "`keyValue` Get": {**_BUCKET, "keyValue": {"operation": "Get", "keys": MESSAGES // 2}},
    "`keyValue` Watch": {**_BUCKET, "keyValue": {"operation": "Watch"}},
    "`objectStore` Put, Delete": {
        **_STORE,
        "objectStore": {"operation": "Put", "objects": 5, "objectBytes": 1000},
    },
    "`objectStore` Get": {
        **_STORE,
        "objectStore": {"operation": "Get", "objects": 5, "objectBytes": 1000},
    },
    "`management` of streams": {
        "messages": MESSAGES,
        "management": {"operation": "CycleStream", **_ASSETS},
    },
    "`management` of consumers": {
        **_ORDERS,
        "management": {"operation": "CycleConsumer", **_ASSETS},
    },
    "`service` Request": {"messages": MESSAGES, "service": {"operation": "Request", **_PRICE}},
    "`service` Serve": {
        "messages": MESSAGES,
        "service": {"operation": "Serve", "name": "prices", **_PRICE},
    },
}


@dataclass(frozen=True)
class Rights:
    """Subjects that a user may publish to, and subscribe to besides its inbox."""

    publish: tuple[str, ...]
    subscribe: tuple[str, ...]

    def config(self, user: str) -> str:
        may = json.dumps([*self.publish] or ["nothing"])
        hears = json.dumps(["_INBOX.>", *self.subscribe])
        rights = f"permissions: {{publish: {may}, subscribe: {hears}}}"
        return f"{{user: {user}, password: p, {rights}}}"

    def with_one_less(self) -> Iterator[tuple[str, "Rights"]]:
        for missing in self.publish:
            rest = tuple(subject for subject in self.publish if subject != missing)
            yield missing, Rights(rest, self.subscribe)
        for missing in self.subscribe:
            rest = tuple(subject for subject in self.subscribe if subject != missing)
            yield missing, Rights(self.publish, rest)


def table() -> dict[str, Rights]:
    """The rights of a user, by the first cell of their row."""
    section = PAGE.read_text().partition("## Permissions")[2].partition("\n## ")[0]
    rows = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("| `")]
    return {
        row[0].strip(): Rights(*(tuple(re.findall(r"`([^`]+)`", cell)) for cell in row[1:3]))
        for row in rows
    }


def users() -> Mapping[tuple[str, str], tuple[str, Rights]]:
    """A name and the rights of each user, by the kind and by what is missing; empty: nothing."""
    each = {
        (kind, missing): rights
        for kind, all_of_it in table().items()
        for missing, rights in [("", all_of_it), *all_of_it.with_one_less()]
    }
    return {key: (f"u{number}", rights) for number, (key, rights) in enumerate(each.items())}


@pytest.fixture(scope="module")
def server() -> Iterator[NatsServer]:
    """A server with an administrator, and a user for each row of the table and each right less."""
    each = [rights.config(name) for name, rights in users().values()]
    config = f"authorization {{ users = [{', '.join(each)}, {{user: admin, password: p}}] }}"
    with NatsServer.start(config=config) as started:
        yield started


@asynccontextmanager
async def prepared(server: NatsServer) -> AsyncIterator[None]:
    """What the workloads work on: made anew, and a service that answers requests."""
    client = Client()
    await client.connect(server.url, user="admin", password="p")
    js = client.jetstream()
    try:
        # A server removes the folder of an account without streams beside what follows: the next
        # stream then fails with "error creating store" (nats-server, stream.go: stop).
        await js.add_stream(name="KEPT", subjects=["kept"])
        for stream in await js.streams_info():
            if stream.config.name != "KEPT":
                await js.delete_stream(stream.config.name or "")
        await js.add_stream(name="ORDERS", subjects=["orders.new"], allow_direct=True)
        await js.add_consumer("ORDERS", durable_name="C", ack_policy="explicit")
        bucket = await js.create_key_value(bucket="B", direct=True)
        store = await js.create_object_store(bucket="B")
        for number in range(MESSAGES):
            await js.publish("orders.new", bytes(64))
            await bucket.put(f"z.{number}", b"value")
        for number in range(MESSAGES // 2):
            await bucket.put(f"0.{number}", b"value")
            await bucket.delete(f"0.{number}")
        for number in range(5):
            await store.put(f"0-{number}", bytes(1000))

        async def reply(request: Msg) -> None:
            await request.respond(b"5")

        await client.subscribe("orders.price", cb=reply)
        asking = asyncio.create_task(keep_asking(client))
        try:
            yield
        finally:
            asking.cancel()
    finally:
        await client.close()


async def keep_asking(client: Client) -> None:
    """Send requests to the service, for instances that answer."""
    while True:
        await client.publish("orders.price", b"", reply="_INBOX.nobody")
        await asyncio.sleep(0.02)


async def load(server: NatsServer, user: str, kind: str) -> tuple[WorkloadResult, list[str]]:
    """Return the workload's result, and what could not be removed."""
    workload = {"name": "w", **KINDS[kind]}
    streams = [{"name": workload["stream"], "useExisting": True}] if "stream" in workload else []
    document = {"streams": streams, "workloads": [workload], "startTimeoutSeconds": 600}
    connection = Connection(servers=[server.url], user=user, password="p")
    done, problems = await run_and_remove(connection, document)
    return done["w"], problems


async def told(server: NatsServer, user: str, kind: str) -> str:
    """Return what a workload says that lacks a permission: its refusal, errors and problems."""
    try:
        done, problems = await load(server, user, kind)
    except SetupError as error:
        return error.message
    return " ".join([*(error.example for error in done.errors), *problems])


def test_table__has_the_kinds_that_are_tried() -> None:
    assert list(table()) == list(KINDS)


@pytest.mark.parametrize("kind", KINDS)
async def test_workload__with_exactly_its_permissions__runs(server: NatsServer, kind: str) -> None:
    user, _ = users()[kind, ""]
    async with prepared(server):
        seen = len(server.log.read_text())
        done, problems = await load(server, user, kind)
    assert (done.messages, done.errors, done.events, problems) == (MESSAGES, [], [], [])
    refused = re.findall(r'Violation - Subject "([^"]*)"', server.log.read_text()[seen:])
    # Who the user is stands in the report if the server says so; a publisher does not ask.
    assert set(refused) <= (set() if "verify: None" in kind else {"$SYS.REQ.USER.INFO"})


@pytest.mark.parametrize("kind", KINDS)
async def test_workload__with_one_permission_less__names_it(server: NatsServer, kind: str) -> None:
    async with prepared(server):
        for (of_kind, missing), (user, _) in users().items():
            if of_kind == kind and missing:
                words = await told(server, user, kind)
                stem = missing.removesuffix(">").removesuffix("*").removesuffix(".")
                assert stem.lower() in words.lower(), f"{missing}: {words}"


async def test_consumer__that_may_not_pull__gives_up_and_says_so(server: NatsServer) -> None:
    user, _ = users()["`consume`", "$JS.API.CONSUMER.MSG.NEXT.ORDERS.>"]
    async with prepared(server):
        done, problems = await load(server, user, "`consume`")
    assert problems == []
    (error,) = done.errors
    assert error.error_class is ErrorClass.PERMISSION_DENIED
    assert error.operations == MESSAGES
    assert "CONSUMER.MSG.NEXT.ORDERS" in error.example
