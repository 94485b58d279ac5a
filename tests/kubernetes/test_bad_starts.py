"""An operator that cannot start says why: in one line of its log, in /readyz, and when it ends."""

import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from devenv.environment import (
    ACCOUNT,
    CRDS,
    MANIFESTS,
    RBAC,
    SERVICE_ACCOUNT,
    LocalOperator,
    install,
)
from devenv.kubernetes.api_server import KubernetesServer
from devenv.programs.kubernetes_binaries import find_binaries
from njst.local.nats_server import NatsServer
from njst.local.reserved_port import ReservedPort
from njst.local.wait_until import wait_until
from tests.documented import is_documented
from tests.loglines import parsed

LIMIT_S = 120.0


@contextmanager
def waiting_operator(
    kube: KubernetesServer, namespace: str, folder: Path, nats_url: str
) -> Iterator[LocalOperator]:
    """An operator that has more patience than a test."""
    kubeconfig = kube.service_account_kubeconfig(
        folder / "kubeconfig", namespace=namespace, name=SERVICE_ACCOUNT
    )
    operator = LocalOperator(
        "operator", nats_url, kubeconfig, namespace, options=("--wait-seconds", "600")
    )
    try:
        operator.service.launch()
        yield operator
    finally:
        operator.close()


def assert_said(operator: LocalOperator, folder: Path, part: str) -> None:
    """The words are in /readyz, once in the log, and in the docs; and it is not restarted."""

    def lacks() -> str | None:
        return None if part in _readyz(operator) else _readyz(operator)

    assert wait_until(lacks, LIMIT_S) is None
    words = _readyz(operator)
    assert is_documented(words)
    with urllib.request.urlopen(f"{operator.url}/livez", timeout=LIMIT_S) as answer:
        assert answer.status == 200
    text = (folder / "operator.log").read_text()
    (line,) = parsed(text)
    assert len(text.splitlines()) == 1
    assert (line.level, line.job) == ("WARNING", "-")
    assert line.message.startswith(f"{words}; trying again for ")


def _readyz(operator: LocalOperator) -> str:
    try:
        with urllib.request.urlopen(f"{operator.url}/readyz", timeout=LIMIT_S) as answer:
            return str(answer.read().decode())
    except urllib.error.HTTPError as error:
        return error.read().decode()


@pytest.fixture
def nats_server() -> Iterator[NatsServer]:
    with NatsServer.start() as server:
        yield server


@pytest.fixture
def bare_kube() -> Iterator[KubernetesServer]:
    """An API server that has never heard of njst."""
    with KubernetesServer.start(find_binaries()) as server:
        yield server


def test_no_resource_types_and_then_they_come(
    bare_kube: KubernetesServer, tmp_path: Path, nats_server: NatsServer
) -> None:
    for file in (ACCOUNT, RBAC):
        bare_kube.kubectl("apply", "-f", str(file))
    with waiting_operator(bare_kube, "default", tmp_path, nats_server.url) as operator:
        assert_said(operator, tmp_path, "njstjobs.njst.io is not installed")
        bare_kube.kubectl("apply", "--server-side", "-f", str(CRDS))
        operator.service.wait_ready(LIMIT_S)


def test_no_rights_and_then_they_come(
    kube: KubernetesServer, namespace: str, tmp_path: Path, nats_server: NatsServer
) -> None:
    install(kube, namespace)
    kube.kubectl("--namespace", namespace, "delete", "rolebinding", SERVICE_ACCOUNT)
    with waiting_operator(kube, namespace, tmp_path, nats_server.url) as operator:
        assert_said(operator, tmp_path, "the operator may not list njstjobs")
        kube.kubectl("--namespace", namespace, "apply", "-f", str(RBAC))
        operator.service.wait_ready(LIMIT_S)


def test_no_nats_and_then_one(kube: KubernetesServer, namespace: str, tmp_path: Path) -> None:
    install(kube, namespace)
    # Nobody else is given it before the server comes.
    with closing(ReservedPort()) as port:
        url = f"nats://{port.address}"
        with waiting_operator(kube, namespace, tmp_path, url) as operator:
            assert_said(operator, tmp_path, "no answer")
            with NatsServer.start(port=port.number):
                operator.service.wait_ready(LIMIT_S)


def test_rights_in_all_namespaces_are_enough_for_all(
    kube: KubernetesServer, namespace: str, tmp_path: Path, nats_server: NatsServer
) -> None:
    """As manifests/base grants them."""
    install(kube, namespace)
    roles = (MANIFESTS / "base" / "operator-clusterrole.yaml").read_text()
    kube.kubectl(
        "apply", "-f", "-", stdin=roles.replace("namespace: default", f"namespace: {namespace}")
    )
    kubeconfig = kube.service_account_kubeconfig(
        tmp_path / "kubeconfig", namespace=namespace, name=SERVICE_ACCOUNT
    )
    operator = LocalOperator("operator", nats_server.url, kubeconfig, "")
    try:
        operator.service.launch()
        operator.service.wait_ready(LIMIT_S)
    finally:
        operator.close()
        kube.kubectl("delete", "clusterrolebinding", SERVICE_ACCOUNT)
