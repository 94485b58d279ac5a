"""njst run on a terminal: the panel, and Ctrl-C once, twice, and late."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from njst.cli.exit_codes import ExitCode
from tests.nats.mesh.mesh import Mesh, endless_job, publish_job
from tests.nats.mesh.pseudo_terminal import CTRL_C, start_on_terminal


@pytest.fixture
def mesh(start_mesh: Callable[..., Mesh]) -> Mesh:
    return start_mesh(1)


def test_run__on_a_terminal__draws_a_panel_and_ctrl_c_prints_what_was_measured(
    mesh: Mesh, tmp_path: Path
) -> None:
    path = tmp_path / "job.json"
    path.write_text(json.dumps(endless_job()))
    program = start_on_terminal("run", str(path), "--api", mesh.workers[0].url, "-o", "json")
    program.wait_for(lambda screen: " p99 of each second " in screen and "/s " in screen)
    assert "\x1b[1m" in program.screen, "it has styles"
    program.press(CTRL_C)
    program.wait_for(lambda screen: "cancelling, measurements are kept" in screen)
    code, result = program.wait()
    assert code == ExitCode.CANCELLED
    report = json.loads(result)
    assert report["reason"] == "Requested"
    assert report["workloads"][0]["messages"] > 0

    program = start_on_terminal("run", str(path), "--api", mesh.workers[0].url, NO_COLOR="1")
    program.wait_for(lambda screen: "│ Running  1 of 1 workers run the load" in screen)
    assert "\x1b[3" not in program.screen, "it has no colours"
    job = program.screen.split()[1]
    program.press(CTRL_C)
    program.wait_for(lambda screen: "Ctrl-C again leaves the job running" in screen)
    program.press(CTRL_C)
    code, result = program.wait()
    assert (code, result) == (ExitCode.INTERRUPTED, "")
    assert f"njst: job {job} goes on; njst watch {job} follows it" in program.screen
    assert mesh.job(job)["phase"] == "Running", "nobody cancelled it"

    program = start_on_terminal("watch", job, "--api", mesh.workers[0].url)
    program.wait_for(lambda screen: "Ctrl-C leaves; the job goes on" in screen)
    program.press(CTRL_C)
    code, result = program.wait()
    assert (code, result) == (ExitCode.INTERRUPTED, "")
    assert mesh.job(job)["phase"] == "Running"


def test_run__to_the_end__leaves_the_result_alone_on_stdout(mesh: Mesh, tmp_path: Path) -> None:
    path = tmp_path / "job.json"
    path.write_text(json.dumps(publish_job(messages=101)))
    program = start_on_terminal("run", str(path), "--api", mesh.workers[0].url)
    code, result = program.wait()
    assert code == ExitCode.PASSED
    assert result.startswith("PASSED  ")
    assert "\x1b" not in result
    assert program.screen.endswith("\x1b[2K"), "the panel is gone"
    assert program.screen.rindex("\x1b[?25h") > program.screen.rindex("\x1b[?25l"), "no cursor"
