"""Configured and discovered servers of a process."""

from collections.abc import Iterable
from dataclasses import dataclass

from njst.contract.connection import Connection
from njst.contract.server_urls import address, is_ip


@dataclass(frozen=True)
class PoolServer:
    """A server's address; `certified` is the name that its certificate must have."""

    url: str
    host: str
    port: int
    certified: str


class ServerPool:
    """The servers that all clients of a process share, and which of them failed."""

    def __init__(self, connection: Connection) -> None:
        self._hostname = connection.tls.hostname
        self._discover = connection.discover
        self._planned = [self._server(url) for url in connection.servers]
        self._learnt: list[PoolServer] = []
        # Servers that accepted a client, and servers whose last attempt failed.
        self._proven: set[PoolServer] = set()
        self._dead: set[PoolServer] = set()
        # Where the next client begins: the last server that accepted one.
        self._last: PoolServer | None = None
        self.learn(connection.found, self._planned[0])

    @property
    def found(self) -> list[str]:
        """The discovered servers that the plan does not have, as `host:port`."""
        return [server.url.partition("://")[2] for server in self._learnt]

    @property
    def known(self) -> list[PoolServer]:
        """Every server: the planned ones first."""
        return self._planned + self._learnt

    def order(self, broken: PoolServer | None, place: int | None = None) -> list[PoolServer]:
        """Return all servers in the order in which to try them.

        A client with a place begins with the server of that place, so that the clients of a job are
        spread evenly, and after a break over the servers that are left. After a break first come
        servers that are configured or have accepted a client, then the one whose connection is
        `broken`, then discovered ones, whose addresses may not be reachable from here. Servers
        whose last attempt failed are always last.
        """
        if place is not None:
            return self._spread(broken, place)
        known = self.known
        if broken in known:
            begin = known.index(broken) + 1
        else:
            begin = known.index(self._last) if self._last in known else 0
        turned = known[begin:] + known[:begin]
        return sorted(turned, key=lambda server: (server in self._dead, self._rank(server, broken)))

    def _spread(self, broken: PoolServer | None, place: int) -> list[PoolServer]:
        """Return the servers from a place on: the same place on every worker."""
        known = self._planned + sorted(self._learnt, key=lambda server: server.url)
        others = [server for server in known if server != broken]
        begin = place % max(1, len(others))
        turned = others[begin:] + others[:begin] + [s for s in known if s == broken]
        if broken is None:
            return sorted(turned, key=self._dead.__contains__)
        return sorted(turned, key=lambda server: (server in self._dead, self._rank(server, broken)))

    def is_untried(self, server: PoolServer) -> bool:
        """Whether a server is only known by its cluster, and has accepted nobody yet."""
        return server not in self._planned and server not in self._proven

    def _rank(self, server: PoolServer, broken: PoolServer | None) -> int:
        if server == broken:
            return 1
        return 2 if self.is_untried(server) else 0

    def note_taken(self, server: PoolServer) -> None:
        """Note that a server accepted a client."""
        self._last = server
        self._proven.add(server)
        self._dead.discard(server)

    def note_missed(self, server: PoolServer) -> None:
        """Note that an attempt at a server failed."""
        self._dead.add(server)

    def pass_over_last(self) -> None:
        """Try the others first: the last server that accepted a client broke."""
        if self._last is not None:
            self._dead.add(self._last)

    def _server(self, url: str) -> PoolServer:
        host, port = address(url)
        return PoolServer(url, host, port, self._hostname or host)

    def learn(self, others: Iterable[str], of: PoolServer) -> None:
        """Replace the discovered servers by the `host:port` in a server's INFO.

        The certificate of a server with an IP address must have the name of `of`.
        """
        if not self._discover:
            return
        scheme = of.url.partition("://")[0] if "://" in of.url else "nats"
        fresh = []
        for other in dict.fromkeys(others):
            try:
                server = self._server(f"{scheme}://{other}")
            except ValueError:
                continue
            if is_ip(server.host) and not self._hostname:
                server = PoolServer(server.url, server.host, server.port, of.certified)
            if all((s.host, s.port) != (server.host, server.port) for s in self._planned):
                fresh.append(server)
        self._learnt = fresh
        self._proven.intersection_update(self.known)
        self._dead.intersection_update(self.known)
