"""Members of the mesh, health, version and metrics of this worker."""

from typing import Any

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse, Response

from njst import __version__
from njst.api.job_documents import dump
from njst.api.metrics.exposition import metrics_text
from njst.api.problems import ApiProblem
from njst.api.services import Services
from njst.contract.model import Message
from njst.journal.interfaces import Member
from njst.stats.prometheus_text import MEDIA_TYPE


class ClusterDocument(Message):
    """The workers that are connected now."""

    count: int
    members: list[Member]


class VersionDocument(Message):
    """The version of a worker."""

    version: str


def create_router(services: Services) -> APIRouter:
    """Return the router of a worker."""
    router = APIRouter(tags=["worker"])

    @router.get("/api/v1/cluster", response_model=None, responses={200: {"model": ClusterDocument}})
    async def cluster() -> dict[str, Any]:
        """List the connected workers."""
        members = await services.members.present()
        return dump(ClusterDocument(count=len(members), members=members))

    @router.get("/healthz", response_class=PlainTextResponse)
    async def healthz() -> Response:
        """Liveness: the process responds."""
        return PlainTextResponse("ok")

    @router.get("/readyz", response_class=PlainTextResponse)
    async def readyz() -> Response:
        """Readiness: 200 if this worker can accept jobs, else 503 with the reason."""
        problem = services.ready()
        if problem is not None:
            raise ApiProblem(503, "not-ready", f"{problem.reason}: {problem.message}")
        return PlainTextResponse("ok")

    @router.get("/version", response_model=None, responses={200: {"model": VersionDocument}})
    async def version() -> dict[str, Any]:
        """Return the version of this worker."""
        return dump(VersionDocument(version=__version__))

    @router.get("/metrics", response_class=PlainTextResponse)
    async def get_metrics() -> Response:
        """Return metrics in the Prometheus text format."""
        return Response(metrics_text(services), media_type=MEDIA_TYPE)

    return router
