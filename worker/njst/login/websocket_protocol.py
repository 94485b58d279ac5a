"""NATS over websockets: a byte stream in binary frames of any size; sans-I/O.

Source: RFC 6455; nats-server, server/websocket.go. Importing this takes 60 ms of CPU, so only
ws:// and wss:// connections do.
"""

from websockets.client import ClientProtocol
from websockets.exceptions import InvalidMessage, InvalidStatus, StatusLineTooLong
from websockets.frames import Frame, Opcode
from websockets.protocol import CONNECTING
from websockets.uri import WebSocketURI

from njst.contract.server_urls import address
from njst.login.login_errors import UpgradeError

# A frame holds at most what is pending for a client (max_pending of the server, default 64 MiB).
MAX_FRAME_BYTES = 128 * 1024 * 1024
# A server that sends pings without reading the pongs gets no further ones.
_MAX_ANSWERS_BYTES = 64 * 1024
_WORDS = 120
NO_WEBSOCKET = "not a websocket port; use nats:// for NATS ports, wss:// for websockets with TLS"
_DATA = (Opcode.BINARY, Opcode.TEXT, Opcode.CONT)


class WebSocket:
    """The client side. `out` has bytes to send: first the upgrade request, later pongs and a close.

    `end` is why the websocket ended, or "" while it has not.
    """

    def __init__(self, url: str) -> None:
        host, port = address(url)
        uri = WebSocketURI(url.startswith("wss://"), host, port, "/", "")
        self._protocol = ClientProtocol(uri, max_size=MAX_FRAME_BYTES)
        self._protocol.send_request(self._protocol.connect())
        self.out = b"".join(self._protocol.data_to_send())
        self.end = ""

    @property
    def is_open(self) -> bool:
        """Whether the server has accepted the upgrade; stays true after the end."""
        return self._protocol.state is not CONNECTING

    def check(self) -> None:
        """Check that the websocket has not ended.

        Raises:
            ConnectionError: the websocket has ended.
        """
        if self.end:
            raise ConnectionError(self.end)

    def frame(self, data: bytes | memoryview) -> bytes:
        """Return `out` and a frame with `data`.

        Raises:
            ConnectionError: the websocket has ended.
        """
        self.check()
        self._protocol.send_binary(data)
        return self.take_out() + b"".join(self._protocol.data_to_send())

    def take_out(self) -> bytes:
        """Return `out`, and empty it."""
        out, self.out = self.out, b""
        return out

    def feed(self, data: bytes) -> bytes:
        """Take received bytes (b"" at the end), and return the payload of complete frames.

        Raises:
            UpgradeError: the server rejects the upgrade.
            ConnectionError: the server does not speak HTTP.
        """
        protocol = self._protocol
        if data:
            protocol.receive_data(data)
        else:
            protocol.receive_eof()
        if protocol.handshake_exc is not None:
            raise _upgrade_error(protocol.handshake_exc)
        heard = [
            event.data
            for event in protocol.events_received()
            if isinstance(event, Frame) and event.opcode in _DATA
        ]
        # There is an answer to whatever is no data, and to what is wrong.
        if protocol.writes:
            self._answer()
        return b"".join(heard)

    def _answer(self) -> None:
        protocol = self._protocol
        answers = b"".join(protocol.data_to_send())
        if len(self.out) + len(answers) <= _MAX_ANSWERS_BYTES:
            self.out += answers
        if protocol.parser_exc is not None:
            self.end = f"the websocket broke off: {protocol.parser_exc}"[:_WORDS]
        elif protocol.close_rcvd is not None:
            self.end = f"the server closed the websocket: {protocol.close_rcvd}"[:_WORDS]


def _upgrade_error(error: Exception) -> ConnectionError:
    if isinstance(error, InvalidStatus):
        said = error.response
        body = bytes(said.body or b"").decode(errors="replace").strip().partition("\n")[0]
        words = f"HTTP {said.status_code} {said.reason_phrase}: {body[:_WORDS]}".rstrip(": ")
        return UpgradeError(f"the server rejected the websocket upgrade: {words}")
    if isinstance(error, InvalidMessage | StatusLineTooLong):
        return ConnectionError(f"{NO_WEBSOCKET}: {error.__cause__ or error}"[: 2 * _WORDS])
    return UpgradeError(f"the websocket handshake failed: {error}"[:_WORDS])
