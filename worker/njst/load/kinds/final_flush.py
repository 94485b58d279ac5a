"""The last PING of a client that gets no answers otherwise.

Its PONG says that the server has read everything that was sent before it.
"""

from njst.load.protocol import encoder

# A server that is there answers at once; one that hangs must not hold up the end of a load.
PATIENCE_NS = 5_000_000_000
_SECONDS = PATIENCE_NS // 1_000_000_000
LATE = f"the server did not answer the last PING within {_SECONDS} s"
UNCONFIRMED = f"an acknowledgement was not confirmed within {_SECONDS} s of the last PING"


class FinalFlush:
    """Asked once for each connection, and waited for at most PATIENCE_NS."""

    def __init__(self) -> None:
        self.is_over = False
        # How often it was asked, over all connections.
        self.pings = 0
        self._asked_ns: int | None = None

    def start_again(self) -> None:
        """Forget what an older connection was asked."""
        self._asked_ns = None

    def ask(self, now_ns: int) -> bytes:
        """Return the PING, the first time."""
        if self._asked_ns is not None:
            return b""
        self._asked_ns = now_ns
        self.pings += 1
        return encoder.PING

    def hear(self) -> None:
        """Take a PONG."""
        self.is_over = self._asked_ns is not None

    def is_late(self, now_ns: int) -> bool:
        """Whether it was asked so long ago that whatever is still missing will not come."""
        return self._asked_ns is not None and now_ns - self._asked_ns >= PATIENCE_NS
