"""The node itself does what the tests of njst take for granted."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from devenv.cluster import node_cluster
from devenv.cluster.cluster_choice import Cluster
from devenv.cluster.cluster_errors import ClusterError
from devenv.cluster.images import debian_roots
from devenv.cluster.images.image_archive import Image, write_image
from devenv.cluster.node_cluster import NodeCluster, cluster_cache, leftovers
from devenv.environment import ROOT
from devenv.kubernetes.kubectl import KubectlError
from devenv.progress import Progress
from njst.local.wait_until import wait_until

IMAGE = "njst.local/python:1"
RESTRICTED = {
    "runAsNonRoot": True,
    "runAsUser": 65532,
    "fsGroup": 65532,
    "seccompProfile": {"type": "RuntimeDefault"},
}
SERVER = """
import os, uuid
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
os.chdir("/data")
if not os.path.exists("index.html"):
    open("index.html", "w").write(uuid.uuid4().hex)
ThreadingHTTPServer(("", 8000), SimpleHTTPRequestHandler).serve_forever()
"""
# A Service has its rules a second after its pod is ready.
CLIENT = """
import time, urllib.request
deadline = time.monotonic() + 60
while True:
    try:
        print(urllib.request.urlopen("http://web:80/", timeout=5).read().decode(), end="")
        break
    except OSError:
        if time.monotonic() > deadline:
            raise
        time.sleep(0.1)
"""

# Holds a node until it is killed.
OWNER = """
import sys, time
from devenv.cluster.node_cluster import NodeCluster
from devenv.progress import Progress
node = NodeCluster.up(sys.argv[1], Progress(), tied=True)
print("up", flush=True)
time.sleep(3600)
"""


@pytest.fixture(scope="module")
def image(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Python on the node."""
    archive = tmp_path_factory.mktemp("image") / "image.tar"
    root = debian_roots.fetch(debian_roots.IMAGE_BASE, cluster_cache(), Progress())
    write_image(archive, Image(IMAGE), root)
    cluster.load(archive)
    return IMAGE


def web(image: str) -> str:
    """Return a server whose page lies on a claimed volume, and its Service."""
    container = {
        "name": "web",
        "image": image,
        "imagePullPolicy": "Never",
        "command": ["python", "-c", SERVER],
        "readinessProbe": {"httpGet": {"path": "/", "port": 8000}, "periodSeconds": 1},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [{"name": "data", "mountPath": "/data"}],
    }
    claim = {
        "metadata": {"name": "data"},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}},
        },
    }
    labels = {"app": "web"}
    return yaml.safe_dump_all(
        [
            {
                "apiVersion": "apps/v1",
                "kind": "StatefulSet",
                "metadata": {"name": "web"},
                "spec": {
                    "serviceName": "web",
                    "selector": {"matchLabels": labels},
                    "template": {
                        "metadata": {"labels": labels},
                        "spec": {
                            "securityContext": RESTRICTED,
                            "containers": [container],
                            "terminationGracePeriodSeconds": 1,
                        },
                    },
                    "volumeClaimTemplates": [claim],
                },
            },
            {
                "apiVersion": "v1",
                "kind": "Service",
                "metadata": {"name": "web"},
                "spec": {"selector": labels, "ports": [{"port": 80, "targetPort": 8000}]},
            },
        ]
    )


def test_a_restricted_pod_has_a_volume_a_name_and_a_service(
    cluster: Cluster, namespace: str, image: str
):
    def kubectl(*args: str, stdin: str = "") -> str:
        return cluster.kubectl("--namespace", namespace, *args, stdin=stdin, timeout_s=200)

    kubectl("apply", "-f", "-", stdin=web(image))
    kubectl("rollout", "status", "statefulset/web", "--timeout=180s")

    # Through the cluster's DNS and the Service's address, and back to the pod that asks.
    page = kubectl("exec", "web-0", "--", "python", "-c", CLIENT)
    assert len(page) == 32
    assert '"GET / HTTP/1.1" 200' in kubectl("logs", "web-0")

    kubectl("delete", "pod", "web-0")
    kubectl("rollout", "status", "statefulset/web", "--timeout=180s")
    assert kubectl("exec", "web-0", "--", "python", "-c", CLIENT) == page


def test_an_unrestricted_pod_is_refused(cluster: Cluster, namespace: str, image: str):
    with pytest.raises(KubectlError, match='violates PodSecurity "restricted:latest"'):
        cluster.kubectl("--namespace", namespace, "run", "pod", f"--image={image}")


def test_nothing_is_left_of_a_node_whose_process_was_killed(cluster: Cluster):
    """Two nodes at once: neither knows of the other, and this machine of neither."""
    if not isinstance(cluster, NodeCluster):
        return
    name = f"{cluster.name}-other"
    before = machine()

    owner = subprocess.Popen([sys.executable, "-c", OWNER, name], stdout=subprocess.PIPE, cwd=ROOT)
    try:
        assert owner.stdout is not None
        assert owner.stdout.readline() == b"up\n"
        other = NodeCluster.attach(name)
        other.kubectl("create", "namespace", "only-there")
        assert leftovers(name)
        with pytest.raises(ClusterError, match=f"another process uses the cluster {name}"):
            NodeCluster.up(name, Progress())
        node_cluster.sweep()
        assert other.kubectl("get", "namespace", "only-there", "-o", "name")
    finally:
        owner.kill()
        owner.communicate()

    assert wait_until(lambda: "its end" if other.sandbox.running else None, 60) is None
    node_cluster.sweep()
    assert leftovers(name) == []
    assert machine() == before
    assert "only-there" not in cluster.kubectl("get", "namespaces", "-o", "name")
    with pytest.raises(ClusterError, match=f"no cluster {name} runs"):
        NodeCluster.attach(name)


def machine() -> dict[str, list[str]]:
    """Return what a node could change of this machine."""
    rules = shutil.which("iptables-save") and subprocess.check_output(["iptables-save"], text=True)
    return {
        "mounts": sorted(Path("/proc/self/mountinfo").read_text().splitlines()),
        "links": sorted(path.name for path in Path("/sys/class/net").iterdir()),
        "rules": [line for line in (rules or "").splitlines() if line.startswith("-A")],
        "kernel": [
            (Path("/proc/sys") / name).read_text()
            for name in ("vm/overcommit_memory", "kernel/panic", "kernel/panic_on_oops")
        ],
    }
