"""docs/api.md and /docs say what there is, and nothing else."""

import re
from pathlib import Path

import httpx

from njst.api.access.guarded import Access
from njst.api.access.host_names import HostNames
from njst.api.pages.docs_page import _PROBLEMS
from njst.journal.state.job_view import Phase
from tests.unit.api.fakes import Mesh

PAGE = (Path(__file__).parents[3] / "docs" / "api.md").read_text()


def operations(mesh: Mesh) -> set[str]:
    return {
        f"{method.upper()} {path}"
        for path, methods in mesh.app().openapi()["paths"].items()
        for method in methods
    }


def test_the_page_has_each_operation_with_a_command(mesh: Mesh) -> None:
    sections = dict(
        re.findall(r"^### `([A-Z]+ /[^`]*)`\n(.*?)(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL)
    )
    assert sections.keys() == operations(mesh)
    assert [name for name, text in sections.items() if "curl " not in text] == []


async def test_the_served_page_has_each_operation(mesh: Mesh, http: httpx.AsyncClient) -> None:
    served = (await http.get("/docs")).text
    shown = re.findall(r"<h3[^>]*><span class=method>([A-Z]+)</span>\s*([^<]+)</h3>", served)
    assert {f"{method} {path.strip()}" for method, path in shown} == operations(mesh)


def test_the_page_has_each_problem_and_each_phase() -> None:
    assert set(re.findall(r"`/docs#problem-([a-z-]+)`", PAGE)) == set(_PROBLEMS)
    phases = re.search(r"`phase` \(([^)]*)\), `cursor`", PAGE)
    assert phases is not None
    assert re.findall(r"`(\w+)`", phases[1]) == list(Phase)


async def test_served_page__commands__name_the_address_that_was_asked(mesh: Mesh) -> None:
    transport = httpx.ASGITransport(mesh.app())
    for address in ("http://worker-7.example:5000", "https://njst.example"):
        async with httpx.AsyncClient(transport=transport, base_url=address) as http:
            served = (await http.get("/docs")).text
        commands = re.findall(r"<pre>(curl [^<]*)</pre>", served)
        assert len(commands) == len(operations(mesh))
        assert all(f" {address}/" in command for command in commands)
        assert "\0" not in served


async def test_served_page__host_of_a_stranger__is_escaped(mesh: Mesh) -> None:
    async with mesh.client(access=Access(hosts=HostNames(["*"]))) as http:
        served = (await http.get("/docs", headers={"host": "a<script>"})).text
    assert "<title>njst" in served
    assert "<script>" not in served


async def test_served_page__parameters__have_their_values(http: httpx.AsyncClient) -> None:
    served = (await http.get("/docs")).text
    assert f"<td><code>phase</code><td>query<td>{', '.join(Phase)}" in served
    assert "<td><code>Idempotency-Key</code><td>header<td>string" in served
    assert "`" not in served
