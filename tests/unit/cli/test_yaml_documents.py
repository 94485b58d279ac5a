"""A document means the same through the command and through HTTP as to the parser of both."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from njst.cli import api_client as client_module
from njst.cli.main import app
from njst.contract.parsing.document import parse_document, parse_spec
from njst.contract.parsing.field_errors import InvalidDocumentError
from tests.unit.api.fakes import URL, Mesh
from tests.unit.contract.parsing.scalars import SCALARS
from tests.unit.contract.parsing.yaml_documents import DOCUMENTS

TEXT = (
    "description: %s\nworkloads: [{name: w, messages: 1, core: {operation: Publish, subject: a}}]\n"
)
CASES = DOCUMENTS | {scalar: TEXT % scalar for scalar in SCALARS}


@pytest.fixture(scope="module")
def transport() -> Iterator[httpx.MockTransport]:
    """A worker in memory, for clients that do not know of event loops."""
    api = asyncio.run(Mesh.open()).app()

    async def ask(request: httpx.Request) -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(api), base_url=URL) as http:
            answer = await http.request(
                request.method, request.url, content=request.content, headers=request.headers
            )
            return httpx.Response(answer.status_code, json=answer.json())

    return httpx.MockTransport(lambda request: asyncio.run(ask(request)))


@pytest.mark.parametrize("text", CASES.values(), ids=CASES)
def test_document__by_the_command__is_what_the_parser_reads(
    monkeypatch: pytest.MonkeyPatch, transport: httpx.MockTransport, tmp_path: Path, text: str
) -> None:
    real = httpx.Client
    monkeypatch.setattr(
        client_module.httpx,
        "Client",
        lambda **options: real(**{**options, "transport": transport}),
    )
    file = tmp_path / "job.yaml"
    file.write_bytes(text.encode())
    result = CliRunner().invoke(app, ["submit", str(file), "--dry-run", "--output", "json"])
    try:
        spec = parse_document(text.encode()).spec
    except InvalidDocumentError as error:
        assert result.exit_code != 0
        for problem in error.problems:
            assert str(problem) in str(result.exception)
    else:
        assert result.exit_code == 0, result.exception
        assert parse_spec(json.loads(result.stdout)["spec"]) == spec
