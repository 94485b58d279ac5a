"""The programs built from the Go modules that go.mod names: minutes, but from sources alone."""

import hashlib
import os
import platform
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path

from devenv.kubernetes.cache import Cache
from devenv.kubernetes.running import run
from devenv.kubernetes.toolchain import go_toolchain
from devenv.progress import Progress
from njst.local.service import Command

_MODULE = Path(__file__).parent / "build"
_GO_MOD = (_MODULE / "go.mod").read_text()
_TIMEOUT_S = 30 * 60


def _in_go_mod(pattern: str) -> tuple[str, ...]:
    match = re.search(pattern, _GO_MOD, re.MULTILINE)
    assert match is not None, f"go.mod has no {pattern}"
    return match.groups()


VERSION = _in_go_mod(r"^\tk8s\.io/kubernetes (v\S+)")[0]
# A change of any module is another build; go.sum has the hash of every one.
_MODULES_SHA256 = hashlib.sha256((_GO_MOD + (_MODULE / "go.sum").read_text()).encode()).hexdigest()
STAMP = f"go.mod and go.sum of sha256 {_MODULES_SHA256} on {platform.machine()}\n"


def build(into: Path, cache: Cache, progress: Progress) -> None:
    """Build etcd, kube-apiserver and kubectl; the cache's lock must be held.

    Modules and object files stay in Go's own caches, so an interrupted build goes on where it was.

    Raises:
        ToolMissingError: no Go, a module that cannot be downloaded or verified, a failed build.
    """
    major, minor = _in_go_mod(r"^go (\d+)\.(\d+)")
    go = go_toolchain((int(major), int(minor)), cache, progress)
    environment = go_environment()
    with tempfile.TemporaryDirectory(prefix="njst-go-") as logs:
        packages = _download(go, environment, Path(logs) / "list", progress)
        log = Path(logs) / "build"
        what = f"building etcd, kube-apiserver and kubectl {VERSION}"
        with progress.step(what, cost="once; about 4 minutes on two cores, 3 GB of disk") as step:
            run(
                Command("go build", _build_argv(go, into), log, environment),
                timeout_s=_TIMEOUT_S,
                beat=lambda: step.beat(f"{_packages_in(log)} of at most {packages} packages"),
            )
    (into / "server").rename(into / "etcd")


def _download(go: Path, environment: Mapping[str, str], log: Path, progress: Progress) -> int:
    """Bring the modules here; return of how many packages the programs consist.

    Raises:
        ToolMissingError: a module cannot be had, or differs from go.sum.
    """
    argv = [str(go), "-C", str(_MODULE), "list", "-deps", "tool"]
    with progress.step("downloading the Go modules", cost="190 MB where none is cached") as step:
        run(
            Command("go list", argv, log, environment),
            timeout_s=_TIMEOUT_S,
            beat=lambda: step.beat("downloading"),
        )
    return _packages_in(log)


def _build_argv(go: Path, into: Path) -> list[str]:
    """Return the command; the programs tell their version as a release's do."""
    major, minor = VERSION.removeprefix("v").split(".")[:2]
    variables = {"gitVersion": VERSION, "gitMajor": major, "gitMinor": minor}
    stamps = (f"-X k8s.io/component-base/version.{name}={v}" for name, v in variables.items())
    return [
        *(str(go), "-C", str(_MODULE), "build", "-v", "-trimpath"),
        *("-ldflags", f"-s -w {' '.join(stamps)}"),
        *("-o", f"{into}/", "tool"),
    ]


def go_environment() -> dict[str, str]:
    """Return the user's, with nothing in it that would make the build another one."""
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
