"""A command on a terminal of its own, with a result that goes elsewhere."""

import fcntl
import os
import pty
import re
import select
import struct
import sys
import termios
import time
from collections.abc import Callable
from dataclasses import dataclass, field

CTRL_C = b"\x03"
_ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_TIMEOUT_S = 90.0
_SIZE = ("COLUMNS", "LINES")
_ROWS, _COLUMNS = 40, 120


@dataclass
class TerminalProgram:
    """A program whose stdin and stderr are a terminal, and whose stdout is a pipe.

    Attributes:
        screen: what the program has written to its terminal so far.
    """

    pid: int
    _terminal: int
    _result: int
    screen: str = ""
    _stdout: bytearray = field(default_factory=bytearray)

    def press(self, keys: bytes) -> None:
        """Type on the terminal."""
        os.write(self._terminal, keys)

    def wait_for(self, reached: Callable[[str], bool]) -> None:
        """Return as soon as `reached` holds of the text that came to the terminal since the call.

        The text has no escape sequences, such as those for colours.
        """
        give_up_s = time.monotonic() + _TIMEOUT_S
        seen = len(self.screen)
        while not reached(_ESCAPE.sub("", self.screen[seen:])):
            assert time.monotonic() < give_up_s, f"not reached: {self.screen[-4000:]!r}"
            assert self._read(), f"it ended: {self.screen[-4000:]!r}"

    def wait(self) -> tuple[int, str]:
        """Return the exit code and all of stdout once the program has ended."""
        give_up_s = time.monotonic() + _TIMEOUT_S
        while self._read():
            assert time.monotonic() < give_up_s, f"it goes on: {self.screen[-4000:]!r}"
        _, status = os.waitpid(self.pid, 0)
        os.close(self._terminal)
        os.close(self._result)
        return os.waitstatus_to_exitcode(status), self._stdout.decode()

    def _read(self) -> bool:
        """Read what there is within a while; return False at the end of stdout and terminal."""
        ready, _, _ = select.select([self._terminal, self._result], [], [], 1.0)
        if self._result in ready and (data := os.read(self._result, 65_536)):
            self._stdout += data
            return True
        if self._terminal in ready:
            try:
                self.screen += os.read(self._terminal, 65_536).decode(errors="replace")
            except OSError:  # the program has closed it, and with it what it was
                return False
        return True


def start_on_terminal(*arguments: str, **environment: str) -> TerminalProgram:
    """Start `njst` with these arguments."""
    result, stdout = os.pipe()
    pid, terminal = pty.fork()
    if not pid:
        os.dup2(stdout, 1)
        command = [sys.executable, "-m", "njst.cli.main", *arguments]
        # A size in the environment, such as that of a test runner, would hide that of the terminal.
        own = {name: value for name, value in os.environ.items() if name not in _SIZE}
        os.execvpe(sys.executable, command, {**own, "TERM": "xterm", **environment})
    os.close(stdout)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", _ROWS, _COLUMNS, 0, 0))
    return TerminalProgram(pid, terminal, result)
