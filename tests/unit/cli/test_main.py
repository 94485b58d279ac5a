"""The command line: what is printed where, and the exit codes that pipelines rely on."""

import json
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from njst.cli import api_client as client_module
from njst.cli.cli_errors import CliError
from njst.cli.exit_codes import ExitCode
from njst.cli.follow.progress_line import progress_line
from njst.cli.main import app
from njst.cli.output import Output, ReportOutput
from njst.cli.report_output import of_verdict
from njst.contract.results.report import Report, Verdict
from njst.report.exports import EXPORTS

RUNNER = CliRunner()

REPORT = {
    "verdict": "Valid",
    "reason": "Completed",
    "createTime": "2026-01-02T03:04:05Z",
    "startTime": "2026-01-02T03:04:06Z",
    "completionTime": "2026-01-02T03:04:08Z",
}
PENDING = {"id": "j1", "name": "orders", "phase": "Pending", "participants": ["a", "b"]}
RUNNING = {
    **PENDING,
    "phase": "Running",
    "workers": {"summary": "2/2"},
    "workloads": [{"workload": "w", "messages": 50, "planned": 200, "messagesPerSecond": 25}],
}


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[httpx.Response]]:
    """A worker that gives the listed answers in turn; the last one again and again."""
    answers: dict[str, list[httpx.Response]] = {}

    def answer(request: httpx.Request) -> httpx.Response:
        queue = answers[f"{request.method} {request.url.path}"]
        return queue.pop(0) if len(queue) > 1 else queue[0]

    real = httpx.Client

    def fake(**options: object) -> httpx.Client:
        return real(transport=httpx.MockTransport(answer), **options)  # type: ignore[arg-type]

    monkeypatch.setattr(client_module.httpx, "Client", fake)
    monkeypatch.setattr("njst.cli.follow.follow_job._MIN_POLL_S", 0)
    monkeypatch.setattr("njst.cli.follow.follow_job._MAX_POLL_S", 0)
    return answers


@pytest.fixture
def job_file(tmp_path: Path) -> str:
    path = tmp_path / "job.yaml"
    path.write_text(
        "streams: [{name: S}]\nworkloads: [{name: w, stream: S, messages: 1, publish: {}}]"
    )
    return str(path)


def ok(document: object, status: int = 200) -> httpx.Response:
    return httpx.Response(status, json=document)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, ExitCode.PASSED),
        ({"verdict": "Invalid", "reason": "ThresholdsFailed"}, ExitCode.THRESHOLDS),
        ({"verdict": "Unknown", "reason": "WorkersLost"}, ExitCode.INCONCLUSIVE),
        ({"verdict": "Invalid", "reason": "Requested"}, ExitCode.CANCELLED),
        ({"verdict": "Invalid", "reason": "StreamExists"}, ExitCode.ERROR),
    ],
)
def test_run_follows_a_job_and_exits_with_its_verdict(
    worker: dict[str, list[httpx.Response]],
    job_file: str,
    changes: dict[str, str],
    code: ExitCode,
) -> None:
    worker["POST /api/v1/jobs"] = [ok(PENDING, 201)]
    worker["GET /api/v1/jobs/j1"] = [ok(PENDING), ok(RUNNING), ok({**RUNNING, "phase": "Failed"})]
    worker["GET /api/v1/jobs/j1/report"] = [ok({**REPORT, **changes})]
    result = RUNNER.invoke(app, ["run", job_file])
    assert result.exit_code == code
    assert "orders" in result.stdout
    assert "Running" in result.stderr, "progress is not part of the result"
    assert "Running" not in result.stdout
    assert "w 50 25% 25/s" in result.stderr


@pytest.mark.parametrize("options", [["run", "--detach"], ["submit"], ["submit", "--dry-run"]])
def test_hints_are_said_apart_from_the_result(
    worker: dict[str, list[httpx.Response]], job_file: str, options: list[str]
) -> None:
    worker["POST /api/v1/jobs"] = [ok({**PENDING, "hints": ["spec.streams[0] (S): one"]}, 201)]
    result = RUNNER.invoke(app, [*options, job_file])
    assert result.stderr == "hint: spec.streams[0] (S): one\n"
    assert result.stdout in ("j1\n", "valid\n")


def test_detach_prints_the_id_alone(worker: dict[str, list[httpx.Response]], job_file: str) -> None:
    worker["POST /api/v1/jobs"] = [ok(PENDING, 201)]
    assert RUNNER.invoke(app, ["run", job_file, "--detach"]).stdout == "j1\n"


