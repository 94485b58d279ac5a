"""/api/v1/jobs: submit, list, get, report, cancel, delete."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response

from njst.api.access import audit
from njst.api.job_documents import JobDocument, JobDryRun, JobList, JobPresenter, dump
from njst.api.job_submission import read_submission
from njst.api.problems import ApiProblem
from njst.api.request_bodies import JOB_BODY
from njst.api.services import Services
from njst.contract.events import OriginKind
from njst.contract.parsing.field_errors import FieldProblem
from njst.contract.parsing.hints import hints
from njst.contract.results.course import without_window_histograms
from njst.contract.results.report import Report
from njst.journal.jobs import Submission, Submitted
from njst.journal.state.job_view import Phase
from njst.report.exports import EXPORTS, Export, UnknownWorkloadError, of_workload

UNCHANGED = {"description": "The job is still the one that `If-None-Match` names."}


def create_router(services: Services) -> APIRouter:
    """Return the router of a worker."""
    api = _JobsApi(services)
    router = APIRouter(prefix="/api/v1/jobs", tags=["jobs"])
    add = partial(router.add_api_route, response_model=None)
    add(
        "",
        api.submit,
        methods=["POST"],
        responses={200: {"model": JobDocument | JobDryRun}, **_shown(201)},
        openapi_extra=JOB_BODY,
    )
    add("", api.list_jobs, methods=["GET"], responses={200: {"model": JobList}})
    add("/{job}", api.get, methods=["GET"], responses={**_shown(200), 304: UNCHANGED})
    add("/{job}", api.delete, methods=["DELETE"], status_code=204)
    add("/{job}/report", api.report, methods=["GET"], responses={200: {"model": Report}})
    for name, export in EXPORTS.items():
        add(
            f"/{{job}}/report.{export.suffix}",
            api.export(export),
            methods=["GET"],
            name=f"report_{name}",
            description=f"Return the final report as {export.description}.",
            response_class=media(export.media_type),
        )
    add("/{job}/cancel", api.cancel, methods=["POST"], status_code=202, responses=_shown(202))
    return router


def media(media_type: str) -> type[Response]:
    """Return the class of responses of a media type, which OpenAPI shows."""
    return type("Exported", (Response,), {"media_type": media_type})


class _JobsApi:
    def __init__(self, services: Services) -> None:
        self._mesh = services.mesh
        self._jobs = services.jobs
        self._presenter = JobPresenter(services.jobs, services.log_now_ns, services.ready)

    async def submit(
        self,
        request: Request,
        dry_run: Annotated[bool, Query(alias="dryRun")] = False,
        wait: Annotated[bool, Query()] = False,
    ) -> Response:
        """Submit a job. An Idempotency-Key makes it safe to repeat the request.

        If there are too few workers, the answer is 503 at once. With `wait`, the request waits for
        more workers for up to the spec's queueTimeoutSeconds, as an NjstJob resource does.
        """
        submission = await read_submission(request, self._mesh)
        if dry_run:
            await self._jobs.check(submission.spec)
            checked = JobDryRun(hints=hints(submission.spec), spec=submission.spec)
            return JSONResponse(dump(checked))
        if wait:
            submitted = await self._jobs.submit_and_wait(submission, request.is_disconnected)
        else:
            submitted = await self._jobs.submit(submission)
        audit.note(request.scope, submitted.view.id, submission.spec.target)
        _reject_reused_key(submitted, submission)
        return JSONResponse(
            self._presenter.show(submitted.view),
            201 if submitted.new else 200,
            {"location": f"/api/v1/jobs/{submitted.view.id}"},
        )

    async def list_jobs(
        self,
        request: Request,
        limit: Annotated[int, Query(ge=1, le=500)] = 50,
        cursor: Annotated[int | None, Query(ge=0)] = None,
        phase: Annotated[Phase | None, Query()] = None,
    ) -> Response:
        """List jobs, newest first; the Link header and `next` point to the next page."""
        views = [
            view
            for view in reversed(self._jobs.all())
            if (cursor is None or view.seq < cursor) and (phase is None or view.phase is phase)
        ]
        page: dict[str, Any] = {"items": [self._presenter.show(view) for view in views[:limit]]}
        headers = {}
        if len(views) > limit:
            page["next"] = str(views[limit - 1].seq)
            url = request.url.include_query_params(cursor=page["next"])
            headers["link"] = f'<{url.path}?{url.query}>; rel="next"'
        return JSONResponse(page, headers=headers)

    async def get(
        self, request: Request, job: str, histograms: Annotated[bool, Query()] = False
    ) -> Response:
        """Return a job, with its measurements so far."""
        view = self._jobs.get(job)
        if view.ended is None:
            return JSONResponse(self._presenter.show(view, histograms=histograms))
        tag = f'"{view.last_seq}-{int(histograms)}"'
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers={"etag": tag})
        return JSONResponse(
            self._presenter.show(view, histograms=histograms), headers={"etag": tag}
        )

    async def report(self, job: str, histograms: Annotated[bool, Query()] = False) -> Response:
        """Return the final report; it is the same on every worker.

        With `histograms` the windows of the course have theirs too.
        """
        _, report = await self._ended(job)
        if report.course is not None and not histograms:
            plain = {"course": without_window_histograms(report.course)}
            report = report.model_copy(update=plain)
        return JSONResponse(dump(report))

    async def _ended(self, job: str) -> tuple[str, Report]:
        """Return the title and the final report of a job that has ended."""
        view = self._jobs.get(job)
        if view.ended is None:
            raise ApiProblem(
                409, "not-finished", f"job {job} is {view.phase} and has no report yet"
            )
        return view.created.origin.name or job, await self._jobs.whole_report(view)

    def export(self, export: Export) -> Callable[..., Awaitable[Response]]:
        """Return the endpoint of one format of the report."""

        async def exported(job: str) -> Response:
            title, report = await self._ended(job)
            return Response(export.render(report, title), media_type=export.media_type)

        async def of_one(job: str, workload: Annotated[str, Query()] = "") -> Response:
            title, report = await self._ended(job)
            if workload:
                report = _only(report, workload)
            return Response(export.render(report, title), media_type=export.media_type)

        return of_one if export.by_workload else exported

    async def cancel(self, job: str) -> Response:
        """Stop a job and keep its measurements. Cancelling again, or too late, has no effect."""
        view = await self._jobs.cancel(job, "Requested", "the job was cancelled")
        return JSONResponse(self._presenter.show(view), 202)

    async def delete(self, job: str) -> Response:
        """Delete a job, and stop it first if it runs."""
        origin = self._jobs.get(job).created.origin
        if origin.kind is OriginKind.RESOURCE:
            raise ApiProblem(
                409,
                "owned",
                f"the job belongs to an NjstJob: kubectl delete njstjob {origin.name}"
                f" -n {origin.namespace}",
            )
        await self._jobs.delete(job)
        return Response(status_code=204)


def _only(report: Report, workload: str) -> Report:
    try:
        return of_workload(report, workload)
    except UnknownWorkloadError as error:
        problem = FieldProblem("query.workload", str(error))
        raise ApiProblem(422, "invalid", "a parameter is invalid", [problem]) from error


def _reject_reused_key(submitted: Submitted, submission: Submission) -> None:
    """Reject a repeated Idempotency-Key whose job has another spec or was deleted."""
    if submitted.view.created.digest != submission.digest:
        raise ApiProblem(
            422, "idempotency-key", "this Idempotency-Key was used for another document"
        )
    if submitted.view.deleted:
        raise ApiProblem(409, "idempotency-key", "the job of this Idempotency-Key was deleted")


def _shown(status: int) -> dict[int | str, dict[str, Any]]:
    return {status: {"model": JobDocument}}
