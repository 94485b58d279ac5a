"""/api/v1/experiments: submit, list, get, suspend, resume, cancel, delete, and reports."""

import json
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response

from njst import __version__
from njst.api.access import audit
from njst.api.experiments.experiment_documents import (
    ExperimentDocument,
    ExperimentDryRun,
    ExperimentList,
    SearchesSoFar,
    document_of,
    summary_of,
)
from njst.api.experiments.experiment_submission import read_experiment
from njst.api.job_documents import dump
from njst.api.job_routes import media
from njst.api.problems import ApiProblem
from njst.api.request_bodies import EXPERIMENT_BODY
from njst.api.services import Services
from njst.contract.events import OriginKind
from njst.journal.experiments import ExperimentSubmission, SubmittedExperiment
from njst.journal.state.experiments.experiment_view import ExperimentPhase, ExperimentView
from njst.report.experiments.experiment_exports import EXPERIMENT_EXPORTS, ExperimentExport
from njst.report.experiments.experiment_text import shown_of
from njst.web import html_report, page


def create_router(services: Services) -> APIRouter:
    """Return the router of a worker."""
    api = _ExperimentsApi(services)
    router = APIRouter(prefix="/api/v1/experiments", tags=["experiments"])
    add = partial(router.add_api_route, response_model=None)
    add(
        "",
        api.submit,
        methods=["POST"],
        responses={200: {"model": ExperimentDocument | ExperimentDryRun}, **_shown(201)},
        openapi_extra=EXPERIMENT_BODY,
    )
    add("", api.list_all, methods=["GET"], responses={200: {"model": ExperimentList}})
    add("/{experiment}", api.get, methods=["GET"], responses=_shown(200))
    add("/{experiment}", api.delete, methods=["DELETE"], status_code=204)
    add(
        "/{experiment}/report.html",
        api.html_report,
        methods=["GET"],
        response_class=HTMLResponse,
    )
    for name, export in EXPERIMENT_EXPORTS.items():
        add(
            f"/{{experiment}}/report.{export.suffix}",
            api.export(export),
            methods=["GET"],
            name=f"experiment_report_{name}",
            description=f"Return an experiment that has ended as {export.description}.",
            response_class=media(export.media_type),
        )
    for verb, endpoint in (
        ("suspend", api.suspend),
        ("resume", api.resume),
        ("cancel", api.cancel),
    ):
        add(
            f"/{{experiment}}/{verb}",
            endpoint,
            methods=["POST"],
            status_code=202,
            responses=_shown(202),
        )
    return router


