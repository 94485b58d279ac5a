"""The instrument itself: what it says that it injects is what it injects."""

import random
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from tests.nats.truth.bandwidth import Link
from tests.nats.truth.proxy import Proxy
from tests.nats.truth.tampering import Fault, Tampering

MS = 1_000_000
SECOND = 1000 * MS
LIMIT_S = 60.0


@contextmanager
def echo() -> Iterator[int]:
    """A server that sends back what it gets; its port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            try:
                while True:
                    connection, _ = listener.accept()
                    with connection, suppress(ConnectionResetError):
                        while data := connection.recv(65_536):
                            connection.sendall(data)
            except OSError:
                return

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def connect(proxy: Proxy) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", int(proxy.url.rpartition(":")[2])), LIMIT_S)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    client.settimeout(LIMIT_S)
    return client


def round_trip_ns(client: socket.socket) -> int:
    begin = time.monotonic_ns()
    client.sendall(b"x")
    assert client.recv(1) == b"x"
    return time.monotonic_ns() - begin


def test_the_delay_is_there_once_in_each_direction() -> None:
    with echo() as port, Proxy(port, delay_ns=20 * MS) as proxy, connect(proxy) as client:
        shortest = min(round_trip_ns(client) for _ in range(20))
    # A busy host adds to a trip and takes nothing away; one delay more would be 20 ms more.
    assert 40 * MS <= shortest < 50 * MS


def test_a_stall_holds_everything_and_loses_nothing() -> None:
    with echo() as port, Proxy(port) as proxy, connect(proxy) as client:
        round_trip_ns(client)
        begin = time.monotonic_ns()
        proxy.stall(200 * MS)
        round_trip_ns(client)
        assert time.monotonic_ns() - begin >= 200 * MS
        assert min(round_trip_ns(client) for _ in range(20)) < 100 * MS, "it is over"


def test_a_cut_is_a_reset_and_the_next_connection_is_taken() -> None:
    with echo() as port, Proxy(port) as proxy:
        with connect(proxy) as client:
            round_trip_ns(client)
            proxy.cut()
            with pytest.raises(ConnectionResetError):
                client.recv(1)
        with connect(proxy) as client:
            round_trip_ns(client)


def test_what_is_large_goes_through_whole() -> None:
    sent = random.Random(1).randbytes(8 * 1024 * 1024)
    got = bytearray()
    with echo() as port, Proxy(port, delay_ns=MS) as proxy, connect(proxy) as client:
        writer = threading.Thread(target=client.sendall, args=[sent])
        writer.start()
        while len(got) < len(sent):
            got += client.recv(1024 * 1024)
        writer.join()
    assert got == sent


def test_link__idle_or_busy__carries_its_bytes_a_second() -> None:
    link = Link(1_000_000)
    burst = [*link.pieces(bytes(100_000), 5 * SECOND)]
    assert burst[-1][0] == 5 * SECOND + SECOND // 10
    assert b"".join(piece for _, piece in burst) == bytes(100_000)
    later = [*link.pieces(bytes(1_000), 5 * SECOND)]
    assert later[-1][0] == burst[-1][0] + SECOND // 1000, "behind what is on the wire"
    idle = [*link.pieces(bytes(1_000), 9 * SECOND)]
    assert idle[-1][0] == 9 * SECOND + SECOND // 1000, "nothing is saved up"


def delivery(number: int) -> bytes:
    payload = b"%d" % number * 50
    return b"MSG a 1 $JS.ACK.S.C.1.%d.%d.1.0 %d\r\n%s\r\n" % (
        number,
        number,
        len(payload),
        payload,
    )


def test_faults_hit_the_deliveries_that_they_are_told_to_in_any_split() -> None:
    other = b"PING\r\n", b"HMSG a 1 16 16\r\nNATS/1.0 404\r\n\r\n\r\n"
    frames = [delivery(n) for n in range(9)]
    data = frames[0] + other[0] + b"".join(frames[1:5]) + other[1] + b"".join(frames[5:])
    faults = {1: Fault.DROP, 3: Fault.TWICE, 5: Fault.SWAP, 8: Fault.FLIP}
    flipped = bytearray(frames[8])
    flipped[frames[8].index(b"\r\n") + 2 + 40] ^= 0x20
    expected = (
        frames[0]
        + other[0]
        + frames[2]
        + frames[3]
        + frames[3]
        + frames[4]
        + other[1]
        + frames[6]
        + frames[5]
        + frames[7]
        + bytes(flipped)
    )
    for size in (1, 7, 100, len(data)):
        tampering = Tampering(faults)
        out = b"".join(tampering.feed(data[at : at + size]) for at in range(0, len(data), size))
        assert out == expected
        assert tampering.done == [1, 3, 5, 8]
