"""Each kind of workload runs with exactly the permissions that docs/connections.md lists."""

import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from nats.aio.client import Client

from njst.contract.connection import Connection
from njst.contract.results.outcome import SetupError
from njst.contract.results.report import WorkloadResult
from njst.contract.results.tallies import ErrorClass
from njst.local.nats_server import NatsServer
from tests.nats.connections.running import run_and_remove

MESSAGES = 50
PAGE = Path("docs/connections.md")
# What a row of the table is, as workloads on the existing stream ORDERS.
KINDS: dict[str, dict[str, Any]] = {
    "`publish` with `verify: None`": {
        "publish": {"subjects": ["orders.new"], "payloadBytes": 64, "verify": "None"}
    },
    "`publish`": {"publish": {"subjects": ["orders.new"], "payloadBytes": 64}},
    "`consume`": {"consume": {}},
    "`consume` of `existingConsumer`": {"consume": {"existingConsumer": "C"}},
    "`consume`, mode Ordered": {"consume": {"mode": "Ordered"}},
    "`consume`, mode Push": {"consume": {"mode": "Push"}},
    "`get`, mode Sequence": {"get": {"mode": "Sequence"}},
    "`get` with `readFrom: Leader`": {"get": {"readFrom": "Leader"}},
}


def table() -> dict[str, list[str]]:
    """The subjects that a user may publish to, by the first cell of their row."""
    section = PAGE.read_text().partition("## Permissions")[2].partition("\n## ")[0]
    rows = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("| `")]
    return {row[0].strip(): re.findall(r"`([^`]+)`", row[1]) for row in rows}


@contextmanager
def restricted(subjects: list[str]) -> Iterator[NatsServer]:
    """A server with an administrator, and a user who may publish to these subjects only."""
    may = json.dumps([*subjects])
    users = (
        f"{{user: svc, password: p, permissions: {{publish: {may}, subscribe: ['_INBOX.>']}}}},"
        " {user: admin, password: p}"
    )
    config = f"authorization {{ users = [{users}] }}"
    with NatsServer.start(config=config) as server:
        yield server


@asynccontextmanager
async def administrator(server: NatsServer) -> AsyncIterator[Client]:
    client = Client()
    await client.connect(server.url, user="admin", password="p")
    try:
        yield client
    finally:
        await client.close()


async def prepare(server: NatsServer) -> None:
    """Create the stream ORDERS with messages, and its consumer C."""
    async with administrator(server) as client:
        js = client.jetstream()
        await js.add_stream(name="ORDERS", subjects=["orders.>"], allow_direct=True)
        await js.add_consumer("ORDERS", durable_name="C", ack_policy="explicit")
        for _ in range(MESSAGES):
            await js.publish("orders.new", bytes(64))


async def load(server: NatsServer, work: dict[str, Any]) -> tuple[WorkloadResult, list[str]]:
    """Return the workload's result, and what could not be removed."""
    workload = {"name": "w", "stream": "ORDERS", "messages": MESSAGES, **work}
    document = {
        "streams": [{"name": "ORDERS", "useExisting": True}],
        "workloads": [workload],
        "startTimeoutSeconds": 600,
    }
    connection = Connection(servers=[server.url], user="svc", password="p")
    done, problems = await run_and_remove(connection, document)
    return done["w"], problems


async def told(server: NatsServer, work: dict[str, Any]) -> str:
    """Return what a workload says that lacks a permission: its refusal, errors and problems."""
    try:
        done, problems = await load(server, work)
    except SetupError as error:
        return error.message
    return " ".join([*(error.example for error in done.errors), *problems])


def test_table__has_the_kinds_that_are_tried() -> None:
    assert list(table()) == list(KINDS)


@pytest.mark.parametrize("kind", KINDS)
async def test_workload__with_exactly_its_permissions__runs(kind: str) -> None:
    with restricted(table()[kind]) as server:
        await prepare(server)
        done, problems = await load(server, KINDS[kind])
        assert (done.messages, done.errors, done.events, problems) == (MESSAGES, [], [], [])
        refused = re.findall(r'Violation - Subject "([^"]*)"', server.log.read_text())
    # Who the user is stands in the report if the server says so; a publisher does not ask.
    assert set(refused) <= (set() if "verify: None" in kind else {"$SYS.REQ.USER.INFO"})


@pytest.mark.parametrize("kind", KINDS)
async def test_workload__with_one_permission_less__names_it(kind: str) -> None:
    subjects = table()[kind]
    for number, missing in enumerate(subjects):
        with restricted([*subjects[:number], *subjects[number + 1 :]] or ["nothing"]) as server:
            await prepare(server)
            words = await told(server, KINDS[kind])
            stem = missing.removesuffix(">").removesuffix(".")
            assert stem.lower() in words.lower(), f"{missing}: {words}"


async def test_consumer__that_may_not_pull__gives_up_and_says_so() -> None:
    allowed = [subject for subject in table()["`consume`"] if "MSG.NEXT" not in subject]
    with restricted(allowed) as server:
        await prepare(server)
        work = {"consume": {"idleTimeoutSeconds": 300}}
        done, problems = await load(server, work)
    assert problems == []
    (error,) = done.errors
    assert error.error_class is ErrorClass.PERMISSION_DENIED
    assert error.operations == MESSAGES
    assert "CONSUMER.MSG.NEXT.ORDERS" in error.example
