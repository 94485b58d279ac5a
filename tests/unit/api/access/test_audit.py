"""The line of the log that says who changed what."""

import logging
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from njst.api.access.guarded import Access
from njst.journal.log_lines import LineFormatter
from tests.unit.api.access.tokens import EDITOR, VIEWER, bearer, token_file
from tests.unit.api.documents import SPEC, post
from tests.unit.api.fakes import Mesh

FROM = "user=%s from=127.0.0.1"


class Lines(logging.Handler):
    """Keeps the lines as a worker would write them."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(LineFormatter("default"))
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        # The job is known while the line is logged, not later.
        self.lines.append(self.format(record).partition(" INFO mesh=default ")[2])


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Iterator[list[str]]:
    caplog.set_level(logging.INFO, "njst.audit")
    handler = Lines()
    log = logging.getLogger("njst.audit")
    log.addHandler(handler)
    yield handler.lines
    log.removeHandler(handler)


async def test_job__that_is_created_and_cancelled__has_a_line_for_each(
    mesh: Mesh, tmp_path: Path, lines: list[str]
) -> None:
    spec = {**SPEC, "target": {"servers": ["nats://a:4222", "nats://b:4222"]}}
    async with mesh.client(access=Access(authorizer=token_file(tmp_path))) as http:
        answer = await http.post("/api/v1/jobs", json=spec, headers=bearer(EDITOR))
        job = answer.json()["id"]
        await http.post(f"/api/v1/jobs/{job}/cancel", headers=bearer(VIEWER))
        await http.post("/api/v1/jobs", json=spec)
        await http.get("/api/v1/jobs", headers=bearer(VIEWER))
    target = "target=nats://a:4222,nats://b:4222"
    create, cancel = (
        "action=create path=/api/v1/jobs",
        f"action=patch path=/api/v1/jobs/{job}/cancel",
    )
    assert lines == [
        f"job={job} resource=- audit {FROM % 'ci@build'} {create} {target} status=201",
        f"job=- resource=- audit {FROM % 'grafana'} {cancel} status=403",
        f"job=- resource=- audit {FROM % '-'} {create} status=401",
    ]
    assert EDITOR not in str(lines)


async def test_job__without_tokens__has_the_address_alone(
    http: httpx.AsyncClient, lines: list[str]
) -> None:
    job = await post(http)
    await http.delete(f"/api/v1/jobs/{job}")
    assert [line.split(" path=")[0] for line in lines] == [
        f"job={job} resource=- audit user=- from=127.0.0.1 action=create",
        f"job={job} resource=- audit user=- from=127.0.0.1 action=delete",
    ]
    assert " target=control status=201" in lines[0]


async def test_name__with_line_ends__stays_in_its_line(
    http: httpx.AsyncClient, lines: list[str]
) -> None:
    await http.delete("/api/v1/jobs/a%0Ab%20user=root%1B")
    path = '"/api/v1/jobs/a\\nb user=root\\u001b"'
    assert lines == [f"job=- resource=- audit {FROM % '-'} action=delete path={path} status=404"]
