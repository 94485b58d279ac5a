"""njst baseline: what a worker is asked, files, and what an older worker says."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import Result
from typer.testing import CliRunner

from njst.cli import api_client as client_module
from njst.cli.cli_errors import CliError
from njst.cli.exit_codes import ExitCode
from njst.cli.main import app
from njst.cli.report_output import of_verdict
from njst.comparison.baseline_file import baseline_text
from njst.contract.results.report import Verdict
from tests.unit.comparison.test_baselines import BASELINE

DOCUMENT = json.loads(BASELINE.to_json())
SUMMARY = {"name": "main", "runCount": 3, "spec": "abc", "createTime": "2026-01-01T00:00:00Z"}


class Worker:
    """A worker that has one baseline, or an answer to everything."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, Any]] = []
        self.answer: httpx.Response | None = None

    def __call__(self, request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content) if request.content else None
        self.asked.append((request.method, request.url.path, body))
        if self.answer is not None:
            return self.answer
        if request.method == "DELETE":
            return httpx.Response(204)
        is_list = request.url.path == "/api/v1/baselines"
        return httpx.Response(200, json={"items": [SUMMARY]} if is_list else DOCUMENT)


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> Worker:
    found, real = Worker(), httpx.Client
    monkeypatch.setattr(
        client_module.httpx,
        "Client",
        lambda **given: real(transport=httpx.MockTransport(found), **given),
    )
    return found


def njst(*words: str) -> Result:
    return CliRunner().invoke(app, ["baseline", *words])


def test_save__jobs__are_sent_and_kept_in_a_file(worker: Worker, tmp_path: Path) -> None:
    file = tmp_path / "main.json"
    done = njst("save", "main", "a", "b", "--with-unproven", "--file", str(file))
    assert (done.exit_code, done.stdout) == (0, "baseline main of 3 runs is saved\n")
    asked = {"jobs": ["a", "b"], "withUnproven": True}
    assert worker.asked == [("PUT", "/api/v1/baselines/main", asked)]
    assert file.read_bytes() == baseline_text(BASELINE)


def test_load__file__is_sent_under_its_name_or_another(worker: Worker, tmp_path: Path) -> None:
    file = tmp_path / "main.json"
    file.write_bytes(baseline_text(BASELINE))
    assert njst("load", str(file)).exit_code == 0
    assert njst("load", str(file), "--name", "other").exit_code == 0
    assert worker.asked == [
        ("PUT", "/api/v1/baselines/main", DOCUMENT),
        ("PUT", "/api/v1/baselines/other", DOCUMENT),
    ]


@pytest.mark.parametrize("text", [b"name: main", b"{}", b'{"format": "njst.baseline/v2"}'])
def test_load__no_baseline__is_refused_here(worker: Worker, tmp_path: Path, text: bytes) -> None:
    file = tmp_path / "main.json"
    file.write_bytes(text)
    done = njst("load", str(file))
    assert isinstance(done.exception, CliError)
    assert done.exception.code == ExitCode.INVALID_SPEC
    assert worker.asked == []


def test_list_and_show__tables__have_names_runs_and_numbers(worker: Worker) -> None:
    assert "main  3     abc" in njst("list").stdout
    shown = njst("show", "main").stdout
    assert "write     MessagesPerSecond  3     1,000   980     1,030" in shown
    assert json.loads(njst("show", "main", "-o", "json").stdout) == DOCUMENT


def test_rm__baseline__is_removed_without_a_word(worker: Worker) -> None:
    done = njst("rm", "a/b")
    assert (done.exit_code, done.stdout) == (0, "")
    assert worker.asked == [("DELETE", "/api/v1/baselines/a/b", None)]


def test_command__older_worker__says_that_it_is_too_old(worker: Worker) -> None:
    body = {"type": "/docs#problem-http", "status": 404, "detail": "Not Found"}
    worker.answer = httpx.Response(404, json=body)
    for words in (("list",), ("show", "main"), ("rm", "main"), ("save", "main", "a")):
        done = njst(*words)
        assert isinstance(done.exception, CliError)
        assert "too old" in str(done.exception)
        assert "/api/v1/baselines" in str(done.exception)


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        ("ThresholdsFailed", 99),
        ("ThresholdAborted", 99),
        ("Regression", 91),
        ("RegressionAborted", 91),
    ],
)
def test_exit_code__missed_threshold__says_whether_it_is_a_regression(
    reason: str, code: int
) -> None:
    assert of_verdict(Verdict.INVALID, reason) == code
    assert of_verdict(Verdict.UNKNOWN, reason) == ExitCode.INCONCLUSIVE
