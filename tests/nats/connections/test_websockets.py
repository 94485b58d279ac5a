"""NATS over websockets: load and set-up, logins, breaks, discovery, and servers that are none."""

import asyncio
import base64
import hashlib
import re
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from njst.contract.connection import Connection, Tls
from njst.contract.results.tallies import ErrorClass
from njst.local.nats_server import NatsServer
from njst.local.reserved_port import ReservedPort
from njst.login.nats_client import LoginClient
from njst.login.nats_context import read_context
from tests.nats.connections.identities import Certificates
from tests.nats.connections.running import LIMIT_S, assert_it_runs, refusals
from tests.nats.connections.test_hostile import INFO, LONG_MS, load, server
from tests.nats.connections.test_logins import PASSWORD, assert_refused
from tests.nats.connections.test_outages import (
    LEADER_GONE_MS,
    ended,
    errors,
    goes_on,
    loading,
    lost,
    make_stream,
    until,
)


@contextmanager
def listening(websocket: str = "no_tls: true", more: str = "") -> Iterator[tuple[NatsServer, str]]:
    """A server with a websocket, and the place of that."""
    port = ReservedPort()
    config = f'websocket {{ listen: "{port.address}", handshake_timeout: "60s", {websocket} }}'
    try:
        with NatsServer.start(config=f"{config}\n{more}") as started:
            yield started, port.address
    finally:
        port.close()


@pytest.fixture(scope="module")
def plain() -> Iterator[tuple[NatsServer, str]]:
    login = f'{{user: "tester", password: "{PASSWORD}"}}'
    with listening(more=f"authorization {{ timeout: 60, users = [{login}] }}") as started:
        yield started


async def test_a_load_and_its_set_up(plain: tuple[NatsServer, str]) -> None:
    await assert_it_runs(Connection(servers=[f"ws://tester:{PASSWORD}@{plain[1]}"]))


async def test_a_context_of_the_nats_cli(plain: tuple[NatsServer, str], tmp_path: Path) -> None:
    path = tmp_path / "ws.json"
    path.write_text(f'{{"url": "ws://{plain[1]}", "user": "tester", "password": "{PASSWORD}"}}')
    await assert_it_runs(read_context(path))


async def test_a_wrong_password(plain: tuple[NatsServer, str]) -> None:
    connection = Connection(servers=[f"ws://{plain[1]}"], user="tester", password="no")
    await assert_refused(connection, "TargetLoginRefused", "no user 'tester' with this password")


async def test_tls_and_a_client_certificate(tmp_path: Path) -> None:
    """And tls_first, which says nothing new, is no obstacle."""
    made = Certificates(tmp_path / "tls")
    with listening(made.config(more="; verify: true")) as (_, place):
        cert, key = made.issue("worker", name="worker")
        own = {"ca_file": made.ca, "cert_file": cert, "key_file": key}
        for first in (False, True):
            tls = Tls(**own, first=first)
            await assert_it_runs(Connection(servers=[f"wss://{place}"], tls=tls))
        for tls, words in (
            (Tls(), "set ca to the CA that signed it"),
            (Tls(ca_file=made.ca), "requires a client certificate; set cert"),
        ):
            connection = Connection(servers=[f"wss://{place}"], tls=tls)
            await assert_refused(connection, "TargetTlsRefused", words)
        await assert_refused(
            Connection(servers=[f"ws://{place}"]),
            "TargetUnreachable",
            "wss:// for websockets with TLS",
        )


async def test_a_websocket_where_none_is_and_none_where_one_is(
    plain: tuple[NatsServer, str],
) -> None:
    nats, place = plain
    words = "use nats:// for NATS ports"
    connection = Connection(servers=[nats.url.replace("nats://", "ws://")])
    await assert_refused(connection, "TargetUnreachable", words)
    connection = Connection(servers=[nats.monitor_url.replace("http://", "ws://")])
    await assert_refused(connection, "TargetRefused", "HTTP 200 OK")
    connection = Connection(servers=[f"wss://{place}"])
    await assert_refused(connection, "TargetTlsRefused", "plain text instead of TLS")
    connection = Connection(servers=[f"nats://{place}"], connect_timeout_ms=1_000)
    await assert_refused(connection, "TargetUnreachable", "ws:// for websocket ports")


