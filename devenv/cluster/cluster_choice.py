"""Chooses the type of cluster: NJST_CLUSTER=node (the default) or kind."""

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
    """A Kubernetes cluster that runs pods."""

    name: str
    kubectl: Kubectl

    def load(self, archive: Path) -> None:
        """Load an image from an archive in the format of `docker save`."""

    def collect(self, folder: Path) -> None:
        """Copy the logs of the node, for diagnosis."""

    def down(self) -> None:
        """Remove the cluster."""


def fetch(progress: Progress) -> None:
    """Fetch programs and the base of the images, which takes minutes the first time.

    Raises:
        ToolMissingError: a program or package cannot be had.
    """
    fetch_binaries(progress)
    if not _kind():
        node_cluster.bring(progress)
        debian_roots.fetch(debian_roots.IMAGE_BASE, node_cluster.cluster_cache(), progress)


def up(name: str, progress: Progress, *, tied: bool = False) -> Cluster:
    """Return a new cluster of that name; a tied node ends with this process at the latest.

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
    """Remove the cluster of that name, or its remains, if there are any.

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
