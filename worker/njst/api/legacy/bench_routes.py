"""The API of the original njst, which keeps the scripts of its users working."""

import json
import secrets
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial, wraps
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from pydantic import ValidationError
from starlette.convertors import StringConvertor, register_url_convertor

from njst.api.access import audit
from njst.api.job_submission import read_body
from njst.api.legacy.bench_documents import (
    FAILURES,
    Bench,
    BenchCreated,
    BenchDone,
    BenchNodes,
)
from njst.api.legacy.bench_translation import (
    BenchError,
    BenchSettings,
    in_original_words,
    read_spec,
    settings_of,
    shown_settings,
    status_of,
    write_spec,
)
from njst.api.problems import ApiProblem
from njst.api.request_bodies import BENCH_BODY, PURGE_BODY
from njst.api.services import Services
from njst.contract.events import Origin, OriginKind
from njst.contract.parsing.field_errors import InvalidDocumentError, problems_of
from njst.contract.results.outcome import SetupError
from njst.contract.spec.target import Target
from njst.journal.interfaces import JournalUnavailableError
from njst.journal.jobs import NotEnoughWorkersError, Submission, UnknownJobError
from njst.journal.state.job_view import JobView

_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"

Handler = Callable[..., Awaitable[Response]]


def _original_errors(handler: Handler) -> Handler:
    """Answer errors in the format of the original: {"error": "..."}."""

    @wraps(handler)
    async def answer(*args: Any, **kwargs: Any) -> Response:
        try:
            return await handler(*args, **kwargs)
        except _ANSWERED as error:
            status, words = _original(error)
            return JSONResponse({"error": words}, status)

    return answer


_ANSWERED = (
    ApiProblem,
    BenchError,
    InvalidDocumentError,
    JournalUnavailableError,
    UnknownJobError,
)


def _original(error: Exception) -> tuple[int, str]:
    """Return the status and message of an error as the original would send them."""
    match error:
        case BenchError():
            return error.status, str(error)
        case ApiProblem():
            return error.status, error.detail
        case InvalidDocumentError():
            words = "; ".join(map(in_original_words, error.problems))
            return 400, f"unable to validate settings: {words}"
        case UnknownJobError():
            return 404, "unable to get bucket: nats: bucket not found"
    return 500, f"unable to create jobs: {error}"


def create_router(services: Services) -> APIRouter:
    """Return the router of a worker."""
    api = _BenchApi(services)
    router = APIRouter(tags=["original njst"])
    add = partial(router.add_api_route, response_model=None)
    add(
        "/health-check",
        api.health_check,
        methods=["GET"],
        response_class=PlainTextResponse,
        responses=FAILURES,
    )
    add("/cluster", api.cluster, methods=["GET"], responses=_shown(BenchNodes))
    add("/bench", api.list_benches, methods=["GET"], responses=_shown(list[BenchSettings]))
    add(
        "/bench",
        api.create,
        methods=["POST"],
        responses=_shown(BenchCreated),
        openapi_extra=BENCH_BODY,
    )
    add(
        "/bench/purge",
        api.purge,
        methods=["POST"],
        responses=_shown(BenchDone),
        openapi_extra=PURGE_BODY,
    )
    add("/bench/{job:bench_job}", api.get, methods=["GET"], responses=_shown(Bench))
    add("/bench/{job:bench_job}", api.delete, methods=["DELETE"], responses=_shown(BenchDone))
    return router


def _shown(model: Any) -> dict[int | str, dict[str, Any]]:
    return {200: {"model": model}, **FAILURES}


class _JobConvertor(StringConvertor):
    """The ID of a job in a path: /bench/purge is a path of its own, for every method."""

    regex = "(?!purge$)[^/]+"


register_url_convertor("bench_job", _JobConvertor())


