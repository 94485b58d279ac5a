"""How a client comes to a connection, and to the next one when it breaks: which server, and when.

The next server is tried at once, the same one a bit later; when all have been tried they are given
a pause, which grows. What a connection is used for is not known here.
"""

import socket
from collections.abc import Sequence

from njst.load.clock import now_ns as read_clock_ns
from njst.load.dial import NOTHING, ConnectError, Dial, Settings
from njst.load.ledger import Ledger
from njst.load.net import Stream
from njst.load.servers import Server, Servers
from njst.load.wire.info import ServerInfo

_FIRST_PAUSE_NS = 50_000_000
_LAST_PAUSE_NS = 1_000_000_000


class Redial:
    """The attempts of one client; times are CLOCK_MONOTONIC ns."""

    def __init__(self, settings: Settings, servers: Servers, ledger: Ledger) -> None:
        self._settings = settings
        self._servers = servers
        self._ledger = ledger
        self._dial: Dial | None = None
        # Where the connection is, or was.
        self._server: Server | None = None
        # That server said that it will go (lame duck mode).
        self._leaves = False
        self._place = 0
        self._misses: list[ConnectError] = []
        # Since when there is no connection; 0 while there is one.
        self._broken_ns = 0
        self._retry_ns = 0
        self._pause_ns = _FIRST_PAUSE_NS

    @property
    def socket(self) -> socket.socket | None:
        """The socket of an attempt, if there is one by now."""
        return None if self._dial is None else self._dial.socket

    @property
    def wants(self) -> int:
        """What that socket is watched for."""
        return NOTHING if self._dial is None else self._dial.wants

    def first(self) -> Stream:
        """Connect for the first time; this blocks.

        Raises:
            ConnectError: no server of the target answers, or they refuse.
        """
        dial, stream = _first_of(self._servers, self._settings)
        self._settle(dial, read_clock_ns())
        return stream

    def step(self, now_ns: int) -> Stream | None:
        """Go on with an attempt, or begin one when it is time; return what one has come to.

        Raises:
            ConnectError: no server has taken this client for as long as it may try.
        """
        while self._dial is not None or now_ns >= self._retry_ns:
            dial = self._dial or Dial(self._servers[self._place], self._settings, now_ns)
            self._dial = dial
            try:
                stream = dial.step(now_ns)
            except ConnectError as error:
                self._dial = None
                self._miss(error, now_ns)
                continue
            if stream is not None:
                self._settle(dial, now_ns)
            return stream
        return None

    def on_info(self, info: ServerInfo | None) -> None:
        """Learn the cluster's servers; one that leaves is used until it closes the connection."""
        if info is not None and self._server is not None:
            self._servers.learn(info.others, self._server)
            self._leaves = info.leaves

    def on_break(self, words: str, now_ns: int) -> str:
        """Count the time from here; return why it broke, with what the server had said of that."""
        if self._leaves:
            words = f"{words}; it had said that it will go (lame duck mode)"
        self._leaves = False
        self._broken_ns = now_ns
        self._pause_ns = _FIRST_PAUSE_NS
        self._place = self._servers.after(self._server)
        self._retry_ns = now_ns + (self._pause_ns if len(self._servers) == 1 else 0)
        return words or "the connection broke"

    def close(self, now_ns: int) -> None:
        """Give up an attempt that goes on."""
        if self._broken_ns:
            self._ledger.disconnected(now_ns - self._broken_ns)
            self._broken_ns = 0
        if self._dial is not None:
            self._dial.close()
            self._dial = None

    def _settle(self, dial: Dial, now_ns: int) -> None:
        """Take note of an attempt that has come to a connection."""
        self._dial = None
        self._server = dial.server
        self._misses.clear()
        self.on_info(dial.info)
        if self._broken_ns:
            self._ledger.reconnected(now_ns - self._broken_ns)
            self._broken_ns = 0

    def _miss(self, error: ConnectError, now_ns: int) -> None:
        """Turn to the next server; to wait is for when all of them have been tried."""
        self._misses.append(error)
        self._place += 1
        if len(self._misses) < len(self._servers):
            return
        error = _of_all(self._misses)
        self._misses.clear()
        if now_ns - self._broken_ns >= self._settings.connection.reconnect_ms * 1_000_000:
            raise error
        self._retry_ns = now_ns + self._pause_ns
        self._pause_ns = min(2 * self._pause_ns, _LAST_PAUSE_NS)


def _of_all(errors: Sequence[ConnectError]) -> ConnectError:
    """Return what all servers said as one error; a refusal says more than silence."""
    worst = next((error for error in errors if error.is_refusal), errors[-1])
    words = "; ".join(dict.fromkeys(map(str, errors)))
    return ConnectError(worst.error_class, worst.reason, words)


def _first_of(servers: Servers, settings: Settings) -> tuple[Dial, Stream]:
    """Block until a server has taken this client; begin with the one that did so last.

    Raises:
        ConnectError: none answers, or they refuse.
    """
    misses: list[ConnectError] = []
    first = servers.first
    for place in range(first, first + len(servers)):
        dial = Dial(servers[place], settings, read_clock_ns())
        try:
            stream = dial.wait()
        except ConnectError as error:
            misses.append(error)
            continue
        servers.first = place % len(servers)
        return dial, stream
    raise _of_all(misses)


def open_stream(servers: Servers, settings: Settings) -> tuple[ServerInfo | None, Stream]:
    """Return a connection to the first server that answers, and its INFO; this blocks.

    Raises:
        ConnectError: none answers, or they refuse.
    """
    dial, stream = _first_of(servers, settings)
    if dial.info is not None:
        servers.learn(dial.info.others, dial.server)
    return dial.info, stream
