"""Two Kubernetes on one control NATS: neither takes the other's jobs for orphans of its own."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import pytest

from devenv.environment import SERVICE_ACCOUNT, Environment, LocalOperator, install
from devenv.kubernetes.api_server import KubernetesServer
from devenv.programs.kubernetes_binaries import find_binaries
from njst.local.local_worker import READY_TIMEOUT_S, LocalWorker
from njst.local.nats_server import NatsServer
from njst.local.wait_until import wait_until
from tests.kubernetes.resources import PATIENCE_S, Json, api_jobs, get, job, wait, wait_loading

# A resource that is missing for twice as long is gone.
RESYNC_S = 1


class Clusters(NamedTuple):
    """Two clusters that look alike: the same namespace, the same account, the same mesh."""

    one: Environment
    other: Environment


@pytest.fixture
def clusters(kube: KubernetesServer, namespace: str, tmp_path: Path) -> Iterator[Clusters]:
    with ExitStack() as stack:
        second = stack.enter_context(KubernetesServer.start(find_binaries()))
        second.kubectl("create", "namespace", namespace)
        nats = stack.enter_context(NatsServer.start())
        worker = stack.enter_context(LocalWorker("worker", nats.url, tmp_path))

        def cluster(name: str, server: KubernetesServer) -> Environment:
            install(server, namespace)
            folder = tmp_path / name
            folder.mkdir()
            kubeconfig = server.service_account_kubeconfig(
                folder / "operator.kubeconfig", namespace=namespace, name=SERVICE_ACCOUNT
            )
            options = [f"--resync-seconds={RESYNC_S}"]
            operator = LocalOperator(name, nats.url, kubeconfig, namespace, options=options)
            stack.callback(operator.close)
            operator.service.launch()
            return Environment(server, nats, [worker], [operator], namespace, folder)

        both = Clusters(cluster("one", kube), cluster("other", second))
        for service in (worker.service, *(each.operators[0].service for each in both)):
            service.wait_ready(READY_TIMEOUT_S)
        yield both


def test_each_cancels_its_own_orphans_and_leaves_those_of_the_other(clusters: Clusters) -> None:
    one, other = clusters
    one.kubectl("apply", "-f", "-", stdin=job("long"))
    long = wait_loading(one, "long")
    other.kubectl("apply", "-f", "-", stdin=job("orphan"))
    orphan = wait(other, "orphan", lambda status: bool(status.get("jobId")))
    wait_listed(one, other)
    assert get(one, "long")["status"]["phase"] == "Running"
    assert get(other, "orphan")["status"]["phase"] == "Pending"
    # While no operator of its cluster runs, a job loses its resource: only the log knows of it.
    other.operators[0].service.stop()
    other.kubectl("delete", "njstjob", "orphan")
    other.operators[0].service.restart(PATIENCE_S)

    wait_deleted(other, orphan)
    assert get(one, "long")["status"]["phase"] == "Running"
    (made,) = api_jobs(one, long)
    assert made["phase"] == "Running"
    one.kubectl("delete", "njstjob", "long")
    wait_deleted(one, long)


def wait_listed(*clusters: Environment) -> None:
    """Return when each operator has listed so often that what was missing all the time is gone."""
    want = {id(env): listed(env) + 3 for env in clusters}

    def lacking() -> str | None:
        late = [env for env in clusters if listed(env) < want[id(env)]]
        return f"{len(late)} are still at it" if late else None

    assert wait_until(lacking, PATIENCE_S) is None


def listed(env: Environment) -> int:
    """How often the operators of an environment have listed its jobs."""
    lines = env.kube.audit_log.read_text().split("\n")[:-1]
    asked = [entry for entry in map(json.loads, lines) if entry["verb"] == "list"]
    where = [(e["objectRef"]["resource"], e["objectRef"].get("namespace")) for e in asked]
    return where.count(("njstjobs", env.namespace))


def wait_deleted(env: Environment, resource: Json) -> None:
    """Return when the log says that the job's resource is gone."""

    def kept() -> str | None:
        (made,) = api_jobs(env, resource)
        return None if made["reason"] == "ResourceDeleted" else f"it is {made['phase']}"

    assert wait_until(kept, PATIENCE_S) is None
