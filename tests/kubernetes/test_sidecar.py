"""What an operator lacks ends neither it nor the worker beside it; what comes is followed.

As in the manifests it waits for ever, and its pod has no probe that would ask it.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from devenv.environment import (
    ACCOUNT,
    CRDS,
    RBAC,
    SERVICE_ACCOUNT,
    Environment,
    LocalOperator,
    wait_served,
)
from devenv.kubernetes.api_server import KubernetesServer
from devenv.programs.kubernetes_binaries import find_binaries
from njst.contract.names.kubernetes import PLURAL, SCHEDULE_PLURAL
from njst.local.nats_server import NatsServer
from njst.local.wait_until import wait_until
from tests.kubernetes.resources import (
    PATIENCE_S,
    jobs_of,
    missed,
    readyz,
    schedule,
    short,
    wait_finished,
)

NAMESPACE = "default"


@pytest.fixture(scope="module")
def beside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Environment]:
    """A worker with an operator before an API server that has never heard of an NjstJob."""
    folder = tmp_path_factory.mktemp("sidecar")
    with KubernetesServer.start(find_binaries()) as kube, NatsServer.start() as nats:
        kube.kubectl("apply", "-f", str(ACCOUNT), "-f", str(RBAC))
        kubeconfig = kube.service_account_kubeconfig(
            folder / "kubeconfig", namespace=NAMESPACE, name=SERVICE_ACCOUNT
        )
        options = ("--wait-seconds=inf", "--resync-seconds=3")
        operator = LocalOperator("operator", nats.url, kubeconfig, NAMESPACE, options=options)
        env = Environment(kube, nats, [], [operator], NAMESPACE, folder)
        try:
            env.add_worker("worker")
            operator.service.launch()
            yield env
        finally:
            for part in (operator, *env.workers):
                part.close()


def wait_said(env: Environment, words: str) -> None:
    """Return when /readyz says so; it lives meanwhile, and the worker takes jobs."""
    (operator,) = env.operators

    def lacks() -> str | None:
        said = readyz(operator)
        return None if words in said else said

    assert wait_until(lacks, PATIENCE_S) is None
    assert httpx.get(f"{operator.url}/livez", timeout=PATIENCE_S).status_code == 200
    assert "njst_operator_ready 0" in httpx.get(f"{operator.url}/metrics", timeout=PATIENCE_S).text
    assert httpx.get(f"{env.workers[0].url}/readyz", timeout=PATIENCE_S).status_code == 200


def wait_works(env: Environment, name: str) -> None:
    """Return when the operator is ready; a job runs as soon as it is there."""
    (operator,) = env.operators
    operator.service.wait_ready(PATIENCE_S)
    env.kubectl("apply", "-f", "-", stdin=short(name))
    assert wait_finished(env, name)["status"]["phase"] == "Succeeded"
    assert "njst_operator_ready 1" in httpx.get(f"{operator.url}/metrics", timeout=PATIENCE_S).text


def install(env: Environment) -> None:
    env.kubectl("apply", "--server-side", "-f", str(CRDS))
    wait_served(env.kube, PLURAL, SCHEDULE_PLURAL)


def log_of(env: Environment) -> str:
    return (Path(env.folder) / "operator.log").read_text()


def test_resource_types_that_come_late_go_and_come_again_are_followed(beside: Environment) -> None:
    wait_said(beside, "njstjobs.njst.io is not installed")
    install(beside)
    wait_works(beside, "first")
    beside.kubectl("delete", "crd", f"{PLURAL}.njst.io", f"{SCHEDULE_PLURAL}.njst.io")
    wait_said(beside, "njstjobs.njst.io is not installed")
    install(beside)
    wait_works(beside, "second")
    # The schedules are watched as well.
    beside.kubectl("apply", "-f", "-", stdin=schedule("late"))
    missed(beside, "late")

    def lacking() -> str | None:
        return None if jobs_of(beside, "late") else "there is no job"

    assert wait_until(lacking, PATIENCE_S) is None
    beside.kubectl("delete", "njstschedule", "late")


def test_rights_that_are_revoked_and_granted_again_are_followed(beside: Environment) -> None:
    wait_works(beside, "before")
    beside.kubectl("delete", "rolebinding", SERVICE_ACCOUNT)
    # The watch stays open for as long as it was asked for; the next list is refused.
    wait_said(beside, "the resources cannot be listed: 403")
    beside.kubectl("apply", "-f", "-", stdin=short("forbidden"))
    beside.kubectl("apply", "-f", str(RBAC))
    assert wait_finished(beside, "forbidden")["status"]["phase"] == "Succeeded"
    wait_works(beside, "after")


def test_what_is_wrong_is_said_once_each_time(beside: Environment) -> None:
    """The resource types were missing twice, and were looked for every few seconds."""
    lines = [line for line in log_of(beside).splitlines() if "not installed; kubectl" in line]
    assert max(Counter(lines).values()) <= 2
