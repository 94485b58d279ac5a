"""Middleware: rejects requests for a host name that is not this worker's (DNS rebinding)."""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from njst.api.access.host_names import HostNames
from njst.api.problems import ApiProblem, render


class HostGuard:
    """Rejects each request, also a reading one, whose `Host` is a name of somebody else."""

    def __init__(self, app: ASGIApp, names: HostNames) -> None:
        self._app = app
        self._names = names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or reject it."""
        app = self._app
        if scope["type"] == "http":
            # Without a Host it is HTTP/1.0, which no browser speaks.
            hosts = Headers(scope=scope).getlist("host")
            if len(hosts) > 1 or not all(self._names.is_known(host) for host in hosts):
                app = render(_misdirected(", ".join(hosts)))
        await app(scope, receive, send)


def _misdirected(host: str) -> ApiProblem:
    words = (
        f"this worker is not known as {host!r}; if it is, say so with --http-allow-host or"
        " NJST_HTTP_ALLOW_HOSTS (chart: http.allowHosts)"
    )
    return ApiProblem(421, "unknown-host", words)
