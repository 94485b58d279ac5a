"""/api/v1/comparisons: two sets of ended jobs, compared; nothing is stored."""

import asyncio
from collections.abc import Callable, Sequence

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from njst.api.experiments.ended_jobs import ended_jobs
from njst.api.job_documents import dump
from njst.api.job_submission import read_body, require_document
from njst.api.problems import ApiProblem
from njst.api.request_bodies import COMPARISON_BODY
from njst.api.services import Services
from njst.comparison.compare import compare
from njst.comparison.facts import environment_of, run_of
from njst.contract.parsing.comparison import parse_comparison
from njst.contract.parsing.field_errors import FieldProblem
from njst.contract.results.comparison import ComparedRun, ComparisonResult
from njst.contract.spec.comparison import ComparisonRequest
from njst.journal.jobs import Jobs
from njst.journal.state.job_view import JobView


def create_router(services: Services) -> APIRouter:
    """Return the router of a worker."""
    router = APIRouter(prefix="/api/v1/comparisons", tags=["comparisons"])
    router.add_api_route(
        "",
        _compare_jobs(services.jobs),
        methods=["POST"],
        name="compare",
        description="Compare two sets of jobs that have ended.",
        response_model=None,
        responses={200: {"model": ComparisonResult}},
        openapi_extra=COMPARISON_BODY,
    )
    return router


def _compare_jobs(jobs: Jobs) -> Callable[..., object]:
    async def compare_jobs(request: Request) -> Response:
        require_document(request)
        body = await read_body(request)
        asked = await asyncio.to_thread(parse_comparison, body)
        first = ended_jobs(jobs, "first", asked.first)
        second = ended_jobs(jobs, "second", asked.second)
        # In a thread: exact tests of many runs take longer than a worker may be deaf.
        result = await asyncio.to_thread(_compared, asked, first, second)
        return JSONResponse(dump(result))

    return compare_jobs


def _compared(
    asked: ComparisonRequest, first: Sequence[JobView], second: Sequence[JobView]
) -> ComparisonResult:
    runs = [[_run(view) for view in views] for views in (first, second)]
    _require_workloads(asked, [*runs[0], *runs[1]])
    return compare(asked, runs[0], runs[1])


def _run(view: JobView) -> ComparedRun:
    assert view.ended is not None
    # The report in the log is the same on every worker, and has all that is compared.
    report = view.ended.report
    return run_of(view.id, view.created.spec, report, environment_of(report))


def _require_workloads(asked: ComparisonRequest, runs: Sequence[ComparedRun]) -> None:
    """Reject a workload that no job has: a misspelt name would be a comparison without data."""
    known = sorted({workload.workload for run in runs for workload in run.workloads})
    problems = [
        FieldProblem(f"metrics[{number}].workload", f"must be one of {', '.join(known)}")
        for number, choice in enumerate(asked.metrics)
        if choice.workload is not None and choice.workload not in known
    ]
    if problems and known:
        raise ApiProblem(422, "invalid", "no job has this workload", problems)
