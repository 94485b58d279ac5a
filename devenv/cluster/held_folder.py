"""Folders that go with the process that made them, at the latest when the next one comes.

A lock on the folder itself, flock(2), says whether its maker lives: the kernel frees it however
that process ended. So what a killed one left can be told from what another one needs.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

DISK = Path("/var/tmp")  # where /tmp may be memory


class Hold:
    """A folder held by this process until `release`."""

    def __init__(self, descriptor: int) -> None:
        """Take the descriptor of a locked folder."""
        self._descriptor = descriptor

    @classmethod
    def on(cls, folder: Path) -> Self | None:
        """Return a hold; None when there is no such folder, or somebody has it."""
        try:
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        except FileNotFoundError:
            return None
        hold = cls(descriptor)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Who had it may have deleted it, and another one of that name may be there.
            if os.path.samestat(os.fstat(descriptor), folder.stat()):
                return hold
        except (BlockingIOError, FileNotFoundError):
            pass
        hold.release()
        return None

    def release(self) -> None:
        """Let others have the folder; the second time does nothing."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


class Tie:
    """Binds what another process does to this one: `lifeline` reads nothing, and ends with it."""

    def __init__(self, hold: Hold) -> None:
        """Take over a hold, which then ends with the rest."""
        self._hold = hold
        self.lifeline, self._keep = os.pipe()

    def end(self) -> None:
        """Let go; only once."""
        os.close(self._keep)
        os.close(self.lifeline)
        self._hold.release()


@contextmanager
def temporary_folder(prefix: str, parent: Path = DISK) -> Iterator[Path]:
    """Give a folder of this process's own; those of processes that were killed go first."""
    for left in parent.glob(f"{prefix}*"):
        if hold := Hold.on(left):
            shutil.rmtree(left, ignore_errors=True)
            hold.release()
    while True:
        folder = Path(tempfile.mkdtemp(dir=parent, prefix=prefix))
        # Another process may have taken it for one that was left.
        if hold := Hold.on(folder):
            break
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        hold.release()
