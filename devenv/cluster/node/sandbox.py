"""The namespaces that a node lives in, and the one process whose end is the end of all of it."""

import os
import shutil
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from devenv.cluster.cluster_errors import ClusterError
from devenv.cluster.node.processes import Process, processes
from njst.local.wait_until import wait_until

_INIT = Path(__file__).parent / "node-init.sh"
_NAMESPACES = ("--net", "--mount", "--pid", "--ipc", "--uts")
_START_TIMEOUT_S = 20.0
_END_TIMEOUT_S = 30.0
_TOOLS = ("unshare", "nsenter", "setsid", "pivot_root", "mount")


@dataclass(frozen=True)
class Root:
    """What a node's file system is made of; see node-init.sh."""

    packages: Path
    api: Path
    node: Path


@dataclass(frozen=True)
class Sandbox:
    """Running namespaces, known by their first process."""

    first: Process

    @property
    def pid(self) -> int:
        return self.first.pid

    @property
    def running(self) -> bool:
        return self.first.running

    def argv(self, *command: str, namespaces: Sequence[str] = _NAMESPACES) -> list[str]:
        """Return the command that runs `command` inside."""
        return ["nsenter", "--target", str(self.pid), *namespaces, "--", *command]

    def run(self, *command: str, stdin: str = "", timeout_s: float = 60.0) -> str:
        """Run a command inside to its end; return what it prints.

        Raises:
            ClusterError: it failed, or took longer than `timeout_s`.
        """
        return run(self.argv(*command), stdin=stdin, timeout_s=timeout_s)

    def launch(self, log: str, *command: str) -> None:
        """Start a program inside that runs until it ends by itself or `end` is called.

        `log` is a name in the node's /var/log.
        """
        detached = f'exec setsid --fork "$@" >> /var/log/{log} 2>&1 < /dev/null'
        self.run("/bin/sh", "-c", detached, "sh", *command)

    def end(self) -> None:
        """Kill everything inside; return when the kernel has taken all of it away.

        Raises:
            ClusterError: a process does not die within half a minute.
        """
        if not self.running:
            return
        pidfd = os.pidfd_open(self.pid)
        try:
            if self.running:
                signal.pidfd_send_signal(pidfd, signal.SIGKILL)
        finally:
            os.close(pidfd)
        if wait_until(lambda: "the end" if self.running else None, _END_TIMEOUT_S):
            raise ClusterError(
                f"process {self.pid} does not end; see `ps -o stat,wchan {self.pid}`"
            )


def start(
    state: Path, root: Root, *, hostname: str, address: str, lifeline: int | None = None
) -> Sandbox:
    """Make the namespaces below `state`, a folder on a disk.

    They last until `end`, or until the pipe `lifeline` is closed by all who could write into it:
    the kernel does so when such a process ends, in whatever way.

    Raises:
        ClusterError: not root, a tool or a feature of the kernel is missing.
    """
    check_machine()
    log = state / "init.log"
    arguments = (state, root.packages, root.api, root.node, hostname, address)
    lasts = ("sleep", "infinity") if lifeline is None else ("cat",)
    with log.open("w") as output:
        # Its own session, and no child of this process: it outlives the command that started it.
        subprocess.run(
            [
                *("setsid", "--fork", "unshare", *_NAMESPACES),
                *("--propagation", "private", "--fork", "--kill-child=KILL"),
                *("/bin/sh", str(_INIT), *(str(argument) for argument in arguments), *lasts),
            ],
            stdin=subprocess.DEVNULL if lifeline is None else lifeline,
            stdout=output,
            stderr=output,
            check=True,
        )
    if wait_until(lambda: _lacks(state), _START_TIMEOUT_S) is not None:
        end_all(state)
        raise ClusterError(f"the node's namespaces cannot be made:\n{log.read_text()}")
    return find(state)[0]


def find(state: Path) -> list[Sandbox]:
    """Return the sandboxes that were made below `state` and run: one, or after a fault more."""
    everything = processes()
    # Not the script's own path: another tree's node is found as well.
    marks = ["/bin/sh", str(state)]
    makers = {
        process.pid
        for process in everything
        if process.argv[:1] == ("unshare",) and _contains(process.argv, marks)
    }
    return [Sandbox(process) for process in everything if process.parent in makers]


def end_all(state: Path) -> None:
    """End every sandbox that was made below `state`."""
    for sandbox in find(state):
        sandbox.end()


def _lacks(state: Path) -> str | None:
    found = find(state)
    if found and Path(f"/proc/{found[0].pid}/root/run/njst-node").exists():
        return None
    return "its root"


def _contains(argv: Sequence[str], words: Sequence[str]) -> bool:
    return all(word in argv for word in words)


def check_machine() -> None:
    """Check for what no package provides.

    Raises:
        ClusterError: not root, or a tool is missing.
    """
    if os.geteuid() != 0:
        raise ClusterError("a node needs root: it mounts, and makes namespaces and cgroups")
    missing = [tool for tool in _TOOLS if shutil.which(tool) is None]
    if missing:
        raise ClusterError(f"{', '.join(missing)} missing: install util-linux and mount")


def run(argv: Sequence[str], *, stdin: str = "", timeout_s: float = 60.0) -> str:
    """Run a command; return its output.

    Raises:
        ClusterError: it failed, or took longer than `timeout_s`; with what it said.
    """
    try:
        done = subprocess.run(
            argv, input=stdin, capture_output=True, text=True, timeout=timeout_s, check=False
        )
    except subprocess.TimeoutExpired:
        raise ClusterError(f"{' '.join(argv)}: no end after {timeout_s:g} s") from None
    if done.returncode != 0:
        raise ClusterError(f"{' '.join(argv)}: {(done.stderr or done.stdout).strip()}")
    return done.stdout
