"""A server that says nothing: asked, given up, or borne with; the clock is the test's."""

import socket
from collections.abc import Iterator
from contextlib import suppress

import pytest

from njst.load.net import keepalive as module
from njst.load.net.keepalive import PING_NS, SILENT_NS, Keepalive, Silence

MS = 1_000_000
TICK_NS = 50 * MS
T0 = 5_000 * MS


class Seen:
    """A lifeline that is looked at tick by tick."""

    def __init__(self) -> None:
        self.line = Keepalive()
        self.line.begin(T0, 0)
        self.now_ns = T0

    def pass_time(self, time_ns: int) -> list[tuple[Silence, int]]:
        """Return what is to be done, and when, after T0; each PING that is due is sent."""
        said = []
        for _ in range(time_ns // TICK_NS):
            self.now_ns += TICK_NS
            what = self.line.look(self.now_ns)
            if what is not Silence.NONE:
                said.append((what, self.now_ns - T0))
            if what is Silence.ASK:
                assert self.line.ping(0) == b"PING\r\n"
        return said


def test_silent_server_gets_two_pings_and_is_gone_after_six_seconds() -> None:
    assert (PING_NS, SILENT_NS) == (2_000 * MS, 6_000 * MS), "as the docs say"
    seen = Seen()
    said = seen.pass_time(SILENT_NS)
    assert said == [(Silence.ASK, PING_NS), (Silence.ASK, 2 * PING_NS), (Silence.OVER, SILENT_NS)]
    assert seen.line.since_ns == T0


def test_server_that_sends_now_and_then_gets_no_ping() -> None:
    seen = Seen()
    for _ in range(20):
        assert seen.pass_time(PING_NS - TICK_NS) == []
        seen.line.heard_ns = seen.now_ns


def test_answering_server_gets_ping_after_ping() -> None:
    seen = Seen()
    for _ in range(5):
        assert [what for what, _ in seen.pass_time(PING_NS)] == [Silence.ASK]
        assert seen.line.takes_pong()
        seen.line.heard_ns = seen.now_ns
        seen.pass_time(TICK_NS)


def test_starved_client_does_not_break_its_connection() -> None:
    seen = Seen()
    seen.pass_time(PING_NS)
    seen.now_ns += 100 * SILENT_NS
    assert seen.line.look(seen.now_ns) is Silence.NONE
    assert seen.line.since_ns == seen.now_ns, "of the time before it knows nothing"
    assert seen.pass_time(SILENT_NS)[-1][0] is Silence.OVER


def test_pongs_come_in_the_order_of_pings() -> None:
    line = Keepalive()
    line.begin(T0, 7)
    line.ping(7)
    line.ping(9)
    assert [line.takes_pong() for _ in range(5)] == [True, False, False, True, False]
    line.begin(T0, 9)
    assert not line.takes_pong(), "what an older connection was asked is never answered"


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname())
        server, _ = listener.accept()
        with client, server:
            yield client, server


def borne(line: Keepalive, sock: socket.socket, *, is_sent: bool) -> bool:
    """Whether the silence begins anew."""
    line._silent_ns = SILENT_NS - TICK_NS
    line.bear(sock, is_sent=is_sent)
    return line._silent_ns == PING_NS


def fill(sock: socket.socket) -> None:
    sock.setblocking(False)
    with suppress(BlockingIOError):
        while sock.send(bytes(1 << 16)):
            pass


def test_a_server_that_reads_what_is_before_the_ping_is_borne_with(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    client, server = ends
    line = Keepalive()
    line.begin(T0, 0)
    line.ping(0)
    fill(client)
    borne(line, client, is_sent=False)
    assert not borne(line, client, is_sent=False), "it takes nothing"
    taken = module._moved_bytes(client)[0]
    while module._moved_bytes(client)[0] == taken:
        server.recv(1 << 16)
    assert borne(line, client, is_sent=False), "it takes something"


def test_a_frozen_server_whose_kernel_takes_all_is_not_borne_with(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    client, _ = ends
    line = Keepalive()
    line.begin(T0, 0)
    client.sendall(line.ping(0))
    while module._queued_bytes(client):
        pass
    for _ in range(3):
        assert not borne(line, client, is_sent=True)
        client.sendall(b"PUB s.x 2\r\nhi\r\n")
        while module._queued_bytes(client):
            pass


def test_a_part_of_something_long_is_a_sign_of_life(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    client, server = ends
    line = Keepalive()
    line.begin(T0, 0)
    client.sendall(line.ping(0))
    borne(line, client, is_sent=True)
    server.sendall(b"MSG s.x 1 800")
    while module._moved_bytes(client)[1] < 13:
        pass
    assert borne(line, client, is_sent=True)
