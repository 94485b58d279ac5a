"""Folders that are removed with their process, or at the latest by the next process.

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
        """Take over the descriptor of a locked folder."""
        self._descriptor = descriptor

    @classmethod
    def on(cls, folder: Path) -> Self | None:
        """Return a hold, or None if the folder does not exist or is held by another process."""
        try:
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        except FileNotFoundError:
            return None
        hold = cls(descriptor)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # The previous holder may have deleted it, and another one may have its name now.
            if os.path.samestat(os.fstat(descriptor), folder.stat()):
                return hold
        except (BlockingIOError, FileNotFoundError):
            pass
        hold.release()
        return None

    def release(self) -> None:
        """Release the folder; a second call has no effect."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


class Tie:
    """Ties another process to this one: reading `lifeline` ends when this process ends."""

    def __init__(self, hold: Hold) -> None:
        """Take over a hold, which then ends with the rest."""
        self._hold = hold
        self.lifeline, self._keep = os.pipe()

    def end(self) -> None:
        """Release; may be called only once."""
        os.close(self._keep)
        os.close(self.lifeline)
        self._hold.release()


@contextmanager
def temporary_folder(prefix: str, parent: Path = DISK) -> Iterator[Path]:
    """Yield a folder of this process; remove those of killed processes first."""
    for left in parent.glob(f"{prefix}*"):
        if hold := Hold.on(left):
            shutil.rmtree(left, ignore_errors=True)
            hold.release()
    while True:
        folder = Path(tempfile.mkdtemp(dir=parent, prefix=prefix))
        # Another process may have removed it as a remain.
        if hold := Hold.on(folder):
            break
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        hold.release()
