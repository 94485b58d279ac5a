"""Detects a dead server by a PING of NATS, and tells which PING a PONG answers.

The kernel of a frozen server still acknowledges what it receives, so no TCP time-out fires. A
healthy server answers a PING as soon as it has read what was sent before.
"""

import fcntl
import socket
import struct
import termios
from collections import deque
from enum import Enum, auto

from njst.load.protocol import encoder

# After this silence the server gets a PING, and another after as much more.
PING_NS = 2_000_000_000
# A server that was silent for this long, over two PINGs, is gone.
SILENT_NS = 3 * PING_NS
# The most that counts between two checks: the client itself may have been stopped or starved.
_LOOK_NS = 250_000_000
# After a pause this long the client starts over: it does not know what it missed.
_AWAY_NS = 1_000_000_000
# Where struct tcp_info (linux/tcp.h) has tcpi_bytes_acked and tcpi_bytes_received, each a u64.
_BYTES_AT, _INFO_BYTES = 120, 136


class Silence(Enum):
    """What to do about a server's silence."""

    NONE = auto()
    # Send a PING.
    ASK = auto()
    # Read what the socket still has; if it has nothing, the connection is broken.
    OVER = auto()


class Keepalive:
    """The keepalive of one client, which sets `heard_ns`; times are CLOCK_MONOTONIC ns."""

    def __init__(self) -> None:
        # When the last bytes arrived.
        self.heard_ns = 0
        self._known_ns = 0
        self._looked_ns = 0
        self._back_ns = 0
        # The part of the silence that this client was awake for.
        self._silent_ns = 0
        self._asked = 0
        # How many PONGs of the load client come before that of each own PING.
        self._before: deque[int] = deque()
        self._pongs = 0
        self._pings_before = 0
        self._delivery = _Delivery()

    def begin(self, now_ns: int, pings: int) -> None:
        """Begin with a connection; `pings` is how many the load client has sent before."""
        self.heard_ns = now_ns
        self._known_ns = self._looked_ns = now_ns
        self._silent_ns = self._asked = 0
        self._delivery = _Delivery()
        self._before.clear()
        self._pongs, self._pings_before = 0, pings

    def look(self, now_ns: int) -> Silence:
        """Return what to do; called at each tick while there is a connection."""
        passed_ns, self._looked_ns = now_ns - self._looked_ns, now_ns
        if passed_ns > _AWAY_NS:
            self._back_ns = now_ns
        if self.heard_ns > self._known_ns:
            self._known_ns = self.heard_ns
            self._silent_ns = self._asked = 0
            return Silence.NONE
        self._silent_ns += max(0, min(passed_ns, _LOOK_NS))
        if self._silent_ns >= SILENT_NS:
            return Silence.OVER
        if self._silent_ns >= (self._asked + 1) * PING_NS:
            return Silence.ASK
        return Silence.NONE

    @property
    def since_ns(self) -> int:
        """Since when the server has been silent, as far as this client was awake."""
        return max(self.heard_ns, self._back_ns)

    def ping(self, pings: int) -> bytes:
        """Return a PING; the load client has sent `pings` before it."""
        self._asked += 1
        self._before.append(pings - self._pings_before)
        self._delivery = _Delivery()
        return encoder.PING

    def takes_pong(self) -> bool:
        """Take a PONG; return whether it answers an own PING and not the load client's."""
        if self._before and self._before[0] <= self._pongs:
            self._before.popleft()
            return True
        self._pongs += 1
        return False

    @property
    def is_waiting(self) -> bool:
        """Whether a PING has no answer yet."""
        return self._asked > 0

    def bear(self, sock: socket.socket, *, is_sent: bool) -> None:
        """Restart the silence while bytes move, although no answer has come.

        What arrives may be a part of a long frame, and a PING may be queued behind much else: then
        the line or the server is slow. A server that has the PING and does not answer gets no such
        patience, nor does one that takes no bytes any more.

        Args:
            sock: the connection.
            is_sent: whether the kernel has the PING.
        """
        if self._delivery.moves(sock, is_sent=is_sent):
            self._silent_ns = min(self._silent_ns, PING_NS)


class _Delivery:
    """How far the bytes up to a PING have got."""

    def __init__(self) -> None:
        self._known: tuple[int, int] | None = None
        # Bytes that the other kernel has acknowledged once it has the PING.
        self._wanted: int | None = None

    def moves(self, sock: socket.socket, *, is_sent: bool) -> bool:
        """Return whether something was received since last time, or sent while the PING waits."""
        acked, received = _moved_bytes(sock)
        known, self._known = self._known, (acked, received)
        if is_sent and self._wanted is None:
            self._wanted = acked + _queued_bytes(sock)
        if known is None:
            return False
        is_there = self._wanted is not None and acked >= self._wanted
        return received > known[1] or (not is_there and acked > known[0])


def _moved_bytes(sock: socket.socket) -> tuple[int, int]:
    """Return how many bytes the other kernel has acknowledged and sent; 0 where unknown."""
    try:
        info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _INFO_BYTES)
    except OSError:
        return 0, 0
    if len(info) < _INFO_BYTES:
        return 0, 0
    acked, received = struct.unpack_from("=QQ", info, _BYTES_AT)
    return int(acked), int(received)


def _queued_bytes(sock: socket.socket) -> int:
    """Return how many bytes this kernel holds that the other has not acknowledged."""
    try:
        held = fcntl.ioctl(sock.fileno(), termios.TIOCOUTQ, bytes(4))
    except OSError:
        return 0
    return int(struct.unpack("=i", held)[0])
