"""A program of the demo that ends by itself ends the demo, with its last lines."""

import sys
import threading
from pathlib import Path

import pytest

from devenv.child_watch import ChildEndedError, watched
from devenv.environment import renewed
from njst.local.server_process import Command, ServerProcess


def _service(code: str, folder: Path) -> ServerProcess:
    argv = [sys.executable, "-S", "-c", code]
    return ServerProcess(Command("operator-1", argv, folder / "log"), lambda: None)


def test_a_child_that_ends_by_itself_ends_the_wait_with_its_last_lines(tmp_path: Path) -> None:
    service = _service("print('no login'); raise SystemExit(3)", tmp_path)
    service.launch()
    with (
        pytest.raises(
            ChildEndedError, match=r"operator-1 ended by itself with exit code 3(.|\n)*no login"
        ),
        watched(service.check_running, look_s=0.01),
    ):
        threading.Event().wait(60)


def test_children_that_run_disturb_nobody(tmp_path: Path) -> None:
    service = _service("import time; time.sleep(600)", tmp_path)
    service.launch()
    looked = threading.Event()

    def check() -> None:
        service.check_running()
        looked.set()

    with watched(check, look_s=0.01):
        assert looked.wait(60)
    service.kill()


def test_ctrl_c_stays_ctrl_c() -> None:
    with pytest.raises(KeyboardInterrupt), watched(lambda: None):
        raise KeyboardInterrupt


def test_logins_are_renewed_until_the_end() -> None:
    thrice, calls = threading.Event(), []

    def login() -> None:
        calls.append(1)
        if len(calls) == 3:
            thrice.set()

    # An environment of other tests in this process may have its own.
    before = set(threading.enumerate())
    with renewed(login, period_s=0.001):
        assert thrice.wait(60)
    assert not set(threading.enumerate()) - before
