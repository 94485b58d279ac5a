"""A control NATS that cannot be used is said at once, with what a person can do about it."""

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from njst.contract.connection import Connection
from njst.contract.names.mesh import Mesh
from njst.journal.interfaces import JournalUnavailableError
from njst.journal.nats.control_connection import connect
from njst.journal.nats.job_log import JetStreamLog
from njst.local.child_process import ChildProcess
from njst.local.nats_binary import nats_server_binary
from njst.local.nats_cluster import NatsCluster
from njst.local.nats_server import NatsServer
from njst.local.reserved_port import ReservedPort
from njst.local.wait_until import wait_until
from tests.nats.journal.follower import until

LOGIN = 'authorization { users = [{user: "tester", password: "right"}] }'
# Users of PLAIN have no JetStream although the server does; READER may not ask for anything.
ACCOUNTS = """
accounts {
  PLAIN { users = [{user: "plain", password: "p"}] }
  FULL {
    jetstream: enabled
    users = [
      {user: "full", password: "p"},
      {user: "mute", password: "p", permissions: {publish: {deny: ["$JS.>"]}}}
    ]
  }
}
"""


@pytest.fixture
def without_jetstream(tmp_path: Path) -> Iterator[str]:
    """The URL of a server that was started without --jetstream."""
    port = ReservedPort()
    argv = [str(nats_server_binary()), "--addr", "127.0.0.1", "--port", str(port.number)]
    child = ChildProcess(argv, tmp_path / "nats.log")

    def missing() -> str | None:
        with socket.create_connection(("127.0.0.1", port.number), 1):
            return None

    try:
        assert wait_until(missing, 60) is None
        yield f"nats://127.0.0.1:{port.number}"
    finally:
        child.kill()
        port.close()


async def refusal(settings: Connection, within_s: float = 60) -> str:
    """The words of the error; in bounded time."""
    async with asyncio.timeout(within_s):
        with pytest.raises(JournalUnavailableError) as caught:
            await connect(settings)
    return str(caught.value)


async def test_a_server_without_jetstream(without_jetstream: str) -> None:
    words = await refusal(Connection(servers=[without_jetstream]))
    assert without_jetstream in words
    assert "JetStream is not enabled" in words
    assert "start nats-server with --jetstream" in words


@pytest.mark.parametrize(
    ("user", "says"),
    [
        pytest.param("plain", "give the account JetStream limits", id="account without JetStream"),
        pytest.param("mute", r"may lack permission for $JS.API.>", id="permission denied"),
    ],
)
async def test_a_login_without_jetstream(user: str, says: str) -> None:
    with NatsServer.start(config=ACCOUNTS) as server:
        words = await refusal(Connection(servers=[server.url], user=user, password="p"))
        assert server.url in words
        assert says in words
        client = await connect(Connection(servers=[server.url], user="full", password="p"))
        await client.close()


@pytest.mark.parametrize(
    ("login", "says"),
    [
        pytest.param({}, "set user and password", id="none"),
        pytest.param(
            {"user": "tester", "password": "wrong"}, "no user 'tester'", id="wrong password"
        ),
        pytest.param({"token": "t"}, "the server does not accept this token", id="token"),
    ],
)
async def test_a_wrong_login(login: dict[str, str], says: str) -> None:
    with NatsServer.start(config=LOGIN) as server:
        words = await refusal(Connection(servers=[server.url], **login))
        assert f"control NATS {server.url}: " in words
        assert says in words
        assert "wrong" not in words, "a password is never repeated"


async def test_the_right_login_and_a_restart_later(tmp_path: Path) -> None:
    with NatsServer.start(config=LOGIN) as server:
        settings = Connection(servers=[server.url], user="tester", password="right")
        client = await connect(settings)
        try:
            await asyncio.to_thread(server.restart)
            await until(lambda: client.is_connected)
            await JetStreamLog(client, Mesh("test")).open()
        finally:
            await client.close()


async def test_nobody_there() -> None:
    port = ReservedPort()
    try:
        words = await refusal(Connection(servers=[f"nats://127.0.0.1:{port.number}"]))
    finally:
        port.close()
    assert f"nats://127.0.0.1:{port.number}: no answer" in words
    assert "is the address right?" in words


async def test_somebody_there_who_says_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        url = f"nats://127.0.0.1:{mute.getsockname()[1]}"
        words = await refusal(Connection(servers=[url]))
    assert f"{url}: no answer: timed out after 5 s; no greeting received" in words


async def test_a_stream_of_somebody_else_is_not_taken_for_a_log(nats_server: NatsServer) -> None:
    client = await connect(Connection(servers=[nats_server.url]))
    try:
        await client.jetstream().add_stream(name="NJST_test_LOG", subjects=["orders.>"])
        with pytest.raises(JournalUnavailableError, match=r"orders\.>.*use another mesh name"):
            await JetStreamLog(client, Mesh("test")).open()
    finally:
        await client.close()


async def test_ten_workers_that_come_at_once_make_one_log(nats_server: NatsServer) -> None:
    clients = [await connect(Connection(servers=[nats_server.url])) for _ in range(10)]
    try:
        await asyncio.gather(*(JetStreamLog(client, Mesh("test")).open() for client in clients))
        streams = await clients[0].jetstream().streams_info()
        assert sorted(s.config.name or "" for s in streams) == [
            "NJST_test_LOG",
            "NJST_test_PROGRESS",
        ]
    finally:
        for client in clients:
            await client.close()


async def test_a_log_that_must_have_three_copies_is_not_made_with_one(
    nats_server: NatsServer,
) -> None:
    client = await connect(Connection(servers=[nats_server.url]))
    try:
        with pytest.raises(JournalUnavailableError, match="replicas"):
            await JetStreamLog(client, Mesh("test"), replicas=3).open()
    finally:
        await client.close()


async def test_a_log_with_too_few_copies_gets_the_others() -> None:
    """As when the first worker was there before the second server."""
    with NatsCluster.start(3) as cluster:
        client = await connect(Connection(servers=[cluster.servers[0].url]))
        try:
            await JetStreamLog(client, Mesh("test"), replicas=1).open()
            await JetStreamLog(client, Mesh("test"), replicas=3).open()
            for name in ("NJST_test_LOG", "NJST_test_PROGRESS"):
                stream = await client.jetstream().stream_info(name)
                assert stream.config.num_replicas == 3
        finally:
            await client.close()
