"""Sockets as non-blocking streams of bytes, in the clear and under TLS."""

import contextlib
import socket
import ssl
import struct

# The room for what arrives. A large one costs as much as handling a message, in pages that the
# kernel has to give and take back: it grows as it is filled, and shrinks as it is not.
LEAST_ROOM = 16 * 1024
MOST_ROOM = 512 * 1024
# The most that one TLS record carries (RFC 8446, 5.1).
RECORD_BYTES = 16 * 1024
_TLS_CHUNK_BYTES = 256 * 1024
# How a call on a socket goes about it.
WAITS, NOW = 0, socket.MSG_DONTWAIT
# For how long a receiver waits at most (timeval: s and us): commands and deadlines are looked at
# in between.
_WAIT = struct.pack("@ll", 0, 20_000)


class Stream:
    """A logged-in connection; `received` has what came behind the handshake."""

    # Whether `receive` can wait for something to arrive.
    can_wait = True

    def __init__(self, sock: socket.socket, received: bytes = b"") -> None:
        self.socket = sock
        self.received = received
        # The most to receive at once.
        self.room = LEAST_ROOM
        self._open()

    def _open(self) -> None:
        # Whether a call waits is said call by call.
        self.socket.setblocking(True)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, _WAIT)

    def send(self, data: bytes | bytearray | memoryview) -> int:
        """Send what the kernel takes now; return how many bytes that was, 0 when it is full.

        Raises:
            OSError: the connection is broken.
        """
        try:
            return self.socket.send(data, NOW)
        except BlockingIOError:
            return 0

    def receive(self, how: int = NOW) -> bytes | None:
        """Return what has arrived, None when nothing has, b"" at the end of the connection.

        Args:
            how: `NOW`, or `WAITS` to wait up to 20 ms where `can_wait` says so.

        Raises:
            OSError: the connection is broken.
        """
        try:
            data = self.socket.recv(self.room, how)
        except BlockingIOError:
            return None
        if len(data) == self.room:
            self.room = min(4 * self.room, MOST_ROOM)
        elif len(data) < self.room // 8:
            self.room = max(self.room // 2, LEAST_ROOM)
        return data

    def close(self) -> None:
        """Close the connection; never fails."""
        with contextlib.suppress(OSError):
            self.socket.close()


class TlsStream(Stream):
    """The same under TLS.

    No decrypted byte is left in the TLS layer, where a selector would not see it: a read takes
    whole records until there are no more, or until the next one might not fit.
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
        """Send record by record; what TLS could not finish must come first the next time."""
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
