"""Programs of a Go module in this repository: downloads verified by go.sum, builds cached."""

import hashlib
import os
import platform
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from devenv.programs.build_cache import Cache
from devenv.programs.go_toolchain import go_toolchain
from devenv.programs.run_command import run
from devenv.progress import Progress
from njst.local.server_process import Command


@dataclass(frozen=True)
class GoModule:
    """A folder with a go.mod: `packages` go into a folder of the cache that has the same name.

    `tool` as packages builds what go.mod names as its tools, `.` the source beside it. Modules and
    object files stay in Go's own caches, so an interrupted build goes on where it was.
    """

    folder: Path
    packages: str
    cost: str
    timeout_s: float
    linker_flags: str = "-s -w"
    # Names of programs that Go would otherwise name after their folder.
    renamed: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def go_mod(self) -> str:
        return (self.folder / "go.mod").read_text()

    @property
    def stamp(self) -> str:
        """The stamp of the sources, for the cache."""
        digest = hashlib.sha256()
        for path in sorted(self.folder.iterdir()):
            digest.update(path.read_bytes())
        return f"sources of sha256 {digest.hexdigest()} on {platform.machine()}\n"

    def find(self, cache: Cache) -> Path | None:
        """Return the folder of the programs, or None if they are not built."""
        return cache.find(self.name, self.stamp)

    def fetch(self, cache: Cache, progress: Progress) -> Path:
        """Return the folder of the programs; build them unless they are in the cache.

        Raises:
            ToolMissingError: no Go, a module that cannot be had or verified, a failed build.
        """
        found = self.find(cache)
        if found is not None:
            return found
        with cache.lock(progress):
            return self.find(cache) or self.publish(cache, progress)

    def publish(self, cache: Cache, progress: Progress) -> Path:
        """Build the programs, and return their folder in the cache, whose lock must be held.

        Raises:
            ToolMissingError: see `fetch`.
        """
        return cache.publish(
            self.name, self.stamp, lambda fresh: self._build(fresh, cache, progress)
        )

    def _build(self, into: Path, cache: Cache, progress: Progress) -> None:
        go = go_toolchain(self._version_of_go(), cache, progress)
        with tempfile.TemporaryDirectory(prefix="njst-go-") as logs:
            packages = self._download(go, Path(logs) / "list", progress)
            log = Path(logs) / "build"
            argv = [
                *(str(go), "-C", str(self.folder), "build", "-v", "-trimpath"),
                *("-ldflags", self.linker_flags, "-o", f"{into}/", self.packages),
            ]
            with progress.step(f"building {self.name}", cost=self.cost) as step:
                run(
                    Command("go build", argv, log, _environment()),
                    timeout_s=self.timeout_s,
                    beat=lambda: step.beat(f"{_packages_in(log)} of at most {packages} packages"),
                )
        for built, name in self.renamed.items():
            (into / built).rename(into / name)

    def _download(self, go: Path, log: Path, progress: Progress) -> int:
        """Download the modules; return the number of packages of the programs."""
        argv = [str(go), "-C", str(self.folder), "list", "-deps", self.packages]
        with progress.step(f"downloading the Go modules of {self.name}") as step:
            run(
                Command("go list", argv, log, _environment()),
                timeout_s=self.timeout_s,
                beat=lambda: step.beat("downloading"),
            )
        return _packages_in(log)

    def _version_of_go(self) -> tuple[int, int]:
        match = re.search(r"^go (\d+)\.(\d+)", self.go_mod, re.MULTILINE)
        assert match is not None, "go.mod names no version of Go"
        return int(match[1]), int(match[2])


def _environment() -> dict[str, str]:
    """Return the environment of the user without variables that would change the build."""
    kept = {name: value for name, value in os.environ.items() if name not in {"GOOS", "GOARCH"}}
    return kept | {
        "CGO_ENABLED": "0",
        "GOFLAGS": "-mod=readonly -buildvcs=false",
        "GOTOOLCHAIN": "local",
        "GOWORK": "off",
    }


def _packages_in(log: Path) -> int:
    """Count the packages that `go list` or `go build -v` named, each on a line of its own."""
    lines = log.read_text().splitlines()
    return sum(not line.startswith("go: ") for line in lines)
