"""What is shipped for Kubernetes, judged by a real API server.

A warning is a failure: it is how the API server says that a pod breaks the restricted Pod Security
Standard, or that a field is deprecated or unknown.
"""

import os
from collections.abc import Sequence
from pathlib import Path

import pytest
import yaml

from devenv.environment import MANIFESTS
from devenv.kubernetes.api_server import KubernetesServer
from devenv.kubernetes.kubectl import KubectlError
from njst import __version__
from tests.kubernetes.installing import DRY_RUN, OVERLAYS, namespaces, pods, rendered

COMPONENTS = sorted(path.parent.name for path in MANIFESTS.glob("components/*/kustomization.yaml"))
DEPLOY = MANIFESTS / "njst-deploy.yaml"


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_api_server_takes_every_overlay_without_a_warning(
    restricted: KubernetesServer, overlay: str
) -> None:
    text = rendered(restricted, MANIFESTS / "overlays" / overlay)
    said = restricted.kubectl(*DRY_RUN, stdin=text)
    assert said.count("serverside-applied") == len([*yaml.safe_load_all(text)])


def test_a_pod_that_is_not_restricted_is_found(restricted: KubernetesServer) -> None:
    text = rendered(restricted, MANIFESTS / "overlays" / "default")
    with pytest.raises(KubectlError, match="would violate PodSecurity"):
        restricted.kubectl(*DRY_RUN, stdin=text.replace("runAsNonRoot: true", ""))


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_only_the_operator_has_a_token(kube: KubernetesServer, overlay: str) -> None:
    for pod in pods(rendered(kube, MANIFESTS / "overlays" / overlay)):
        assert pod["automountServiceAccountToken"] is False
        tokens = {v["name"] for v in pod["volumes"] if "serviceAccountToken" in str(v)}
        for container in pod["containers"]:
            has = tokens & {mount["name"] for mount in container.get("volumeMounts", ())}
            assert bool(has) == (container["name"] == "operator")


PROBES = {"startupProbe", "livenessProbe", "readinessProbe"}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_container_is_bounded_probed_and_writes_only_where_it_may(
    kube: KubernetesServer, overlay: str
) -> None:
    for pod in pods(rendered(kube, MANIFESTS / "overlays" / overlay)):
        for container in pod["containers"]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            beside_another = container is not pod["containers"][0]
            probes = {"livenessProbe"} if beside_another else PROBES
            assert probes == PROBES & container.keys()
            bounded = {"memory", "ephemeral-storage"}
            assert container["resources"]["requests"].keys() == {"cpu", *bounded}
            assert bounded <= container["resources"]["limits"].keys()
            # Load and the server under load are never throttled.
            limited = "cpu" in container["resources"]["limits"]
            assert limited == (container["name"] in ("operator", "metrics"))


def test_the_one_file_is_the_default_overlay(kube: KubernetesServer) -> None:
    made = rendered(kube, MANIFESTS / "overlays" / "default")
    assert DEPLOY.read_text().endswith(made), "run `make manifests` and commit what it writes"


def test_the_one_file_is_small_enough_for_a_plain_apply(restricted: KubernetesServer) -> None:
    """What `kubectl apply` keeps in an annotation may have 256 KiB."""
    restricted.kubectl("apply", "--dry-run=server", "-f", str(DEPLOY))


def test_the_images_are_of_this_version(kube: KubernetesServer) -> None:
    for overlay in OVERLAYS:
        for pod in pods(rendered(kube, MANIFESTS / "overlays" / overlay)):
            images = {c["image"] for c in pod["containers"] if c["image"].startswith("njst-")}
            assert images <= {f"njst-worker:{__version__}", f"njst-operator:{__version__}"}


@pytest.mark.parametrize("component", COMPONENTS)
def test_every_component_is_part_of_an_overlay_or_works_in_one(
    restricted: KubernetesServer, component: str, tmp_path: Path
) -> None:
    """With the overlay that has most kinds of pods."""
    folder, _ = _with([component], "operator-deployment", tmp_path)
    restricted.kubectl(*DRY_RUN, stdin=rendered(restricted, folder))


def test_namespaced_has_nothing_that_is_cluster_wide(kube: KubernetesServer) -> None:
    text = rendered(kube, MANIFESTS / "overlays" / "namespaced")
    assert all(part["metadata"].get("namespace") == "njst" for part in yaml.safe_load_all(text))


def _with(
    components: Sequence[str], overlay: str, folder: Path, namespace: str = ""
) -> tuple[Path, list[str]]:
    """Write a kustomization of a user's own: an overlay and the components that it lacks.

    Returns the folder and what was added.
    """
    has = (MANIFESTS / "overlays" / overlay / "kustomization.yaml").read_text()
    added = [name for name in components if f"components/{name}\n" not in has]
    paths = [os.path.relpath(MANIFESTS / "components" / name, folder) for name in added]
    base = os.path.relpath(MANIFESTS / "overlays" / overlay, folder)
    whole = {"resources": [base], "components": paths} | (
        {"namespace": namespace} if namespace else {}
    )
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(whole))
    return folder, added


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_overlay__has_all_objects_in_the_namespace_of_the_installation(
    kube: KubernetesServer, overlay: str
) -> None:
    found = namespaces(rendered(kube, MANIFESTS / "overlays" / overlay))
    assert set(found.values()) == {"njst"}, found


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_no_component_adds_anything_outside_of_the_namespace_of_an_overlay(
    kube: KubernetesServer, overlay: str, tmp_path: Path
) -> None:
    """All that the overlay lacks at once: each object is looked at, whoever adds it.

    `namespace` sets the namespace of what stands before it, and would hide what lacks one.
    """
    folder, added = _with([c for c in COMPONENTS if c != "namespace"], overlay, tmp_path)
    found = namespaces(rendered(kube, folder))
    assert set(found.values()) == {"njst"}, found
    own = namespaces(rendered(kube, MANIFESTS / "overlays" / overlay))
    assert "restricted-network" not in added or "NetworkPolicy njst-deny-all" in found.keys() - own
    assert "monitoring" not in added or "ServiceMonitor njst" in found.keys() - own


def test_a_namespace_of_the_users_own_is_that_of_all_objects(
    kube: KubernetesServer, tmp_path: Path
) -> None:
    folder, _ = _with(COMPONENTS, "default", tmp_path, namespace="team-a")
    found = namespaces(rendered(kube, folder))
    assert set(found.values()) == {"team-a"}, found
