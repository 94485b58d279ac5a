"""What ci/ has for GitHub, GitLab and Argo Rollouts, run as these would run it."""

import json
import os
import shlex
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import yaml

from njst.cli.exit_codes import ExitCode
from njst.comparison.facts import SPEC_FACT, spec_digest
from njst.contract.parsing.document import parse_spec
from njst.contract.results.comparison import Baseline, BaselineRun
from tests.nats.mesh.mesh import Mesh, endless_job, publish_job

CI = Path(__file__).parents[3] / "ci"
SCRIPT = CI / "njst-ci.sh"
PATIENCE_S = 120.0
MISSED = [{"metric": "MessagesPerSecond", "atLeast": 10**9}]
REPORTS = {
    *("report.json", "junit.xml", "summary.md", "report.html", "bencher.json"),
    *("benchmark-action-bigger.json", "benchmark-action-smaller.json"),
}


def _start(
    command: list[str], folder: Path, api: str = "", **variables: str
) -> subprocess.Popen[str]:
    """Start a command in a folder, as a step of CI would."""
    found = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    plain = {name: value for name, value in os.environ.items() if not name.startswith("NJST_")}
    given = {"PATH": found, **({"NJST_API": api} if api else {}), **variables}
    return subprocess.Popen(
        command,
        cwd=folder,
        env={**plain, **given},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _run(command: list[str], folder: Path, api: str = "", **variables: str) -> tuple[int, str]:
    with _start(command, folder, api, **variables) as process:
        said, _ = process.communicate(timeout=PATIENCE_S)
    return process.returncode, said


def _write(folder: Path, job: dict[str, Any]) -> str:
    (folder / "job.yaml").write_text(yaml.safe_dump(job))
    return "job.yaml"


def _baseline(job: dict[str, Any]) -> Baseline:
    """Return a baseline of a run of a job that had all of its messages."""
    facts = {SPEC_FACT: spec_digest(parse_spec(job))}
    values = {w["name"]: {"Messages": w["messages"]} for w in job["workloads"]}
    runs = [BaselineRun(job="a", facts=facts, values=values)]
    return Baseline(name="good", create_time=datetime(2026, 1, 1, tzinfo=UTC), runs=runs)


def test_script__without_a_mesh__starts_one_for_the_job(tmp_path: Path) -> None:
    summary, output = tmp_path / "summary", tmp_path / "output"
    limit = {"metric": "Messages", "relativeTo": "good", "atLeastPercent": 100}
    job = publish_job(messages=1_001, thresholds=[limit])
    (tmp_path / "good.json").write_bytes(_baseline(job).to_json())
    code, said = _run(
        [str(SCRIPT), _write(tmp_path, job), "out"],
        tmp_path,
        # Without it the job would be refused: the NATS is new.
        NJST_BASELINE="good.json",
        GITHUB_STEP_SUMMARY=str(summary),
        GITHUB_OUTPUT=str(output),
    )
    assert code == ExitCode.PASSED, said
    folder = tmp_path / "out"
    assert {path.name for path in folder.iterdir()} == {*REPORTS, "dev.log"}
    assert json.loads((folder / "report.json").read_text())["verdict"] == "Valid"
    assert summary.read_text() == (folder / "summary.md").read_text()
    assert output.read_text().splitlines()[1] == "folder=out"
    assert "nothing is left running" in (folder / "dev.log").read_text()


def test_ci__on_a_mesh__ends_with_the_verdict_and_leaves_no_load(
    mesh: Mesh, tmp_path: Path
) -> None:
    api = mesh.workers[0].url
    # The script, of a job that misses a threshold: the reports are there all the same.
    command = [str(SCRIPT), _write(tmp_path, publish_job(thresholds=MISSED))]
    code, said = _run(command, tmp_path, api)
    assert code == ExitCode.THRESHOLDS, said
    suite = ET.parse(tmp_path / "njst-report" / "junit.xml").getroot()[0]
    assert suite.attrib["failures"] == "1"
    # The script, of a step that is cancelled.
    _write(tmp_path, endless_job())
    process = _start([str(SCRIPT), "job.yaml", "cancelled"], tmp_path, api)
    _terminate_when_it_runs(mesh, process)
    assert process.returncode == ExitCode.CANCELLED
    assert {path.name for path in (tmp_path / "cancelled").iterdir()} == REPORTS
    # GitLab: one script of all lines, and what comes after it.
    _write(tmp_path, publish_job(thresholds=MISSED))
    job = yaml.safe_load((CI / "gitlab" / "njst.gitlab-ci.yml").read_text())[".njst"]
    lines = ["set -eo pipefail", *job["script"]]
    given = {"NJST_JOB": "job.yaml", "CI_JOB_ID": "17"}
    code, said = _run(["bash", "-c", "\n".join(lines)], tmp_path, api, **given)
    assert code == ExitCode.THRESHOLDS, said
    assert (tmp_path / job["artifacts"]["reports"]["junit"]).read_text().startswith("<?xml")
    assert (tmp_path / job["artifacts"]["paths"][0]).read_text().startswith("<!doctype html>")
    code, said = _run(["bash", "-c", "\n".join(job["after_script"])], tmp_path, api)
    assert (code, said) == (0, "Failed\n")
    # Argo Rollouts: the command of the pod, and the end of a pod that is deleted.
    container = _argo_container()
    words = [word.replace("/job/", f"{tmp_path}/") for word in container["command"]]
    assert _run(words, tmp_path, api)[0] == ExitCode.THRESHOLDS
    _write(tmp_path, endless_job())
    process = _start(words, tmp_path, api)
    _terminate_when_it_runs(mesh, process)
    assert process.returncode == ExitCode.CANCELLED
    phases = {one["phase"] for one in mesh.http.get(f"{api}/api/v1/jobs").json()["items"]}
    assert phases == {"Failed", "Cancelled"}


def _terminate_when_it_runs(mesh: Mesh, process: subprocess.Popen[str]) -> None:
    """Send SIGTERM once a line of the progress says that the job runs; read the rest."""
    with process:
        assert process.stdout is not None
        assert any("Running" in line for line in process.stdout)
        process.send_signal(signal.SIGTERM)
        process.stdout.read()
        process.wait(PATIENCE_S)


def _argo_container() -> dict[str, Any]:
    template = yaml.safe_load((CI / "argo-rollouts" / "analysis-template.yaml").read_text())
    (metric,) = template["spec"]["metrics"]
    (container,) = metric["provider"]["job"]["spec"]["template"]["spec"]["containers"]
    made: dict[str, Any] = container
    return made


def test_github_action__steps__name_files_and_variables_that_are_there() -> None:
    action = yaml.safe_load((CI / "github" / "action.yml").read_text())
    install, run = action["runs"]["steps"]
    root = install["env"]["NJST_SOURCE"].replace("${{ github.action_path }}", str(CI / "github"))
    assert (Path(root) / "pyproject.toml").exists()
    script = run["env"]["NJST_SCRIPT"].replace("${{ github.action_path }}", str(CI / "github"))
    assert Path(script).resolve() == SCRIPT
    used = {word.strip("$") for word in shlex.split(run["run"])[1:]}
    assert used <= {*run["env"]}
    inputs = {f"${{{{ inputs.{name} }}}}" for name in action["inputs"]}
    assert inputs == {value for value in run["env"].values() if "inputs." in value}
