"""One child process that cannot outlive this one.

The usual means, PR_SET_PDEATHSIG, ends the child with the *thread* that started it, so a server
started in an executor would die with the executor; and it needs code between fork and exec, which
is unsafe in a process with threads. Here the kernel watches a pipe instead: when the last write
end closes, because this process ended in whatever way, it sends the child SIGKILL. (A fork of this
process that does not exec holds a write end too.)
"""

import contextlib
import fcntl
import os
import select
import signal
import subprocess
import sys
import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path

from njst.local.local_errors import LocalServerError

# Runs in the child before the program takes its place: same pid, and the signal's owner and the
# pipe's read end survive the exec. The poll covers a parent that died before the signal was set.
_GUARD = """
import fcntl, os, select, signal, sys
lifeline = int(sys.argv[1])
fcntl.fcntl(lifeline, fcntl.F_SETOWN, os.getpid())
fcntl.fcntl(lifeline, fcntl.F_SETSIG, signal.SIGKILL)
fcntl.fcntl(lifeline, fcntl.F_SETFL, os.O_ASYNC)
poll = select.poll()
poll.register(lifeline, 0)
if poll.poll(0):
    sys.exit("the process that started this one is gone")
os.execv(sys.argv[2], sys.argv[2:])
"""

STOP_GRACE_S = 10.0


class ChildProcess:
    """A started program with its output in a file; ended at the latest when this handle is.

    It leads a process group of its own: Ctrl-C in a terminal reaches this process alone, which
    then ends its servers in the right order, and what the program started ends with it.
    """

    def __init__(
        self, argv: Sequence[str], log: Path, *, env: Mapping[str, str] | None = None
    ) -> None:
        """Start `argv`, whose first word is an absolute path; append its output to `log`.

        Raises:
            LocalServerError: not on Linux, or the log or the program cannot be opened.
        """
        if not hasattr(fcntl, "F_SETSIG"):
            raise LocalServerError("local servers need Linux: nothing else ends them with us")
        self._log = log
        lifeline, keep = os.pipe()
        try:
            with log.open("ab") as output:
                self._log_start_bytes = output.seek(0, os.SEEK_END)
                self._process = subprocess.Popen(
                    [sys.executable, "-I", "-S", "-c", _GUARD, str(lifeline), *argv],
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    env=env,
                    pass_fds=[lifeline],
                    process_group=0,
                )
        except OSError as error:
            os.close(keep)
            raise LocalServerError(f"cannot start {argv[0]}: {error}") from error
        finally:
            os.close(lifeline)
        self.pid = self._process.pid
        self._end = weakref.finalize(self, _end, self._process, keep)

    def exit_code(self) -> int | None:
        """Return how the program ended (negative: by that signal), or None while it runs."""
        return self.wait(0)

    def wait(self, timeout_s: float) -> int | None:
        """Return how the program ended, or None when it still runs after `timeout_s`.

        Leaves it a zombie until `kill` or `stop`, so that its pid cannot become another's before
        the last signal to its group is sent.
        """
        if self._process.returncode is not None:
            return self._process.returncode
        pidfd = os.pidfd_open(self.pid)
        try:
            poll = select.poll()
            poll.register(pidfd, select.POLLIN)
            if not poll.poll(timeout_s * 1e3):
                return None
        finally:
            os.close(pidfd)
        ended = os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT)
        assert ended is not None, "only WNOHANG returns nothing"
        return ended.si_status if ended.si_code == os.CLD_EXITED else -ended.si_status

    def stop(self, grace_s: float = STOP_GRACE_S) -> None:
        """Ask the program to end (SIGTERM); end it (SIGKILL) when it has not after `grace_s`."""
        if self.exit_code() is None:
            _signal_group(self.pid, signal.SIGTERM)
            self.wait(grace_s)
        self.kill()

    def kill(self) -> None:
        """End the program as a crash would (SIGKILL); return when it is gone."""
        self._end()

    def log_tail(self, lines: int = 12) -> str:
        """Return the last lines that this run of the program wrote."""
        with self._log.open("rb") as log:
            log.seek(self._log_start_bytes)
            written = log.read().decode(errors="replace").splitlines()
        return "\n".join(written[-lines:])


def _end(process: subprocess.Popen[bytes], lifeline: int) -> None:
    """End what is left of the group, reap the leader, and let the lifeline go."""
    _signal_group(process.pid, signal.SIGKILL)
    process.wait()
    os.close(lifeline)


def _signal_group(leader_pid: int, sent: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(leader_pid, sent)