@pytest.mark.parametrize("pod", ["", "njst-worker-0"])
def test_open__without_a_screen__prints_the_address(
    worker: dict[str, list[httpx.Response]], monkeypatch: pytest.MonkeyPatch, pod: str
) -> None:
    for name in ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY", "KUBERNETES_SERVICE_HOST"):
        monkeypatch.delenv(name, raising=False)
    if pod:
        monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
        monkeypatch.setattr("socket.gethostname", lambda: pod)
    worker["GET /api/v1/jobs/j1"] = [ok(RUNNING)]
    result = RUNNER.invoke(app, ["open", "j1", "--api", "http://127.0.0.1:5007"])
    assert result.exit_code == 0, result.exception
    assert result.stdout == f"http://127.0.0.1:{5000 if pod else 5007}/#/jobs/j1\n"
    forward = f"kubectl port-forward pod/{pod} 5000:5007"
    assert (forward in result.stderr) == bool(pod)
    assert ("no browser" in result.stderr) == (not pod)


def test_open__no_worker__says_how_to_reach_one_in_a_cluster() -> None:
    result = RUNNER.invoke(app, ["open", "--api", "http://127.0.0.1:1"])
    assert isinstance(result.exception, CliError)
    assert result.exception.code is ExitCode.UNREACHABLE
    assert "kubectl --namespace njst port-forward service/njst 5000:80" in str(result.exception)


def test_a_refused_job_names_its_fields(
    worker: dict[str, list[httpx.Response]], job_file: str
) -> None:
    problem = {
        "title": "x",
        "detail": "the document is invalid",
        "errors": [{"field": "spec.streams", "detail": "Required value"}],
    }
    worker["POST /api/v1/jobs"] = [ok(problem, 422)]
    result = RUNNER.invoke(app, ["run", job_file])
    assert isinstance(result.exception, CliError)
    assert result.exception.code is ExitCode.INVALID_SPEC
    assert str(result.exception) == "the document is invalid\n  spec.streams: Required value"


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"errors": [1]}'])
def test_get__answer_that_is_no_problem_document__is_one_line(
    worker: dict[str, list[httpx.Response]], body: bytes
) -> None:
    worker["GET /api/v1/jobs/j1"] = [httpx.Response(502, content=body)]
    result = RUNNER.invoke(app, ["get", "j1"])
    assert isinstance(result.exception, CliError)
    assert str(result.exception) in ("502 Bad Gateway", "Bad Gateway")


def test_no_worker_is_one_line_that_says_what_to_do() -> None:
    result = RUNNER.invoke(app, ["list", "--api", "http://127.0.0.1:1"])
    assert isinstance(result.exception, CliError)
    assert result.exception.code is ExitCode.UNREACHABLE
    assert "--api" in str(result.exception)


def test_validate_names_every_bad_field(tmp_path: Path) -> None:
    path = tmp_path / "bad.json"
    path.write_text(json.dumps({"streams": [{}], "workloads": [{"name": "X"}]}))
    result = RUNNER.invoke(app, ["validate", str(path)])
    assert result.exit_code == ExitCode.INVALID_SPEC
    assert "spec.streams[0].name:" in result.stderr
    assert "spec.workloads[0].name:" in result.stderr


def test_validate_passes_a_good_one(job_file: str) -> None:
    result = RUNNER.invoke(app, ["validate", job_file])
    assert (result.exit_code, result.stdout) == (0, "valid\n")


def _schedule(**spec: object) -> dict[str, object]:
    job = {
        "streams": [{"name": "S"}],
        "workloads": [{"name": "w", "stream": "S", "messages": 1, "publish": {}}],
    }
    return {
        "apiVersion": "njst.io/v1alpha1",
        "kind": "NjstSchedule",
        "metadata": {"name": "nightly"},
        "spec": {"schedule": "@daily", "jobTemplate": {"spec": job}, **spec},
    }


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (_schedule(), ""),
        (_schedule(scedule="@daily"), "spec.scedule: unknown field"),
        (_schedule(jobTemplate={"spec": {"workloads": []}}), "spec.jobTemplate.spec.workloads:"),
        ({**_schedule(), "metadata": {"name": "n" * 53}}, "metadata.name: must have at most 52"),
        (_schedule(experimentTemplate={"spec": {}}), "spec.experimentTemplate.spec.template:"),
        (_schedule(jobTemplate=None), "exactly one of jobTemplate and experimentTemplate"),
        ({**_schedule(), "apiVersion": "v2"}, "apiVersion:"),
        ({"apiVersion": "njst.io/v1alpha1", "kind": "NjstSchedule"}, "spec: Required value"),
        ({**_schedule(), "kind": "Schedule"}, "kind:"),
    ],
)
def test_validate_takes_a_schedule(document: dict[str, object], said: str, tmp_path: Path) -> None:
    path = tmp_path / "schedule.yaml"
    path.write_text(json.dumps(document))
    result = RUNNER.invoke(app, ["validate", str(path)])
    assert result.exit_code == (ExitCode.INVALID_SPEC if said else 0)
    assert said in result.stderr


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    result = RUNNER.invoke(app, ["validate", str(tmp_path / "none.yaml")])
    assert isinstance(result.exception, CliError)
    assert "No such file" in str(result.exception)


