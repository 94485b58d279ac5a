"""NATS in a websocket: one stream of bytes in binary frames that are cut anywhere; no I/O.

Source: RFC 6455; nats-server, server/websocket.go. To import this costs a process 60 ms of CPU, so
it is imported for ws:// and wss:// alone.
"""

from websockets.client import ClientProtocol
from websockets.exceptions import InvalidMessage, InvalidStatus, StatusLineTooLong
from websockets.frames import Frame, Opcode
from websockets.protocol import CONNECTING
from websockets.uri import WebSocketURI

from njst.contract.server_urls import address
from njst.login.login_errors import UpgradeError

# A server's frame has at most what waits for a client there (max_pending): 64 MiB by default.
MAX_FRAME_BYTES = 128 * 1024 * 1024
# A server that sends more pings than this without reading an answer gets no more answers.
_MAX_ANSWERS_BYTES = 64 * 1024
_WORDS = 120
NO_WEBSOCKET = "it is no websocket; a port of NATS itself needs nats://, one with TLS wss://"
_DATA = (Opcode.BINARY, Opcode.TEXT, Opcode.CONT)


class WebSocket:
    """A client's end. `out` is to be sent: first the request to upgrade, later pongs and a close.

    `end` says why it ended, empty until then.
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
        """Whether the server has agreed to it; also true when it has ended since."""
        return self._protocol.state is not CONNECTING

    def check(self) -> None:
        """Do nothing.

        Raises:
            ConnectionError: it has ended.
        """
        if self.end:
            raise ConnectionError(self.end)

    def frame(self, data: bytes | memoryview) -> bytes:
        """Return `out` and a frame with this.

        Raises:
            ConnectionError: it has ended.
        """
        self.check()
        self._protocol.send_binary(data)
        return self.take_out() + b"".join(self._protocol.data_to_send())

    def take_out(self) -> bytes:
        """Return `out`, once."""
        out, self.out = self.out, b""
        return out

    def feed(self, data: bytes) -> bytes:
        """Take what has arrived, b"" at the end; return what is in the frames that are whole.

        Raises:
            UpgradeError: the server does not want a websocket.
            ConnectionError: it does not speak HTTP.
        """
        protocol = self._protocol
        if data:
            protocol.receive_data(data)
        else:
            protocol.receive_eof()
        if protocol.handshake_exc is not None:
            raise _refused(protocol.handshake_exc)
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
            self.end = f"the server's websocket breaks off: {protocol.parser_exc}"[:_WORDS]
        elif protocol.close_rcvd is not None:
            self.end = f"the server closed the websocket: {protocol.close_rcvd}"[:_WORDS]


def _refused(error: Exception) -> ConnectionError:
    if isinstance(error, InvalidStatus):
        said = error.response
        body = bytes(said.body or b"").decode(errors="replace").strip().partition("\n")[0]
        words = f"HTTP {said.status_code} {said.reason_phrase}: {body[:_WORDS]}".rstrip(": ")
        return UpgradeError(f"the server does not upgrade to a websocket: {words}")
    if isinstance(error, InvalidMessage | StatusLineTooLong):
        return ConnectionError(f"{NO_WEBSOCKET}: {error.__cause__ or error}"[: 2 * _WORDS])
    return UpgradeError(f"the server upgrades to no websocket: {error}"[:_WORDS])
