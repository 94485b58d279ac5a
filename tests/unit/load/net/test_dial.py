"""An attempt to connect: what a server has said counts more than the time that it took to look."""

import socket

import pytest

from njst.contract.connection import Connection
from njst.load.net.dial import ConnectError, Dial, DialSettings
from njst.load.net.server_pool import ServerPool

INFO = b'INFO {"server_id":"x","version":"2.15.0","headers":true,"max_payload":1048576}\r\n'
LATE_NS = 60_000_000_000


@pytest.mark.parametrize(
    ("said", "reason", "words"),
    [
        (b"", "TargetUnreachable", "timed out after 5 s; no greeting received"),
        (INFO, "TargetUnreachable", "timed out after 5 s"),
        (INFO + b"-ERR 'maximum connections exceeded'\r\n", "TargetRefused", "maximum connections"),
        (INFO + b"-ERR 'Authentication Timeout'\r\n", "TargetLoginLate", "took longer than the"),
        (
            INFO + b"-ERR 'Authorization Violation'\r\n",
            "TargetLoginRefused",
            "the server requires a login",
        ),
    ],
    ids=["nothing", "a greeting", "a refusal", "too late", "a wrong login"],
)
def test_one_who_looks_too_late_hears_what_was_said_in_time(
    said: bytes, reason: str, words: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"nats://127.0.0.1:{listener.getsockname()[1]}"
        connection = Connection(servers=[url])
        dial = Dial(ServerPool(connection).known[0], DialSettings.of(connection), 0)
        assert dial.step(1) is None
        server, _ = listener.accept()
        with server:
            server.sendall(said)
            with pytest.raises(ConnectError) as caught:
                dial.step(LATE_NS)
    assert caught.value.reason == reason
    assert words in str(caught.value)


def test_one_who_looks_too_late_is_logged_in_all_the_same() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        connection = Connection(servers=[f"nats://127.0.0.1:{listener.getsockname()[1]}"])
        dial = Dial(ServerPool(connection).known[0], DialSettings.of(connection), 0)
        assert dial.step(1) is None
        server, _ = listener.accept()
        with server:
            server.sendall(INFO + b"PONG\r\n")
            stream = dial.step(LATE_NS)
        assert stream is not None
        stream.close()
