"""The njst command on a real mesh: through a worker, and straight to the control NATS."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nats
import pytest
import yaml
from click.testing import Result
from typer.testing import CliRunner

from njst.cli.cli_errors import CliError
from njst.cli.exit_codes import ExitCode
from njst.cli.main import app
from njst.local.nats_server import NatsServer
from tests.nats.mesh.mesh import Mesh, endless_job, publish_job

Njst = Callable[..., Result]


@pytest.fixture(params=["worker", "NATS"])
def njst(request: pytest.FixtureRequest, mesh: Mesh) -> Njst:
    """The command, by each of its doors; one address is of nobody."""
    door = {
        "worker": ("--api", f"http://127.0.0.1:1,{mesh.workers[1].url}"),
        "NATS": ("--nats", mesh.nats.url),
    }[request.param]

    def call(*words: str, text: str | None = None) -> Result:
        return CliRunner().invoke(app, [*words, *door], input=text)

    return call


def said(result: Result) -> Any:
    assert result.exit_code == 0, (result.output, result.exception)
    return json.loads(result.stdout)


def test_a_job_from_its_submission_to_its_report(njst: Njst, mesh: Mesh, tmp_path: Path) -> None:
    path = tmp_path / "job.yaml"
    path.write_text(yaml.safe_dump(publish_job(messages=1_001)))
    submitted = njst("submit", str(path))
    assert submitted.exit_code == 0, submitted.output
    job = submitted.stdout.strip()
    watched = njst("watch", job)
    assert watched.exit_code == ExitCode.PASSED
    assert watched.stdout.startswith("PASSED")
    assert "Running" in watched.stderr or "Succeeded" in watched.stderr
    mesh.wait_ended_everywhere(job)
    assert said(njst("report", job, "-o", "json")) == mesh.report(job)
    junit = mesh.http.get(f"{mesh.workers[0].url}/api/v1/jobs/{job}/report.junit.xml")
    assert njst("report", job, "-o", "junit").stdout == junit.text
    windows = njst("report", job, "-o", "csv").stdout.splitlines()[1:]
    assert sum(int(window.split(",")[3]) for window in windows) == 1_001
    shown = yaml.safe_load(njst("get", job, "-o", "yaml").stdout)
    assert (shown["id"], shown["phase"]) == (job, "Succeeded")
    assert shown["workloads"][0]["messages"] == 1_001
    assert [j["id"] for j in said(njst("list", "--phase", "Succeeded", "-o", "json"))] == [job]
    assert said(njst("list", "--phase", "Running", "-o", "json")) == []
    assert job in njst("list").stdout


def test_a_job_from_stdin_is_followed_and_its_verdict_is_the_exit_code(njst: Njst) -> None:
    members = said(njst("cluster", "-o", "json"))
    assert [member["name"] for member in members] == ["w0", "w1", "w2"]
    assert len(njst("cluster").stdout.splitlines()) == 4
    failing = publish_job(thresholds=[{"metric": "Messages", "atMost": 5}])
    done = njst("submit", "-", "--watch", text=json.dumps(failing))
    assert done.exit_code == ExitCode.THRESHOLDS, (done.output, done.exception)
    assert done.stdout.startswith("FAILED")


def test_a_job_that_runs_is_cancelled_and_what_is_wrong_is_named(njst: Njst) -> None:
    job = njst("submit", "-", text=json.dumps(endless_job())).stdout.strip()
    assert njst("get", job).stdout.split()[0] in ("Pending", "Running")
    early = njst("report", job)
    assert isinstance(early.exception, CliError)
    assert "no report" in str(early.exception)
    assert njst("cancel", job).exit_code == 0
    assert njst("cancel", job).exit_code == 0, "twice is harmless"
    assert njst("watch", job).exit_code == ExitCode.CANCELLED
    refused = njst("submit", "-", "--dry-run", text=json.dumps({"workloads": [{"name": "W"}]}))
    assert isinstance(refused.exception, CliError)
    assert refused.exception.code is ExitCode.INVALID_SPEC
    assert "spec.workloads[0].name:" in str(refused.exception)
    unknown = njst("watch", "nothing")
    assert isinstance(unknown.exception, CliError)
    assert str(unknown.exception) == "there is no job 'nothing'"
    assert njst("submit", "-", "--dry-run", text=json.dumps(publish_job())).stdout == "valid\n"


def test_open__starts_the_browser_at_the_page_of_the_job(mesh: Mesh, tmp_path: Path) -> None:
    """The browser is a script that writes down its address."""
    opened = tmp_path / "opened"
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\nprintf %s "$1" > {opened}\n')
    browser.chmod(0o755)
    job, api = mesh.post(endless_job()), mesh.workers[2].url
    done = subprocess.run(
        [sys.executable, "-m", "njst.cli.main", "open", job, "--api", f"http://127.0.0.1:1,{api}"],
        env={**os.environ, "BROWSER": f"{browser} %s"},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout == f"{api}/#/jobs/{job}\n"
    assert opened.read_text() == done.stdout.strip()
    assert _is_page(mesh, done.stdout)

    command = [sys.executable, "-m", "njst.cli.main", "open", job, "--nats", mesh.nats.url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as serving:
        assert serving.stdout is not None
        address = serving.stdout.readline()
        assert address.endswith(f"/#/jobs/{job}\n")
        assert _is_page(mesh, address), "the command itself serves it"
        serving.send_signal(signal.SIGINT)
        assert serving.wait(60) == 0


def _is_page(mesh: Mesh, address: str) -> bool:
    shown = mesh.http.get(address.strip(), headers={"accept": "text/html"})
    return shown.text.startswith("<!doctype html>")


async def test_a_nats_without_the_mesh_is_said_and_gets_no_streams(nats_server: NatsServer) -> None:
    result = CliRunner().invoke(app, ["list", "--nats", nats_server.url, "--mesh", "wrong"])
    assert isinstance(result.exception, CliError)
    assert result.exception.code is ExitCode.UNREACHABLE
    assert "no mesh 'wrong'" in str(result.exception)
    client = await nats.connect(nats_server.url)
    try:
        assert await client.jetstream().streams_info() == []
    finally:
        await client.close()


def test_a_nats_that_is_not_there_is_one_line() -> None:
    result = CliRunner().invoke(app, ["list", "--nats", "nats://127.0.0.1:1"])
    assert isinstance(result.exception, CliError)
    assert result.exception.code is ExitCode.UNREACHABLE
