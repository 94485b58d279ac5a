"""`njst dev`: a NATS server and some workers on this machine."""

import os
import signal
import sys
import tempfile
import threading
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from njst.cli.cli_errors import CliError
from njst.local.local_errors import LocalServerError
from njst.local.local_worker import READY_TIMEOUT_S, LocalWorker
from njst.local.nats_server import NatsServer
from njst.local.reserved_port import ReservedPort

NATS_PORT = 4222
HTTP_PORT = 5000


def dev(
    workers: Annotated[int, typer.Option(min=1, max=32, help="Number of workers.")] = 3,
    nats: Annotated[
        str, typer.Option("--nats", help="Use this NATS server instead of starting one.")
    ] = "",
    context: Annotated[
        str, typer.Option("--context", help="Use the NATS server of this context instead.")
    ] = "",
    nats_port: Annotated[
        int | None,
        typer.Option(
            min=0, max=65_535, help="Port of the NATS server (default: 4222 or a free one)."
        ),
    ] = None,
    http_port: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=65_503,
            help="Port of the first worker, the others have the next ones (default: 5000 or free"
            " ones); 0: free ones.",
        ),
    ] = None,
    allow_target: Annotated[
        str, typer.Option(help="As of `njst worker`: the servers that spec.target may name.")
    ] = "",
    folder: Annotated[
        Path | None,
        typer.Option(
            "--dir", help="Folder for data and logs, kept at the end (default: temporary)."
        ),
    ] = None,
) -> None:
    """Run a NATS server and workers until Ctrl-C.

    Default ports that are busy are replaced by free ones.
    """
    stop = threading.Event()

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGINT, on_signal)
    signal.signal(signal.SIGTERM, on_signal)
    try:
        with ExitStack() as stack:
            place = folder or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="njst-")))
            place.mkdir(parents=True, exist_ok=True)
            if not nats and not context:
                nats = _start_nats(stack, place, nats_port)
            print(f"NATS with JetStream   {nats or f'of context {context}'}", flush=True)
            options = ("--context", context) if context else ()
            if allow_target:
                options = (*options, "--allow-target", allow_target)
            names = [f"worker-{n}" for n in range(workers)]
            started = [
                stack.enter_context(
                    LocalWorker(name, nats, place, port=_http_port(http_port, n), options=options)
                )
                for n, name in enumerate(names)
            ]
            _watch(stop, place, started)
            print("stopping")
    except LocalServerError as error:
        raise CliError(str(error)) from error
    print("stopped; nothing is left running")


def _http_port(first: int | None, number: int) -> int:
    """Return the port of a worker; 0: any free port."""
    if first is None:
        return _free_or_any(HTTP_PORT + number)
    return first and first + number


def _start_nats(stack: ExitStack, place: Path, wanted: int | None) -> str:
    """Start a NATS server; variables of the environment that name another one are removed."""
    for name in [
        name for name in os.environ if name.startswith(("NATS_", "NJST_NATS", "NJST_TLS"))
    ]:
        del os.environ[name]
    port = _free_or_any(NATS_PORT) if wanted is None else wanted
    return stack.enter_context(NatsServer.start(folder=place / "nats", port=port)).url


def _watch(stop: threading.Event, place: Path, started: Sequence[LocalWorker]) -> None:
    """Print the URLs of the workers, and return when they should stop."""
    for one in started:
        one.service.wait_ready(READY_TIMEOUT_S)
        print(f"{one.name:<21} {one.url}  (API: {one.url}/docs)", flush=True)
    first, njst = started[0].url, os.path.relpath(sys.argv[0])
    print(
        f"logs                  {place}\n\n"
        "Try, in another terminal:\n"
        f"  {njst} run examples/four-streams.yaml --api {first}\n"
        f"  curl --data-binary @examples/publish-sync.yaml {first}/api/v1/jobs\n"
        f"  {njst} list --api {started[-1].url}\n\n"
        "Ctrl-C stops everything.",
        flush=True,
    )
    while not stop.wait(1.0):
        for one in started:
            if not one.service.running:
                raise LocalServerError(f"{one.name} has ended; its log is below {place}")


def _free_or_any(wanted: int) -> int:
    """Return `wanted` if that port is free, else 0, which means any free port."""
    try:
        ReservedPort(wanted).close()
    except LocalServerError:
        return 0
    return wanted
