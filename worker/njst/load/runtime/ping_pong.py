"""The closed loop over one socket, with as little as possible between answer and request."""

import socket
from typing import NamedTuple

from njst.load.host.clock import now_ns
from njst.load.load_client import NextRequest
from njst.load.net.socket_stream import NOW


class PingPongEnd(NamedTuple):
    """Why the closed loop ended.

    `data` is what came and was no plain answer, empty at the end of the connection, None if it
    ended otherwise; `left` what the kernel did not take of the last request; `at_ns` when it ended;
    `heard_ns` when the last bytes came, 0 if none did.
    """

    data: bytes | None
    left: bytes | memoryview
    at_ns: int
    heard_ns: int


def ping_pong(
    sock: socket.socket, room: int, next_request: NextRequest, until_ns: int
) -> PingPongEnd:
    """Wait for an answer and send the next request, until the time or anything else comes.

    Each call and each attribute here costs a closed loop of small messages something.

    Args:
        sock: blocking, with a time-out of the kernel's (SO_RCVTIMEO).
        room: the most to receive at once.
        next_request: returns the next request for an answer; nothing for anything else.
        until_ns: CLOCK_MONOTONIC.

    Raises:
        OSError: the connection is broken.
    """
    receive, send, clock_ns = sock.recv, sock.send, now_ns
    at_ns = 0
    while True:
        try:
            data = receive(room)
        except BlockingIOError:
            return PingPongEnd(None, b"", clock_ns(), at_ns)
        at_ns = clock_ns()
        out = next_request(data, at_ns)
        if not out:
            return PingPongEnd(data, b"", at_ns, at_ns)
        try:
            sent = send(out, NOW)
        except BlockingIOError:
            sent = 0
        if sent < len(out):
            return PingPongEnd(None, memoryview(out)[sent:], at_ns, at_ns)
        if at_ns >= until_ns:
            return PingPongEnd(None, b"", at_ns, at_ns)
