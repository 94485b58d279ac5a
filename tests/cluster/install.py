"""njst with one worker in a namespace of a test's own, and a NATS server for it."""

import os
from collections.abc import Sequence
from pathlib import Path

import yaml

from devenv.cluster.njst_images import nats_image
from devenv.environment import ROOT
from tests.cluster.njst import Njst

NAMESPACED = ROOT / "manifests" / "overlays" / "namespaced"
# A minute is what a pod has; here it shall still be waiting when it is looked at.
PATIENT = "NJST_WAIT_SECONDS=600"
# A server's own volume, and what names it in a configuration.
DATA: dict[str, object] = {"name": "data", "emptyDir": {}}
STORE = 'jetstream { store_dir: "/data" }\n'
COMPONENTS = ROOT / "manifests" / "components"


def install(
    njst: Njst, folder: Path, settings: Sequence[str], components: Sequence[str] = ()
) -> None:
    """Apply the namespaced overlay with one worker, these settings and components."""
    here = folder.resolve()
    overlay = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "namespace": njst.namespace,
        "resources": [os.path.relpath(NAMESPACED, here)],
        "components": [os.path.relpath(COMPONENTS / name, here) for name in components],
        "replicas": [{"name": "njst-worker", "count": 1}],
        "configMapGenerator": [
            {
                "name": "njst",
                "behavior": "merge",
                "literals": [PATIENT, "NJST_EXPECT_WORKERS=1", *settings],
            }
        ],
    }
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(overlay))
    njst.kubectl("apply", "-k", str(folder))


def secret(njst: Njst, name: str, files: dict[str, str]) -> None:
    """Write or renew a Secret."""
    document = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}}
    njst.kubectl("apply", "-f", "-", stdin=yaml.safe_dump({**document, "stringData": files}))


def configure(njst: Njst, name: str, config: str) -> None:
    """Write or renew the configuration of the NATS server of that name."""
    document = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name},
        "data": {"nats.conf": config},
    }
    njst.kubectl("apply", "-f", "-", stdin=yaml.safe_dump(document))


def config_volume(name: str) -> dict[str, object]:
    """Return the volume that `configure` fills."""
    return {"name": "config", "configMap": {"name": name}}


def nats(
    njst: Njst, *arguments: str, name: str = "nats", volumes: Sequence[dict[str, object]] = (DATA,)
) -> None:
    """Start one NATS server with these arguments, and its Service; return when it listens.

    `volumes` are mounted at their names.
    """
    start_nats(njst, *arguments, name=name, volumes=volumes)
    njst.kubectl("wait", f"pod/{name}", "--for=condition=Ready", "--timeout=180s")


def start_nats(
    njst: Njst, *arguments: str, name: str = "nats", volumes: Sequence[dict[str, object]] = (DATA,)
) -> None:
    """Do what `nats` does, and do not wait."""
    labels = {"app": name}
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": labels},
        "spec": {
            "automountServiceAccountToken": False,
            "terminationGracePeriodSeconds": 1,
            "restartPolicy": "Never",
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": 65532,
                "fsGroup": 65532,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [
                {
                    "name": "nats",
                    "image": nats_image(),
                    "command": ["nats-server", *arguments],
                    "readinessProbe": {"tcpSocket": {"port": 4222}, "periodSeconds": 1},
                    "terminationMessagePolicy": "FallbackToLogsOnError",
                    "securityContext": {
                        "allowPrivilegeEscalation": False,
                        "capabilities": {"drop": ["ALL"]},
                    },
                    "volumeMounts": [
                        {"name": volume["name"], "mountPath": f"/{volume['name']}"}
                        for volume in volumes
                    ],
                }
            ],
            "volumes": list(volumes),
        },
    }
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name},
        "spec": {"selector": labels, "ports": [{"port": 4222}]},
    }
    njst.kubectl("apply", "-f", "-", stdin=yaml.safe_dump_all([pod, service]))
