"""/api/v1/history: the runs of one name over time, and when their numbers changed."""

import asyncio
from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from njst.api.job_documents import dump
from njst.api.problems import ApiProblem
from njst.api.services import Services
from njst.comparison.facts import SPEC_FACT, environment_of, run_of
from njst.contract.parsing.field_errors import FieldProblem
from njst.contract.results.runs.history import HistoryRun, RunHistory
from njst.contract.spec.comparison import MetricChoice, RatioMetric
from njst.history.history import history_of
from njst.journal.state.job_view import JobView
from njst.report.tracking.counted import why_left_out
from njst.report.tracking.otava_csv import render_history

# What is looked at unless a request names others.
DEFAULT_METRICS = (RatioMetric.MESSAGES_PER_SECOND, RatioMetric.LATENCY_P99)


class _Selection(BaseModel):
    """Which runs."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(
        min_length=1,
        max_length=253,
        description="Name of the jobs, or of the NjstSchedule that made them.",
    )
    namespace: str | None = Field(
        None, max_length=253, description="Kubernetes namespace; empty: jobs from elsewhere."
    )
    spec: str = Field("", description="Digest of a spec, as in `facts`: only runs of this one.")
    limit: int = Field(200, ge=1, le=500, description="How many runs, the newest.")


class _Question(_Selection):
    """Which runs, and which of their numbers."""

    workload: str = Field("", description="Name of a workload; left out: each of them.")
    metric: list[RatioMetric] = Field(
        list(DEFAULT_METRICS), min_length=1, max_length=8, description="Metric; repeat it for more."
    )
    min_effect_percent: int = Field(
        5, alias="minEffectPercent", ge=1, le=100, description="A smaller change does not matter."
    )


class _Csv(Response):
    media_type = "text/csv"


def create_router(services: Services) -> APIRouter:
    """Return the router of a worker."""
    router = APIRouter(prefix="/api/v1", tags=["history"])

    async def history(question: Annotated[_Question, Query()]) -> Response:
        """Return the runs of a name, oldest first, and the change points of their numbers."""
        if RatioMetric.SUSTAINED in question.metric:
            words = f"{RatioMetric.SUSTAINED} is of an experiment with a search: jobs have none"
            raise _invalid("metric", words)
        views = _named(services.jobs.all(), question)
        # In a thread: hundreds of runs take longer than a worker may be deaf.
        return JSONResponse(dump(await asyncio.to_thread(_answer, question, views)))

    async def otava(selection: Annotated[_Selection, Query()]) -> Response:
        """Return the runs of a name that count, oldest first, as CSV for Apache Otava."""
        views = _named(services.jobs.all(), selection)
        runs, _ = await asyncio.to_thread(_runs, selection, views)
        return _Csv(render_history(RunHistory(name=selection.name, runs=runs)))

    router.add_api_route(
        "/history",
        history,
        methods=["GET"],
        response_model=None,
        responses={200: {"model": RunHistory}},
    )
    router.add_api_route("/history.otava.csv", otava, methods=["GET"], response_class=_Csv)
    return router


def _named(views: Sequence[JobView], selection: _Selection) -> list[JobView]:
    """Return the jobs of a name that have ended, oldest first.

    Raises:
        ApiProblem: there are none, or they are those of several namespaces.
    """
    name, namespace = selection.name, selection.namespace
    found = [
        view
        for view in views
        if view.ended is not None
        and name in (view.created.origin.name, view.created.origin.schedule)
        and namespace in (None, view.created.origin.namespace)
    ]
    if not found:
        where = f" in the namespace {namespace!r}" if namespace is not None else ""
        words = f"no job that has ended has the name {name!r}, nor has its NjstSchedule{where}"
        raise ApiProblem(404, "unknown-job", words)
    places = sorted({view.created.origin.namespace for view in found})
    if len(places) > 1:
        words = f"several jobs have this name: must be one of {', '.join(map(repr, places))}"
        raise _invalid("namespace", words)
    return found


def _answer(question: _Question, views: Sequence[JobView]) -> RunHistory:
    runs, earlier = _runs(question, views)
    known = sorted({workload.workload for run in runs for workload in run.workloads})
    if question.workload and question.workload not in known:
        raise _invalid("workload", f"must be one of {', '.join(known)}")
    choices = [
        MetricChoice(workload=question.workload or None, metric=metric)
        for metric in dict.fromkeys(question.metric)
    ]
    found = history_of(question.name, runs, choices, question.min_effect_percent)
    return found.model_copy(update={"earlier_runs": earlier})


def _runs(selection: _Selection, views: Sequence[JobView]) -> tuple[list[HistoryRun], int]:
    """Return the newest runs, oldest first, and how many older ones there are."""
    runs = [_run(view) for view in views]
    if selection.spec:
        specs = sorted({run.facts[SPEC_FACT] for run in runs})
        runs = [run for run in runs if run.facts[SPEC_FACT] == selection.spec]
        if not runs:
            raise _invalid("spec", f"no run has this one: must be one of {', '.join(specs)}")
    return runs[-selection.limit :], max(0, len(runs) - selection.limit)


def _run(view: JobView) -> HistoryRun:
    assert view.ended is not None
    # The report in the log is the same on every worker, and has all that is looked at.
    report = view.ended.report
    run = run_of(view.id, view.created.spec, report, environment_of(report))
    return HistoryRun(
        **dict(run),
        name=view.created.origin.name,
        create_time=report.create_time,
        left_out=why_left_out(report),
    )


def _invalid(parameter: str, words: str) -> ApiProblem:
    problem = FieldProblem(f"query.{parameter}", words)
    return ApiProblem(422, "invalid", "a parameter is invalid", [problem])
