"""The API server that everything else is tested on: real rights, real failures, no leftovers."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from devenv.kubernetes.api_server import KubernetesServer
from devenv.kubernetes.kubectl import Kubectl, KubectlError
from devenv.programs.kubernetes_binaries import find_binaries
from njst.local.local_errors import LocalServerError
from njst.local.wait_until import wait_until

READER = """
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: reader}
rules: [{apiGroups: [""], resources: [configmaps], verbs: [get, list]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: reader}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}
subjects: [{kind: ServiceAccount, name: worker}]
"""


@pytest.fixture(scope="module")
def own_kube() -> Iterator[KubernetesServer]:
    """An API server whose processes the tests may end, and start again."""
    with KubernetesServer.start(find_binaries()) as server:
        yield server


def test_it_serves_the_version_that_its_kubectl_is(kube: KubernetesServer) -> None:
    version = json.loads(kube.kubectl("version", "-o", "json"))
    assert version["serverVersion"]["gitVersion"] == version["clientVersion"]["gitVersion"]
    assert version["serverVersion"]["gitVersion"].startswith("v1.")


def test_kubectl_applies_and_reads_objects(kube: KubernetesServer, namespace: str) -> None:
    config_map = '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}}'
    kube.kubectl("apply", "--namespace", namespace, "-f", "-", stdin=config_map)
    assert (
        kube.kubectl("get", "configmap", "--namespace", namespace, "-o", "name") == "configmap/c\n"
    )


def test_a_service_account_has_the_rights_of_its_roles_only(
    kube: KubernetesServer, namespace: str, tmp_path: Path
) -> None:
    kube.kubectl("create", "serviceaccount", "worker", "--namespace", namespace)
    worker = kube.kubectl.as_user_of(
        kube.service_account_kubeconfig(tmp_path / "worker", namespace=namespace, name="worker")
    )
    with pytest.raises(
        KubectlError, match=f"system:serviceaccount:{namespace}:worker.*cannot list"
    ):
        worker("get", "configmaps")
    kube.kubectl("apply", "--namespace", namespace, "-f", "-", stdin=READER)
    # The authorizer hears of new roles through a watch.
    assert wait_until(lambda: _refusal(worker, "get", "configmaps"), 60) is None
    with pytest.raises(KubectlError, match="cannot list"):
        worker("get", "secrets")


def _refusal(kubectl: Kubectl, *args: str) -> str | None:
    try:
        kubectl(*args)
    except KubectlError as error:
        return str(error)
    return None


def test_a_stranger_is_refused(kube: KubernetesServer, tmp_path: Path) -> None:
    stranger = kube.write_kubeconfig(tmp_path / "stranger", user="admin", token="guessed")
    with pytest.raises(KubectlError, match="must be logged in"):
        kube.kubectl.as_user_of(stranger)("get", "namespaces")


def test_a_token_for_nobody_is_an_error(kube: KubernetesServer, tmp_path: Path) -> None:
    with pytest.raises(KubectlError, match='"nobody" not found'):
        kube.service_account_kubeconfig(tmp_path / "nobody", namespace="default", name="nobody")


def test_the_users_own_kubeconfig_is_neither_read_nor_written(
    kube: KubernetesServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "own"))
    monkeypatch.setenv("HOME", str(tmp_path))
    kube.kubectl("get", "namespaces")
    kube.kubectl("config", "set-context", "--current", "--namespace=default")
    assert list(tmp_path.iterdir()) == []


def test_without_etcd_requests_fail_until_it_is_back(own_kube: KubernetesServer) -> None:
    own_kube.kubectl("create", "configmap", "before")
    own_kube.etcd.kill()
    # Whoever is first to see that the time is over: kubectl, or the API server.
    late = r"Client\.Timeout|context deadline exceeded|in the time allotted"
    with pytest.raises(KubectlError, match=late):
        own_kube.kubectl("create", "configmap", "during", "--request-timeout=2s")
    own_kube.etcd.restart(timeout_s=60)
    own_kube.wait_ready()
    names = own_kube.kubectl("get", "configmaps", "-o", "name")
    assert "configmap/before" in names


def test_a_killed_api_server_comes_back_with_the_same_tokens(
    own_kube: KubernetesServer, tmp_path: Path
) -> None:
    own_kube.kubectl("create", "serviceaccount", "worker")
    worker = own_kube.kubectl.as_user_of(
        own_kube.service_account_kubeconfig(tmp_path / "w", namespace="default", name="worker")
    )
    own_kube.apiserver.kill()
    with pytest.raises(KubectlError, match="refused"):
        own_kube.kubectl("get", "namespaces")
    own_kube.apiserver.restart(timeout_s=60)
    assert json.loads(worker("auth", "whoami", "-o", "json"))["status"]["userInfo"]["username"] == (
        "system:serviceaccount:default:worker"
    )


def test_close_leaves_neither_process_nor_folder() -> None:
    with KubernetesServer.start(find_binaries()) as server:
        pids, folder = [server.etcd.pid, server.apiserver.pid], server.folder
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
    assert not folder.exists()


def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    (tmp_path / "etcd").touch()
    with pytest.raises(LocalServerError, match=r"(?s)etcd ended by itself.*log lines"):
        KubernetesServer.start(find_binaries(), folder=tmp_path)
