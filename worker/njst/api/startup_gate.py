"""Answers before the worker has joined its mesh: liveness, and what the worker waits for."""

from fastapi.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from njst.api.problems import ApiProblem, render
from njst.contract.results.outcome import Problem


class StartupGate:
    """An ASGI application that forwards every request once the real one is there."""

    def __init__(self) -> None:
        self._waits_for = Problem(reason="Starting", message="the worker is starting")
        self._app: ASGIApp | None = None

    def wait_for(self, words: str) -> None:
        """Set what the worker waits for."""
        self._waits_for = Problem(reason="ControlUnavailable", message=words)

    def open(self, app: ASGIApp) -> None:
        """Forward every request to `app` from now on."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or forward it."""
        app = self._app
        if app is None and scope["path"] == "/healthz":
            app = PlainTextResponse("ok")
        if app is None:
            why = f"{self._waits_for.reason}: {self._waits_for.message}"
            app = render(ApiProblem(503, "not-ready", why))
        await app(scope, receive, send)
