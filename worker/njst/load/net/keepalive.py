"""Whether a server that says nothing is still there: NATS's own PING, and whose a PONG is.

The kernel of a server that is frozen still acknowledges what it is sent, so no time-out of TCP
notices. A server that works answers a PING at once, behind what it was sent before.
"""

import fcntl
import socket
import struct
import termios
from collections import deque
from enum import Enum, auto

from njst.load.protocol import encoder

# After so much silence the server is asked, and again after as much more.
PING_NS = 2_000_000_000
# A server that has said nothing for so long, though it was asked twice, is gone.
SILENT_NS = 3 * PING_NS
# A client that was itself stopped or starved between two looks counts no more than this of it.
_LOOK_NS = 250_000_000
# One that did not look for so long knows nothing of the time before.
_AWAY_NS = 1_000_000_000
# Where struct tcp_info (linux/tcp.h) has tcpi_bytes_acked and tcpi_bytes_received, each a u64.
_BYTES_AT, _INFO_BYTES = 120, 136


class Silence(Enum):
    """What is to be done about a server's silence."""

    NONE = auto()
    # Ask whether it is there.
    ASK = auto()
    # Look for what lies unread in the socket; without that the connection is broken.
    OVER = auto()


class Keepalive:
    """One client's; times are CLOCK_MONOTONIC ns, and `heard_ns` is written by the client."""

    def __init__(self) -> None:
        # When something was heard last.
        self.heard_ns = 0
        self._known_ns = 0
        self._looked_ns = 0
        self._back_ns = 0
        # How much of the silence this client was awake for.
        self._silent_ns = 0
        self._asked = 0
        # How many PONGs for the workload come before the one for each own PING.
        self._before: deque[int] = deque()
        self._pongs = 0
        self._pings_before = 0
        self._delivery = _Delivery()

    def begin(self, now_ns: int, pings: int) -> None:
        """Begin with a connection; `pings` is how many the workload has ever sent."""
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
        """Since when the server has been silent, as far as this client could hear it."""
        return max(self.heard_ns, self._back_ns)

    def ping(self, pings: int) -> bytes:
        """Return a PING; it is sent behind `pings` of the workload's."""
        self._asked += 1
        self._before.append(pings - self._pings_before)
        self._delivery = _Delivery()
        return encoder.PING

    def takes_pong(self) -> bool:
        """Take a PONG; return whether it answers a PING of this, and is none of the workload's."""
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
        """Begin anew with the silence while something moves that is no answer yet.

        What arrives may be a part of something long. A PING may be on its way behind much else: as
        long as that moves, the line is slow, or the server. A server that has the PING and does not
        answer gets no such patience, and neither does one that takes nothing any more.

        Args:
            sock: the connection.
            is_sent: whether the kernel has the PING.
        """
        if self._delivery.moves(sock, is_sent=is_sent):
            self._silent_ns = min(self._silent_ns, PING_NS)


class _Delivery:
    """How far the bytes up to a PING have come."""

    def __init__(self) -> None:
        self._known: tuple[int, int] | None = None
        # How many bytes the other kernel has acknowledged when it has the PING.
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
    """Return how many bytes the other kernel has acknowledged, and how many it has sent.

    Both are 0 where that cannot be known.
    """
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
