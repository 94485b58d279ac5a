"""`python -m devenv.kubernetes run`, as a person uses it."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def run_command() -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-m", "devenv.kubernetes", "run"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    ) as process:
        yield process
        process.kill()


def _kubeconfig(process: subprocess.Popen[str]) -> Path:
    """Wait until the server answers; return the kubeconfig that the command printed."""
    assert process.stdout is not None
    return Path(process.stdout.readline().strip().removeprefix("export KUBECONFIG="))


def _child_running(process: subprocess.Popen[str], program: str) -> int:
    """Return the pid of the command's child that runs the program."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    [pid] = (pid for pid in children if Path(f"/proc/{pid}/comm").read_text().strip() == program)
    return int(pid)


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_it_leaves_tidily_when_interrupted(
    run_command: subprocess.Popen[str], sent: signal.Signals
) -> None:
    kubeconfig = _kubeconfig(run_command)
    assert kubeconfig.is_file()
    run_command.send_signal(sent)
    assert run_command.wait(60) == 0
    assert not kubeconfig.parent.exists()


def test_it_ends_with_an_error_when_a_server_does(run_command: subprocess.Popen[str]) -> None:
    _kubeconfig(run_command)
    os.kill(_child_running(run_command, "etcd"), signal.SIGKILL)
    _, said = run_command.communicate(timeout=60)
    assert run_command.returncode == 1
    assert "error: etcd ended by itself with exit code -9" in said
