"""Servers that answer what none should: a problem or a class of error with one example, in time."""

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from njst.contract.connection import Connection
from njst.contract.plan import LoadPlan
from njst.contract.results.outcome import Outcome
from njst.contract.results.report import WorkloadResult
from njst.contract.results.tallies import ErrorClass
from njst.load.runtime.process_group import LoadGroup, LoadProblem
from njst.stats.tally_merge import totals
from tests.nats.connections.running import LIMIT_S, publisher, refusals

INFO = b'INFO {"server_id":"x","version":"2.15.0","headers":true,"max_payload":1048576}\r\n'
Talk = Callable[[socket.socket], None]
LONG_MS = int(2 * LIMIT_S * 1000)


@contextmanager
def server(talk: Talk) -> Iterator[str]:
    """A server that treats each connection like this; its URL."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        open_now: list[socket.socket] = []
        threads: list[threading.Thread] = []

        def serve(connection: socket.socket) -> None:
            try:
                talk(connection)
            except OSError:
                pass
            finally:
                connection.close()

        def accept() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                open_now.append(connection)
                threads.append(threading.Thread(target=serve, args=[connection]))
                threads[-1].start()

        accepting = threading.Thread(target=accept)
        accepting.start()
        try:
            yield f"nats://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            accepting.join()
            for connection in open_now:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue
            for thread in threads:
                thread.join()


def hear(connection: socket.socket, word: bytes) -> bytes:
    """Return what a client says up to the line with this word, at the end of a line."""
    heard = b""
    while word not in heard or not heard.endswith(b"\r\n"):
        data = connection.recv(65_536)
        if not data:
            raise ConnectionError
        heard += data
    return heard


def greet(connection: socket.socket) -> tuple[bytes, bytes]:
    """Log a client in; return its inbox, and what it has said by then."""
    connection.sendall(INFO)
    heard = hear(connection, b"PING\r\n")
    connection.sendall(b"PONG\r\n")
    if b"SUB " not in heard:
        heard = hear(connection, b"SUB ")
    return heard.split(b"SUB ")[1].split(b" ")[0].removesuffix(b".*"), heard


def say(*answers: bytes) -> Talk:
    """Log in, wait for the first message, answer with this, and listen until the client goes."""

    def talk(connection: socket.socket) -> None:
        inbox, heard = greet(connection)
        if b"PUB " not in heard:
            hear(connection, b"PUB ")
        for answer in answers:
            connection.sendall(answer.replace(b"INBOX", inbox))
        while connection.recv(65_536):
            pass

    return talk


def hang_up_after(answer: bytes) -> Talk:
    def talk(connection: socket.socket) -> None:
        greet(connection)
        connection.sendall(answer)
        connection.shutdown(socket.SHUT_RDWR)

    return talk


def message(payload: bytes, number: int = 0) -> bytes:
    return b"MSG INBOX.%010x 1 %d\r\n%s\r\n" % (number, len(payload), payload)


async def load(url: str, messages: int = 1, **patience_ms: int) -> WorkloadResult:
    """Return what became of messages; all of them have an outcome, and in time.

    Nothing runs out of patience but what is told to: a busy machine may be slow.
    """
    connect_ms, ack_ms = patience_ms.get("connect", LONG_MS), patience_ms.get("ack", LONG_MS)
    settings = Connection(servers=[url], connect_timeout_ms=connect_ms)
    client = publisher(messages, ack_timeout_ms=ack_ms)
    plan = LoadPlan(job="j", connection=settings, clients=[client])
    group = await LoadGroup.prepare(plan, processes=1, timeout_s=LIMIT_S)
    try:
        group.start(time.monotonic_ns(), 0)
        async with asyncio.timeout(LIMIT_S):
            assert await group.wait() is Outcome.COMPLETED
        return totals("write", "", group.tallies())
    finally:
        await group.stop()


@pytest.mark.parametrize(
    ("talk", "kinds", "says"),
    [
        pytest.param(
            say(b"\x00\x01garbage\r\n"), {"Protocol", "Disconnected"}, "not a frame", id="garbage"
        ),
        pytest.param(
            say(b"MSG INBOX.1 1 99999999\r\n"),
            {"Protocol", "Disconnected"},
            "a message of 99999999 bytes",
            id="oversized frame",
        ),
        pytest.param(
            say(b"MSG INBOX.1 1 " + b"9" * 5_000 + b"\r\n"),
            {"Protocol", "Disconnected"},
            "not a message",
            id="absurd size",
        ),
        pytest.param(say(b"MSG INBOX.1 1 100\r\nhalf"), {"Timeout"}, "no answer", id="half"),
        pytest.param(
            say(b"MSG INBOX.%010x 1 4\r\n{}{}{}{}\r\n" % 0),
            {"Protocol", "Disconnected"},
            "does not end",
            id="wrong size",
        ),
        pytest.param(
            say(b"HMSG INBOX.%010x 1 21 21\r\nNATS/1.0 777 What\r\n\r\n\r\n" % 0),
            {"Other"},
            "777 What",
            id="unknown status",
        ),
        pytest.param(say(message(b"{")), {"Protocol"}, "not an acknowledgement", id="half an ack"),
        pytest.param(
            say(message(b'{"stream":"S","seq":Infinity}')),
            {"Protocol"},
            "not an acknowledgement",
            id="an ack of no number",
        ),
        pytest.param(
            say(message(b"[" * 100_000)), {"Protocol"}, "not an acknowledgement", id="deep"
        ),
        pytest.param(
            say(message(b'{"error":{"code":400,"err_code":12345,"description":"new"}}')),
            {"Other"},
            "new (12345)",
            id="unknown error",
        ),
        pytest.param(
            say(message(b'{"stream":"S","seq":1}', 7)), {"Timeout"}, "no answer", id="of another"
        ),
        pytest.param(
            say(b"-ERR 'Stale Connection'\r\n"), {"Disconnected"}, "Stale Connection", id="stale"
        ),
        pytest.param(
            say(b"-ERR 'Permissions Violation for Publish to \"s.x\"'\r\n"),
            {"PermissionDenied"},
            "Permissions Violation",
            id="not permitted",
        ),
        pytest.param(say(b"PING\r\n" * 50_000), {"Timeout"}, "no answer", id="a flood of PINGs"),
        pytest.param(say(b"INFO {\r\n"), {"Protocol", "Disconnected"}, "INFO", id="no info"),
    ],
)
async def test_an_answer_that_is_none(talk: Talk, kinds: set[str], says: str) -> None:
    # Only what has no answer is to run out of patience, and no answer after it was heard.
    ack_ms = 500 if kinds == {"Timeout"} else LONG_MS
    with server(talk) as url:
        result = await load(url, ack=ack_ms)
    assert result.messages == 0
    assert {str(error.error_class) for error in result.errors} == kinds
    assert any(says in error.example for error in result.errors), result.errors


async def test_a_server_that_hangs_up_on_each_client() -> None:
    with server(hang_up_after(b"")) as url:
        result = await load(url, messages=3)
    assert {error.error_class for error in result.errors} == {ErrorClass.DISCONNECTED}
    assert result.messages == 0


def drip(connection: socket.socket) -> None:
    """Say INFO so slowly that no single read times out."""
    for byte in INFO * 100:
        connection.sendall(bytes([byte]))
        time.sleep(0.02)


def never_pong(connection: socket.socket) -> None:
    connection.sendall(INFO)
    while connection.recv(65_536):
        pass


def flood(connection: socket.socket) -> None:
    connection.sendall(INFO + b"MSG a 1 60000000\r\n" + b"x" * 4_000_000)
    while connection.recv(65_536):
        pass


def refuse(connection: socket.socket) -> None:
    connection.sendall(INFO + b"-ERR 'maximum connections exceeded'\r\n")
    while connection.recv(65_536):
        pass


@pytest.mark.parametrize(
    ("talk", "connect_ms", "reason", "says"),
    [
        pytest.param(drip, 500, "TargetUnreachable", "after 0.5 s", id="slow greeting"),
        pytest.param(never_pong, 500, "TargetUnreachable", "timed out after", id="slow login"),
        pytest.param(flood, LONG_MS, "TargetUnreachable", "instead of a greeting", id="a flood"),
        pytest.param(refuse, LONG_MS, "TargetRefused", "maximum connections exceeded", id="full"),
    ],
)
async def test_a_login_that_does_not_end(
    talk: Talk, connect_ms: int, reason: str, says: str
) -> None:
    """And not because the load as a whole took too long: that would be another reason."""
    with server(talk) as url, pytest.raises(LoadProblem) as caught:
        await load(url, connect=connect_ms)
    assert caught.value.reason == reason
    assert says in caught.value.message


def refuse_at_once(connection: socket.socket) -> None:
    """Greet, refuse and hang up before a client has said anything, as TLS 1.3 lets a server do."""
    connection.sendall(INFO + b"-ERR 'Authorization Violation'\r\n")


async def test_words_of_a_server_that_hangs_up_early_are_heard() -> None:
    with server(refuse_at_once) as url:
        said = await refusals(Connection(servers=[url]))
    assert [reason for reason, _ in said] == 2 * ["TargetLoginRefused"]
    assert all("Authorization Violation" in words for _, words in said)


async def test_a_server_that_hangs_up_without_a_word_may_want_tls_first() -> None:
    """As nats-server does with handshake_first, if it loses patience before its client does."""
    with server(lambda _: None) as url:
        said = await refusals(Connection(servers=[url]))
    assert [reason for reason, _ in said] == 2 * ["TargetUnreachable"]
    assert all("closed the connection; no greeting received" in words for _, words in said)
    assert all("use tls_first for handshake_first servers" in words for _, words in said)
