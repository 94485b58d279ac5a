"""What the tests of manifests and chart share."""

from functools import cache
from pathlib import Path
from typing import Any

import yaml

from devenv.environment import MANIFESTS
from devenv.kubernetes.api_server import KubernetesServer

OVERLAYS = sorted(path.parent.name for path in MANIFESTS.glob("overlays/*/kustomization.yaml"))
# A warning is how the API server says that a pod is not restricted, or that a field is unknown.
DRY_RUN = ("apply", "--server-side", "--dry-run=server", "--warnings-as-errors", "-f", "-")

CLUSTER_WIDE = ("ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition", "Namespace")


@cache
def rendered(kube: KubernetesServer, folder: Path) -> str:
    """Return what kustomize makes of a folder."""
    return kube.kubectl("kustomize", str(folder))


def pods(text: str) -> list[Any]:
    """Return the pods of all workloads."""
    found = [d for d in yaml.safe_load_all(text) if d["kind"] in ("StatefulSet", "Deployment")]
    assert found
    return [owner["spec"]["template"]["spec"] for owner in found]


def namespaces(text: str) -> dict[str, str]:
    """Return where each namespaced object goes, by kind and name; empty: wherever its caller is."""
    return {
        f"{d['kind']} {d['metadata']['name']}": d["metadata"].get("namespace", "")
        for d in yaml.safe_load_all(text)
        if d and d["kind"] not in CLUSTER_WIDE
    }
