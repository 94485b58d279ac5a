"""Programs from Debian packages, unpacked into the cache without being installed."""

import shutil
import subprocess
import tempfile
from functools import partial
from pathlib import Path

from devenv.programs.build_cache import Cache
from devenv.programs.tool_errors import ToolMissingError
from devenv.progress import Progress


def unpacked(package: str, cache: Cache, progress: Progress) -> Path:
    """Return the folder with the files of a package, unpacked there the first time.

    The lock of the cache must be held.

    Raises:
        ToolMissingError: this machine has no apt, or apt does not know the package.
    """
    missing = [tool for tool in ("apt-get", "dpkg-deb") if shutil.which(tool) is None]
    if missing:
        raise ToolMissingError(f"no {package} here, and no {', '.join(missing)} to bring it")
    folder = cache.find(package, package)
    if folder is None:
        with progress.step(f"bringing {package} by apt", cost="once; seconds"):
            folder = cache.publish(package, package, partial(_unpack, package))
    return folder


def _unpack(package: str, into: Path) -> None:
    """Unpack a package, with lists of packages of our own."""
    with tempfile.TemporaryDirectory(prefix="njst-apt-") as lists:
        own_lists = (f"-oDir::State::Lists={lists}", "-oAPT::Sandbox::User=root", "-qq")
        _check("apt-get", *own_lists, "update", folder=into)
        _check("apt-get", *own_lists, "download", package, folder=into)
    (archive,) = into.glob("*.deb")
    _check("dpkg-deb", "-x", str(archive), str(into), folder=into)
    archive.unlink()


def _check(*argv: str, folder: Path) -> None:
    done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ToolMissingError(f"{' '.join(argv)}: {(done.stderr or done.stdout).strip()}")
