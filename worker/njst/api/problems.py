"""Errors as RFC 9457 problem documents: what is wrong, in which field, and what is allowed."""

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import Match

from njst.contract.parsing.field_errors import FieldProblem, InvalidDocumentError
from njst.journal.baselines import UnknownBaselineError
from njst.journal.experiments import UnknownExperimentError
from njst.journal.interfaces import (
    BaselinesFullError,
    EventTooLargeError,
    JournalUnavailableError,
)
from njst.journal.jobs import NotEnoughWorkersError, QueueTimeoutError, UnknownJobError

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = "2"
# A document can have tens of thousands of invalid fields; the rest is left out.
MAX_ERRORS = 100

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")

_TITLES = {
    400: "Bad request",
    401: "Unauthenticated",
    403: "Forbidden",
    404: "Not found",
    405: "Method not allowed",
    408: "Request timeout",
    409: "Conflict",
    413: "Document too large",
    415: "Unsupported media type",
    421: "Misdirected request",
    422: "Invalid document",
    500: "Internal error",
    503: "Unavailable",
    507: "Insufficient storage",
}


class ApiProblem(Exception):  # noqa: N818 - a problem document, not an error in this code
    """A rejected request, which has changed nothing."""

    def __init__(
        self,
        status: int,
        kind: str,
        detail: str,
        errors: Sequence[FieldProblem] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.status = status
        self.kind = kind
        self.detail = detail
        self.errors = tuple(errors)
        self.headers = dict(headers or {})
        super().__init__(detail)


def render(problem: ApiProblem) -> JSONResponse:
    """Return a problem as a response."""
    document: dict[str, object] = {
        "type": f"/docs#problem-{problem.kind}",
        "title": _TITLES.get(problem.status, "Request failed"),
        "status": problem.status,
        "detail": problem.detail,
    }
    if problem.errors:
        document["errors"] = [
            {"field": error.field, "detail": error.message} for error in problem.errors[:MAX_ERRORS]
        ]
    headers = {"retry-after": RETRY_AFTER_S} if problem.status == 503 else {}
    return JSONResponse(document, problem.status, {**headers, **problem.headers}, MEDIA_TYPE)


def problem_of(error: Exception) -> ApiProblem:
    """Return the problem that a client sees for an error of a lower layer."""
    if isinstance(error, ApiProblem):
        return error
    for kind, status, name in _LOWER_ERRORS:
        if isinstance(error, kind):
            return ApiProblem(status, name, str(error))
    if isinstance(error, InvalidDocumentError):
        return _document_problem(error)
    if isinstance(error, HTTPException):
        return ApiProblem(error.status_code, "http", str(error.detail), headers=error.headers)
    if isinstance(error, RequestValidationError):
        return ApiProblem(422, "invalid", "a parameter is invalid", _fields(error))
    return ApiProblem(500, "internal", f"{type(error).__name__}: please report this")


def _document_problem(error: InvalidDocumentError) -> ApiProblem:
    """Return 400 if the document cannot be read, 422 if some of its fields are invalid."""
    if len(error.problems) == 1 and not error.problems[0].field:
        return ApiProblem(400, "unreadable", str(error))
    return ApiProblem(422, "invalid", "the document is invalid", error.problems)


def _fields(error: RequestValidationError) -> list[FieldProblem]:
    return [
        FieldProblem(".".join(str(part) for part in detail["loc"]), detail["msg"])
        for detail in error.errors()
    ]


_LOWER_ERRORS: tuple[tuple[type[Exception], int, str], ...] = (
    (UnknownJobError, 404, "unknown-job"),
    (UnknownExperimentError, 404, "unknown-experiment"),
    (UnknownBaselineError, 404, "unknown-baseline"),
    (BaselinesFullError, 507, "baselines-full"),
    (QueueTimeoutError, 503, "queue-timeout"),
    (NotEnoughWorkersError, 503, "not-enough-workers"),
    (EventTooLargeError, 413, "too-large"),
    (JournalUnavailableError, 503, "journal-unavailable"),
    # Nobody reads the answer; handling it keeps a harmless traceback out of the log.
    (ClientDisconnect, 400, "unreadable"),
)

_FIELD_ERROR = {
    "type": "object",
    "properties": {"field": {"type": "string"}, "detail": {"type": "string"}},
    "required": ["field", "detail"],
}
_PROBLEM_SCHEMA = {
    "type": "object",
    "properties": {
        "type": {"type": "string", "description": "The kind of problem, as a link to its meaning."},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {"type": "array", "maxItems": MAX_ERRORS, "items": _FIELD_ERROR},
    },
    "required": ["type", "title", "status", "detail"],
}
# For OpenAPI: every response that a route does not declare is a problem document.
RESPONSES: dict[int | str, dict[str, Any]] = {
    "default": {
        "description": "A problem document (RFC 9457).",
        "content": {MEDIA_TYPE: {"schema": _PROBLEM_SCHEMA}},
    }
}


def allowed_methods(request: Request) -> list[str]:
    """Return the methods of all routes that match the path of a request.

    RFC 9110 section 15.5.6 requires them in Allow; Starlette names those of one route only.
    """
    return [
        method
        for method in _METHODS
        if any(
            route.matches({**request.scope, "method": method})[0] is Match.FULL
            for route in request.app.routes
        )
    ]


def install(app: FastAPI) -> None:
    """Answer every error with a problem document."""

    async def handle(request: Request, error: Exception) -> Response:
        problem = problem_of(error)
        if problem.status == 405:
            problem.headers = {"allow": ", ".join(allowed_methods(request))}
        return render(problem)

    for kind in (
        ApiProblem,
        InvalidDocumentError,
        UnknownJobError,
        UnknownExperimentError,
        UnknownBaselineError,
        BaselinesFullError,
        NotEnoughWorkersError,
        JournalUnavailableError,
        ClientDisconnect,
        HTTPException,
        RequestValidationError,
        Exception,
    ):
        app.add_exception_handler(kind, handle)
