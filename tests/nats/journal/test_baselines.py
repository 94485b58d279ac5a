"""Baselines in a stream of a mesh, on a real NATS."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from nats.js.api import StreamConfig

from njst.contract.connection import Connection
from njst.contract.names.mesh import Mesh
from njst.contract.results.comparison import Baseline, BaselineRun
from njst.journal.interfaces import (
    BaselinesFullError,
    EventTooLargeError,
    JournalUnavailableError,
)
from njst.journal.nats import baseline_store
from njst.journal.nats.baseline_store import BASELINE_BYTES, BaselineStore
from njst.journal.nats.control_connection import connect
from njst.local.nats_server import NatsServer
from njst.login.nats_client import LoginClient
from tests.nats.journal.test_small_account import account

MESH = Mesh("default")
STREAM = "NJST_default_BASELINES"


@pytest.fixture
async def client(nats_server: NatsServer) -> AsyncIterator[LoginClient]:
    connection = await connect(Connection(servers=[nats_server.url]))
    yield connection
    await connection.close()


def baseline(name: str, *, runs: int = 1, word: str = "x") -> Baseline:
    return Baseline(
        name=name,
        create_time=datetime(2026, 1, 1, tzinfo=UTC),
        runs=[BaselineRun(job=f"{word}{n}", values={"w": {"Errors": n}}) for n in range(runs)],
    )


async def test_baselines__saved_by_one__are_read_by_all(
    client: LoginClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = BaselineStore(client, MESH), BaselineStore(client, MESH)
    assert (await first.get("a"), await first.all(), await first.remove("a")) == (None, [], False)
    assert await first.put(baseline("b"))
    assert await first.put(baseline("a"))
    assert not await second.put(baseline("a", runs=3)), "it takes the place of the other one"
    assert await first.get("a") == baseline("a", runs=3)
    assert await first.all() == [baseline("a", runs=3), baseline("b")]
    assert await BaselineStore(client, Mesh("other")).all() == []
    config = (await client.jetstream().stream_info(STREAM)).config
    assert not config.max_age, "they have no age"

    monkeypatch.setattr(baseline_store, "MOST_BASELINES", 2)
    with pytest.raises(BaselinesFullError, match="there are 2 baselines already"):
        await first.put(baseline("c"))
    assert not await first.put(baseline("a")), "there is room in the place of another one"
    assert await second.remove("a")
    assert await first.get("a") is None
    assert await first.put(baseline("c"))

    with pytest.raises(EventTooLargeError, match=f"and may have {BASELINE_BYTES}"):
        await first.put(baseline("b", runs=50, word="x" * 11_000))
    await client.jetstream().publish(MESH.baseline("b"), b'{"format": "njst.baseline/v2"}')
    with pytest.raises(JournalUnavailableError, match="baseline b cannot be read"):
        await first.get("b")


async def test_full_stream__says_how_to_make_room(
    client: LoginClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(baseline_store, "BASELINES_BYTES", 1000)
    store = BaselineStore(client, MESH)
    assert await store.put(baseline("a"))
    with pytest.raises(BaselinesFullError, match=r"maximum bytes exceeded .*njst baseline rm NAME"):
        await store.put(baseline("b", runs=20))
    assert await store.all() == [baseline("a")]


async def test_small_account__one_line_says_what_is_missing() -> None:
    limits = "max_mem: 1M, max_file: 1M, max_streams: 5, max_consumers: 50"
    with NatsServer.start(name="small", config=account(limits)) as server:
        client = await connect(Connection(servers=[server.url]))
        try:
            with pytest.raises(JournalUnavailableError, match=r"16 MiB needed, 1 MiB left"):
                await BaselineStore(client, MESH).put(baseline("a"))
            assert await BaselineStore(client, MESH).get("a") is None
        finally:
            await client.close()


async def test_another_ones_stream_of_that_name__is_left_alone(client: LoginClient) -> None:
    js = client.jetstream()
    await js.add_stream(StreamConfig(name=STREAM, subjects=["precious"]))
    with pytest.raises(JournalUnavailableError, match="other subjects"):
        await BaselineStore(client, MESH).put(baseline("a"))
    assert (await js.stream_info(STREAM)).state.messages == 0