WORKLOAD = {"workload": "w", "kind": "Publish", "messages": 1, "attempted": 1}
ENDED = {**REPORT, "workloads": [WORKLOAD]}


@pytest.mark.parametrize("output", EXPORTS)
@pytest.mark.parametrize("command", ["report", "watch"])
def test_report__in_each_format__prints_that_alone(
    worker: dict[str, list[httpx.Response]], command: str, output: str
) -> None:
    worker["GET /api/v1/jobs/j1"] = [ok({**RUNNING, "phase": "Succeeded"})]
    worker["GET /api/v1/jobs/j1/report"] = [ok(ENDED)]
    result = RUNNER.invoke(app, [command, "j1", "-o", output])
    assert result.exit_code == 0, result.exception
    rendered = EXPORTS[output].render(Report.model_validate(ENDED), "orders")
    assert result.stdout.replace("\r", "") == rendered.replace("\r", "")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["report", "j1", "-o", "csv", "--workload", "x"], "--workload: there is no workload 'x'"),
        (["report", "j1", "-o", "md", "--workload", "w"], "--workload: only with -o csv, hgrm"),
        (["report", "j1", "--workload", "w"], "--workload: only with -o csv, hgrm"),
        (["run", "FILE", "--detach", "-o", "junit"], "-o junit: only a report has this format"),
        (["submit", "FILE", "-o", "md"], "without one use table, json, yaml"),
    ],
)
def test_output__that_cannot_be__is_refused_before_anything_is_done(
    worker: dict[str, list[httpx.Response]], job_file: str, arguments: list[str], said: str
) -> None:
    worker["GET /api/v1/jobs/j1/report"] = [ok(ENDED)]
    result = RUNNER.invoke(app, [job_file if word == "FILE" else word for word in arguments])
    assert isinstance(result.exception, CliError)
    assert result.exception.code is ExitCode.USAGE
    assert said in str(result.exception)


def test_output__formats_of_a_report__are_those_of_documents_exports_and_the_page() -> None:
    assert {*ReportOutput} == {*Output} | {*EXPORTS} | {"html"}


def test_report__as_html__is_the_file_of_the_worker(
    worker: dict[str, list[httpx.Response]],
) -> None:
    worker["GET /api/v1/jobs/j1/report"] = [ok(ENDED)]
    worker["GET /api/v1/jobs/j1/report.html"] = [httpx.Response(200, text="<!doctype html>")]
    result = RUNNER.invoke(app, ["report", "j1", "-o", "html"])
    assert result.stdout == "<!doctype html>"
    assert result.exit_code == 0


def test_report__as_html_of_an_older_worker__says_that_there_is_none(
    worker: dict[str, list[httpx.Response]],
) -> None:
    worker["GET /api/v1/jobs/j1/report"] = [ok(ENDED)]
    worker["GET /api/v1/jobs/j1/report.html"] = [httpx.Response(404, json={"detail": "Not Found"})]
    result = RUNNER.invoke(app, ["report", "j1", "-o", "html"])
    assert isinstance(result.exception, CliError)
    assert str(result.exception) == "Not Found"


def test_a_duration_has_no_share() -> None:
    line = progress_line(
        {**RUNNING, "workloads": [{"workload": "w", "messages": 5, "messagesPerSecond": 1}]}
    )
    assert line.endswith("w 5 1/s")


def test_every_verdict_has_a_code() -> None:
    assert of_verdict(Verdict.VALID, "Completed") == 0
    assert all(of_verdict(verdict, "other") > 0 for verdict in Verdict if verdict != "Valid")
