"""The processes of this machine, as /proc tells them."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Process:
    """One process: `started` (clock ticks since boot) tells it from a later one of the same pid."""

    pid: int
    parent: int
    started: int
    argv: tuple[str, ...]

    @property
    def running(self) -> bool:
        """Whether it still is there; one that ended and was not waited for is not."""
        now = _look(Path(f"/proc/{self.pid}"))
        return now is not None and now.started == self.started


def processes() -> list[Process]:
    """Return all that run; those that come or go meanwhile may be missing."""
    found = (_look(folder) for folder in Path("/proc").glob("[0-9]*"))
    return [process for process in found if process is not None]


def _look(folder: Path) -> Process | None:
    """Read a process of /proc; None when it is gone or a zombie."""
    try:
        stat = (folder / "stat").read_text()
        argv = (folder / "cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The name before it is in brackets, and may have brackets and spaces itself: proc_pid_stat(5).
    fields = stat[stat.rindex(")") + 2 :].split()
    if fields[0] in {"Z", "X"}:
        return None
    return Process(
        pid=int(folder.name),
        parent=int(fields[1]),
        started=int(fields[19]),
        argv=tuple(argv.decode(errors="replace").split("\0")[:-1]),
    )
