"""Workers of a mesh as child processes, each as it would run in a pod of its own."""

import http.client
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from njst.local.reserved_port import LOOPBACK, ReservedPort
from njst.local.server_process import Command, ServerProcess

# Long enough for a busy machine; a process that ends meanwhile is not waited for.
READY_TIMEOUT_S = 90.0
_ANSWER_TIMEOUT_S = 2.0


class LocalWorker:
    """One `njst worker` process with its HTTP API on a port of 127.0.0.1, the same until `close`.

    `restart` starts a new worker under the same name, as a pod that comes back would.
    """

    def __init__(
        self, name: str, nats_url: str, folder: Path, *, port: int = 0, options: Sequence[str] = ()
    ) -> None:
        """Prepare a worker without starting it; its log goes to `folder`.

        Raises:
            LocalServerError: the port is in use.
        """
        self.name = name
        self._port = ReservedPort(port)
        self.url = f"http://{self._port.address}"
        self.service = ServerProcess(
            Command(
                name=f"worker {name}",
                argv=[
                    *(sys.executable, "-m", "njst.cli.main", "worker"),
                    *("--nats", nats_url, "--http", self._port.address, "--name", name),
                    *options,
                ],
                log=folder / f"{name}.log",
            ),
            self._missing,
        )

    def __enter__(self) -> Self:
        self.service.launch()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let the worker end in order, and free its port."""
        self.service.stop()
        self._port.close()

    def _missing(self) -> str | None:
        connection = http.client.HTTPConnection(
            LOOPBACK, self._port.number, timeout=_ANSWER_TIMEOUT_S
        )
        try:
            connection.request("GET", "/readyz")
            answer = connection.getresponse()
            return None if answer.status == 200 else answer.read().decode(errors="replace")
        except http.client.HTTPException as error:
            raise OSError(repr(error)) from error
        finally:
            connection.close()