@pytest.mark.parametrize("is_secure", [False, True])
async def test_a_load_goes_on_after_a_crash_of_its_server(tmp_path: Path, is_secure: bool) -> None:
    made = Certificates(tmp_path / "tls")
    with listening(made.config() if is_secure else "no_tls: true") as (nats, place):
        await make_stream(nats.url)
        tls = Tls(ca_file=made.ca) if is_secure else Tls()
        connection = Connection(servers=[f"ws{'s' * is_secure}://{place}"], tls=tls)
        async with loading(connection) as group:
            nats.kill()
            await until(lambda: lost(group) > 0)
            nats.restart()
            await goes_on(group)
            result = await ended(group)
    assert result.reconnects == 1
    assert set(errors(result)) == {ErrorClass.DISCONNECTED}


async def ignored(error: Exception) -> None:
    """Somebody else sees to it."""


async def test_another_server_of_the_cluster_is_found() -> None:
    """By its websocket, by the load and by nats-py, though only one server is named."""
    ports = [ReservedPort() for _ in range(4)]
    routes = ", ".join(f"nats-route://{port.address}" for port in ports[2:])
    first, second = (
        NatsServer(
            name=f"n{n}",
            config=f'websocket {{ listen: "{ports[n].address}", no_tls: true }}\n'
            f"cluster {{ name: njst, listen: {ports[2 + n].address}, routes: [{routes}] }}\n",
        )
        for n in range(2)
    )
    try:
        for started in (first, second):
            started.launch()
        for started in (first, second):
            started.wait_ready()
        await make_stream(second.url)
        connection = Connection(servers=[f"ws://{ports[0].address}"])
        client, found = LoginClient(connection), asyncio.Event()

        async def on_reconnect() -> None:
            found.set()

        await client.log_in(name="x", wait_s=0.1, on_error=ignored, on_reconnect=on_reconnect)
        async with loading(connection, ack_timeout_ms=LEADER_GONE_MS) as group:
            first.lame_duck()
            await until(lambda: sum(t.reconnects for t in group.tallies()) == 1)
            result = await ended(group)
        assert result.reconnects == 1
        async with asyncio.timeout(LIMIT_S):
            await found.wait()
            await client.flush()
        assert client.connected_url.geturl() == f"ws://{ports[1].address}"
        await client.close()
    finally:
        for started in (first, second):
            started.close()
        for port in ports:
            port.close()


Talk = Callable[[socket.socket], None]


def asked(connection: socket.socket) -> bytes:
    """Return the key of a request to upgrade."""
    heard = b""
    while b"\r\n\r\n" not in heard:
        heard += connection.recv(65_536)
    found = re.search(rb"Sec-WebSocket-Key: (\S+)", heard)
    assert found is not None
    return found[1]