class _BenchApi:
    def __init__(self, services: Services) -> None:
        self._services = services
        self._jobs = services.jobs

    def _job(self, job: str) -> JobView:
        view = self._jobs.get(job)
        if view.created.origin.kind is not OriginKind.BENCH:
            raise UnknownJobError(job)
        return view

    async def health_check(self) -> Response:
        """Liveness: the worker responds."""
        return PlainTextResponse("ok")

    @_original_errors
    async def cluster(self) -> Response:
        """List the IDs of the workers."""
        nodes = [member.worker for member in await self._services.members.present()]
        return JSONResponse({"nodes": nodes, "count": len(nodes)})

    @_original_errors
    async def list_benches(self) -> Response:
        """List the settings of all jobs that were created with this API."""
        found = [v for v in self._jobs.all() if v.created.origin.kind is OriginKind.BENCH]
        return JSONResponse([shown_settings(view) for view in found])

    @_original_errors
    async def create(self, request: Request) -> Response:
        """Create a write or a read job."""
        settings = _parse(await read_body(request))
        job = "".join(secrets.choice(_ALPHABET) for _ in range(8))
        settings = settings.model_copy(update={"id": job})
        if settings.read is not None:
            spec = read_spec(settings, self._job(settings.read.write_id))
        else:
            spec = write_spec(settings, job)
        if spec.target.servers:
            spec = spec.model_copy(update={"target": await self._target_of(spec.target)})
        origin = Origin(kind=OriginKind.BENCH, name=f"bench-{job}")
        try:
            submitted = await self._jobs.submit(
                Submission(id=job, spec=spec, origin=origin, settings=settings.to_json())
            )
        except NotEnoughWorkersError as error:
            raise await self._too_few_nodes(spec.workers) from error
        audit.note(request.scope, job, spec.target)
        count = len(submitted.view.parts)
        message = f"benchmark created successfully; created {count} jobs"
        return JSONResponse({"id": job, "message": message})

    @_original_errors
    async def get(self, request: Request, job: str) -> Response:
        """Return the status and settings of a job; `?full` adds the reports of the nodes."""
        view = self._job(job)
        report = self._jobs.report(view, self._services.log_now_ns())
        full = "full" in request.query_params
        return JSONResponse(
            {
                "status": status_of(view, report, full=full),
                "settings": shown_settings(view),
            }
        )

    @_original_errors
    async def delete(self, request: Request, job: str) -> Response:
        """Cancel a job; `?streams` deletes its streams, `?settings` or `?results` the job."""
        try:
            view = await self._jobs.cancel(self._job(job).id, "Requested", "deleted")
        except UnknownJobError:
            return JSONResponse({"message": "emitted benchmark deletion job"})
        errors = await self._remove_streams(view) if "streams" in request.query_params else []
        if request.query_params.keys() & {"settings", "results"}:
            await self._jobs.delete(view.id)
        return _done("emitted benchmark deletion job", errors)

    @_original_errors
    async def purge(self, request: Request) -> Response:
        """Delete all jobs that were created with this API, and their streams."""
        body = _json(await read_body(request))
        if not isinstance(body, dict) or body.get("all") is not True:
            raise BenchError(400, "'all' must be set to true to purge")
        errors = []
        for view in self._jobs.all():
            if view.created.origin.kind is OriginKind.BENCH:
                # Somebody else may delete a job meanwhile, or purge as well.
                with suppress(UnknownJobError):
                    await self._jobs.cancel(view.id, "Requested", "purged")
                    errors += await self._remove_streams(view)
                    await self._jobs.delete(view.id)
        return _done("purge initiated", errors)

    async def _target_of(self, target: Target) -> Target:
        """Return the target of a job, which may be the control NATS by another name.

        Raises:
            BenchError: the address is not allowed.
        """
        try:
            return await self._services.target_at(target.servers[0])
        except SetupError as error:
            words = error.message.replace("spec.target.servers", "nats.address")
            raise BenchError(400, f"unable to validate settings: {words}") from error

    async def _too_few_nodes(self, wanted: int) -> BenchError:
        present = len(await self._services.members.present())
        words = f"{max(1, wanted)} nodes requested but {present} available"
        return BenchError(500, f"unable to create jobs: {words}")

    async def _remove_streams(self, view: JobView) -> list[str]:
        """Remove a write's streams; return what could not be removed, and why.

        What one job leaves behind, a server that is gone say, must not keep others from ending.
        """
        write = settings_of(view).write
        if write is None or write.keep_streams:
            return []
        try:
            left = await self._services.remove_streams(view)
        except SetupError as error:
            left = [error.message]
        return [f"unable to delete streams of {view.id}: {words}" for words in left]


def _done(message: str, errors: list[str]) -> Response:
    """Return the original's answer, with what could not be done where there is something."""
    return JSONResponse({"message": message, **({"errors": errors} if errors else {})})


def _json(text: bytes) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BenchError(400, f"unable to unmarshal settings: {error}") from error


def _parse(text: bytes) -> BenchSettings:
    data = _json(text)
    if not isinstance(data, dict):
        raise BenchError(400, "unable to unmarshal settings: not a JSON object")
    if data.get("nats") is None:
        raise BenchError(400, "unable to validate settings: nats settings cannot be nil")
    if (data.get("write") is None) == (data.get("read") is None):
        raise BenchError(400, "unable to validate settings: set one of read and write settings")
    try:
        return BenchSettings.model_validate(data)
    except ValidationError as error:
        problems = "; ".join(str(problem) for problem in problems_of(error, ""))
        raise BenchError(400, f"unable to validate settings: {problems}") from error
