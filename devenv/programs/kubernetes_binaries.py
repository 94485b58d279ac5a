"""Where etcd, kube-apiserver and kubectl come from.

In this order: the folder that KUBEBUILDER_ASSETS names, as everywhere in the Kubernetes world; the
cache; a verified release archive; a build from the Go module proxy.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from devenv.programs import release_archive
from devenv.programs.build_cache import Cache, default_cache
from devenv.programs.go_module import GoModule
from devenv.programs.linker_flags import linker_flags
from devenv.programs.tool_errors import ArchiveUnavailableError, ToolMissingError
from devenv.progress import Progress

_PROGRAMS = ("etcd", "kube-apiserver", "kubectl")
_ASSETS = "KUBEBUILDER_ASSETS"
_FOLDER = Path(__file__).parent / "build" / "kubernetes"
SOURCES = GoModule(
    _FOLDER,
    "tool",
    "etcd, kube-apiserver and kubectl, once; about 4 minutes on two cores, 3 GB of disk",
    30 * 60,
    linker_flags((_FOLDER / "go.mod").read_text()),
    renamed={"server": "etcd"},
)


@dataclass(frozen=True)
class Binaries:
    """A folder that holds the three programs."""

    folder: Path

    @property
    def etcd(self) -> Path:
        return self.folder / "etcd"

    @property
    def kube_apiserver(self) -> Path:
        return self.folder / "kube-apiserver"

    @property
    def kubectl(self) -> Path:
        return self.folder / "kubectl"


def find_binaries(cache: Cache | None = None) -> Binaries:
    """Return the programs if they are on this machine, without using the network.

    Raises:
        ToolMissingError: they are not here yet, or KUBEBUILDER_ASSETS names a folder without them.
    """
    found = _find(cache or default_cache())
    if found is None:
        raise ToolMissingError(
            "no etcd, kube-apiserver and kubectl here yet: run `python -m devenv.kubernetes fetch`,"
            f" or let {_ASSETS} name a folder that holds them"
        )
    return found


def fetch_binaries(progress: Progress, cache: Cache | None = None) -> Binaries:
    """Return the programs; download or build them if they are missing.

    Raises:
        ToolMissingError: they can be had from nowhere; with what the last resort said.
    """
    cache = cache or default_cache()
    found = _find(cache)
    if found is not None:
        return found
    with cache.lock(progress):
        # Another process may have fetched them while this one waited for the lock.
        found = _find(cache)
        if found is None:
            found = Binaries(_from_archive(cache, progress) or SOURCES.publish(cache, progress))
        return found


def _find(cache: Cache) -> Binaries | None:
    assets = os.environ.get(_ASSETS)
    if assets:
        missing = [name for name in _PROGRAMS if not (Path(assets) / name).is_file()]
        if missing:
            raise ToolMissingError(f"{_ASSETS}={assets} has no {', '.join(missing)}")
        return Binaries(Path(assets).absolute())
    pinned = release_archive.pinned_archive()
    folder = pinned and cache.find(release_archive.VERSION, pinned.sha512)
    folder = folder or SOURCES.find(cache)
    return Binaries(folder) if folder else None


def _from_archive(cache: Cache, progress: Progress) -> Path | None:
    pinned = release_archive.pinned_archive()
    if pinned is None:
        return None
    try:
        return cache.publish(
            release_archive.VERSION,
            pinned.sha512,
            lambda fresh: release_archive.fetch(pinned, _PROGRAMS, fresh, progress),
        )
    except ArchiveUnavailableError as error:
        progress.say(f"    {error}; building from source instead")
        return None
