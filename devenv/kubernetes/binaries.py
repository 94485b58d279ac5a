"""Where etcd, kube-apiserver and kubectl come from.

In this order: the folder that KUBEBUILDER_ASSETS names, as everywhere in the Kubernetes world; the
cache; a verified release archive; a build from the Go module proxy.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from devenv.kubernetes import archive, gobuild
from devenv.kubernetes.cache import Cache, default_cache
from devenv.kubernetes.errors import ArchiveUnavailableError, ToolMissingError
from devenv.progress import Progress

_PROGRAMS = ("etcd", "kube-apiserver", "kubectl")
_ASSETS = "KUBEBUILDER_ASSETS"


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
    """Return the programs if they are on this machine; take no time and no network.

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
    """Return the programs, and bring them here first where they are not; quiet when they are.

    Raises:
        ToolMissingError: they can be had from nowhere; with what the last resort said.
    """
    cache = cache or default_cache()
    found = _find(cache)
    if found is not None:
        return found
    with cache.lock(progress):
        # Another process may have brought them while this one waited.
        return _find(cache) or Binaries(_from_archive(cache, progress) or _built(cache, progress))


def _find(cache: Cache) -> Binaries | None:
    assets = os.environ.get(_ASSETS)
    if assets:
        missing = [name for name in _PROGRAMS if not (Path(assets) / name).is_file()]
        if missing:
            raise ToolMissingError(f"{_ASSETS}={assets} has no {', '.join(missing)}")
        return Binaries(Path(assets).absolute())
    pinned = archive.pinned_archive()
    folder = pinned and cache.find(archive.VERSION, pinned.sha512)
    folder = folder or cache.find(gobuild.VERSION, gobuild.STAMP)
    return Binaries(folder) if folder else None


def _from_archive(cache: Cache, progress: Progress) -> Path | None:
    pinned = archive.pinned_archive()
    if pinned is None:
        return None
    try:
        return cache.publish(
            archive.VERSION,
            pinned.sha512,
            lambda fresh: archive.fetch(pinned, _PROGRAMS, fresh, progress),
        )
    except ArchiveUnavailableError as error:
        progress.say(f"    {error}; building from source instead")
        return None


def _built(cache: Cache, progress: Progress) -> Path:
    return cache.publish(
        gobuild.VERSION, gobuild.STAMP, lambda fresh: gobuild.build(fresh, cache, progress)
    )