def upgrade(connection: socket.socket) -> None:
    digest = hashlib.sha1(asked(connection) + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()
    connection.sendall(
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Accept: " + base64.b64encode(digest) + b"\r\n\r\n"
    )


def frame(data: bytes, head: int = 0x82) -> bytes:
    size = bytes([len(data)]) if len(data) < 126 else b"\x7e" + len(data).to_bytes(2, "big")
    return bytes([head]) + size + data


def listen(connection: socket.socket) -> None:
    while connection.recv(65_536):
        pass


def answering(text: bytes) -> Talk:
    def talk(connection: socket.socket) -> None:
        asked(connection)
        connection.sendall(text)

    return talk


def saying(*frames: bytes) -> Talk:
    def talk(connection: socket.socket) -> None:
        upgrade(connection)
        for text in frames:
            connection.sendall(text)
        listen(connection)

    return talk


CLOSE = frame(b"\x03\xf0not now", 0x88)


@pytest.mark.parametrize(
    ("talk", "connect_ms", "reason", "words"),
    [
        (answering(b"HTTP/1.1 404 Not Found\r\n\r\n"), LONG_MS, "TargetRefused", "404 Not Found"),
        (
            answering(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 4\r\n\r\nhuh?"),
            LONG_MS,
            "TargetRefused",
            "HTTP 400 Bad Request: huh?",
        ),
        (answering(b"hello\r\n"), LONG_MS, "TargetUnreachable", "not a websocket port"),
        (answering(b""), LONG_MS, "TargetUnreachable", "not a websocket port"),
        (listen, 500, "TargetUnreachable", "timed out after 0.5 s"),
        (saying(frame(INFO)[:-9]), 500, "TargetUnreachable", "timed out after 0.5 s"),
        (saying(frame(b"x", 0x83)), LONG_MS, "TargetUnreachable", "invalid opcode"),
        (
            saying(b"\x82\x7f\x7f" + 7 * b"\xff"),
            LONG_MS,
            "TargetUnreachable",
            "exceeds limit",
        ),
        (saying(CLOSE), LONG_MS, "TargetUnreachable", "closed the websocket: 1008"),
        (
            saying(frame(b"", 0x89) + frame(INFO + b"-ERR 'Authorization Violation'\r\n") + CLOSE),
            LONG_MS,
            "TargetLoginRefused",
            "Authorization Violation",
        ),
    ],
    ids=[
        *("404", "400", "no HTTP", "nothing", "mute", "half a frame", "no opcode", "oversized"),
        *("a close", "a refusal"),
    ],
)
async def test_a_login_that_comes_to_nothing(
    talk: Talk, connect_ms: int, reason: str, words: str
) -> None:
    with server(talk) as url:
        place = url.replace("nats://", "ws://")
        said = await refusals(Connection(servers=[place], connect_timeout_ms=connect_ms))
    for kind, message in said:
        assert kind == reason, message
        assert words in message


def logged_in(*answers: bytes) -> Talk:
    """Log in, let the first message come, and answer it with this."""

    def talk(connection: socket.socket) -> None:
        upgrade(connection)
        connection.sendall(frame(INFO))
        connection.recv(65_536)
        connection.sendall(frame(b"PONG\r\n"))
        connection.recv(65_536)
        for answer in answers:
            connection.sendall(answer)
        listen(connection)

    return talk


@pytest.mark.parametrize(
    ("talk", "kinds", "words"),
    [
        (logged_in(CLOSE), {"Disconnected"}, "closed the websocket: 1008"),
        (
            logged_in(frame(b"-ERR 'Stale Connection'\r\n") + CLOSE),
            {"Disconnected"},
            "Stale Connection",
        ),
        (logged_in(b"\xff\xff"), {"Disconnected"}, "websocket broke off"),
        (logged_in(b"\x82\x7f\x7f" + 7 * b"\xff"), {"Disconnected"}, "exceeds limit"),
        (logged_in(frame(b"garbage\r\n")), {"Protocol", "Disconnected"}, "not a frame"),
        (logged_in(frame(b"half")[:-1]), {"Timeout"}, "no answer"),
        (logged_in(frame(b"x", 0x89) * 50_000), {"Timeout"}, "no answer"),
    ],
    ids=["close", "words and close", "no frame", "oversized", "garbage", "half", "pings"],
)
async def test_an_answer_that_is_none(talk: Talk, kinds: set[str], words: str) -> None:
    with server(talk) as url:
        ack_ms = 500 if kinds == {"Timeout"} else LONG_MS
        result = await load(url.replace("nats://", "ws://"), ack=ack_ms)
    assert result.messages == 0
    assert {str(error.error_class) for error in result.errors} == kinds
    assert any(words in error.example for error in result.errors), result.errors
