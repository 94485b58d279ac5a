"""A load's websocket over a socket that is full, cut, pinged and closed."""

import socket
from collections.abc import Iterator

import pytest
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.server import ServerProtocol

from njst.load.net.socket_stream import SocketStream
from njst.load.net.websocket_stream import WebSocketStream
from njst.login.websocket_protocol import WebSocket


class Peer:
    """The server's end of a websocket."""

    def __init__(self, sock: socket.socket) -> None:
        self.socket = sock
        self.heard = b""
        self.pongs: list[bytes] = []
        self._protocol = ServerProtocol(max_size=None)

    def agree(self) -> None:
        self._protocol.receive_data(self.socket.recv(65_536))
        (request,) = self._protocol.events_received()
        self._protocol.send_response(self._protocol.accept(request))
        self.socket.sendall(b"".join(self._protocol.data_to_send()))

    def say(self, data: bytes, opcode: Opcode = Opcode.BINARY) -> None:
        self.socket.sendall(Frame(opcode, data).serialize(mask=False))

    def listen(self) -> None:
        """Hear what has arrived."""
        self.socket.setblocking(False)
        while True:
            try:
                data = self.socket.recv(65_536)
            except BlockingIOError:
                break
            if not data:
                break
            self._protocol.receive_data(data)
            for event in self._protocol.events_received():
                assert isinstance(event, Frame)
                if event.opcode is Opcode.PONG:
                    self.pongs.append(bytes(event.data))
                elif event.opcode is Opcode.BINARY:
                    self.heard += event.data
        assert self._protocol.parser_exc is None
        self.socket.setblocking(True)


@pytest.fixture
def ends() -> Iterator[tuple[WebSocketStream, Peer]]:
    """A stream that is open, and its server; the kernel takes little."""
    ours, theirs = socket.socketpair()
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16 * 1024)
    with ours, theirs:
        peer, websocket = Peer(theirs), WebSocket("ws://a")
        ours.sendall(websocket.take_out())
        peer.agree()
        websocket.feed(ours.recv(65_536))
        assert websocket._protocol.state is State.OPEN
        yield WebSocketStream(SocketStream(ours), websocket), peer


def test_what_the_kernel_does_not_take_is_sent_later_and_once(
    ends: tuple[WebSocketStream, Peer],
) -> None:
    stream, peer = ends
    text = b"".join(b"%07d\n" % number for number in range(60_000))
    left, full = memoryview(text), 0
    while left:
        sent = stream.send(left)
        left = left[sent:]
        if left:
            full += 1
            peer.listen()
    peer.listen()
    assert peer.heard == text
    assert full > 1, "the kernel took all at once"


def test_what_is_added_behind_what_is_left_is_sent_behind_it(
    ends: tuple[WebSocketStream, Peer],
) -> None:
    """As subscriptions are, for a client that begins later."""
    stream, peer = ends
    text = 100_000 * b"a"
    assert stream.send(text) == 0
    peer.listen()
    text += b"SUB a 1\r\n"
    left = memoryview(text)
    while left := left[stream.send(left) :]:
        peer.listen()
    peer.listen()
    assert peer.heard == text


def test_half_a_frame_is_nothing_yet(ends: tuple[WebSocketStream, Peer]) -> None:
    stream, peer = ends
    assert stream.receive() is None
    wire = Frame(Opcode.BINARY, b"PONG\r\n").serialize(mask=False)
    for place in range(len(wire) - 1):
        peer.socket.sendall(wire[place : place + 1])
        assert stream.receive() is None
    peer.socket.sendall(wire[-1:])
    assert stream.receive() == b"PONG\r\n"


def test_a_ping_is_answered_though_nothing_is_to_be_sent(
    ends: tuple[WebSocketStream, Peer],
) -> None:
    stream, peer = ends
    peer.say(b"are you there", Opcode.PING)
    assert stream.receive() is None
    peer.listen()
    assert peer.pongs == [b"are you there"]


def test_a_ping_while_the_kernel_is_full_does_not_tear_a_frame(
    ends: tuple[WebSocketStream, Peer],
) -> None:
    stream, peer = ends
    text = 100_000 * b"a"
    left = memoryview(text)
    left = left[stream.send(left) :]
    peer.say(b"1", Opcode.PING)
    assert stream.receive() is None
    while left:
        peer.listen()
        left = left[stream.send(left) :]
    stream.send(b"b")
    peer.listen()
    assert (peer.heard, peer.pongs) == (text + b"b", [b"1"])


def test_the_words_before_a_close_are_heard_and_then_why_it_closed(
    ends: tuple[WebSocketStream, Peer],
) -> None:
    """And one who waits for the socket is woken for it, though the server does not hang up."""
    stream, peer = ends
    peer.say(b"-ERR 'Stale'\r\n")
    peer.say(b"\x03\xf0stale", Opcode.CLOSE)
    assert stream.receive() == b"-ERR 'Stale'\r\n"
    assert stream.socket.recv(1, socket.MSG_PEEK) == b""
    for _ in range(2):
        with pytest.raises(ConnectionError, match=r"closed the websocket: 1008 .* stale"):
            stream.receive()
    with pytest.raises(ConnectionError, match="closed the websocket"):
        stream.send(b"PING\r\n")


def test_a_close_without_words_and_an_end_without_a_close(
    ends: tuple[WebSocketStream, Peer],
) -> None:
    stream, peer = ends
    peer.socket.shutdown(socket.SHUT_WR)
    assert stream.receive() == b""
    stream._websocket.feed(b"\x88\x00")
    with pytest.raises(ConnectionError, match="closed the websocket"):
        stream.receive()
