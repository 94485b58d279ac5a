"""The manifests fit the operator: its settings, its health, its rights."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from njst_operator.config import parse_config
from njst_operator.kube.watch_scope import WatchScope

MANIFESTS = Path(__file__).parents[3] / "manifests"
BESIDE_A_WORKER = MANIFESTS / "base" / "worker.yaml"
ALONE = MANIFESTS / "overlays" / "operator-deployment" / "operator.yaml"

PLACES = [(BESIDE_A_WORKER, "StatefulSet"), (ALONE, "Deployment")]


def _documents(path: Path, kind: str) -> list[Any]:
    return [part for part in yaml.safe_load_all(path.read_text()) if part["kind"] == kind]


def _operator(path: Path, kind: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return pod and container of the operator."""
    (owner,) = _documents(path, kind)
    pod = owner["spec"]["template"]["spec"]
    return pod, next(c for c in pod["containers"] if c["name"] == "operator")


@pytest.mark.parametrize(("path", "kind"), PLACES)
def test_manifest__environment__is_read_by_the_program(
    path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pod, container = _operator(path, kind)
    for variable in container["env"]:
        monkeypatch.setenv(variable["name"], variable.get("value", "told-by-the-pod"))
    config = parse_config([])
    assert config.health == ("", container["ports"][0]["containerPort"])
    assert config.replica == "told-by-the-pod"
    assert config.scope == WatchScope()
    (account,) = _documents(MANIFESTS / "base" / "serviceaccount.yaml", "ServiceAccount")
    assert account["metadata"]["name"] == pod["serviceAccountName"]


def test_manifest__sidecar_and_deployment__have_the_same_container() -> None:
    """Except for probes that would take the worker out of its Service because of the operator."""
    beside, alone = (_operator(*where)[1] for where in PLACES)
    probes = {"startupProbe", "readinessProbe"}
    assert alone.keys() - beside.keys() == probes
    for_ever = {"name": "NJST_WAIT_SECONDS", "value": "inf"}
    assert [each for each in beside["env"] if each not in alone["env"]] == [for_ever]
    beside["env"].remove(for_ever)
    assert beside == {key: value for key, value in alone.items() if key not in probes}


def test_manifest__expected_workers__are_the_replicas() -> None:
    settings = yaml.safe_load((MANIFESTS / "base" / "kustomization.yaml").read_text())
    (generated,) = settings["configMapGenerator"]
    (workers,) = _documents(BESIDE_A_WORKER, "StatefulSet")
    assert f"NJST_EXPECT_WORKERS={workers['spec']['replicas']}" in generated["literals"]


def test_manifest__rights__are_the_same_per_namespace_and_cluster() -> None:
    (everywhere,) = _documents(MANIFESTS / "base" / "operator-clusterrole.yaml", "ClusterRole")
    (here,) = _documents(MANIFESTS / "overlays" / "namespaced" / "operator-role.yaml", "Role")
    assert everywhere["rules"] == here["rules"]
