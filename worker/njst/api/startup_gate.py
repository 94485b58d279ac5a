"""What a worker answers before it is in its mesh: that it lives, and for what it waits."""

from fastapi.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from njst.api.problems import ApiProblem, render
from njst.contract.results.outcome import Problem


class StartupGate:
    """An application that passes everything on to another, once that one is there."""

    def __init__(self) -> None:
        self._waits_for = Problem(reason="Starting", message="the worker starts")
        self._app: ASGIApp | None = None

    def wait_for(self, words: str) -> None:
        """Say from now on what is waited for."""
        self._waits_for = Problem(reason="ControlUnavailable", message=words)

    def open(self, app: ASGIApp) -> None:
        """From now on `app` answers."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or let answer."""
        app = self._app
        if app is None and scope["path"] == "/healthz":
            app = PlainTextResponse("ok")
        if app is None:
            why = f"{self._waits_for.reason}: {self._waits_for.message}"
            app = render(ApiProblem(503, "not-ready", why))
        await app(scope, receive, send)
