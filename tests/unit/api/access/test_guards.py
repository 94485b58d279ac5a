"""Requests that a browser sends for a page of another site, by its own name or by another one."""

import httpx
import pytest

from njst.api.access.guarded import Access
from njst.api.access.host_names import HostNames
from tests.unit.api.documents import SPEC, problem
from tests.unit.api.fakes import Mesh

REBOUND = {"host": "evil.example:5000", "origin": "http://evil.example:5000"}
PATHS = ["/", "/api/v1/jobs", "/api/v1/cluster", "/healthz", "/metrics", "/bench", "/docs", "/x"]


@pytest.mark.parametrize("path", PATHS)
async def test_read__for_a_name_that_was_rebound__is_refused(
    http: httpx.AsyncClient, path: str
) -> None:
    answer = await http.get(path, headers=REBOUND)
    document = problem(answer, 421, "unknown-host")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "'evil.example:5000'" in document["detail"]
    assert "NJST_HTTP_ALLOW_HOSTS" in document["detail"]


async def test_write__for_a_name_that_was_rebound__changes_nothing(
    mesh: Mesh, http: httpx.AsyncClient
) -> None:
    problem(await http.post("/api/v1/jobs", json=SPEC, headers=REBOUND), 421, "unknown-host")
    assert mesh.job_store.all_jobs() == []


async def test_name_of_an_ingress__that_is_allowed__is_answered(mesh: Mesh) -> None:
    access = Access(hosts=HostNames(["njst.example.com"]))
    headers = {"host": "njst.example.com", "origin": "https://njst.example.com"}
    async with mesh.client(access=access) as http:
        answer = await http.post("/api/v1/jobs", json=SPEC, headers=headers)
        assert answer.status_code == 201
        problem(await http.get("/version", headers=REBOUND), 421, "unknown-host")


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "http://worker:5001", "null", "", "http://[evil"]
)
async def test_write__of_a_page_of_another_site__changes_nothing(
    mesh: Mesh, http: httpx.AsyncClient, origin: str
) -> None:
    answer = await http.post("/api/v1/jobs", json=SPEC, headers={"origin": origin})
    problem(answer, 403, "cross-site")
    assert mesh.job_store.all_jobs() == []


async def test_write__of_the_own_page__is_answered(http: httpx.AsyncClient) -> None:
    headers = {"origin": "http://worker:5000"}
    assert (await http.post("/api/v1/jobs", json=SPEC, headers=headers)).status_code == 201
