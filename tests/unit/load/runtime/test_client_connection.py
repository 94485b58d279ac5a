"""A client over a socket: what a server says before it hangs up is heard, whoever is faster."""

import socket
from collections.abc import Iterator

import pytest

from njst.contract.connection import Connection
from njst.contract.kinds.consume import ConsumePlan
from njst.contract.kinds.consume_settings import AckPolicy
from njst.contract.kinds.core import CorePlan
from njst.contract.kinds.publish import PublishPlan
from njst.contract.payload import PayloadPlan
from njst.contract.plan import ArrivalPiece, ArrivalPlan, ClientPlan
from njst.contract.results.tallies import ErrorClass, ErrorTally
from njst.load.host.clock import now_ns
from njst.load.load_client import StartTime
from njst.load.net.dial import READ, WRITE, DialSettings
from njst.load.net.keepalive import SILENT_NS
from njst.load.net.server_pool import ServerPool
from njst.load.net.socket_stream import NOW, SocketStream
from njst.load.recording.shared_records import SharedRecords
from njst.load.runtime.client_connection import ClientConnection
from njst.load.runtime.engine import TICK_NS

WINDOW = 2
NOW_NS = 1_000_000_000


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    """The two ends of a connection: the client's, and the server's."""
    client, server = socket.socketpair()
    with client, server:
        yield client, server


def connected(sock: socket.socket) -> ClientConnection:
    """A publisher that has begun, with its first messages sent."""
    connection = Connection(servers=["nats://127.0.0.1:4222"])
    plan = ClientPlan(
        workload="w",
        index=0,
        messages=10,
        publish=PublishPlan(
            mode="Asynchronous",
            window=WINDOW,
            payload=PayloadPlan(bytes_min=8, bytes_max=8),
            subjects=["s.x"],
            ack_timeout_ms=1_000,
        ),
    )
    client = ClientConnection(
        plan, DialSettings.of(connection), ServerPool(connection), SharedRecords("j", lambda: 0)
    )
    client.stream = SocketStream(sock)
    client.await_start(StartTime(NOW_NS))
    client.wake()
    client.write(NOW_NS)
    return client


def errors(client: ClientConnection) -> list[ErrorTally]:
    return client.load_client.recorder.tally().errors


@pytest.mark.parametrize("call", ["write", "write_opening"])
def test_why_a_server_hung_up_is_heard_though_a_send_fails_first(
    ends: tuple[socket.socket, socket.socket], call: str
) -> None:
    client = connected(ends[0])
    ends[1].sendall(b"-ERR 'User Authentication Expired'\r\n")
    ends[1].close()
    client._out = b"PONG\r\n"
    getattr(client, call)(NOW_NS)
    assert client.stream is None
    (error,) = errors(client)
    assert (error.error_class, error.count) == (ErrorClass.DISCONNECTED, WINDOW)
    assert error.example == "-ERR User Authentication Expired"


class Bottomless(SocketStream):
    """A connection whose other end takes everything at once."""

    sent = 0

    def send(self, data: bytes | bytearray | memoryview) -> int:
        self.sent += 1
        return len(data)


