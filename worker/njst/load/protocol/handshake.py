"""The handshake of a connection: INFO, perhaps TLS, CONNECT and PING, PONG; bytes in, steps out.

Source: NATS client protocol; nats.go, processConnectInit.
"""

from collections.abc import Callable
from enum import Enum, auto

from njst.load.protocol import encoder
from njst.load.protocol.parser import Info, MessageFrame, Pong, ProtocolError, ServerError, parse
from njst.load.protocol.server_info import ServerInfo, server_info

# INFO is a few KiB; a server that sends more than this before PONG does not speak NATS.
MAX_BYTES = 1024 * 1024


class HandshakeStep(Enum):
    """What a handshake needs next: more bytes, TLS, `out` sent, or nothing."""

    HEAR = auto()
    SECURE = auto()
    SEND = auto()
    DONE = auto()


class HandshakeRefusedError(Exception):
    """The server answered -ERR, with this text."""


class NoTlsError(Exception):
    """TLS is wanted, and the server offers none."""


class Handshake:
    """The handshake of one connection; at its end `rest` has the bytes behind it."""

    def __init__(
        self,
        connect: Callable[[ServerInfo], dict[str, object]],
        *,
        wants_tls: bool = False,
        is_secure: bool = False,
    ) -> None:
        """Begin.

        Args:
            connect: returns the options of CONNECT, with the server's nonce signed; only called
                over TLS when TLS is wanted or required, so that no login goes out in the clear.
            wants_tls: go on only over TLS.
            is_secure: TLS came first, so INFO is under it already.
        """
        self.info: ServerInfo | None = None
        self.out = b""
        self.rest = b""
        self._connect = connect
        self._wants_tls = wants_tls
        self._is_secure = is_secure
        self._greeted = False

    def feed(self, data: bytes) -> HandshakeStep:
        """Take what has arrived; after SECURE and SEND feed b"" to go on.

        Raises:
            ProtocolError: the server does not speak NATS.
            RefusedError: it refuses.
            NoTlsError: TLS is wanted, and it has none.
        """
        self.rest += data
        if len(self.rest) > MAX_BYTES:
            raise ProtocolError(f"{len(self.rest)} bytes instead of a greeting")
        if self.info is None:
            return self._on_info()
        if not self._greeted:
            return self._greet(self.info)
        return self._on_pong()

    def _on_info(self) -> HandshakeStep:
        frames, used = parse(self.rest, limit=1)
        if not used:
            return HandshakeStep.HEAR
        self.rest = self.rest[used:]
        frame = frames[0]
        if isinstance(frame, ServerError):
            raise HandshakeRefusedError(frame.text)
        if not isinstance(frame, Info):
            raise ProtocolError(f"the first word of a server must be INFO, not {frame!r:.60}")
        self.info = server_info(frame.json)
        return self._secure(self.info)

    def _secure(self, info: ServerInfo) -> HandshakeStep:
        offered = info.tls_required or info.tls_available
        if self._is_secure or not (self._wants_tls or info.tls_required):
            return self._greet(info)
        if not offered:
            raise NoTlsError
        if self.rest:
            # Cleartext behind INFO may be forged.
            raise ProtocolError(f"plain text where TLS begins: {self.rest[:60]!r}")
        self._is_secure = True
        return HandshakeStep.SECURE

    def _greet(self, info: ServerInfo) -> HandshakeStep:
        self._greeted = True
        self.out = encoder.connect(self._connect(info)) + encoder.PING
        return HandshakeStep.SEND

    def _on_pong(self) -> HandshakeStep:
        at = 0
        while True:
            frames, used = parse(self.rest[at:], limit=1)
            if not used:
                self.rest = self.rest[at:]
                return HandshakeStep.HEAR
            at += used
            frame = frames[0]
            if isinstance(frame, Pong):
                self.rest = self.rest[at:]
                return HandshakeStep.DONE
            if isinstance(frame, ServerError):
                raise HandshakeRefusedError(frame.text)
            if isinstance(frame, Info):
                self.info = server_info(frame.json)
            if isinstance(frame, MessageFrame):
                raise ProtocolError(f"a message before the greeting: {frame.subject[:60]!r}")
