"""NATS in a websocket, against the other end of the same library and against bytes of no use."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.server import ServerProtocol

from njst.login.login_errors import UpgradeError
from njst.login.websocket_protocol import MAX_FRAME_BYTES, WebSocket

URL = "ws://nats.example:8080"


def server() -> ServerProtocol:
    return ServerProtocol(max_size=None)


def agreed(websocket: WebSocket) -> tuple[ServerProtocol, bytes]:
    """A server that agrees, and what it says to that."""
    end = server()
    end.receive_data(websocket.take_out())
    (request,) = end.events_received()
    end.send_response(end.accept(request))
    return end, b"".join(end.data_to_send())


def opened() -> tuple[WebSocket, ServerProtocol]:
    websocket = WebSocket(URL)
    end, said = agreed(websocket)
    assert websocket.feed(said) == b""
    assert websocket.is_open
    return websocket, end


def frame(data: bytes, opcode: Opcode = Opcode.BINARY, *, fin: bool = True) -> bytes:
    return Frame(opcode, data, fin).serialize(mask=False)


@pytest.mark.parametrize(
    ("url", "host"),
    [
        (URL, "nats.example:8080"),
        ("ws://a", "a"),
        ("wss://a", "a"),
        ("wss://a:80", "a:80"),
        ("ws://[::1]:9", "[::1]:9"),
    ],
)
def test_it_asks_for_a_websocket(url: str, host: str) -> None:
    request = WebSocket(url).out.decode()
    assert request.startswith("GET / HTTP/1.1\r\n")
    assert f"\r\nHost: {host}\r\n" in request
    assert "Extensions" not in request, "what is compressed would not measure NATS"


def test_what_is_said_arrives_in_one_masked_frame() -> None:
    websocket, end = opened()
    wire = websocket.frame(memoryview(b"PUB a 1\r\nx\r\n"))
    assert b"PUB" not in wire
    end.receive_data(wire)
    (event,) = end.events_received()
    assert (event.opcode, bytes(event.data)) == (Opcode.BINARY, b"PUB a 1\r\nx\r\n")


def splits(text: bytes, at: list[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(text) + 1) for place in at), len(text)]
    return [text[a:b] for a, b in pairwise(edges) if a < b]


@given(
    frames=st.lists(
        st.tuples(
            st.sampled_from([Opcode.BINARY, Opcode.TEXT, Opcode.PING, Opcode.PONG]),
            st.binary(max_size=125) | st.integers(126, 70_000).map(lambda size: b"x" * size),
            st.booleans(),
        ),
        max_size=6,
    ),
    at=st.lists(st.integers(0, 2**20), max_size=12),
)
def test_what_is_heard_is_the_same_however_it_is_cut(
    frames: list[tuple[Opcode, bytes, bool]], at: list[int]
) -> None:
    """Cut into frames, frames into fragments, and all of it anywhere on its way."""
    websocket = WebSocket(URL)
    _, said = agreed(websocket)
    expected, pings = b"", []
    for opcode, data, is_cut in frames:
        if opcode in (Opcode.PING, Opcode.PONG):
            said += frame(data[:125], opcode)
            pings += [data[:125]] if opcode is Opcode.PING else []
            continue
        expected += data
        if is_cut:
            said += frame(data[:3], opcode, fin=False) + frame(b"!", Opcode.PING)
            said += frame(data[3:], Opcode.CONT)
            pings.append(b"!")
        else:
            said += frame(data, opcode)
    assert b"".join(websocket.feed(part) for part in splits(said, at)) == expected
    assert websocket.is_open
    assert websocket.end == ""
    end = ServerProtocol(state=State.OPEN)
    end.receive_data(websocket.frame(b"after"))
    heard = [(event.opcode, bytes(event.data)) for event in end.events_received()]
    assert heard == [*((Opcode.PONG, ping) for ping in pings), (Opcode.BINARY, b"after")]


@given(st.binary(max_size=300), st.lists(st.integers(0, 300), max_size=5), st.booleans())
def test_no_bytes_are_a_crash(data: bytes, at: list[int], is_open: bool) -> None:
    websocket = opened()[0] if is_open else WebSocket(URL)
    try:
        for part in [*splits(data, at), b""]:
            websocket.feed(part)
            websocket.check()
    except ConnectionError:
        pass
    else:
        assert is_open, "it is neither open, nor is there an error"


def answer(status: str, *lines: str, body: str = "") -> bytes:
    head = "\r\n".join([f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *lines])
    return f"{head}\r\n\r\n{body}".encode()


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (answer("404 Not Found"), "HTTP 404 Not Found"),
        (answer("400 Bad Request", body="invalid version\nmore"), "400 Bad Request: invalid vers"),
        (answer("101 Switching Protocols"), "Connection"),
        (
            answer("101 So", "Connection: Upgrade", "Upgrade: websocket"),
            "missing Sec-WebSocket-Accept",
        ),
        (
            answer(
                "101 So", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Accept: x"
            ),
            "invalid Sec-WebSocket-Accept",
        ),
    ],
)
def test_a_server_that_does_not_upgrade(said: bytes, words: str) -> None:
    with pytest.raises(UpgradeError) as caught:
        WebSocket(URL).feed(said)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_words_of_a_refusal_may_end_with_the_connection() -> None:
    websocket = WebSocket(URL)
    assert websocket.feed(b"HTTP/1.1 503 Busy\r\n\r\ncome ") == b""
    assert websocket.feed(b"back") == b""
    with pytest.raises(UpgradeError, match="HTTP 503 Busy: come back"):
        websocket.feed(b"")


@pytest.mark.parametrize("said", [b'INFO {"server_id":"x"}\r\n', b"\r\n", b"x" * 100_000, b""])
def test_a_server_that_is_no_websocket(said: bytes) -> None:
    with pytest.raises(ConnectionError, match="not a websocket port") as caught:
        WebSocket(URL).feed(said)
    assert not isinstance(caught.value, UpgradeError)
    assert len(str(caught.value)) < 300


HUGE = b"\x82\x7f" + (MAX_FRAME_BYTES + 1).to_bytes(8, "big")


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (frame(b"\x03\xe9gone", Opcode.CLOSE), "closed the websocket: 1001"),
        (frame(b"", Opcode.CLOSE), "closed the websocket"),
        (HUGE, "exceeds limit"),
        (b"\x82\x81\x00\x00\x00\x00x", "incorrect masking"),
        (b"\xc2\x00", "reserved bits"),
        (b"\x83\x00", "invalid opcode"),
        (b"\x80\x00", "unexpected continuation"),
        (b"\x89\x7e\x00\x7e" + 126 * b"x", "control frame too long"),
    ],
)
def test_an_end_comes_behind_what_was_said_before_it(said: bytes, words: str) -> None:
    websocket, _ = opened()
    assert websocket.feed(frame(b"-ERR 'x'\r\n") + said + frame(b"too late")) == b"-ERR 'x'\r\n"
    assert words in websocket.end
    with pytest.raises(ConnectionError, match="websocket"):
        websocket.frame(b"PING\r\n")
    assert websocket.feed(b"more") == b""


def test_pings_without_an_end_take_no_memory() -> None:
    websocket, _ = opened()
    for _ in range(100):
        websocket.feed(100 * frame(100 * b"x", Opcode.PING))
    assert len(websocket.out) <= 65_536
