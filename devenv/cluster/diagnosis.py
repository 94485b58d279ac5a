"""Collects events, descriptions and logs of a cluster in a folder, for diagnosis."""

from contextlib import suppress
from pathlib import Path
from typing import Protocol

from devenv.cluster.cluster_errors import ClusterError
from devenv.kubernetes.kubectl import Kubectl, KubectlError

_COMMANDS = {
    "nodes.txt": ("describe", "nodes"),
    "objects.txt": ("get", "all,pvc,networkpolicy", "--all-namespaces", "-o", "wide"),
    "events.txt": ("get", "events", "--all-namespaces", "--sort-by=.lastTimestamp"),
    "pods.txt": ("describe", "pods", "--all-namespaces"),
    "jobs.yaml": ("get", "njstjobs", "--all-namespaces", "-o", "yaml"),
}
_PODS = '{range .items[*]}{.metadata.namespace} {.metadata.name}{"\\n"}{end}'


class Diagnosed(Protocol):
    """A cluster, running or partly broken."""

    kubectl: Kubectl

    def collect(self, folder: Path) -> None: ...


def diagnose(cluster: Diagnosed, folder: Path) -> None:
    """Write events, descriptions and logs; skip what is not available."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, command in _COMMANDS.items():
        _write(folder / name, cluster.kubectl, *command)
    with suppress(KubectlError):
        listed = cluster.kubectl("get", "pods", "--all-namespaces", "-o", f"jsonpath={_PODS}")
        for line in listed.splitlines():
            namespace, pod = line.split()
            logs = ("--namespace", namespace, "logs", pod, "--all-containers", "--prefix")
            _write(folder / f"{namespace}.{pod}.log", cluster.kubectl, *logs)
            _write(folder / f"{namespace}.{pod}.previous.log", cluster.kubectl, *logs, "--previous")
    with suppress(ClusterError, OSError):
        cluster.collect(folder / "node")


def _write(path: Path, kubectl: Kubectl, *command: str) -> None:
    with suppress(KubectlError):
        path.write_text(kubectl(*command))
