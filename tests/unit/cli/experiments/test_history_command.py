"""njst history: what it asks a worker for, and what it prints."""

import json

import httpx
import pytest
from click.testing import Result
from typer.testing import CliRunner

from njst.cli import api_client as client_module
from njst.cli.cli_errors import CliError
from njst.cli.exit_codes import ExitCode
from njst.cli.main import app
from tests.unit.report.experiments.test_history_text import CHANGED

ANSWER = json.loads(CHANGED.to_json())
CSV = "time,job\n"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[httpx.URL]:
    """What a worker was asked; it knows one name."""
    urls: list[httpx.URL] = []

    def answer(request: httpx.Request) -> httpx.Response:
        urls.append(request.url)
        if request.url.params["name"] != "nightly":
            return httpx.Response(404, json={"detail": "no job has this name"})
        if request.url.path.endswith(".csv"):
            return httpx.Response(200, text=CSV)
        return httpx.Response(200, json=ANSWER)

    real = httpx.Client
    monkeypatch.setattr(
        client_module.httpx,
        "Client",
        lambda **given: real(transport=httpx.MockTransport(answer), **given),
    )
    return urls


def njst(*words: str) -> Result:
    return CliRunner().invoke(app, ["history", *words])


def test_history__name_alone__leaves_the_rest_to_the_worker(asked: list[httpx.URL]) -> None:
    result = njst("nightly")
    assert result.exit_code == 0, result.output
    assert "CHANGE POINTS" in result.stdout
    assert asked[0].path == "/api/v1/history"
    expected = {"name": "nightly", "limit": "200", "minEffectPercent": "5"}
    assert dict(asked[0].params) == expected


def test_history__all_options__are_asked_for(asked: list[httpx.URL]) -> None:
    options = ("-n", "load", "--spec", "abc", "--workload", "w", "--limit", "9")
    metrics = ("--metric", "LatencyMaxMicroseconds", "--metric", "BytesPerSecond")
    njst("nightly", *options, *metrics, "--min-effect-percent", "2")
    params = asked[0].params
    assert params.get_list("metric") == ["LatencyMaxMicroseconds", "BytesPerSecond"]
    assert (params["namespace"], params["spec"], params["workload"]) == ("load", "abc", "w")
    assert (params["limit"], params["minEffectPercent"]) == ("9", "2")


def test_history__other_formats__are_printed(asked: list[httpx.URL]) -> None:
    assert json.loads(njst("nightly", "-o", "json").stdout) == ANSWER
    assert njst("nightly", "-o", "md").stdout.startswith("### nightly")
    assert njst("nightly", "-o", "otava", "--namespace", "").stdout == CSV
    assert dict(asked[-1].params) == {"name": "nightly", "namespace": "", "limit": "200"}


def test_history__unknown_name__is_an_error(asked: list[httpx.URL]) -> None:
    result = njst("other")
    assert isinstance(result.exception, CliError)
    assert (result.exception.code, str(result.exception)) == (
        ExitCode.ERROR,
        "no job has this name",
    )