class _ExperimentsApi:
    def __init__(self, services: Services) -> None:
        self._mesh = services.mesh
        self._experiments = services.experiments
        self._jobs = services.jobs
        self._searches = SearchesSoFar()

    async def submit(
        self, request: Request, dry_run: Annotated[bool, Query(alias="dryRun")] = False
    ) -> Response:
        """Submit an experiment. An Idempotency-Key makes it safe to repeat the request."""
        submission = await read_experiment(request, self._mesh)
        if dry_run:
            await self._experiments.check(submission.spec)
            return JSONResponse(dump(ExperimentDryRun(spec=submission.spec)))
        submitted = await self._experiments.submit(submission)
        audit.note(request.scope, submitted.view.id, submission.spec.template.target)
        _reject_reused_key(submitted, submission)
        return JSONResponse(
            self._document(submitted.view),
            201 if submitted.new else 200,
            {"location": f"/api/v1/experiments/{submitted.view.id}"},
        )

    async def list_all(
        self,
        request: Request,
        limit: Annotated[int, Query(ge=1, le=500)] = 50,
        cursor: Annotated[int | None, Query(ge=0)] = None,
        phase: Annotated[ExperimentPhase | None, Query()] = None,
    ) -> Response:
        """List experiments, newest first; the Link header and `next` point to the next page."""
        views = [
            view
            for view in reversed(self._experiments.all())
            if (cursor is None or view.seq < cursor) and (phase is None or view.phase is phase)
        ]
        shown = views[:limit]
        page: dict[str, Any] = {"items": [dump(summary_of(view, self._jobs)) for view in shown]}
        headers = {}
        if len(views) > limit:
            page["next"] = str(shown[-1].seq)
            url = request.url.include_query_params(cursor=page["next"])
            headers["link"] = f'<{url.path}?{url.query}>; rel="next"'
        return JSONResponse(page, headers=headers)

    async def get(
        self, experiment: str, from_trial: Annotated[int, Query(alias="fromTrial", ge=0)] = 0
    ) -> Response:
        """Return an experiment with its trials so far, or those from a number on."""
        return JSONResponse(self._document(self._experiments.get(experiment), from_trial))

    async def html_report(self, experiment: str) -> Response:
        """Return an experiment that has ended as a page in one file, which opens offline."""
        data = {"version": __version__, "experiment": self._ended(experiment)}
        return HTMLResponse(
            html_report.render(page.load(), data),
            headers={"content-disposition": f'inline; filename="njst-{experiment}.html"'},
        )

    def export(self, export: ExperimentExport) -> Callable[..., Awaitable[Response]]:
        """Return the endpoint of one format of the report."""

        async def exported(experiment: str) -> Response:
            text = export.render(shown_of(self._ended(experiment)))
            return Response(text, media_type=export.media_type)

        return exported

    def _ended(self, experiment: str) -> dict[str, Any]:
        """Return the document of an experiment that has ended."""
        view = self._experiments.get(experiment)
        if view.concluded is None:
            words = f"experiment {experiment} is {view.phase} and has no report yet"
            raise ApiProblem(409, "not-finished", words)
        return self._document(view)

    async def suspend(self, experiment: str) -> Response:
        """Create no further trial until the experiment is resumed; a running one goes on."""
        return await self._suspend(experiment, suspended=True)

    async def resume(self, experiment: str) -> Response:
        """Create trials of a suspended experiment again."""
        return await self._suspend(experiment, suspended=False)

    async def _suspend(self, experiment: str, *, suspended: bool) -> Response:
        spec = json.dumps({"spec": {"suspend": suspended}})
        self._reject_owned(experiment, "patch", f" --type=merge -p '{spec}'")
        view = await self._experiments.suspend(experiment, suspended=suspended)
        return JSONResponse(self._document(view), 202)

    async def cancel(self, experiment: str) -> Response:
        """Stop an experiment and its running trial; its trials so far are kept."""
        view = await self._experiments.cancel(experiment, "the experiment was cancelled")
        return JSONResponse(self._document(view), 202)

    async def delete(self, experiment: str) -> Response:
        """Delete an experiment, and stop it first if it runs; its trials stay among the jobs."""
        self._reject_owned(experiment, "delete")
        await self._experiments.delete(experiment)
        return Response(status_code=204)

    def _reject_owned(self, experiment: str, verb: str, options: str = "") -> None:
        """Reject what a resource decides; `verb` of kubectl, with options, does it."""
        origin = self._experiments.get(experiment).created.origin
        if origin.kind is OriginKind.RESOURCE:
            raise ApiProblem(
                409,
                "owned",
                f"the experiment belongs to an NjstExperiment: kubectl {verb} njstexperiment"
                f" {origin.name} -n {origin.namespace}{options}",
            )

    def _document(self, view: ExperimentView, from_trial: int = 0) -> dict[str, Any]:
        return dump(document_of(view, self._jobs, self._searches, from_trial))


def _reject_reused_key(submitted: SubmittedExperiment, submission: ExperimentSubmission) -> None:
    """Reject a repeated Idempotency-Key whose experiment has another spec or was deleted."""
    if submitted.view.created.digest != submission.digest:
        raise ApiProblem(
            422, "idempotency-key", "this Idempotency-Key was used for another document"
        )
    if submitted.view.deleted:
        words = "the experiment of this Idempotency-Key was deleted"
        raise ApiProblem(409, "idempotency-key", words)


def _shown(status: int) -> dict[int | str, dict[str, Any]]:
    return {status: {"model": ExperimentDocument}}
