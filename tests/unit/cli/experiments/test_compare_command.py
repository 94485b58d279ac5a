"""njst compare: two sides with -- between them, and options anywhere."""

import json
from typing import Any

import httpx
import pytest
from click.testing import Result
from typer.testing import CliRunner

from njst.cli import api_client as client_module
from njst.cli.cli_errors import CliError
from njst.cli.exit_codes import ExitCode
from njst.cli.main import app
from njst.comparison.compare import compare
from tests.unit.comparison.runs import runs, spec

ANSWER = json.loads(compare(spec(), runs("a", [1000]), runs("b", [2000])).to_json())


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What a worker was asked; it always has the same answer."""
    bodies: list[dict[str, Any]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        assert (request.method, request.url.path) == ("POST", "/api/v1/comparisons")
        bodies.append(json.loads(request.content))
        return httpx.Response(200, json=ANSWER)

    real = httpx.Client
    monkeypatch.setattr(
        client_module.httpx,
        "Client",
        lambda **given: real(transport=httpx.MockTransport(answer), **given),
    )
    return bodies


def njst(*words: str) -> Result:
    return CliRunner().invoke(app, ["compare", *words])


@pytest.mark.parametrize(
    "words",
    [
        ("a1", "a2", "--", "b1", "-o", "json"),
        ("-o", "json", "a1", "a2", "--", "b1"),
        ("a1", "-o", "json", "a2", "--", "b1"),
    ],
    ids=str,
)
def test_compare__options_anywhere__sides_are_those_around_the_dashes(
    asked: list[dict[str, Any]], words: tuple[str, ...]
) -> None:
    result = njst(*words)
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout) == ANSWER
    assert (asked[0]["first"], asked[0]["second"]) == (["a1", "a2"], ["b1"])
    assert asked[0]["metrics"] == [
        {"metric": "MessagesPerSecond"},
        {"metric": "LatencyP99Microseconds"},
    ]


def test_compare__own_metrics__are_asked_for(asked: list[dict[str, Any]]) -> None:
    njst("a", "--", "b", "--metric", "write:LatencyMaxMicroseconds", "--min-effect-percent", "2")
    assert asked[0]["metrics"] == [{"workload": "write", "metric": "LatencyMaxMicroseconds"}]
    assert asked[0]["minEffectPercent"] == 2


def test_compare__table_and_markdown__say_that_nothing_is_inferred(
    asked: list[dict[str, Any]],
) -> None:
    assert "no inference" in njst("a", "--", "b").stdout
    assert njst("a", "--", "b", "-o", "md").stdout.startswith("| Workload |")
    assert len(asked) == 2


@pytest.mark.parametrize("words", [("a", "b"), ("a", "--"), ("--", "b")])
def test_compare__sides_missing__is_wrong_usage(words: tuple[str, ...]) -> None:
    result = njst(*words)
    assert isinstance(result.exception, CliError)
    assert result.exception.code is ExitCode.USAGE
    assert "njst compare A1 A2 -- B1 B2" in str(result.exception)
