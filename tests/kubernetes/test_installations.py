"""Two njst installations in one Kubernetes: each NjstJob is taken by exactly one of them."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from typing import NamedTuple
from uuid import uuid4

import pytest

from devenv.environment import SERVICE_ACCOUNT, Environment, LocalOperator, install
from devenv.kubernetes.api_server import KubernetesServer
from devenv.kubernetes.kubectl import KubectlError
from njst.local.local_worker import READY_TIMEOUT_S, LocalWorker
from njst.local.nats_server import NatsServer
from njst.local.wait_until import wait_until
from tests.kubernetes.resources import (
    PATIENCE_S,
    Json,
    api_jobs,
    events,
    get,
    job,
    jobs_of,
    missed,
    schedule,
    short,
    wait,
    wait_finished,
    wait_loading,
)


class Meshes(NamedTuple):
    """Two meshes on one NATS and one API server; `default` takes jobs that name none."""

    default: Environment
    other: Environment
    # A copy of `other` that takes such jobs as well, by mistake; not started.
    mistaken: LocalOperator


@pytest.fixture(scope="module")
def meshes(kube: KubernetesServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Meshes]:
    folder = tmp_path_factory.mktemp("meshes")
    namespace = f"test-{uuid4().hex[:12]}"
    kube.kubectl("create", "namespace", namespace)
    install(kube, namespace)
    kubeconfig = kube.service_account_kubeconfig(
        folder / "operator.kubeconfig", namespace=namespace, name=SERVICE_ACCOUNT
    )
    with ExitStack() as stack:
        nats = stack.enter_context(NatsServer.start())

        def worker(mesh: str) -> LocalWorker:
            made = LocalWorker(f"worker-{mesh}", nats.url, folder, options=["--mesh", mesh])
            stack.callback(made.close)
            return made

        def operator(name: str, mesh: str, default: str) -> LocalOperator:
            options = ["--mesh", mesh, f"--default-mesh={default}", "--resync-seconds=2"]
            made = LocalOperator(name, nats.url, kubeconfig, namespace, options=options)
            stack.callback(made.close)
            return made

        operators = [operator("a", "a", "true"), operator("b", "b", "false")]
        environments = [
            Environment(kube, nats, [worker(each.name)], [each], namespace, folder)
            for each in operators
        ]
        mistaken = operator("b-default", "b", "true")
        services = [each.operators[0].service for each in environments]
        services += [each.workers[0].service for each in environments]
        for service in services:
            service.launch()
        for service in services:
            service.wait_ready(READY_TIMEOUT_S)
        yield Meshes(*environments, mistaken)


def ran_in(meshes: Meshes, resource: Json) -> list[int]:
    """How many jobs each installation has had of a resource."""
    return [len(api_jobs(env, resource)) for env in (meshes.default, meshes.other)]


@pytest.mark.parametrize(
    ("spec", "mesh", "ran"),
    [({}, "a", [1, 0]), ({"mesh": "a"}, "a", [1, 0]), ({"mesh": "b"}, "b", [0, 1])],
    ids=["no mesh", "the default one", "the other one"],
)
def test_a_job_runs_in_its_own_installation_and_in_no_other(
    meshes: Meshes, spec: Json, mesh: str, ran: list[int]
) -> None:
    name = f"runs-{spec.get('mesh', 'anywhere')}"
    meshes.default.kubectl("apply", "-f", "-", stdin=short(name, **spec))
    resource = wait_finished(meshes.default, name)
    assert (resource["status"]["phase"], resource["status"]["mesh"]) == ("Succeeded", mesh)
    assert ran_in(meshes, resource) == ran


def test_a_job_that_no_installation_takes_says_so(meshes: Meshes) -> None:
    env = meshes.default
    env.kubectl("apply", "-f", "-", stdin=short("nobodys", mesh="c"))
    # Another one's whole life later, nobody has touched it.
    env.kubectl("apply", "-f", "-", stdin=short("somebodys"))
    wait_finished(env, "somebodys")
    resource = get(env, "nobodys")
    status = resource["status"]
    assert (status["phase"], status["reason"]) == ("Pending", "NotTaken")
    assert (status["observedGeneration"], "conditions" in status) == (-1, False)
    assert "Pending" in env.kubectl("get", "nj", "nobodys", "--no-headers")
    assert ran_in(meshes, resource) == [0, 0]


def test_the_installation_of_a_job_cannot_be_changed(meshes: Meshes) -> None:
    meshes.default.kubectl("apply", "-f", "-", stdin=short("stays", mesh="c"))
    with pytest.raises(KubectlError, match="a job cannot be changed"):
        meshes.default.kubectl("apply", "-f", "-", stdin=short("stays", mesh="a"))


def test_a_deleted_job_of_one_installation_is_cancelled_by_it(meshes: Meshes) -> None:
    env = meshes.other
    env.kubectl("apply", "-f", "-", stdin=job("deleted", mesh="b"))
    resource = wait_loading(env, "deleted")
    env.kubectl("delete", "njstjob", "deleted")

    def going() -> str | None:
        (made,) = api_jobs(env, resource)
        return None if made["phase"] == "Cancelled" else f"it is {made['phase']}"

    assert wait_until(going, PATIENCE_S) is None


def test_the_jobs_of_a_schedule_run_in_its_installation(meshes: Meshes) -> None:
    template = {"spec": {**json.loads(short("template"))["spec"], "mesh": "b"}}
    env = meshes.other
    env.kubectl("apply", "-f", "-", stdin=schedule("yearly", jobTemplate=template))
    missed(env, "yearly")

    def lacking() -> str | None:
        phases = [made["status"].get("phase", "") for made in jobs_of(env, "yearly")]
        return None if phases == ["Succeeded"] else f"jobs are {phases}"

    assert wait_until(lacking, PATIENCE_S) is None
    (made,) = jobs_of(env, "yearly")
    env.kubectl("delete", "njstschedule", "yearly")
    assert (made["spec"]["mesh"], ran_in(meshes, made)) == ("b", [0, 1])


def test_of_two_default_installations_one_gives_way_and_says_so(meshes: Meshes) -> None:
    """It is a mistake; it must not be two loads for long, nor a status that flips."""
    mistaken = meshes.mistaken
    mistaken.service.launch()
    mistaken.service.wait_ready(READY_TIMEOUT_S)
    env = meshes.default
    for number in range(3):
        _run_in_one(meshes, f"both-{number}")
    reasons = {event["reason"] for event in events(env)}
    assert "TwoDefaultMeshes" in reasons, "no job was submitted twice"
    mistaken.service.stop()


def _run_in_one(meshes: Meshes, name: str) -> None:
    env = meshes.default
    env.kubectl("apply", "-f", "-", stdin=job(name))
    resource = wait(env, name, lambda status: status.get("phase") == "Running")
    owner = resource["status"]["mesh"]

    def twin() -> str | None:
        made = {"a": api_jobs(env, resource), "b": api_jobs(meshes.other, resource)}
        open_in = {m for m, jobs in made.items() if jobs and jobs[0]["phase"] == "Running"}
        return None if open_in == {owner} else f"it runs in {open_in}, and is {owner}'s"

    assert wait_until(twin, PATIENCE_S) is None
    env.kubectl("patch", "njstjob", name, "--type=merge", "-p", '{"spec":{"cancel":true}}')
    assert wait_finished(env, name)["status"]["mesh"] == owner
