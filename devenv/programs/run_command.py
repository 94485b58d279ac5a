"""Runs commands that take minutes."""

import time
from collections.abc import Callable

from devenv.programs.tool_errors import ToolMissingError
from njst.local.child_process import ChildProcess
from njst.local.server_process import Command

_LOOK_EVERY_S = 0.5


def run(command: Command, *, timeout_s: float, beat: Callable[[], None]) -> None:
    """Run the command, calling `beat` twice a second; its child processes end with it.

    Raises:
        ToolMissingError: it failed, or took longer than `timeout_s`; with its last lines.
    """
    deadline_s = time.monotonic() + timeout_s
    child = ChildProcess(command.argv, command.log, env=command.env)
    try:
        while (code := child.wait(_LOOK_EVERY_S)) is None:
            beat()
            if time.monotonic() > deadline_s:
                raise ToolMissingError(f"{command.name} takes longer than {timeout_s:.0f} s")
        if code != 0:
            raise ToolMissingError(f"{command.name} failed:\n{child.log_tail()}")
    finally:
        child.kill()
