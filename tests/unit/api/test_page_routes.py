"""The page of a worker, its files, and the report in one file."""

import gzip
import re

import httpx
import pytest

from njst.contract.results.tallies import WorkloadTally
from njst.web import page
from tests.unit.api.documents import post, problem
from tests.unit.api.fakes import Mesh
from tests.unit.web.test_html_report import data_in

BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


async def test_root__browser__gets_the_page_under_a_strict_policy(http: httpx.AsyncClient) -> None:
    answer = await http.get("/", headers=BROWSER)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'" in policy
    assert "unsafe" not in policy
    assert answer.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("accept", ["*/*", "application/json", ""])
async def test_root__program__is_led_to_the_docs(http: httpx.AsyncClient, accept: str) -> None:
    answer = await http.get("/", headers={"accept": accept})
    assert (answer.status_code, answer.headers["location"]) == (307, "/docs")


async def test_assets__that_the_page_names__are_served_for_ever(http: httpx.AsyncClient) -> None:
    html = (await http.get("/", headers=BROWSER)).text
    names = re.findall(r"assets/[\w.-]+", html)
    assert [name.rsplit(".")[-1] for name in names] == ["css", "js", "json", "js"]
    for name in names:
        answer = await http.get(f"/{name}")
        assert answer.content == page.load().assets[name.removeprefix("assets/")].content
        assert answer.headers["cache-control"].endswith("immutable")
        assert answer.headers["x-content-type-options"] == "nosniff"
        tag = {"if-none-match": answer.headers["etag"]}
        assert (await http.get(f"/{name}", headers=tag)).status_code == 304


@pytest.mark.parametrize("encoding", ["gzip, br", "identity"])
async def test_page__encoding_that_the_browser_takes(mesh: Mesh, encoding: str) -> None:
    async with mesh.client() as http:
        request = http.build_request("GET", "/", headers={**BROWSER, "accept-encoding": encoding})
        answer = await http.send(request, stream=True)
        raw = b"".join([part async for part in answer.aiter_raw()])
    packed = encoding != "identity"
    assert (answer.headers.get("content-encoding") == "gzip") is packed
    assert "accept-encoding" in answer.headers["vary"]
    assert (gzip.decompress(raw) if packed else raw) == page.load().html.content


async def test_asset_of_another_version__is_not_found(http: httpx.AsyncClient) -> None:
    problem(await http.get("/assets/page-000000000000.js"), 404, "http")


async def test_html_report__running_job__is_refused(mesh: Mesh, http: httpx.AsyncClient) -> None:
    job = await post(http)
    problem(await http.get(f"/api/v1/jobs/{job}/report.html"), 409, "not-finished")


async def test_html_report__unknown_job__is_refused(http: httpx.AsyncClient) -> None:
    problem(await http.get("/api/v1/jobs/nobody/report.html"), 404, "unknown-job")


async def test_html_report__has_the_job_and_its_report(mesh: Mesh, http: httpx.AsyncClient) -> None:
    job = await post(http)
    await mesh.start(job)
    tally = WorkloadTally(workload="w", messages=100, bytes=1000, elapsed_us=500_000)
    await mesh.end(job, dict.fromkeys(("n1", "n2", "n3"), tally))
    answer = await http.get(f"/api/v1/jobs/{job}/report.html")
    assert answer.headers["content-disposition"] == f'inline; filename="njst-{job}.html"'
    data = data_in(answer.text)
    assert data["report"] == (await http.get(f"/api/v1/jobs/{job}/report")).json()
    document = (await http.get(f"/api/v1/jobs/{job}")).json()
    assert data["job"] == {**document, "workloads": []}
