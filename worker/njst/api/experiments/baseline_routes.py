"""/api/v1/baselines: named runs, which thresholds may be relative to; they have no age."""

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.responses import JSONResponse, Response
from pydantic import AwareDatetime

from njst.api.experiments.ended_jobs import ended_jobs
from njst.api.job_documents import dump
from njst.api.job_submission import read_body, require_document
from njst.api.problems import ApiProblem
from njst.api.request_bodies import BASELINE_BODY
from njst.api.services import Services
from njst.comparison.baseline_runs import baseline_run_of, run_problems
from njst.comparison.pinned_baseline import spec_of_runs
from njst.contract.fields import LABEL
from njst.contract.model import Message
from njst.contract.parsing.baseline import parse_baseline_body
from njst.contract.parsing.field_errors import FieldProblem
from njst.contract.results.comparison import Baseline, BaselineRun
from njst.contract.spec.comparison import BaselineRequest
from njst.journal.baselines import UnknownBaselineError
from njst.journal.report_builder import log_datetime

_Name = Annotated[str, Path(pattern=LABEL, max_length=40)]


class BaselineSummary(Message):
    """A baseline in a list; `spec` is the digest of the spec that its runs had."""

    name: str
    create_time: AwareDatetime
    run_count: int
    spec: str


class BaselineList(Message):
    """All baselines, by name."""

    items: list[BaselineSummary]


def create_router(services: Services) -> APIRouter:
    """Return the router of a worker."""
    api = _BaselinesApi(services)
    router = APIRouter(prefix="/api/v1/baselines", tags=["baselines"])
    add = partial(router.add_api_route, response_model=None)
    add("", api.list_all, methods=["GET"], responses={200: {"model": BaselineList}})
    add("/{baseline}", api.get, methods=["GET"], responses={200: {"model": Baseline}})
    add(
        "/{baseline}",
        api.put,
        methods=["PUT"],
        responses={200: {"model": Baseline}, 201: {"model": Baseline}},
        openapi_extra=BASELINE_BODY,
    )
    add("/{baseline}", api.delete, methods=["DELETE"], status_code=204)
    return router


class _BaselinesApi:
    def __init__(self, services: Services) -> None:
        self._baselines = services.baselines
        self._jobs = services.jobs
        self._now_ns = services.log_now_ns

    async def list_all(self) -> Response:
        """List all baselines, by name."""
        found = await self._baselines.all()
        return JSONResponse(dump(BaselineList(items=[_summary(one) for one in found])))

    async def get(self, baseline: _Name) -> Response:
        """Return a baseline with its runs."""
        found = await self._baselines.get(baseline)
        if found is None:
            raise UnknownBaselineError(baseline)
        return JSONResponse(dump(found))

    async def put(self, request: Request, baseline: _Name) -> Response:
        """Save jobs that have ended, or a whole baseline, in the place of one of this name."""
        require_document(request)
        asked = await asyncio.to_thread(parse_baseline_body, await read_body(request))
        if isinstance(asked, BaselineRequest):
            runs = await self._runs(asked)
            _require(runs, "jobs", with_unproven=asked.with_unproven)
            made = Baseline(name=baseline, create_time=log_datetime(self._now_ns()), runs=runs)
        else:
            # Whoever wrote it has decided which runs to take.
            _require(asked.runs, "runs", with_unproven=True)
            made = asked.model_copy(update={"name": baseline})
        is_new = await self._baselines.put(made)
        headers = {"location": f"/api/v1/baselines/{baseline}"}
        return JSONResponse(dump(made), 201 if is_new else 200, headers)

    async def _runs(self, asked: BaselineRequest) -> list[BaselineRun]:
        runs = []
        for view in ended_jobs(self._jobs, "jobs", asked.jobs):
            report = await self._jobs.whole_report(view)
            # In a thread: a report of many workers has many histograms.
            run = await asyncio.to_thread(baseline_run_of, view.id, view.created.spec, report)
            runs.append(run)
        return runs

    async def delete(self, baseline: _Name) -> Response:
        """Remove a baseline; jobs that have begun do not need it."""
        if not await self._baselines.remove(baseline):
            raise UnknownBaselineError(baseline)
        return Response(status_code=204)


def _require(runs: Sequence[BaselineRun], field: str, *, with_unproven: bool) -> None:
    problems: list[FieldProblem] = run_problems(runs, field, with_unproven=with_unproven)
    if problems:
        raise ApiProblem(422, "invalid", "these runs cannot be a baseline", problems)


def _summary(baseline: Baseline) -> BaselineSummary:
    return BaselineSummary(
        name=baseline.name,
        create_time=baseline.create_time,
        run_count=len(baseline.runs),
        spec=spec_of_runs(baseline),
    )
