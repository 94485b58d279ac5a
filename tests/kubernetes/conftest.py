from collections.abc import Iterator
from uuid import uuid4

import pytest

from devenv.environment import MANIFESTS, Environment, install_crds, open_environment, wait_served
from devenv.kubernetes.api_server import KubernetesServer
from devenv.programs.kubernetes_binaries import find_binaries
from tests.kubernetes.resources import restart_all

NAMESPACE = MANIFESTS / "components" / "namespace" / "namespace.yaml"


@pytest.fixture(scope="session")
def kube() -> Iterator[KubernetesServer]:
    """One API server for the whole run; a test that ends its processes starts one of its own.

    Fails where the programs are missing: making them takes longer than a test may.
    """
    with KubernetesServer.start(find_binaries()) as server:
        yield server


# The kinds of the Prometheus Operator, without their schemas.
MONITORING = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {{name: {plural}.monitoring.coreos.com}}
spec:
  group: monitoring.coreos.com
  names: {{kind: {kind}, plural: {plural}}}
  scope: Namespaced
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema: {{type: object, x-kubernetes-preserve-unknown-fields: true}}
"""


@pytest.fixture(scope="session")
def restricted(kube: KubernetesServer) -> KubernetesServer:
    """The API server, with the namespace that the overlays are for, and all CRDs."""
    kube.kubectl("apply", "--server-side", "-f", str(NAMESPACE))
    install_crds(kube)
    kinds = {f"{kind.lower()}s": kind for kind in ("ServiceMonitor", "PrometheusRule")}
    for plural, kind in kinds.items():
        crd = MONITORING.format(kind=kind, plural=plural)
        kube.kubectl("apply", "--server-side", "-f", "-", stdin=crd)
    wait_served(kube, *kinds)
    return kube


@pytest.fixture
def namespace(kube: KubernetesServer) -> str:
    """A namespace of this test's own. It stays: no controller finishes a deletion."""
    name = f"test-{uuid4().hex[:12]}"
    kube.kubectl("create", "namespace", name)
    return name


@pytest.fixture(scope="session")
def shared_environment(
    kube: KubernetesServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Environment]:
    """One environment for the tests that leave it whole: starting it takes longest."""
    namespace = f"test-{uuid4().hex[:12]}"
    kube.kubectl("create", "namespace", namespace)
    folder = tmp_path_factory.mktemp("environment")
    with open_environment(kube, namespace, folder) as environment:
        yield environment


@pytest.fixture
def env(shared_environment: Environment) -> Iterator[Environment]:
    """The shared environment, whole before and without resources after each test."""
    shared = shared_environment
    services = [part.service for part in (*shared.workers, *shared.operators)]
    restart_all(service for service in services if not service.running)
    yield shared
    shared.kubectl("delete", "njstexperiments,njstjobs", "--all", "--wait=true")
