"""Several nats-servers in one cluster, for replicated streams and for failures."""

import contextlib
from pathlib import Path
from types import TracebackType
from typing import Self

from njst.local.local_errors import LocalServerError
from njst.local.nats_server import READY_TIMEOUT_S, NatsServer
from njst.local.reserved_port import ReservedPort
from njst.local.wait_until import wait_until
from njst.local.work_folder import WorkFolder


class NatsCluster:
    """`servers` with full-mesh routes; each can be stopped, killed and restarted by itself.

    Ready means that a meta leader is there and every server follows it, so that a stream with as
    many replicas as servers can be made at once.
    """

    def __init__(self, size: int = 3, *, folder: Path | None = None, config: str = "") -> None:
        """Prepare `size` servers without starting them; `start` does both.

        Args:
            size: how many, 2 or more.
            folder: holds one folder a server, made when missing; None: a temporary one.
            config: further config text, the same for every server; see `NatsServer`.
        Raises:
            LocalServerError: no nats-server, or the folder cannot be made.
        """
        if size < 2:
            raise ValueError(f"size: {size}; a cluster has 2 servers or more")
        self._folder = WorkFolder(folder, prefix="njst-nats-cluster-")
        self._route_ports = tuple(ReservedPort() for _ in range(size))
        routes = ", ".join(f"nats-route://{port.address}" for port in self._route_ports)
        self.servers = tuple(
            NatsServer(
                name=f"n{number}",
                folder=self._folder.path / f"n{number}",
                config=f"cluster {{ name: njst, listen: {port.address}, routes: [{routes}] }}\n"
                + config,
            )
            for number, port in enumerate(self._route_ports, start=1)
        )

    @classmethod
    def start(
        cls,
        size: int = 3,
        *,
        folder: Path | None = None,
        config: str = "",
        timeout_s: float = READY_TIMEOUT_S,
    ) -> Self:
        """Return a cluster that is ready; the arguments are those of `__init__`.

        Raises:
            LocalServerError: a server cannot start, or they find no meta leader.
        """
        cluster = cls(size, folder=folder, config=config)
        try:
            cluster.launch()
            cluster.wait_ready(timeout_s)
        except BaseException:
            cluster.close()
            raise
        return cluster

    @property
    def urls(self) -> list[str]:
        return [server.url for server in self.servers]

    @property
    def url(self) -> str:
        """All servers as the `nats` CLI takes them: comma-separated."""
        return ",".join(self.urls)

    def launch(self) -> None:
        """Start every server that does not run, without waiting."""
        for server in self.servers:
            server.launch()

    def wait_ready(self, timeout_s: float = READY_TIMEOUT_S) -> None:
        """Return when every server is ready and follows one meta leader.

        Raises:
            LocalServerError: a server ended, or that is not so after `timeout_s`.
        """
        lacking = wait_until(self._missing, timeout_s)
        if lacking is not None:
            raise LocalServerError(f"the cluster is not ready after {timeout_s:g} s: {lacking}")

    def meta_leader(self) -> NatsServer | None:
        """Return the leader of JetStream's meta group as the first server that knows one says.

        None while none is known; for some seconds after a leader's death the others still name it.
        """
        names = {server.name: server for server in self.servers}
        for server in self.servers:
            with contextlib.suppress(OSError):
                leader = server.monitor("/jsz").get("meta_cluster", {}).get("leader")
                if leader in names:
                    return names[leader]
        return None

    def restart(self, timeout_s: float = READY_TIMEOUT_S) -> None:
        """Start all servers again on their ports and stores, and wait until they agree."""
        self.stop()
        self.launch()
        self.wait_ready(timeout_s)

    def stop(self) -> None:
        for server in self.servers:
            server.stop()

    def close(self) -> None:
        """Stop for good: free the ports, delete a temporary folder."""
        for server in self.servers:
            server.close()
        for port in self._route_ports:
            port.close()
        self._folder.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _missing(self) -> str | None:
        for server in self.servers:
            lacking = server.lacking() or _leaderless(server)
            if lacking is not None:
                return f"{server.name}: {lacking}"
        leader = self.meta_leader()
        if leader is None:
            return "no meta leader"
        meta = leader.monitor("/jsz").get("meta_cluster", {})
        followers = [peer["name"] for peer in meta.get("replicas", []) if peer.get("current")]
        if len(followers) < len(self.servers) - 1:
            return f"of {leader.name}'s followers only {followers or 'none'} are current"
        return None


def _leaderless(server: NatsServer) -> str | None:
    """Name a stream or consumer on this server that waits for a leader; /healthz does not."""
    for account in server.monitor("/jsz?consumers=true").get("account_details", []):
        for stream in account.get("stream_detail", []):
            for asset in (stream, *stream.get("consumer_detail", [])):
                if "cluster" in asset and not asset["cluster"].get("leader"):
                    return f"{asset['name']} has no leader"
    return None
