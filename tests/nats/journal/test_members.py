"""Who is there: everyone who is connected, and quickly where one knows whom to expect."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime

import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg

from njst.contract.connection import Connection
from njst.contract.names.mesh import Mesh
from njst.journal.interfaces import Member
from njst.journal.nats import worker_discovery
from njst.journal.nats.control_connection import connect
from njst.journal.nats.worker_discovery import NatsDiscovery
from njst.local.nats_server import NatsServer

MESH = Mesh("default")


@pytest.fixture
async def client(nats_server: NatsServer) -> AsyncIterator[Client]:
    connection = await connect(Connection(servers=[nats_server.url]))
    yield connection
    await connection.close()


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody gives up waiting for strangers before the longest time is over."""
    monkeypatch.setattr(worker_discovery, "QUIET_S", 60.0)


def describing(worker: str) -> Callable[[], Member]:
    me = Member(worker=worker, name=worker, host="h", version="0", started_at=datetime.now(UTC))
    return lambda: me


async def names_of(asked: NatsDiscovery) -> list[str]:
    return [member.worker for member in await asked.present()]


async def test_one_who_listens_need_not_wait_for_strangers(client: Client, patient: None) -> None:
    asked = NatsDiscovery(client, MESH)
    await asked.listen()
    for worker in ("a", "b"):
        await NatsDiscovery(client, MESH).answer(describing(worker))
    begin_s = time.monotonic()
    assert await names_of(asked) == ["a", "b"]
    assert time.monotonic() - begin_s >= worker_discovery.CAP_S, (
        "there may be others that came before it"
    )
    begin_s = time.monotonic()
    assert await names_of(asked) == ["a", "b"]
    assert time.monotonic() - begin_s < worker_discovery.CAP_S / 2


async def test_one_who_does_not_listen_waits(client: Client, patient: None) -> None:
    await NatsDiscovery(client, MESH).answer(describing("a"))
    asked = NatsDiscovery(client, MESH)
    for _ in range(2):
        begin_s = time.monotonic()
        assert await names_of(asked) == ["a"]
        assert time.monotonic() - begin_s >= worker_discovery.CAP_S


async def test_a_newcomer_who_said_hello_is_waited_for(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = NatsDiscovery(client, MESH)
    await asked.listen()
    await NatsDiscovery(client, MESH).answer(describing("a"))
    assert await names_of(asked) == ["a"]
    monkeypatch.setattr(worker_discovery, "QUIET_MISSED_S", 60.0)

    async def answer_late(message: Msg) -> None:
        await asyncio.sleep(10 * worker_discovery.QUIET_KNOWN_S)
        await message.respond(describing("slow")().to_json())

    await client.subscribe(MESH.ping, cb=answer_late)
    await client.publish(MESH.hello, describing("slow")().to_json())
    assert await names_of(asked) == ["a", "slow"]


async def test_a_newcomer_is_remembered_who_came_in_the_midst_of_a_question(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = NatsDiscovery(client, MESH)
    await asked.listen()
    await NatsDiscovery(client, MESH).answer(describing("a"))
    late = describing("late")().to_json()

    async def come(message: Msg) -> None:
        await coming.unsubscribe()
        await client.publish(MESH.hello, late)

    async def answer_late(message: Msg) -> None:
        await asyncio.sleep(10 * worker_discovery.QUIET_KNOWN_S)
        await message.respond(late)

    coming = await client.subscribe(MESH.ping, cb=come)
    assert await names_of(asked) == ["a"]
    monkeypatch.setattr(worker_discovery, "QUIET_MISSED_S", 60.0)
    await client.subscribe(MESH.ping, cb=answer_late)
    assert await names_of(asked) == ["a", "late"]


async def test_one_who_is_gone_is_not_there(
    client: Client, nats_server: NatsServer, patient: None
) -> None:
    asked = NatsDiscovery(client, MESH)
    await asked.listen()
    other = await connect(Connection(servers=[nats_server.url]))
    await NatsDiscovery(other, MESH).answer(describing("gone"))
    await NatsDiscovery(client, MESH).answer(describing("here"))
    assert await names_of(asked) == ["gone", "here"]
    await other.close()
    assert await names_of(asked) == ["here"]


async def test_those_who_are_busy_are_waited_for(client: Client) -> None:
    async def answer_late(message: Msg) -> None:
        await asyncio.sleep(8 * worker_discovery.QUIET_S)
        await message.respond(describing("busy")().to_json())

    await client.subscribe(MESH.ping, cb=answer_late)
    assert await names_of(NatsDiscovery(client, MESH)) == ["busy"]


async def test_one_who_was_there_is_waited_for_longer_than_strangers(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = NatsDiscovery(client, MESH)
    await asked.listen()
    delay_s = 0.0

    async def answer_late(message: Msg) -> None:
        await asyncio.sleep(delay_s)
        await message.respond(describing("slow")().to_json())

    await client.subscribe(MESH.ping, cb=answer_late)
    await NatsDiscovery(client, MESH).answer(describing("a"))
    with monkeypatch.context() as patient:
        patient.setattr(worker_discovery, "QUIET_S", 60.0)
        assert await names_of(asked) == ["a", "slow"]
    assert worker_discovery.QUIET_MISSED_S > 3 * worker_discovery.QUIET_S
    # Only CAP_S ends the wait then, so that a busy machine does not.
    monkeypatch.setattr(worker_discovery, "QUIET_MISSED_S", 60.0)
    delay_s = 3 * worker_discovery.QUIET_S
    assert await names_of(asked) == ["a", "slow"]
