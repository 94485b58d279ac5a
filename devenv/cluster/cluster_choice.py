"""Which of the two kinds of cluster: NJST_CLUSTER=node (the default) or kind."""

import os
import tempfile
from pathlib import Path
from typing import Protocol

from devenv.cluster import node_cluster
from devenv.cluster.cluster_errors import ClusterError
from devenv.cluster.images import debian_roots
from devenv.cluster.kind_cluster import KindCluster
from devenv.cluster.node_cluster import NodeCluster
from devenv.kubernetes.kubectl import Kubectl
from devenv.programs.kubernetes_binaries import fetch_binaries, find_binaries
from devenv.progress import Progress

_VARIABLE = "NJST_CLUSTER"


class Cluster(Protocol):
    """A Kubernetes that runs pods, whatever is under it."""

    name: str
    kubectl: Kubectl

    def load(self, archive: Path) -> None:
        """Let the node have the image of an archive as `docker save` writes it."""

    def collect(self, folder: Path) -> None:
        """Copy the node's logs, for a diagnosis."""

    def down(self) -> None:
        """Take everything away."""


def fetch(progress: Progress) -> None:
    """Bring here what takes minutes the first time: programs, and the images' base.

    Raises:
        ToolMissingError: a program or package cannot be had.
    """
    fetch_binaries(progress)
    if not _kind():
        node_cluster.bring(progress)
        debian_roots.fetch(debian_roots.IMAGE_BASE, node_cluster.cluster_cache(), progress)


def up(name: str, progress: Progress, *, tied: bool = False) -> Cluster:
    """Return a fresh cluster of that name; a tied node ends at the latest with this process.

    Raises:
        ClusterError: this machine cannot do it, or a part does not start.
        ToolMissingError: a program or package cannot be had.
    """
    if _kind():
        kubectl = fetch_binaries(progress).kubectl
        return KindCluster.up(name, _kind_folder(name), kubectl, progress)
    return NodeCluster.up(name, progress, tied=tied)


def attach(name: str) -> Cluster:
    """Return the cluster of that name.

    Raises:
        ClusterError: there is none.
    """
    if _kind():
        return KindCluster(name, _kind_folder(name), find_binaries().kubectl)
    return NodeCluster.attach(name)


def down(name: str) -> None:
    """Take the cluster of that name away, or what is left of it; do nothing when there is none.

    Raises:
        ClusterError: something is still there afterwards.
    """
    if _kind():
        attach(name).down()
    else:
        node_cluster.down(name)


def _kind() -> bool:
    """Return whether kind was chosen.

    Raises:
        ClusterError: there is no such kind of cluster.
    """
    chosen = os.environ.get(_VARIABLE, "node")
    if chosen not in {"node", "kind"}:
        raise ClusterError(f"{_VARIABLE}={chosen}: there are node and kind")
    return chosen == "kind"


def _kind_folder(name: str) -> Path:
    return Path(tempfile.gettempdir()) / f"njst-kind-{name}"
