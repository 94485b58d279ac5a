"""A cluster on a machine with Docker: a thin wrapper of the `kind` CLI.

Not run where njst is developed, which has neither; the command lines have unit tests.
"""

import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Self

from devenv.cluster.cluster_errors import ClusterError
from devenv.kubernetes.kubectl import Kubectl
from devenv.progress import Progress

_TIMEOUT_S = 10 * 60.0

Run = Callable[[Sequence[str]], str]


def run_kind(argv: Sequence[str]) -> str:
    """Run kind; return its output.

    Raises:
        ClusterError: there is no kind, or it failed.
    """
    if shutil.which(argv[0]) is None:
        raise ClusterError(f"no {argv[0]} on PATH")
    done = subprocess.run(argv, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)
    if done.returncode != 0:
        raise ClusterError(f"{' '.join(argv)}: {done.stderr.strip()}")
    return done.stdout


class KindCluster:
    """A cluster in Docker containers, with a kubeconfig of its own below `folder`."""

    def __init__(self, name: str, folder: Path, kubectl: Path, run: Run = run_kind) -> None:
        """Refer to the cluster of that name, running or not; `kubectl` is a program."""
        self.name = name
        self.kubectl = Kubectl(kubectl, folder / "kubeconfig", folder / "home")
        self._run = run

    @classmethod
    def up(
        cls, name: str, folder: Path, kubectl: Path, progress: Progress, run: Run = run_kind
    ) -> Self:
        """Return a node that runs pods; remove the remains of an earlier one first.

        Raises:
            ClusterError: kind failed.
        """
        cluster = cls(name, folder, kubectl, run)
        folder.mkdir(parents=True, exist_ok=True)
        cluster.down()
        with progress.step("creating a kind cluster", cost="about a minute"):
            cluster._kind("create", "cluster", "--wait=120s", cluster._kubeconfig)
        return cluster

    def load(self, archive: Path) -> None:
        """Load an image from an archive in the format of `docker save`."""
        self._kind("load", "image-archive", str(archive))

    def collect(self, folder: Path) -> None:
        """Copy the logs of the node, for diagnosis."""
        self._kind("export", "logs", str(folder))

    def down(self) -> None:
        """Remove the cluster, if it exists."""
        self._kind("delete", "cluster", self._kubeconfig)

    @property
    def _kubeconfig(self) -> str:
        return f"--kubeconfig={self.kubectl.kubeconfig}"

    def _kind(self, *args: str) -> None:
        self._run(["kind", *args, f"--name={self.name}"])
