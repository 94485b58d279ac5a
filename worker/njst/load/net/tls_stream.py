"""A non-blocking socket under TLS."""

import ssl

from njst.load.net.socket_stream import NOW, SocketStream

# The most that one TLS record carries (RFC 8446, 5.1).
RECORD_BYTES = 16 * 1024


_TLS_CHUNK_BYTES = 256 * 1024


class TlsStream(SocketStream):
    """A socket stream under TLS.

    No decrypted byte stays in the TLS layer, where a selector would not see it: a read takes whole
    records until there are no more, or until the next one might not fit.
    """

    socket: ssl.SSLSocket
    can_wait = False

    def __init__(self, sock: ssl.SSLSocket, received: bytes = b"") -> None:
        super().__init__(sock, received)
        self._buffer = memoryview(bytearray(_TLS_CHUNK_BYTES))
        self._error: OSError | None = None

    def _open(self) -> None:
        self.socket.setblocking(False)

    def send(self, data: bytes | bytearray | memoryview) -> int:
        """Send record by record; the next call must begin with what was not taken."""
        view = memoryview(data)
        sent = 0
        try:
            while sent < len(view):
                sent += self.socket.send(view[sent : sent + RECORD_BYTES])
        except (ssl.SSLWantWriteError, ssl.SSLWantReadError):
            pass
        return sent

    def receive(self, how: int = NOW) -> bytes | None:  # noqa: ARG002
        """Return what has arrived; an error behind it is raised by the next call."""
        if self._error is not None:
            raise self._error
        got = 0
        try:
            while len(self._buffer) - got >= RECORD_BYTES:
                count = self.socket.recv_into(self._buffer[got:])
                if not count:
                    return bytes(self._buffer[:got])
                got += count
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            if not got:
                return None
        except OSError as error:
            if not got:
                raise
            self._error = error
        return bytes(self._buffer[:got])
