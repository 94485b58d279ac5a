"""Root file systems from Debian's packages: the node's own, and the images' base."""

import hashlib
import os
import platform
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from devenv.programs.build_cache import Cache
from devenv.programs.debian_package import unpacked
from devenv.programs.run_command import run
from devenv.programs.tool_errors import ToolMissingError
from devenv.progress import Progress
from njst.local.server_process import Command

# Its Python is 3.13, as the images' is.
_SUITE = "trixie"
_TIMEOUT_S = 20 * 60
_MMDEBSTRAP = "mmdebstrap"
# After a crash the root is created again, so skip fsync.
_LEAN = (
    *("--dpkgopt=force-unsafe-io", "--dpkgopt=path-exclude=/usr/share/man/*"),
    *("--dpkgopt=path-exclude=/usr/share/doc/*", "--dpkgopt=path-exclude=/usr/share/locale/*"),
)


@dataclass(frozen=True)
class RootSystem:
    """A small Debian with some packages, as `file`: a folder, or a tar file when it ends so.

    `hooks` are shell commands with the root as $1.
    """

    name: str
    file: str
    packages: Sequence[str]
    hooks: Sequence[str] = ()

    @property
    def stamp(self) -> str:
        parts = (_SUITE, self.file, *self.packages, *self.hooks, *_LEAN, platform.machine())
        return "\n".join(parts) + "\n"

    @property
    def digest(self) -> str:
        """A short name, for the stamp."""
        return hashlib.sha256(self.stamp.encode()).hexdigest()[:12]


NODE_ROOT = RootSystem(
    "node-root",
    "root",
    (
        *("buildah", "ca-certificates", "conntrack", "containerd", "containernetworking-plugins"),
        *("iproute2", "iptables", "netavark", "procps", "runc", "tini", "util-linux"),
    ),
)
IMAGE_BASE = RootSystem(
    "image-base",
    "root.tar",
    ("ca-certificates", "python3", "python3-venv"),
    # The Dockerfiles call it as the official image of Python does.
    ('ln -s /usr/bin/python3 "$1/usr/local/bin/python"',),
)


def fetch(system: RootSystem, cache: Cache, progress: Progress) -> Path:
    """Return the folder or tar file; create it unless it is in the cache.

    Raises:
        ToolMissingError: the packages cannot be had; with what was said about it.
    """
    stamp = system.stamp
    folder = cache.find(system.name, stamp)
    if folder is None:
        with cache.lock(progress):
            folder = cache.find(system.name, stamp) or cache.publish(
                system.name, stamp, lambda fresh: _make(system, fresh, cache, progress)
            )
    return folder / system.file


def _make(system: RootSystem, into: Path, cache: Cache, progress: Progress) -> None:
    tool = _mmdebstrap(cache, progress)
    argv = [
        *apart("--mount-proc"),
        *(str(tool), "--mode=root", "--variant=minbase", *_LEAN),
        f"--include={','.join(system.packages)}",
        *(f"--customize-hook={hook}" for hook in system.hooks),
        *(_SUITE, str(into / system.file)),
    ]
    environment = {
        **os.environ,
        # It calls a helper that lies beside it.
        "PATH": f"{tool.parent}:{os.environ.get('PATH', os.defpath)}",
        # Where the cache finds it again should it be left.
        "TMPDIR": str(into),
    }
    command = Command(_MMDEBSTRAP, argv, into / "mmdebstrap.log", environment)
    with progress.step(f"installing {system.name}", cost="once; one to three minutes") as step:
        run(command, timeout_s=_TIMEOUT_S, beat=lambda: step.beat("downloading and unpacking"))


def apart(*options: str) -> list[str]:
    """Return a command prefix: mounts and child processes of the command end with it."""
    return [
        *(str(shutil.which("unshare")), "--mount", "--pid", "--propagation=private"),
        *("--fork", "--kill-child=KILL", *options),
    ]


def _mmdebstrap(cache: Cache, progress: Progress) -> Path:
    """Return the program: this machine's, else the package's, unpacked into the cache.

    Raises:
        ToolMissingError: this machine has no apt, or apt does not know the package.
    """
    on_path = shutil.which(_MMDEBSTRAP)
    if on_path is not None:
        return Path(on_path)
    if shutil.which("perl") is None:
        raise ToolMissingError(f"no {_MMDEBSTRAP} here, and no perl to run it")
    return unpacked(_MMDEBSTRAP, cache, progress) / "usr" / "bin" / _MMDEBSTRAP
