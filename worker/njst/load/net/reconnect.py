"""Connects a client, and connects it again when its connection breaks.

`login_attempts` chooses the servers and the times; here is for how long a client tries, and what is
recorded of it.
"""

import select
import time

from njst.contract.results.tallies import ErrorClass
from njst.load.host.clock import now_ns as read_clock_ns
from njst.load.net.dial import ConnectError, Dial, DialSettings
from njst.load.net.login_attempts import LoginAttempts
from njst.load.net.server_pool import PoolServer, ServerPool
from njst.load.net.socket_stream import SocketStream
from njst.load.protocol.server_info import ServerInfo
from njst.load.recording.recorder import Recorder

# How often a blocking wait checks the time.
_LOOK_S = 0.02
# How long a first login is retried that the server times out: many clients at once may cause that.
LATE_NS = 10_000_000_000


class Reconnect:
    """The connections of one client; times are CLOCK_MONOTONIC ns."""

    def __init__(
        self,
        settings: DialSettings,
        servers: ServerPool,
        recorder: Recorder,
        reconnect_ms: int | None = None,
        place: int | None = None,
    ) -> None:
        """Prepare.

        Args:
            settings: of the connection.
            servers: of the process.
            recorder: of the client's workload.
            reconnect_ms: how long a break may last; None: for ever.
            place: of the client, as in `LoginAttempts`.
        """
        self._servers = servers
        self._recorder = recorder
        self._reconnect_ns = None if reconnect_ms is None else reconnect_ms * 1_000_000
        self._attempts = LoginAttempts(settings, servers, self._on_miss, place)
        # Where the connection is, or was.
        self._server: PoolServer | None = None
        # Whether that server is shutting down (lame duck mode).
        self._leaves = False
        # Since when there is no connection; 0 while there is one.
        self._broken_ns = 0
        # When the first attempt began.
        self._begun_ns = 0
        # Why there is no connection, for the error of a client that never comes back.
        self.trouble: tuple[ErrorClass, str] = (ErrorClass.DISCONNECTED, "")

    @property
    def sockets(self) -> select.epoll | None:
        """What becomes readable when an attempt can go on; None without attempts."""
        return self._attempts.sockets

    def begin(self, now_ns: int) -> None:
        """Connect for the first time: each server is tried once, unless it times the login out."""
        self._begun_ns = now_ns
        self._attempts.begin(None, now_ns)

    def step(self, now_ns: int) -> SocketStream | None:
        """Go on with the attempts, or begin one when it is time; return a connection.

        Raises:
            ConnectError: no server has accepted this client for as long as it may try.
        """
        won = self._attempts.step(now_ns)
        if won is not None:
            return self._settle(*won, now_ns)
        if self._has_tried_long(now_ns):
            failure = self._attempts.failure()
            if failure is not None and not self._may_pass(failure, now_ns):
                self._attempts.close()
                raise failure
        return None

    def _has_tried_long(self, now_ns: int) -> bool:
        if not self._broken_ns:
            return True
        return self._reconnect_ns is not None and now_ns - self._broken_ns >= self._reconnect_ns

    def _may_pass(self, failure: ConnectError, now_ns: int) -> bool:
        is_first = not self._broken_ns
        return is_first and failure.is_late and now_ns - self._begun_ns < LATE_NS

    def on_info(self, info: ServerInfo | None) -> None:
        """Learn the cluster's servers, and whether this one is shutting down."""
        if info is not None and self._server is not None:
            self._servers.learn(info.others, self._server)
            self._leaves = info.leaves

    def on_break(self, words: str, since_ns: int, now_ns: int) -> str:
        """Count the time without a connection from `since_ns`.

        Returns:
            Why it broke, with the server's announcement.
        """
        if self._leaves:
            words = f"{words}; it had said that it will go (lame duck mode)"
        self._leaves = False
        self._broken_ns = since_ns
        self._attempts.begin(self._server, now_ns)
        words = words or "the connection broke"
        self.trouble = ErrorClass.DISCONNECTED, words
        return words

    def close(self, now_ns: int) -> None:
        """Give up the attempts."""
        if self._broken_ns:
            self._recorder.disconnected(now_ns - self._broken_ns)
            self._broken_ns = 0
        self._attempts.close()

    def _on_miss(self, error: ConnectError) -> None:
        self.trouble = error.error_class, str(error)
        self._recorder.event(error.error_class, str(error))

    def _settle(self, dial: Dial, stream: SocketStream, now_ns: int) -> SocketStream:
        """Record a successful attempt."""
        self._server = dial.server
        self._recorder.logged_in(now_ns - dial.begin_ns)
        self.on_info(dial.info)
        if self._broken_ns:
            self._recorder.reconnected(now_ns - self._broken_ns)
            self._broken_ns = 0
        return stream


def open_stream(
    servers: ServerPool, settings: DialSettings
) -> tuple[ServerInfo | None, SocketStream]:
    """Return a connection to the first server that answers, and its INFO; this blocks.

    Raises:
        ConnectError: none answers, or they refuse.
    """
    attempts = LoginAttempts(settings, servers, lambda _: None)
    attempts.begin(None, read_clock_ns())
    try:
        while (won := attempts.step(read_clock_ns())) is None:
            failure = attempts.failure()
            if failure is not None:
                raise failure
            if attempts.sockets is not None:
                attempts.sockets.poll(_LOOK_S)
            else:
                time.sleep(_LOOK_S)
    finally:
        attempts.close()
    dial, stream = won
    if dial.info is not None:
        servers.learn(dial.info.others, dial.server)
    return dial.info, stream
