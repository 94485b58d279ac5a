"""A client alone in its process at an offered rate: on time, awake only when there is something."""

import math
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from njst.contract.connection import Connection
from njst.contract.kinds.publish import PublishPlan
from njst.contract.payload import PayloadPlan
from njst.contract.plan import ArrivalPiece, ArrivalPlan, ClientPlan
from njst.contract.results.tallies import ErrorClass
from njst.load.load_client import StartTime
from njst.load.net.dial import DialSettings
from njst.load.net.server_pool import ServerPool
from njst.load.net.socket_stream import NOW, SocketStream
from njst.load.recording.shared_records import SharedRecords
from njst.load.runtime import client_connection as client_module
from njst.load.runtime.client_connection import BLOCKED_NS, ClientConnection

MS = 1_000_000
BEGIN_NS = 1_000 * MS
EPOLL = 99


class Scene(SocketStream):
    """A connection, and the clock and the kernel around it: time passes only in a wait."""

    def __init__(self, sock: socket.socket) -> None:
        super().__init__(sock)
        self.now_ns = BEGIN_NS
        self.waits_ns: list[int] = []
        self.sent_ns: list[int] = []
        # What arrives, and when; None: something else is to be looked at then.
        self.arriving: list[tuple[int, bytes | OSError | None]] = []

    def clock_ns(self) -> int:
        return self.now_ns

    def select(
        self, read: list[int], _write: list[int], _other: list[int], timeout_s: float
    ) -> tuple[list[int], list[int], list[int]]:
        assert read == [EPOLL]
        wait_ns = math.ceil(timeout_s * 1e9)
        if self.arriving and self.arriving[0][0] <= self.now_ns + wait_ns:
            wait_ns = max(0, self.arriving[0][0] - self.now_ns)
        self.waits_ns.append(wait_ns)
        self.now_ns += wait_ns
        is_there = bool(self.arriving) and self.arriving[0][0] <= self.now_ns
        return (read if is_there else []), [], []

    def receive(self, how: int = NOW) -> bytes | None:
        assert how == NOW
        if not self.arriving or self.arriving[0][0] > self.now_ns:
            return None
        _, data = self.arriving.pop(0)
        if isinstance(data, OSError):
            raise data
        return data

    def send(self, data: bytes | bytearray | memoryview) -> int:
        self.sent_ns += [self.now_ns - BEGIN_NS] * bytes(data).count(b"PUB ")
        return len(data)


@pytest.fixture
def scene(monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        made = Scene(ours)
        monkeypatch.setattr(client_module, "read_clock_ns", made.clock_ns)
        monkeypatch.setattr(client_module.select, "select", made.select)
        yield made


def publisher(scene: Scene, *, window: int, messages: int, **how: Any) -> ClientConnection:
    """One that has begun, of 1,000 messages a second."""
    piece = ArrivalPiece(begin_per_second=1000, end_per_second=1000, ms=None)
    plan = ClientPlan(
        workload="w",
        index=0,
        messages=messages,
        pace=ArrivalPlan(pieces=[piece], parts=1, index=0),
        publish=PublishPlan(
            mode="Asynchronous",
            window=window,
            payload=PayloadPlan(bytes_min=8, bytes_max=8),
            subjects=["s.x"],
            ack_timeout_ms=60_000,
        ),
        **how,
    )
    connection = Connection(servers=["nats://127.0.0.1:4222"])
    client = ClientConnection(
        plan, DialSettings.of(connection), ServerPool(connection), SharedRecords("j", lambda: 0)
    )
    client.stream = scene
    client.await_start(StartTime(BEGIN_NS))
    client.wake()
    return client


def test_each_message_leaves_when_it_is_due(scene: Scene) -> None:
    client = publisher(scene, window=10, messages=5)
    assert client.keep_pace(BEGIN_NS + 50 * MS, EPOLL)
    assert scene.sent_ns == [0, MS, 2 * MS, 3 * MS, 4 * MS]
    assert scene.waits_ns == [MS] * 4


def test_it_looks_around_when_it_is_to(scene: Scene) -> None:
    client = publisher(scene, window=100, messages=100)
    assert client.keep_pace(BEGIN_NS + 10 * MS, EPOLL)
    assert scene.now_ns == BEGIN_NS + 10 * MS
    # And at once, when something else than its connection has to be looked at.
    scene.arriving.append((scene.now_ns + MS // 2, None))
    assert client.keep_pace(BEGIN_NS + 20 * MS, EPOLL)
    assert scene.now_ns == BEGIN_NS + 10 * MS + MS // 2


def test_a_full_window_is_no_reason_to_spin(scene: Scene) -> None:
    client = publisher(scene, window=1, messages=100)
    assert client.keep_pace(BEGIN_NS + 50 * MS, EPOLL)
    assert scene.sent_ns == [0]
    assert min(scene.waits_ns[:-1]) == BLOCKED_NS


def test_an_answer_makes_room_at_once(scene: Scene) -> None:
    client = publisher(scene, window=1, messages=100)
    inbox = client.load_client._inbox  # type: ignore[attr-defined]
    body = b'{"stream":"S","seq":1}'
    frame = b"MSG %s.%010x 1 %d\r\n%s\r\n" % (inbox.encode(), 0, len(body), body)
    scene.arriving.append((BEGIN_NS + 7 * MS + 300_000, frame))
    client.keep_pace(BEGIN_NS + 20 * MS, EPOLL)
    assert scene.sent_ns == [0, 7 * MS + 300_000]
    assert client.load_client.recorder.tally().messages == 1


@pytest.mark.parametrize(
    ("what", "words"), [(b"", "the server closed"), (ConnectionResetError("reset"), "reset")]
)
def test_a_broken_connection_ends_it(scene: Scene, what: bytes | OSError, words: str) -> None:
    client = publisher(scene, window=10, messages=100)
    scene.arriving.append((BEGIN_NS + 2 * MS + 1, what))
    assert client.keep_pace(BEGIN_NS + 20 * MS, EPOLL)
    assert client.stream is None
    (error,) = client.load_client.recorder.tally().errors
    assert (error.error_class, error.count) == (ErrorClass.DISCONNECTED, 3)
    assert words in error.example


def test_before_its_start_it_does_nothing(scene: Scene) -> None:
    client = publisher(scene, window=10, messages=100)
    client.begun = False
    assert not client.keep_pace(BEGIN_NS + 20 * MS, EPOLL)
    assert (scene.sent_ns, scene.waits_ns) == ([], [])
