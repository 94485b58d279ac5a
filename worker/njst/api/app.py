"""Builds the HTTP API of a worker; every worker serves every job."""

from fastapi import FastAPI

from njst import __version__
from njst.api import health_routes, job_routes, problems
from njst.api.course import course_routes
from njst.api.experiments import (
    baseline_routes,
    comparison_routes,
    experiment_routes,
    history_routes,
)
from njst.api.legacy import bench_routes
from njst.api.pages import docs_page, page_routes
from njst.api.request_bodies import describe_bodies
from njst.api.services import Services


def create_app(services: Services) -> FastAPI:
    """Return the application; its only state is what its open event streams share.

    It is not guarded yet: see `njst.api.access`.
    """
    app = FastAPI(
        title="njst",
        summary="A leaderless, distributed load tester for NATS JetStream",
        version=__version__,
        docs_url=None,
        redoc_url=None,
    )
    problems.install(app)

    app.include_router(job_routes.create_router(services), responses=problems.RESPONSES)
    app.include_router(experiment_routes.create_router(services), responses=problems.RESPONSES)
    app.include_router(comparison_routes.create_router(services), responses=problems.RESPONSES)
    app.include_router(baseline_routes.create_router(services), responses=problems.RESPONSES)
    app.include_router(history_routes.create_router(services), responses=problems.RESPONSES)
    app.include_router(page_routes.create_router(services), responses=problems.RESPONSES)
    app.include_router(course_routes.create_router(services), responses=problems.RESPONSES)
    app.include_router(health_routes.create_router(services), responses=problems.RESPONSES)
    app.include_router(bench_routes.create_router(services))
    app.include_router(docs_page.create_router(app))
    describe_bodies(app)
    return app
