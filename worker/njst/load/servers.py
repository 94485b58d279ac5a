"""The servers that a process knows: those of its plan, then those that their cluster names."""

from collections.abc import Iterable
from dataclasses import dataclass

from njst.contract.connection import Connection, address, is_ip


@dataclass(frozen=True)
class Server:
    """Where to connect; `certified` is the name that its certificate must have."""

    url: str
    host: str
    port: int
    certified: str


class Servers:
    """Shared by the clients of a process: what one learns or finds dead, all know."""

    def __init__(self, connection: Connection) -> None:
        self._hostname = connection.tls.hostname
        self._discover = connection.discover
        self._known = [self._server(url) for url in connection.servers]
        self._planned = len(self._known)
        # Where the next client begins: the last server that answered.
        self.first = 0
        self.learn(connection.found, self._known[0])

    @property
    def found(self) -> list[str]:
        """The servers that the cluster has named and the plan has not, as `host:port`."""
        return [server.url.partition("://")[2] for server in self._known[self._planned :]]

    def __len__(self) -> int:
        return len(self._known)

    def __getitem__(self, place: int) -> Server:
        return self._known[place % len(self._known)]

    def after(self, server: Server | None) -> int:
        """Return the place of the server behind this one; the first for one that is not known."""
        places = [place for place, known in enumerate(self._known) if known == server]
        return places[0] + 1 if places else 0

    def _server(self, url: str) -> Server:
        host, port = address(url)
        return Server(url, host, port, self._hostname or host)

    def learn(self, others: Iterable[str], of: Server) -> None:
        """Take the `host:port` that a server names in its INFO, instead of those learnt before.

        The certificate of one that is named by its IP has the name by which its cluster is known.
        """
        if not self._discover:
            return
        scheme = of.url.partition("://")[0] if "://" in of.url else "nats"
        planned = self._known[: self._planned]
        fresh = []
        for other in dict.fromkeys(others):
            try:
                server = self._server(f"{scheme}://{other}")
            except ValueError:
                continue
            if is_ip(server.host) and not self._hostname:
                server = Server(server.url, server.host, server.port, of.certified)
            if all((s.host, s.port) != (server.host, server.port) for s in planned):
                fresh.append(server)
        self._known = planned + fresh
        self.first %= len(self._known)
