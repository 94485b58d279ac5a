"""The servers that a process knows: those of its plan, then those that their cluster names."""

from collections.abc import Iterable
from dataclasses import dataclass

from njst.contract.connection import Connection
from njst.contract.server_urls import address, is_ip


@dataclass(frozen=True)
class PoolServer:
    """Where to connect; `certified` is the name that its certificate must have."""

    url: str
    host: str
    port: int
    certified: str


class ServerPool:
    """Shared by the clients of a process: what one learns, or finds dead, all know."""

    def __init__(self, connection: Connection) -> None:
        self._hostname = connection.tls.hostname
        self._discover = connection.discover
        self._planned = [self._server(url) for url in connection.servers]
        self._learnt: list[PoolServer] = []
        # Those that took a client, and those whose last attempt failed.
        self._proven: set[PoolServer] = set()
        self._dead: set[PoolServer] = set()
        # Where the next client begins: the last server that took one.
        self._last: PoolServer | None = None
        self.learn(connection.found, self._planned[0])

    @property
    def found(self) -> list[str]:
        """The servers that the cluster has named and the plan has not, as `host:port`."""
        return [server.url.partition("://")[2] for server in self._learnt]

    @property
    def known(self) -> list[PoolServer]:
        """Every server: the planned ones first."""
        return self._planned + self._learnt

    def order(self, broken: PoolServer | None) -> list[PoolServer]:
        """Return all servers in the order in which to try them.

        Servers whose last attempt failed come last. Before them those that are planned or have
        taken a client before, then the one whose connection is `broken`, then those that are only
        known by name: a cluster may name addresses that nobody reaches from here.
        """
        known = self.known
        if broken in known:
            begin = known.index(broken) + 1
        else:
            begin = known.index(self._last) if self._last in known else 0
        turned = known[begin:] + known[:begin]
        return sorted(turned, key=lambda server: (server in self._dead, self._rank(server, broken)))

    def _rank(self, server: PoolServer, broken: PoolServer | None) -> int:
        if server == broken:
            return 1
        return 0 if server in self._planned or server in self._proven else 2

    def note_taken(self, server: PoolServer) -> None:
        """Remember that a server took a client."""
        self._last = server
        self._proven.add(server)
        self._dead.discard(server)

    def note_missed(self, server: PoolServer) -> None:
        """Remember that an attempt at a server failed."""
        self._dead.add(server)

    def pass_over_last(self) -> None:
        """Try the others first: the last server that took a client did it no good."""
        if self._last is not None:
            self._dead.add(self._last)

    def _server(self, url: str) -> PoolServer:
        host, port = address(url)
        return PoolServer(url, host, port, self._hostname or host)

    def learn(self, others: Iterable[str], of: PoolServer) -> None:
        """Take the `host:port` that a server names in its INFO, instead of those learnt before.

        The certificate of one that is named by its IP has the name by which its cluster is known.
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