def test_fast_server_does_not_starve_other_work_of_the_loop(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    connection = Connection(servers=["nats://127.0.0.1:4222"])
    core = CorePlan(operation="Publish", subject="s.x", payload_bytes=100_000, timeout_ms=1)
    plan = ClientPlan(workload="w", index=0, duration_ms=60_000, core=core)
    client = ClientConnection(
        plan, DialSettings.of(connection), ServerPool(connection), SharedRecords("j", lambda: 0)
    )
    client.stream = stream = Bottomless(ends[0])
    client.await_start(StartTime(now_ns()))
    client.wake()
    client.write(now_ns())
    assert stream.sent == 16
    assert client.wants == READ | WRITE, "the rest leaves when the loop has looked around"
    client.stop()
    client.write(now_ns())
    assert client.load_client.recorder.tally().attempted == 17
    assert client.wants == READ


def test_answers_that_came_before_a_send_fails_count(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    client = connected(ends[0])
    (inbox,) = {line.split()[2].rpartition(b".")[0] for line in _said(ends[1]) if b"PUB" in line}
    answer = b'{"stream":"S","seq":1}'
    ends[1].sendall(b"MSG %s.%010x 1 %d\r\n%s\r\n" % (inbox, 0, len(answer), answer))
    ends[1].close()
    client._out = b"PONG\r\n"
    client.write(NOW_NS)
    assert client.load_client.recorder.messages == 1
    (error,) = errors(client)
    assert (error.error_class, error.count) == (ErrorClass.DISCONNECTED, WINDOW - 1)


class Arriving(SocketStream):
    """A connection on which chunks lie ready, then nothing or an error; it notes what is sent."""

    def __init__(self, sock: socket.socket, chunks: list[bytes | OSError]) -> None:
        super().__init__(sock)
        self.chunks = chunks
        self.sent: list[bytes] = []

    def receive(self, how: int = NOW) -> bytes | None:
        if not self.chunks:
            return None
        chunk = self.chunks.pop(0)
        if isinstance(chunk, OSError):
            raise chunk
        return chunk

    def send(self, data: bytes | bytearray | memoryview) -> int:
        self.sent.append(bytes(data))
        return len(data)


def consuming(
    sock: socket.socket, chunks: list[bytes | OSError], ack: AckPolicy
) -> ClientConnection:
    """A consumer that has begun, with chunks before it."""
    connection = Connection(servers=["nats://127.0.0.1:4222"])
    consume = ConsumePlan(
        stream="S", consumer="C", batch=100, idle_timeout_ms=9_000, ack=ack, verify=False
    )
    plan = ClientPlan(workload="w", index=0, messages=100, consume=consume)
    client = ClientConnection(
        plan, DialSettings.of(connection), ServerPool(connection), SharedRecords("j", lambda: 0)
    )
    client.stream = Arriving(sock, chunks)
    client.await_start(StartTime(NOW_NS))
    client.wake()
    return client


def deliveries(first: int, count: int) -> bytes:
    return b"".join(
        b"MSG s.x 1 $JS.ACK.S.C.1.%d.%d.1700000000000000000.0 2\r\nhi\r\n" % (n, n)
        for n in range(first, first + count)
    )


# One chunk is taken in any case, and three more where messages are acknowledged.
@pytest.mark.parametrize(("ack", "taken"), [(AckPolicy.EXPLICIT, 8), (AckPolicy.NONE, 2)])
def test_what_lies_ready_is_acknowledged_together_as_far_as_a_bound(
    ends: tuple[socket.socket, socket.socket], ack: AckPolicy, taken: int
) -> None:
    client = consuming(ends[0], [deliveries(n, 2) for n in range(10, 30, 2)], ack)
    stream = client.stream
    assert isinstance(stream, Arriving)
    assert client.read(NOW_NS) is False
    assert client.load_client.recorder.messages == taken
    client.write(NOW_NS)
    acks = stream.sent[0].count(b"+ACK")
    assert acks == (taken if ack is AckPolicy.EXPLICIT else 0)


@pytest.mark.parametrize("end", [b"", ConnectionResetError("reset")])
def test_connection_that_ends_behind_a_chunk_breaks_and_the_chunk_counts(
    ends: tuple[socket.socket, socket.socket], end: bytes | OSError
) -> None:
    client = consuming(ends[0], [deliveries(1, 2), end], AckPolicy.EXPLICIT)
    client.read(NOW_NS)
    assert client.stream is None
    assert client.load_client.recorder.messages == 2
    (event,) = client.load_client.recorder.tally().events
    assert event.error_class is ErrorClass.DISCONNECTED


def _said(sock: socket.socket) -> list[bytes]:
    return sock.recv(65_536).split(b"\r\n")


def look_for(client: ClientConnection, silence_ns: int) -> None:
    """Look at the time tick by tick, as the engine does, and send what is to be sent."""
    for at_ns in range(NOW_NS, NOW_NS + silence_ns + TICK_NS, TICK_NS):
        client.on_time(at_ns)
        client.write(at_ns)


def quiet(sock: socket.socket) -> ClientConnection:
    """A publisher that has nothing to send before its answers come, which are long in coming."""
    client = connected(sock)
    client._keepalive.begin(NOW_NS, 0)
    client.load_client.on_time = lambda _: None  # type: ignore[method-assign]
    return client


def test_silent_server_gets_pings_and_then_the_connection_breaks(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    client = quiet(ends[0])
    look_for(client, SILENT_NS - 2 * TICK_NS)
    assert client.stream is not None
    assert _said(ends[1]).count(b"PING") == 2
    look_for(client, SILENT_NS)
    assert client.stream is None
    event, *dials = client.load_client.recorder.tally().events
    assert (event.error_class, event.count) == (ErrorClass.DISCONNECTED, 1)
    assert {dial.error_class for dial in dials} <= {ErrorClass.CONNECT_FAILED}
    assert event.example == "the server said nothing for 6 s and answered no PING"


def test_unread_bytes_are_read_before_a_server_counts_as_gone(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    """A process that was starved has the answers in its socket."""
    client = quiet(ends[0])
    client._keepalive._silent_ns = SILENT_NS
    ends[1].sendall(b"PONG\r\n")
    client.on_time(NOW_NS + TICK_NS)
    assert client.stream is not None
    client.on_time(NOW_NS + 2 * TICK_NS)
    assert client.stream is not None


def test_a_pong_for_the_workload_is_told_from_one_for_the_client(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    connection = Connection(servers=["nats://127.0.0.1:4222"])
    core = CorePlan(operation="Publish", subject="s.x", payload_bytes=8, timeout_ms=1)
    plan = ClientPlan(workload="w", index=0, messages=1, core=core)
    client = ClientConnection(
        plan, DialSettings.of(connection), ServerPool(connection), SharedRecords("j", lambda: 0)
    )
    client.stream = SocketStream(ends[0])
    client._keepalive.begin(NOW_NS, 0)
    client.await_start(StartTime(NOW_NS))
    client.wake()
    client._asks = True
    client.write(NOW_NS)
    assert [line for line in _said(ends[1]) if line == b"PING"] == [b"PING", b"PING"]
    ends[1].sendall(b"PONG\r\n")
    client.read(NOW_NS)
    assert client.load_client.recorder.messages == 0, "that was the client's own, which left first"
    ends[1].sendall(b"PONG\r\n")
    client.read(NOW_NS)
    assert client.load_client.recorder.messages == 1


def test_at_its_end_a_client_without_a_connection_gives_up(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    connection = Connection(servers=["nats://127.0.0.1:1"])
    piece = ArrivalPiece(begin_per_second=1000, end_per_second=1000, ms=None)
    plan = ClientPlan(
        workload="w",
        index=0,
        duration_ms=1_000,
        pace=ArrivalPlan(pieces=[piece], parts=1, index=0),
        publish=PublishPlan(
            mode="Asynchronous",
            window=WINDOW,
            payload=PayloadPlan(bytes_min=8, bytes_max=8),
            subjects=["s.x"],
            ack_timeout_ms=60_000,
        ),
    )
    client = ClientConnection(
        plan, DialSettings.of(connection), ServerPool(connection), SharedRecords("j", lambda: 0)
    )
    client.stream = SocketStream(ends[0])
    client.await_start(StartTime(NOW_NS))
    client.wake()
    ends[1].close()
    client.read(NOW_NS)
    assert client.stream is None
    client.on_time(NOW_NS + 999_000_000)
    assert not client.done
    client.on_time(NOW_NS + 1_000_000_000)
    assert client.done
    assert any("without a connection at its end" in error.example for error in errors(client))
    client.close(NOW_NS)
