"""A child ends with its parent, in whatever way the parent ends, and not before."""

import os
import select
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from njst.local.child_process import ChildProcess
from njst.local.local_errors import LocalServerError

SLEEP = [sys.executable, "-S", "-c", "import time; time.sleep(600)"]
_IGNORE_SIGTERM = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("deaf")
time.sleep(600)
"""
DEAF = [sys.executable, "-S", "-u", "-c", _IGNORE_SIGTERM]


def _ended_within(pid: int, timeout_s: float) -> bool:
    """Whether the process, somebody else's child, is gone or a zombie in time."""
    try:
        pidfd = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        poll = select.poll()
        poll.register(pidfd, select.POLLIN)
        return bool(poll.poll(timeout_s * 1e3))
    finally:
        os.close(pidfd)


def _pid_of_the_child_of(parent: str, tmp_path: Path) -> int:
    """Let a process start a child and then do what `parent` says; return the child's pid."""
    program = f"""
import os
from pathlib import Path
from njst.local.child_process import ChildProcess
child = ChildProcess({DEAF!r}, Path({str(tmp_path / "log")!r}))
print(child.pid, flush=True)
{parent}
"""
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        return int(process.stdout.readline())


_UNTIL_THE_CHILD_RUNS = 'while "deaf" not in child.log_tail(): child.wait(0.01)\n'


@pytest.mark.parametrize(
    "parent",
    [
        pytest.param(_UNTIL_THE_CHILD_RUNS + "os.kill(os.getpid(), 9)", id="is killed"),
        pytest.param(_UNTIL_THE_CHILD_RUNS + "os._exit(0)", id="leaves without cleaning up"),
        pytest.param(_UNTIL_THE_CHILD_RUNS, id="comes to its end"),
        pytest.param("os.kill(os.getpid(), 9)", id="is killed before the child runs"),
    ],
)
def test_child__parent_ends__ends(parent: str, tmp_path: Path) -> None:
    assert _ended_within(_pid_of_the_child_of(parent, tmp_path), 60)


def test_child__starting_thread_ends__goes_on(tmp_path: Path) -> None:
    with ThreadPoolExecutor(1) as executor:
        child = executor.submit(ChildProcess, SLEEP, tmp_path / "log").result(60)
    assert child.wait(0.2) is None
    child.kill()


def test_child__handle_closed__ends(tmp_path: Path) -> None:
    child = ChildProcess(SLEEP, tmp_path / "log")
    pid = child.pid
    del child
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


@pytest.mark.parametrize(("code", "expected"), [("sys.exit(3)", 3), ("os.kill(0, 9)", -9)])
def test_child__exits__has_the_exit_code(tmp_path: Path, code: str, expected: int) -> None:
    child = ChildProcess([sys.executable, "-S", "-c", f"import os, sys; {code}"], tmp_path / "log")
    assert child.wait(60) == expected
    child.kill()
    assert child.exit_code() == expected


def test_stop__sigterm_ignored__kills(tmp_path: Path) -> None:
    child = ChildProcess(DEAF, tmp_path / "log")
    while "deaf" not in child.log_tail():
        assert child.wait(0.01) is None
    child.stop(grace_s=0.05)
    assert child.exit_code() == -signal.SIGKILL


def test_stop__grandchildren__ends_them(tmp_path: Path) -> None:
    program = f"import subprocess; p = subprocess.Popen({SLEEP!r}); print(p.pid, flush=True)"
    child = ChildProcess([sys.executable, "-c", f"{program}; p.wait()"], tmp_path / "log")
    while not child.log_tail():
        assert child.wait(0.01) is None
    grandchild = int(child.log_tail())
    child.stop()
    assert _ended_within(grandchild, 60)


def test_log_tail__second_run__has_this_run_only(tmp_path: Path) -> None:
    for run in ("first", "second"):
        child = ChildProcess([sys.executable, "-S", "-c", f"print({run!r})"], tmp_path / "log")
        assert child.wait(60) == 0
        child.kill()
        assert child.log_tail() == run
    assert (tmp_path / "log").read_text() == "first\nsecond\n"


def test_child__log_cannot_be_opened__names_it(tmp_path: Path) -> None:
    with pytest.raises(LocalServerError, match=r"cannot start .*nowhere"):
        ChildProcess(SLEEP, tmp_path / "nowhere" / "log")
