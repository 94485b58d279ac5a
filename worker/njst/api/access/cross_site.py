"""Middleware: rejects cross-site requests of browsers, and forbids content sniffing."""

from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from njst.api.problems import ApiProblem, render

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class CrossSiteGuard:
    """Rejects state-changing requests that a page of another site makes a browser send (CSRF).

    By default the API has no login. A browser names the site of the page in `Origin`; programs send
    none.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or reject it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["x-content-type-options"] = "nosniff"
            await send(message)

        headers = Headers(scope=scope)
        app = self._app
        if scope["method"] not in _SAFE_METHODS and is_cross_site(headers):
            app = render(ApiProblem(403, "cross-site", "cross-site requests are rejected"))
        await app(scope, receive, send_marked)


def is_cross_site(headers: Headers) -> bool:
    """Whether `Origin` is present and names another site than `Host`, or is malformed."""
    origin = headers.get("origin")
    if origin is None:
        return False
    try:
        site = urlsplit(origin).netloc
    except ValueError:
        return True
    return not site or site.lower() != headers.get("host", "").lower()
