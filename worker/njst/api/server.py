"""Serves the API in the event loop of the worker."""

import asyncio
import errno
import socket
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext

import uvicorn
from starlette.types import ASGIApp

from njst.api.server_tls import ServerTls
from njst.listener import listen

STOP_GRACE_S = 3


class AddressInUseError(OSError):
    """The HTTP address cannot be used; the message says what to do."""


class _Server(uvicorn.Server):
    """uvicorn without signal handlers: the worker decides when to stop."""

    def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override]
        """Leave the handling of signals to the worker."""
        return nullcontext()


@asynccontextmanager
async def serve(
    app: ASGIApp, host: str, port: int, tls: ServerTls | None = None
) -> AsyncIterator[str]:
    """Serve `app`, over TLS if that is given, and yield its URL; port 0 picks a free port.

    Raises:
        AddressInUseError: the address is in use, or is not an address of this host.
    """
    listener = _listen(host, port)
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        lifespan="off",
        ws="none",
        timeout_graceful_shutdown=STOP_GRACE_S,
        ssl_context_factory=None
        if tls is None
        else lambda _config, _default: tls.listener_context(),
    )
    server = _Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listener]), name="http")
    bound_host, bound_port = listener.getsockname()[:2]
    scheme = "https" if tls else "http"
    try:
        yield f"{scheme}://{f'[{bound_host}]' if ':' in bound_host else bound_host}:{bound_port}"
    finally:
        server.should_exit = True
        await serving


def _listen(host: str, port: int) -> socket.socket:
    try:
        return listen(host, port)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            words = (
                "is in use by another program; choose another with --http (port 0: any free port)"
            )
        else:
            words = f"cannot be used: {error.strerror}"
        raise AddressInUseError(f"HTTP address {host}:{port} {words}") from error
