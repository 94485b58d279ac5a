"""Concurrent login attempts at several servers; the first server that accepts the client wins.

Each attempt begins a moment after the one before, or as soon as that has failed, so a silent server
delays no other (RFC 8305 does the same for addresses). A server that failed is tried again after a
growing pause of its own.
"""

import contextlib
import select
import socket
from collections.abc import Callable
from dataclasses import dataclass

from njst.backoff import Backoff
from njst.load.net.dial import ConnectError, Dial, DialSettings
from njst.load.net.server_pool import PoolServer, ServerPool
from njst.load.net.socket_stream import SocketStream

# How long an attempt runs alone before the next one begins.
HEAD_START_NS = 250_000_000
# The same once the server has greeted: it is alive, and its line may be slow.
GREETED_NS = 2_000_000_000
_BACKOFF = Backoff(first_s=0.05, factor=2.0, ceiling_s=1.0)


@dataclass
class _Miss:
    """A server's last failure, when it is tried again, and how often it has failed in a row."""

    error: ConnectError
    retry_ns: int
    failures: int


class LoginAttempts:
    """The attempts of one client; times are CLOCK_MONOTONIC ns."""

    def __init__(
        self,
        settings: DialSettings,
        servers: ServerPool,
        on_miss: Callable[[ConnectError], None],
        place: int | None = None,
    ) -> None:
        """Prepare.

        Args:
            settings: of the connection.
            servers: of the process.
            on_miss: gets the error of each failed attempt, but for first attempts at servers that
                only the cluster has named.
            place: of the client among all of the job; None: it begins where the last one was taken.
        """
        self._place = place
        self._settings = settings
        self._servers = servers
        self._on_miss = on_miss
        self._broken: PoolServer | None = None
        self._dials: list[Dial] = []
        self._misses: dict[PoolServer, _Miss] = {}
        self._next_ns = 0
        self._watch = _Watch()

    @property
    def sockets(self) -> select.epoll | None:
        """What becomes readable when a socket is ready; None without sockets."""
        return self._watch.epoll

    def begin(self, broken: PoolServer | None, now_ns: int) -> None:
        """Begin; a single server gets a pause if its connection has just broken."""
        self._broken = broken
        self._misses.clear()
        is_alone = broken is not None and len(self._servers.known) == 1
        self._next_ns = now_ns + (_pause_ns(1) if is_alone else 0)

    def step(self, now_ns: int) -> tuple[Dial, SocketStream] | None:
        """Go on with all attempts and begin those that are due; return the first login."""
        for dial in [*self._dials]:
            stream = self._step(dial, now_ns)
            if stream is not None:
                return self._win(dial, stream)
        while self._may_begin(now_ns) and (server := self._due(now_ns)) is not None:
            dial = Dial(server, self._settings, now_ns)
            self._dials.append(dial)
            self._next_ns = now_ns + HEAD_START_NS
            stream = self._step(dial, now_ns)
            if stream is not None:
                return self._win(dial, stream)
        return None

    def failure(self) -> ConnectError | None:
        """Return the last errors of all servers as one; None while a server has not failed."""
        if not all(server in self._misses for server in self._servers.known):
            return None
        errors = [miss.error for miss in self._misses.values()]
        # A refusal says more than silence.
        worst = next((error for error in errors if error.is_refusal), errors[-1])
        words = "; ".join(dict.fromkeys(map(str, errors)))
        return ConnectError(worst.error_class, worst.reason, words)

    def close(self) -> None:
        """Give up all attempts."""
        for dial in self._dials:
            dial.close()
        self._dials.clear()
        self._watch.close()

    def _may_begin(self, now_ns: int) -> bool:
        return now_ns >= self._next_ns and not any(
            dial.info is not None and now_ns - dial.begin_ns < GREETED_NS for dial in self._dials
        )

    def _due(self, now_ns: int) -> PoolServer | None:
        under_way = [dial.server for dial in self._dials]
        for server in self._servers.order(self._broken, self._place):
            miss = self._misses.get(server)
            if server not in under_way and (miss is None or now_ns >= miss.retry_ns):
                return server
        return None

    def _step(self, dial: Dial, now_ns: int) -> SocketStream | None:
        try:
            stream = dial.step(now_ns)
        except ConnectError as error:
            self._dials.remove(dial)
            self._watch.forget(dial)
            self._miss(dial.server, error, now_ns)
            return None
        if stream is None:
            self._watch.see(dial)
        return stream

    def _miss(self, server: PoolServer, error: ConnectError, now_ns: int) -> None:
        before = self._misses.get(server)
        failures = 1 if before is None else before.failures + 1
        self._misses[server] = _Miss(error, now_ns + _pause_ns(failures), failures)
        self._servers.note_missed(server)
        self._next_ns = now_ns
        if self._broken is not None or not self._servers.is_untried(server):
            self._on_miss(error)

    def _win(self, dial: Dial, stream: SocketStream) -> tuple[Dial, SocketStream]:
        self._dials.remove(dial)
        if self._broken is None:
            # The next clients do not wait for a server that has not even greeted this one.
            for slower in self._dials:
                if slower.info is None:
                    self._servers.note_missed(slower.server)
        self.close()
        self._servers.note_taken(dial.server)
        return dial, stream


def _pause_ns(failures: int) -> int:
    return int(_BACKOFF.pause_s(failures) * 1e9)


class _Watch:
    """All sockets of a client's attempts as one that can be waited for."""

    def __init__(self) -> None:
        self.epoll: select.epoll | None = None
        self._seen: dict[Dial, tuple[socket.socket, int, int]] = {}

    def see(self, dial: Dial) -> None:
        """Watch what an attempt waits for."""
        sock, known = dial.socket, self._seen.get(dial)
        if known is not None and known[0] is sock and known[2] == dial.wants:
            return
        self.forget(dial)
        if sock is None:
            return
        self.epoll = self.epoll or select.epoll()
        descriptor = sock.fileno()
        self.epoll.register(descriptor, dial.wants)
        self._seen[dial] = sock, descriptor, dial.wants

    def forget(self, dial: Dial) -> None:
        """Watch an attempt no longer."""
        known = self._seen.pop(dial, None)
        if known is not None and self.epoll is not None:
            # The kernel has forgotten a closed socket.
            with contextlib.suppress(OSError):
                self.epoll.unregister(known[1])

    def close(self) -> None:
        """Watch nothing."""
        self._seen.clear()
        if self.epoll is not None:
            self.epoll.close()
            self.epoll = None
