"""The final PING of a client: its PONG proves that the server has read all that was sent before."""

from njst.load.protocol import encoder

# A live server answers at once; one that hangs must not hold up the end of a load.
PATIENCE_NS = 5_000_000_000
_SECONDS = PATIENCE_NS // 1_000_000_000
LATE = f"the server did not answer the last PING within {_SECONDS} s"
UNCONFIRMED = f"an acknowledgement was not confirmed within {_SECONDS} s of the last PING"


class FinalFlush:
    """One PING for each connection, waited for at most PATIENCE_NS."""

    def __init__(self) -> None:
        self.is_over = False
        # PINGs over all connections.
        self.pings = 0
        self._asked_ns: int | None = None

    def start_again(self) -> None:
        """Forget the PING of an older connection."""
        self._asked_ns = None

    def ping(self, now_ns: int) -> bytes:
        """Return the PING, once for each connection."""
        if self._asked_ns is not None:
            return b""
        self._asked_ns = now_ns
        self.pings += 1
        return encoder.PING

    def on_pong(self) -> None:
        """Take a PONG."""
        self.is_over = self._asked_ns is not None

    def is_late(self, now_ns: int) -> bool:
        """Whether the PING is so old that nothing more is expected."""
        return self._asked_ns is not None and now_ns - self._asked_ns >= PATIENCE_NS
