"""A real nats-server with JetStream, as a child process.

with NatsServer.start() as server:
    ...  # server.url, server.pid, server.kill(), server.restart()
"""

import http.client
import json
import os
import signal
import socket
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from njst.local.child_process import STOP_GRACE_S
from njst.local.nats_binary import nats_server_binary
from njst.local.reserved_port import LOOPBACK, ReservedPort
from njst.local.server_process import Command, ServerProcess
from njst.local.work_folder import WorkFolder

# Long enough for a busy machine; a process that ends meanwhile is not waited for.
READY_TIMEOUT_S = 60.0
_ANSWER_TIMEOUT_S = 2.0


class NatsServer:
    """One server on 127.0.0.1: a port, a folder with its config, log and store, and a process.

    Port and store stay the same over `stop`, `kill` and `restart`, until `close`; leaving the
    `with` block closes. A store in a temporary folder is deleted by `close`; a given folder is
    kept, and a later server on it finds its streams again.
    """

    def __init__(
        self,
        *,
        name: str = "njst",
        folder: Path | None = None,
        port: int = 0,
        config: str = "",
    ) -> None:
        """Prepare a server without starting it; `start` does both.

        Args:
            name: the server's name, unique in a cluster.
            folder: made when missing; None: a temporary one.
            port: for clients; 0 takes a free one.
            config: further text of nats-server's config file (accounts, limits, TLS). The ports,
                the name and the store are set by flags, which win over it.
        Raises:
            LocalServerError: no nats-server, the port is in use, or the folder cannot be made.
        """
        binary = nats_server_binary()
        self.name = name
        self._folder = WorkFolder(folder, prefix=f"{name}-nats-")
        self._client_port = ReservedPort(port)
        self._monitor_port = ReservedPort()
        config_file = self.folder / "nats.conf"
        config_file.write_text(config)
        self._service = ServerProcess(
            Command(
                name=f"nats-server {name}",
                argv=[
                    *(str(binary), "--config", str(config_file), "--name", name),
                    *("--addr", LOOPBACK, "--port", str(self._client_port.number)),
                    *("--http_port", str(self._monitor_port.number)),
                    *("--jetstream", "--store_dir", str(self.store)),
                ],
                log=self.log,
            ),
            self._missing,
        )

    @classmethod
    def start(
        cls,
        *,
        name: str = "njst",
        folder: Path | None = None,
        port: int = 0,
        config: str = "",
        timeout_s: float = READY_TIMEOUT_S,
    ) -> Self:
        """Return a server that answers with JetStream on; the arguments are those of `__init__`.

        Raises:
            LocalServerError: it cannot start; with the server's last log lines where it has any.
        """
        server = cls(name=name, folder=folder, port=port, config=config)
        try:
            server.launch()
            server.wait_ready(timeout_s)
        except BaseException:
            server.close()
            raise
        return server

    @property
    def port(self) -> int:
        return self._client_port.number

    @property
    def url(self) -> str:
        return f"nats://{self._client_port.address}"

    @property
    def monitor_url(self) -> str:
        """Where `/varz`, `/jsz` and `/healthz` are."""
        return f"http://{self._monitor_port.address}"

    @property
    def folder(self) -> Path:
        return self._folder.path

    @property
    def log(self) -> Path:
        return self.folder / "nats.log"

    @property
    def store(self) -> Path:
        return self.folder / "store"

    @property
    def pid(self) -> int:
        """The pid of the running server; LocalServerError when it does not run."""
        return self._service.pid

    @property
    def running(self) -> bool:
        return self._service.running

    def monitor(self, path: str) -> dict[str, Any]:
        """Return one document of the monitoring port, such as `/jsz`, whatever its HTTP status.

        Raises:
            OSError: the server does not answer, or not with a JSON object.
        """
        connection = http.client.HTTPConnection(
            LOOPBACK, self._monitor_port.number, timeout=_ANSWER_TIMEOUT_S
        )
        try:
            connection.request("GET", path)
            document = json.loads(connection.getresponse().read())
        except (http.client.HTTPException, ValueError) as error:
            raise OSError(f"{self.monitor_url}{path}: {error!r}") from error
        finally:
            connection.close()
        if not isinstance(document, dict):
            raise OSError(f"{self.monitor_url}{path}: not a JSON object")
        return document

    def launch(self) -> None:
        """Start the process without waiting for it."""
        self._service.launch()

    def lacking(self) -> str | None:
        """Look once; return what the running server lacks, None when it is ready.

        Raises:
            OSError: it does not answer.
            LocalServerError: it is not running.
        """
        return self._service.lacking()

    def check_running(self) -> None:
        """Do nothing while the server runs.

        Raises:
            LocalServerError: it has ended by itself; with its last log lines.
        """
        self._service.check_running()

    def wait_ready(self, timeout_s: float = READY_TIMEOUT_S) -> None:
        """Return when the server takes clients and JetStream and its streams here are healthy.

        In a cluster that takes leaders, so a majority of the servers.

        Raises:
            LocalServerError: it ended, or is not ready after `timeout_s`.
        """
        self._service.wait_ready(timeout_s)

    def restart(self, timeout_s: float = READY_TIMEOUT_S) -> None:
        """Start again on the same port and store, after a stop, a kill, or while running."""
        self._service.restart(timeout_s)

    def stop(self, grace_s: float = STOP_GRACE_S) -> None:
        """End the process as Kubernetes does: SIGTERM, and SIGKILL after `grace_s`."""
        self._service.stop(grace_s)

    def lame_duck(self) -> None:
        """Have the server tell its clients that it goes, close them one by one, and end."""
        os.kill(self.pid, signal.SIGUSR2)

    def kill(self) -> None:
        """End the process as a crash does (SIGKILL)."""
        self._service.kill()

    def close(self) -> None:
        """Stop for good: free the ports, delete a temporary folder."""
        self.stop()
        self._client_port.close()
        self._monitor_port.close()
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
        # Not INFO: a server that wants TLS first says none in the clear.
        with socket.create_connection((LOOPBACK, self.port), _ANSWER_TIMEOUT_S):
            pass
        if not self.monitor("/varz").get("jetstream", {}).get("config"):
            return "JetStream is not enabled"
        # Asked first because every unhealthy /healthz is a line in the log.
        meta = self.monitor("/jsz").get("meta_cluster")
        if meta is not None and not meta.get("leader"):
            return "no meta leader"
        health = self.monitor("/healthz")
        return None if health.get("status") == "ok" else str(health.get("error", health))
