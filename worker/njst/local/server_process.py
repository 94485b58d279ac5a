"""A server program on this machine: started, awaited, ended, and started again."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from njst.local.child_process import STOP_GRACE_S, ChildProcess
from njst.local.local_errors import LocalServerError
from njst.local.wait_until import wait_until


@dataclass(frozen=True)
class Command:
    """How a server is started; the same for every start.

    `argv[0]` is an absolute path; `log` takes the output of all its runs; `env` replaces the
    environment (None: this process's own).
    """

    name: str
    argv: Sequence[str]
    log: Path
    env: Mapping[str, str] | None = None


class ServerProcess:
    """Runs one `Command`, at most once at a time.

    `missing` looks at the running server once and returns what it still lacks, in words for a
    person, or None when it is ready; an OSError counts as "does not answer".
    """

    def __init__(self, command: Command, missing: Callable[[], str | None]) -> None:
        self.command = command
        self._missing = missing
        self._child: ChildProcess | None = None

    @property
    def pid(self) -> int:
        """The pid of the running program.

        Raises:
            LocalServerError: it is not running.
        """
        return self._running_child().pid

    @property
    def running(self) -> bool:
        return self._child is not None and self._child.exit_code() is None

    def check_running(self) -> None:
        """Do nothing while the program runs.

        Raises:
            LocalServerError: it was not started, was stopped, or ended by itself; in the last
                case with its last log lines.
        """
        self._running_child()

    def launch(self) -> None:
        """Start the program without waiting for it; do nothing when it runs."""
        if self.running:
            return
        self.kill()
        self._child = ChildProcess(self.command.argv, self.command.log, env=self.command.env)

    def lacking(self) -> str | None:
        """Look once at the running server; return what it lacks, None when it is ready.

        Raises:
            OSError: it does not answer.
            LocalServerError: it has ended; with its last log lines.
        """
        self.check_running()
        return self._missing()

    def wait_ready(self, timeout_s: float) -> None:
        """Return when the server answers.

        Raises:
            LocalServerError: it ended, or lacks something after `timeout_s`; with what it lacks
                and its own last log lines.
        """
        lacking = wait_until(self.lacking, timeout_s)
        if lacking is not None:
            late = f"is not ready after {timeout_s:g} s: {lacking}"
            raise _failure(self.command.name, late, self._running_child())

    def restart(self, timeout_s: float, grace_s: float = STOP_GRACE_S) -> None:
        """Stop the program if it runs, start it as before, and wait until it answers."""
        self.stop(grace_s)
        self.launch()
        self.wait_ready(timeout_s)

    def stop(self, grace_s: float = STOP_GRACE_S) -> None:
        """Ask the program to end, and make it end after `grace_s`; do nothing when it has."""
        if self._child is not None:
            self._child.stop(grace_s)
            self._child = None

    def kill(self) -> None:
        """End the program as a crash would; do nothing when it has ended."""
        if self._child is not None:
            self._child.kill()
            self._child = None

    def _running_child(self) -> ChildProcess:
        if self._child is None:
            raise LocalServerError(f"{self.command.name} is not running")
        code = self._child.exit_code()
        if code is not None:
            raise _failure(self.command.name, f"ended by itself with exit code {code}", self._child)
        return self._child


def _failure(name: str, what: str, child: ChildProcess) -> LocalServerError:
    tail = child.log_tail()
    said = f"; its last log lines:\n{tail}" if tail else "; it logged nothing"
    return LocalServerError(f"{name} {what}{said}")
