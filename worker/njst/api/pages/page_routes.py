"""/ and /assets: the page for browsers; /api/v1/jobs/{job}/report.html: the same as one file."""

from typing import Annotated

from fastapi import APIRouter, Header, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from njst import __version__
from njst.api.job_documents import document_of, dump
from njst.api.problems import ApiProblem
from njst.api.services import Services
from njst.web import html_report, page
from njst.web.page import Asset

_FOR_EVER = "public, max-age=31536000, immutable"
# The page names its assets by their hashes: an old page would ask a newer worker for old ones.
_ALWAYS_ASK = "no-cache"

Header_ = Annotated[str, Header()]


def create_router(services: Services) -> APIRouter:
    """Return the router of the page."""
    router = APIRouter(tags=["jobs"])

    @router.get("/", include_in_schema=False)
    async def root(request: Request, accept: Header_ = "") -> Response:
        if "text/html" not in accept:
            return RedirectResponse("/docs")
        response = _serve(request, page.load().html, _ALWAYS_ASK)
        response.headers["content-security-policy"] = page.LIVE_POLICY
        response.headers["referrer-policy"] = "no-referrer"
        response.headers.append("vary", "accept")
        return response

    @router.get("/assets/{name}", include_in_schema=False)
    async def get_asset(request: Request, name: str) -> Response:
        asset = page.load().assets.get(name)
        if asset is None:
            raise ApiProblem(404, "http", "the page of this worker has no such file; load it again")
        return _serve(request, asset, _FOR_EVER)

    @router.get("/api/v1/jobs/{job}/report.html", response_class=HTMLResponse)
    async def html_file(job: str) -> Response:
        """Return the final report as a page in one file, which opens from disk and offline."""
        view = services.jobs.get(job)
        if view.ended is None:
            raise ApiProblem(
                409, "not-finished", f"job {job} is {view.phase} and has no report yet"
            )
        report = await services.jobs.whole_report(view)
        document = document_of(view, report.model_copy(update={"workloads": []}))
        data = {"version": __version__, "job": dump(document), "report": dump(report)}
        name = f"njst-{view.id}.html"
        return HTMLResponse(
            html_report.render(page.load(), data),
            headers={"content-disposition": f'inline; filename="{name}"'},
        )

    return router


def _serve(request: Request, asset: Asset, cache_control: str) -> Response:
    headers = {"etag": asset.etag, "cache-control": cache_control, "vary": "accept-encoding"}
    if request.headers.get("if-none-match") == asset.etag:
        return Response(status_code=304, headers=headers)
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers["content-encoding"] = "gzip"
        return Response(asset.packed, media_type=asset.media_type, headers=headers)
    return Response(asset.content, media_type=asset.media_type, headers=headers)
