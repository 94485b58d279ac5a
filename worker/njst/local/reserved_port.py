"""Ports that stay reserved while the server on them is down."""

import errno
import socket

from njst.local.local_errors import LocalServerError

LOOPBACK = "127.0.0.1"
_LAST_PORT = 65535


class ReservedPort:
    """A TCP port of 127.0.0.1 that nobody else is given until `close`.

    The socket is bound with SO_REUSEADDR and never listens. Linux then lets a server that sets
    SO_REUSEADDR too (every Go program does) listen there, yet hands the port to nobody who asks
    for a free one (`inet_csk_bind_conflict`). So a server's port is known before it starts, and
    is still free when the server comes back after a crash.

    Raises:
        LocalServerError: the wanted port is in use, or no port; 0 takes any free one.
    """

    def __init__(self, wanted: int = 0) -> None:
        if not 0 <= wanted <= _LAST_PORT:
            raise LocalServerError(f"port {wanted}: must be 0 (any free one) to {_LAST_PORT}")
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._socket.bind((LOOPBACK, wanted))
        except OSError as error:
            self._socket.close()
            if error.errno != errno.EADDRINUSE:
                raise LocalServerError(f"port {wanted} of {LOOPBACK}: {error.strerror}") from error
            raise LocalServerError(
                f"port {wanted} of {LOOPBACK} is in use by another program; "
                "end that one, or ask for another port (0 takes any free one)"
            ) from error
        self.number: int = self._socket.getsockname()[1]

    @property
    def address(self) -> str:
        return f"{LOOPBACK}:{self.number}"

    def close(self) -> None:
        self._socket.close()
