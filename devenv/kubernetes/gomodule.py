"""Programs of a Go module of our own, whose go.sum verifies every download, built once and kept."""

import hashlib
import platform
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

from devenv.kubernetes.cache import Cache
from devenv.kubernetes.gobuild import go_environment
from devenv.kubernetes.running import run
from devenv.kubernetes.toolchain import go_toolchain
from devenv.progress import Progress
from njst.local.service import Command


@dataclass(frozen=True)
class GoModule:
    """A folder with a go.mod: `packages` go into a folder of the cache that has the same name.

    `tool` as packages builds what go.mod names as its tools, `.` the source beside it.
    """

    folder: Path
    packages: str
    cost: str
    timeout_s: float
    linker_flags: str = "-s -w"

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def go_mod(self) -> str:
        return (self.folder / "go.mod").read_text()

    @property
    def stamp(self) -> str:
        """What the programs are made from, for the cache."""
        digest = hashlib.sha256()
        for path in sorted(self.folder.iterdir()):
            digest.update(path.read_bytes())
        return f"sources of sha256 {digest.hexdigest()} on {platform.machine()}\n"

    def find(self, cache: Cache) -> Path | None:
        """Return the folder of the programs; None where they are not built yet."""
        return cache.find(self.name, self.stamp)

    def fetch(self, cache: Cache, progress: Progress) -> Path:
        """Return the folder of the programs, and build them first where they are not there.

        Raises:
            ToolMissingError: no Go, a module that cannot be had or verified, a failed build.
        """
        found = self.find(cache)
        if found is not None:
            return found
        with cache.lock(progress):
            return self.find(cache) or cache.publish(
                self.name, self.stamp, lambda fresh: self._build(fresh, cache, progress)
            )

    def _build(self, into: Path, cache: Cache, progress: Progress) -> None:
        go = go_toolchain(self._version_of_go(), cache, progress)
        argv = [
            *(str(go), "-C", str(self.folder), "build", "-trimpath"),
            *("-ldflags", self.linker_flags, "-o", f"{into}/", self.packages),
        ]
        with tempfile.TemporaryDirectory(prefix="njst-go-") as logs:
            command = Command("go build", argv, Path(logs) / "build", go_environment())
            with progress.step(f"building {self.name}", cost=self.cost) as step:
                run(command, timeout_s=self.timeout_s, beat=lambda: step.beat("building"))

    def _version_of_go(self) -> tuple[int, int]:
        match = re.search(r"^go (\d+)\.(\d+)", self.go_mod, re.MULTILINE)
        assert match is not None, "go.mod names no version of Go"
        return int(match[1]), int(match[2])
