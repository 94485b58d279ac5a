"""A connection whose bytes are in websocket frames."""

import contextlib
import socket
from typing import TYPE_CHECKING

from njst.load.net.socket_stream import NOW, SocketStream

if TYPE_CHECKING:
    from njst.login.websocket_protocol import WebSocket

# The most in one frame: the kernel takes nearly all of it at once, and masking it costs some 5 us.
_FRAME_BYTES = 64 * 1024


class WebSocketStream(SocketStream):
    """A socket stream over a websocket; the carrier is in the clear or under TLS."""

    can_wait = False

    def __init__(self, carrier: SocketStream, websocket: "WebSocket") -> None:
        self._carrier = carrier
        self._websocket = websocket
        # Bytes that the carrier has not taken, and how many of the caller's bytes are in them.
        self._rest: bytes | memoryview = b""
        self._framed = 0
        super().__init__(carrier.socket)

    def _open(self) -> None:
        """The carrier has done so."""

    def send(self, data: bytes | bytearray | memoryview) -> int:
        """Send frame by frame; the next call must begin with what was not taken."""
        view = memoryview(data)
        sent = 0
        while self._flush():
            sent += self._framed
            self._framed = 0
            if sent >= len(view):
                break
            chunk = view[sent : sent + _FRAME_BYTES]
            self._rest = self._websocket.frame(chunk)
            self._framed = len(chunk)
        return sent

    def receive(self, how: int = NOW) -> bytes | None:
        """Return the payload of whole frames; the next call raises the end of the connection."""
        websocket = self._websocket
        websocket.check()
        data = self._carrier.receive(how)
        if not data:
            return data
        heard = websocket.feed(data)
        if websocket.out and not self._rest:
            self._rest = websocket.take_out()
            self._flush()
        if not heard:
            websocket.check()
            return None
        if websocket.end:
            # The next call is due at once, though the server may never hang up.
            with contextlib.suppress(OSError):
                socket.socket.shutdown(self.socket, socket.SHUT_RDWR)
        return heard

    def _flush(self) -> bool:
        """Send what is left; return whether nothing is."""
        while self._rest:
            sent = self._carrier.send(self._rest)
            if not sent:
                return False
            self._rest = memoryview(self._rest)[sent:]
        return True
