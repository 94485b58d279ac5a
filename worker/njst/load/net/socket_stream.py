"""Sockets as non-blocking streams of bytes, in the clear and under TLS."""

import contextlib
import socket
import struct

# The receive buffer. A large one costs as much as handling a message, in pages that the kernel
# gives and takes back: it grows as it is filled, and shrinks as it is not.
LEAST_ROOM = 16 * 1024
MOST_ROOM = 512 * 1024
# How a call on a socket goes about it.
WAITS, NOW = 0, socket.MSG_DONTWAIT
# How long a receive waits at most (timeval: s and us): commands and deadlines are checked between.
_WAIT = struct.pack("@ll", 0, 20_000)


class SocketStream:
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
        """Send what the kernel takes now; return how many bytes it took, 0 when it is full.

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
