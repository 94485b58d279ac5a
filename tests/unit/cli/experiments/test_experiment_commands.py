"""njst experiment: a line for each trial, the table at the end, and the verdict as exit code."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import Result
from typer.testing import CliRunner

from devenv.environment import ROOT
from njst.cli import api_client as client_module
from njst.cli.cli_errors import CliError
from njst.cli.exit_codes import ExitCode
from njst.cli.main import app

EXAMPLES = sorted((ROOT / "examples" / "experiments").glob("*.yaml"))
URL = "/api/v1/experiments"


def trial(number: int, **changes: Any) -> dict[str, Any]:
    plan = {"number": number, "purpose": "Climb", "messagesPerSecond": 100, "windowSeconds": 5}
    return {"plan": plan, "job": f"x-1-t{number}", "judgement": "Held", "reason": "Held", **changes}


RUNNING: dict[str, Any] = {
    "id": "x-1",
    "name": "rate",
    "phase": "Running",
    "reason": "TrialRuns",
    "message": "trial 1 is Running",
    "points": [{"size": 16}],
    "trials": [trial(0)],
    "searches": [],
    "comparisons": [],
}
LATE = trial(1, judgement="Breached", reason="RateNotAchieved", message="w achieved 80 of 100")
FOUND = {
    "point": 0,
    "repeat": 0,
    "outcome": "Found",
    "trials": 2,
    "lowerMessagesPerSecond": 90,
    "isLowerConfirmed": True,
    "upperMessagesPerSecond": 110,
}
ENDED = {
    **RUNNING,
    "phase": "Succeeded",
    "reason": "Found",
    "message": "the target sustains 90",
    "verdict": "Valid",
    "trials": [trial(0), LATE],
    "searches": [FOUND],
}


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[dict[str, Any]]]:
    """A worker that gives the listed answers in turn; the last one again and again."""
    answers: dict[str, list[dict[str, Any]]] = {f"POST {URL}": [RUNNING]}

    def answer(request: httpx.Request) -> httpx.Response:
        queue = answers[f"{request.method} {request.url.path}"]
        return httpx.Response(200, json=queue.pop(0) if len(queue) > 1 else queue[0])

    real = httpx.Client
    monkeypatch.setattr(
        client_module.httpx,
        "Client",
        lambda **given: real(transport=httpx.MockTransport(answer), **given),
    )
    monkeypatch.setattr("njst.cli.experiments.experiment_commands._MAX_POLL_S", 0)
    return answers


def njst(*words: str) -> Result:
    return CliRunner().invoke(app, ["experiment", *words], input="{}")


def test_run__prints_each_trial_once_and_the_table(worker: dict[str, Any]) -> None:
    worker[f"GET {URL}/x-1"] = [RUNNING, RUNNING, ENDED]
    done = njst("run", "-")
    assert done.exit_code == ExitCode.PASSED, done.exception
    assert done.stderr.splitlines() == [
        "experiment x-1 of 1 points",
        "trial 0  size=16  Climb 100/s for 5 s  Held",
        "trial 1  size=16  Climb 100/s for 5 s  Breached: w achieved 80 of 100",
    ]
    lines = done.stdout.splitlines()
    assert lines[:2] == ["PASSED  rate: Found", "  the target sustains 90"]
    assert "size=16  0       Found    90/s       110/s          2" in lines
    assert lines[-1].startswith("1      size=16  Climb")


@pytest.mark.parametrize(
    ("verdict", "reason", "code"),
    [
        ("Unknown", "TesterLimited", ExitCode.INCONCLUSIVE),
        ("Unknown", "TimeOver", ExitCode.INCONCLUSIVE),
        ("Invalid", "NotFound", ExitCode.ERROR),
        ("Invalid", "ThresholdsFailed", ExitCode.THRESHOLDS),
        ("Invalid", "Requested", ExitCode.CANCELLED),
    ],
)
def test_run__verdict__is_the_exit_code(
    worker: dict[str, Any], verdict: str, reason: str, code: ExitCode
) -> None:
    worker[f"GET {URL}/x-1"] = [{**ENDED, "verdict": verdict, "reason": reason}]
    assert njst("run", "-").exit_code == code


def test_run__longer_than_the_time_out__says_where_it_is(worker: dict[str, Any]) -> None:
    worker[f"GET {URL}/x-1"] = [RUNNING]
    done = njst("run", "-", "--timeout", "0")
    assert isinstance(done.exception, CliError)
    assert done.exception.code is ExitCode.TIMEOUT
    assert str(done.exception) == "experiment x-1 is still Running: trial 1 is Running"


def test_run__interrupted__leaves_the_experiment_running(
    worker: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(_: object) -> None:
        raise KeyboardInterrupt

    worker[f"GET {URL}/x-1"] = [RUNNING]
    monkeypatch.setattr("njst.cli.experiments.experiment_commands.time.sleep", interrupt)
    done = njst("run", "-")
    assert isinstance(done.exception, CliError)
    assert done.exception.code is ExitCode.INTERRUPTED
    assert "njst experiment cancel x-1 ends it" in str(done.exception)


def test_other_commands__print_what_was_asked_for(worker: dict[str, Any]) -> None:
    worker[f"GET {URL}/x-1"] = [ENDED]
    item = {**ENDED, "trialCount": 2, "bestMessagesPerSecond": 90, "createTime": "now"}
    worker[f"GET {URL}"] = [{"items": [item]}]
    worker[f"POST {URL}/x-1/cancel"] = [{**RUNNING, "phase": "Cancelling"}]
    assert njst("run", "-", "--detach").stdout == "x-1\n"
    assert njst("get", "x-1").stdout.startswith("PASSED  rate: Found")
    assert json.loads(njst("get", "x-1", "-o", "json").stdout) == ENDED
    assert njst("list").stdout.splitlines()[1].split()[:5] == [
        *("x-1", "rate", "Succeeded", "2", "90/s")
    ]
    assert njst("cancel", "x-1").stdout == "Cancelling\n"
    for verb, phase in (("suspend", "Suspended"), ("resume", "Running")):
        worker[f"POST {URL}/x-1/{verb}"] = [{**RUNNING, "phase": phase}]
        assert njst(verb, "x-1").stdout == f"{phase}\n"


@pytest.mark.parametrize(
    ("output", "begins"),
    [
        ("table", "PASSED  rate: Found"),
        ("json", '{\n  "id": "x-1"'),
        ("yaml", "id: x-1\n"),
        ("csv", "trial,job,point,repeat,"),
        ("md", "## ✅ Passed: rate\n"),
    ],
)
def test_report__in_each_format__has_the_verdict_as_exit_code(
    worker: dict[str, Any], output: str, begins: str
) -> None:
    worker[f"GET {URL}/x-1"] = [ENDED]
    done = njst("report", "x-1", "-o", output)
    assert (done.exit_code, done.stdout[: len(begins)]) == (ExitCode.PASSED, begins)
    worker[f"GET {URL}/x-1"] = [{**ENDED, "verdict": "Unknown", "reason": "TesterLimited"}]
    assert njst("report", "x-1", "-o", output).exit_code == ExitCode.INCONCLUSIVE


def test_report__as_a_page__is_that_of_the_worker(worker: dict[str, Any]) -> None:
    worker[f"GET {URL}/x-1"] = [ENDED]
    worker[f"GET {URL}/x-1/report.html"] = [{"page": 1}]
    assert json.loads(njst("report", "x-1", "-o", "html").stdout) == {"page": 1}


def test_report__before_the_end__says_how_far_it_is(worker: dict[str, Any]) -> None:
    worker[f"GET {URL}/x-1"] = [RUNNING]
    done = njst("report", "x-1")
    assert isinstance(done.exception, CliError)
    assert str(done.exception) == "experiment x-1 is Running and has no report yet"


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_validate__example__is_valid(example: Path) -> None:
    result = CliRunner().invoke(app, ["validate", str(example)])
    assert (result.exit_code, result.stdout) == (0, "valid\n")


def test_validate__bad_experiment__names_the_field() -> None:
    text = EXAMPLES[0].read_text().replace("precisionPercent: 5", "precisionPercent: 500")
    result = CliRunner().invoke(app, ["validate", "-"], input=text)
    assert result.exit_code == ExitCode.INVALID_SPEC
    assert result.stderr.startswith("spec.search.precisionPercent: ")
