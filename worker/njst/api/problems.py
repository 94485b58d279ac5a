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
from njst.journal.interfaces import JournalUnavailableError
from njst.journal.jobs import NotEnoughWorkersError, QueueTimeoutError, UnknownJobError

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = "2"
# A document may break its contract in tens of thousands of fields; nobody reads so many.
MAX_ERRORS = 100

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")

_TITLES = {
    400: "The request cannot be read",
    403: "The request is not allowed",
    404: "There is no such thing",
    405: "The method is not allowed here",
    408: "The request did not arrive",
    409: "The state does not allow this",
    413: "The document is too large",
    415: "The media type is not supported",
    422: "The document breaks the contract",
    500: "njst made a mistake",
    503: "The worker cannot do this now",
}


class ApiProblem(Exception):  # noqa: N818 - it is a problem document, not an error of this code
    """A refusal; nothing was changed."""

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
    """Return the problem as a response."""
    document: dict[str, object] = {
        "type": f"/docs#problem-{problem.kind}",
        "title": _TITLES.get(problem.status, "The request failed"),
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
    """Return what a caller is told of an error of the layers below."""
    if isinstance(error, ApiProblem):
        return error
    for kind, status, name in _LOWER_ERRORS:
        if isinstance(error, kind):
            return ApiProblem(status, name, str(error))
    if isinstance(error, InvalidDocumentError):
        return _refused(error)
    if isinstance(error, HTTPException):
        return ApiProblem(error.status_code, "http", str(error.detail), headers=error.headers)
    if isinstance(error, RequestValidationError):
        return ApiProblem(422, "invalid", "a parameter is not as it should be", _fields(error))
    return ApiProblem(500, "internal", f"{type(error).__name__}: please report this")


def _refused(error: InvalidDocumentError) -> ApiProblem:
    """A document as a whole cannot be read; a field of one breaks the contract."""
    if len(error.problems) == 1 and not error.problems[0].field:
        return ApiProblem(400, "unreadable", str(error))
    return ApiProblem(422, "invalid", "the job breaks its contract", error.problems)


def _fields(error: RequestValidationError) -> list[FieldProblem]:
    return [
        FieldProblem(".".join(str(part) for part in detail["loc"]), detail["msg"])
        for detail in error.errors()
    ]


_LOWER_ERRORS: tuple[tuple[type[Exception], int, str], ...] = (
    (UnknownJobError, 404, "unknown-job"),
    (QueueTimeoutError, 503, "queue-timeout"),
    (NotEnoughWorkersError, 503, "not-enough-workers"),
    (JournalUnavailableError, 503, "journal-unavailable"),
    # Nobody is there to read it; it only keeps the log free of a mistake that is none.
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
        "type": {"type": "string", "description": "What went wrong, as a link below /docs."},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {"type": "array", "maxItems": MAX_ERRORS, "items": _FIELD_ERROR},
    },
    "required": ["type", "title", "status", "detail"],
}
# For OpenAPI: every answer that a route does not name is a problem document.
RESPONSES: dict[int | str, dict[str, Any]] = {
    "default": {
        "description": "A problem document (RFC 9457).",
        "content": {MEDIA_TYPE: {"schema": _PROBLEM_SCHEMA}},
    }
}


def allowed_methods(request: Request) -> list[str]:
    """Return what the request's path answers to, on all its routes; one alone knows only its own.

    RFC 9110 section 15.5.6 wants them in Allow.
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
    """Answer every error of the API with a problem document."""

    async def handle(request: Request, error: Exception) -> Response:
        problem = problem_of(error)
        if problem.status == 405:
            problem.headers = {"allow": ", ".join(allowed_methods(request))}
        return render(problem)

    for kind in (
        ApiProblem,
        InvalidDocumentError,
        UnknownJobError,
        NotEnoughWorkersError,
        JournalUnavailableError,
        ClientDisconnect,
        HTTPException,
        RequestValidationError,
        Exception,
    ):
        app.add_exception_handler(kind, handle)
