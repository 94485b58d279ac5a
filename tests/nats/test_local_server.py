"""The servers that everything else is tested on: they start, survive, and say what is wrong."""

import asyncio
import os
from pathlib import Path

import nats
import pytest
from nats.js import JetStreamContext
from nats.js.errors import APIError, NoStreamResponseError

from njst.local.local_errors import LocalServerError
from njst.local.nats_cluster import NatsCluster
from njst.local.nats_server import NatsServer


async def _stored_messages(url: str | list[str], stream: str, timeout_s: float = 60) -> int:
    connection = await nats.connect(url)
    try:
        return (await connection.jetstream(timeout=timeout_s).stream_info(stream)).state.messages
    finally:
        await connection.close()


async def _store_one(url: str | list[str], replicas: int = 1) -> None:
    """Make stream S and put one message into it."""
    connection = await nats.connect(url)
    try:
        jetstream = connection.jetstream(timeout=60)
        await jetstream.add_stream(name="S", subjects=["s"], num_replicas=replicas)
        await _publish(jetstream, "s")
    finally:
        await connection.close()


async def _publish(jetstream: JetStreamContext, subject: str) -> None:
    """Publish, again while a cluster's servers have not heard yet who holds the stream."""
    async with asyncio.timeout(60):
        while True:
            try:
                await jetstream.publish(subject, b"payload")
            except NoStreamResponseError:
                await asyncio.sleep(0.01)
            else:
                return


async def test_a_started_server_takes_a_stream(nats_server: NatsServer) -> None:
    await _store_one(nats_server.url)
    assert await _stored_messages(nats_server.url, "S") == 1


@pytest.mark.parametrize("ending", ["restart", "stop", "kill"])
async def test_streams_and_port_survive(nats_server: NatsServer, ending: str) -> None:
    await _store_one(nats_server.url)
    url, pid = nats_server.url, nats_server.pid
    if ending != "restart":
        getattr(nats_server, ending)()
        assert not nats_server.running
    nats_server.restart()
    assert (nats_server.url, nats_server.pid == pid) == (url, False)
    assert await _stored_messages(nats_server.url, "S") == 1


async def test_nobody_gets_the_port_of_a_server_that_is_down(nats_server: NatsServer) -> None:
    nats_server.kill()
    with NatsServer.start() as other:
        assert other.port != nats_server.port
        nats_server.restart()
        assert other.running


def test_close_leaves_neither_process_nor_folder() -> None:
    with NatsServer.start() as server:
        pid, folder = server.pid, server.folder
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert not folder.exists()


async def test_a_given_folder_keeps_its_streams_for_the_next_server(tmp_path: Path) -> None:
    with NatsServer.start(folder=tmp_path / "kept") as first:
        await _store_one(first.url)
    with NatsServer.start(folder=tmp_path / "kept") as second:
        assert await _stored_messages(second.url, "S") == 1


async def test_config_text_reaches_the_server_beside_the_flags() -> None:
    config = """
        jetstream { max_file_store: 64MiB }
        authorization { user: ada, password: lovelace }
    """
    with NatsServer.start(config=config) as server:
        assert server.monitor("/jsz")["config"]["max_storage"] == 64 << 20
        assert server.monitor("/varz")["auth_required"]
        await _store_one(server.url.replace("//", "//ada:lovelace@"))


def test_a_port_in_use_is_named(nats_server: NatsServer) -> None:
    with pytest.raises(LocalServerError, match=f"port {nats_server.port} of .* is in use"):
        NatsServer.start(port=nats_server.port)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LocalServerError, match=r"cannot make the folder.*file"):
        NatsServer.start(folder=tmp_path / "file" / "store")


def test_a_store_that_cannot_be_used_shows_what_the_server_said(tmp_path: Path) -> None:
    (tmp_path / "store").touch()
    with pytest.raises(LocalServerError, match=r"(?s)ended by itself.*log lines.*store.*directory"):
        NatsServer.start(folder=tmp_path)


def test_a_broken_config_shows_what_the_server_said() -> None:
    with pytest.raises(LocalServerError, match=r"(?s)ended by itself.*nats\.conf:1.*max_paylod"):
        NatsServer.start(config="max_paylod: 1\n")


def test_a_server_that_is_not_ready_in_time_is_an_error_and_is_ended(tmp_path: Path) -> None:
    alone = "cluster { name: c, listen: 127.0.0.1:-1, routes: [nats-route://127.0.0.1:1] }"
    with pytest.raises(LocalServerError, match=r"not ready after 5 s.*meta leader"):
        NatsServer.start(config=alone, folder=tmp_path, timeout_s=5)
    assert "Server Exiting" in (tmp_path / "nats.log").read_text()


async def test_a_cluster_holds_a_replicated_stream(nats_cluster: NatsCluster) -> None:
    await _store_one(nats_cluster.urls, replicas=3)
    leader = nats_cluster.meta_leader()
    assert leader is not None
    leader.kill()
    survivors = [server.url for server in nats_cluster.servers if server is not leader]
    assert await _stored_messages_once_led(survivors) == 1
    leader.restart()
    nats_cluster.wait_ready()
    assert await _stored_messages(leader.url, "S") == 1


async def _stored_messages_once_led(urls: list[str]) -> int:
    """Return what stream S holds, as soon as its two survivors have elected a leader."""
    async with asyncio.timeout(90):
        while True:
            try:
                return await _stored_messages(urls, "S", timeout_s=1)
            except (nats.errors.Error, APIError):
                await asyncio.sleep(0.1)


async def test_a_cluster_restarts_as_a_whole(nats_cluster: NatsCluster) -> None:
    await _store_one(nats_cluster.urls, replicas=3)
    nats_cluster.restart()
    assert await _stored_messages(nats_cluster.urls, "S") == 1
