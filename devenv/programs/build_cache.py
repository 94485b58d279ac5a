"""A cache of built programs outside the tree; a folder appears complete or not at all."""

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from devenv.programs.tool_errors import ToolMissingError
from devenv.progress import Progress

_STAMP = "SOURCE"
_LOCK_TIMEOUT_S = 30 * 60
_LOCK_POLL_S = 0.2


def default_cache() -> "Cache":
    """Return `${XDG_CACHE_HOME:-~/.cache}/njst/kubernetes`."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Cache(Path(home) / "njst" / "kubernetes")


class Cache:
    """Folders by name, each with a stamp of its sources."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def find(self, name: str, stamp: str) -> Path | None:
        """Return the folder if it exists and has this stamp."""
        folder = self.root / name
        try:
            made_from = (folder / _STAMP).read_text()
        except FileNotFoundError:
            return None
        return folder if made_from == stamp else None

    def publish(self, name: str, stamp: str, fill: Callable[[Path], None]) -> Path:
        """Let `fill` fill a new folder, then publish it for `find`; the lock must be held.

        A folder of another stamp is replaced; a program running from it keeps running.
        """
        final = self.root / name
        with tempfile.TemporaryDirectory(dir=self.root, prefix=f".{name}-") as unfinished:
            fresh = Path(unfinished) / "fresh"
            fresh.mkdir()
            fill(fresh)
            (fresh / _STAMP).write_text(stamp)
            if final.exists():
                final.rename(Path(unfinished) / "replaced")
            fresh.rename(final)
        return final

    @contextmanager
    def lock(self, progress: Progress) -> Iterator[None]:
        """Lock the cache against other processes; the kernel releases the lock of a dead one.

        Raises:
            ToolMissingError: another process held it for half an hour.
        """
        self.root.mkdir(parents=True, exist_ok=True)
        with (self.root / ".lock").open("w") as lock:
            if not _try_lock(lock.fileno()):
                with progress.step(f"waiting for another process to fill {self.root}") as step:
                    while not _try_lock(lock.fileno()):
                        if step.elapsed_s > _LOCK_TIMEOUT_S:
                            raise ToolMissingError(f"{self.root} is locked for half an hour")
                        step.beat("still locked")
                        time.sleep(_LOCK_POLL_S)
            self._sweep()
            yield

    def _sweep(self) -> None:
        """Delete unfinished folders of killed processes; the lock must be held."""
        for left in self.root.glob(".*-*"):
            shutil.rmtree(left, ignore_errors=True)


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
