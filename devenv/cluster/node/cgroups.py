"""The cgroups below which a node's pods live: the only thing that its namespaces do not hold."""

import time
from pathlib import Path

from devenv.cluster.cluster_errors import ClusterError

_MOUNT = Path("/sys/fs/cgroup")
_CONTROLLERS_FILE = "cgroup.controllers"  # only the unified hierarchy, version 2, has it
_EMPTY_TIMEOUT_S = 20.0
_LOOK_EVERY_S = 0.1


def make(name: str) -> None:
    """Create the cgroup of the node in each hierarchy of this machine."""
    for hierarchy in _hierarchies():
        folder = hierarchy / name
        folder.mkdir(exist_ok=True)
        # Version 1 lets no process into a cpuset that has no processors and no memory.
        for setting in ("cpuset.cpus", "cpuset.mems"):
            if (folder / setting).exists() and hierarchy != _MOUNT:
                (folder / setting).write_text((hierarchy / setting).read_text())


def remove(name: str) -> None:
    """Remove the node's cgroups; its processes must have been killed.

    Raises:
        ClusterError: something still lives in one after 20 s.
    """
    deadline_s = time.monotonic() + _EMPTY_TIMEOUT_S
    while left := [folder for folder in found(name) if not _removed(folder)]:
        if time.monotonic() > deadline_s:
            raise ClusterError(f"still in use: {', '.join(str(folder) for folder in left)}")
        time.sleep(_LOOK_EVERY_S)


def found(name: str) -> list[Path]:
    """Return the existing cgroups of the node."""
    return [h / name for h in _hierarchies() if (h / name).is_dir()]


def _hierarchies() -> list[Path]:
    if (_MOUNT / _CONTROLLERS_FILE).exists():
        return [_MOUNT]
    return [folder for folder in _MOUNT.iterdir() if folder.is_dir() and not folder.is_symlink()]


def _removed(folder: Path) -> bool:
    """Remove a cgroup and its children; False if a dying process still holds one of them."""
    try:
        for below in folder.iterdir():
            if below.is_dir() and not _removed(below):
                return False
        folder.rmdir()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True
