"""Whatever is killed, at whichever step: the end is the one that there is without a fault."""

import itertools
import threading
from collections.abc import Callable, Iterator

import httpx
import pytest

from devenv.environment import SERVICE_ACCOUNT, Environment, open_environment
from devenv.kubernetes.api_server import KubernetesServer
from devenv.programs.kubernetes_binaries import find_binaries
from njst.local.wait_until import wait_until
from tests.kubernetes.resources import (
    PATIENCE_S,
    Json,
    admin_api,
    api_jobs,
    conditions,
    get,
    job,
    restart_all,
    short,
    token_in,
    wait,
    wait_finished,
    wait_gone,
    wait_loading,
)

NAMESPACE = "faults"
STORMING = 4
# A job is for both: one that is slow to say that it is there, as after a fault, is waited for.
WORKERS = 2
MERGE_PATCH = {"content-type": "application/merge-patch+json"}


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Environment]:
    """An environment whose API server and NATS the tests may kill."""
    with KubernetesServer.start(find_binaries()) as kube:
        kube.kubectl("create", "namespace", NAMESPACE)
        folder = tmp_path_factory.mktemp("faulty")
        options = ["--resync-seconds=3"]
        with open_environment(kube, NAMESPACE, folder, copies=2, options=options) as environment:
            yield environment


def survivor(name: str, seconds: int = 2) -> str:
    """A short job that minds no error of the target, so that a dead NATS fails nothing."""
    workload: Json = {
        "name": "write",
        "stream": "LOAD",
        "durationSeconds": seconds,
        "publish": {"mode": "Synchronous", "payloadBytes": 64},
    }
    return job(
        name,
        streams=[{"name": "LOAD", "storage": "File", "maxMessages": 1000}],
        workloads=[workload],
        workers=WORKERS,
        thresholds=[{"metric": "Errors", "atMost": 1_000_000}],
    )


def _one_copy(env: Environment) -> Callable[[], None]:
    env.operators[0].service.kill()
    return lambda: env.operators[0].service.restart(PATIENCE_S)


def _all_copies(env: Environment) -> Callable[[], None]:
    for operator in env.operators:
        operator.service.kill()

    return lambda: restart_all(operator.service for operator in env.operators)


def _api_server(env: Environment) -> Callable[[], None]:
    env.kube.apiserver.kill()
    return lambda: env.kube.apiserver.restart(PATIENCE_S)


def _etcd(env: Environment) -> Callable[[], None]:
    env.kube.etcd.kill()

    def mend() -> None:
        env.kube.etcd.restart(PATIENCE_S)
        env.kube.wait_ready()

    return mend


def _nats(env: Environment) -> Callable[[], None]:
    env.nats.kill()
    return env.nats.restart


Fault = Callable[[Environment], Callable[[], None]]
FAULTS: list[Fault] = [_one_copy, _all_copies, _api_server, _etcd, _nats]
_names = [fault.__name__.strip("_") for fault in FAULTS]


def ended_well(env: Environment, name: str) -> Json:
    """The one end: one job, run by all, its result in the status."""
    resource = wait_finished(env, name)
    status = resource["status"]
    assert (status["phase"], status["verdict"]) == ("Succeeded", "Valid"), status
    assert conditions(resource)["Ready"] == "True"
    assert status["workers"]["summary"] == "2/2"
    assert status["workloads"][0]["messages"] > 0
    assert [job["id"] for job in api_jobs(env, resource)] == [resource["metadata"]["uid"]]
    return resource


@pytest.mark.parametrize("fault", FAULTS, ids=_names)
def test_a_fault_at_the_submission(faulty: Environment, fault: Fault) -> None:
    name = f"submitted-{fault.__name__.strip('_').replace('_', '-')}"
    # Without the API server there is nothing to apply to: it dies right after.
    first = fault in (_api_server, _etcd)
    if first:
        faulty.kubectl("apply", "-f", "-", stdin=survivor(name))
    mend = fault(faulty)
    if not first:
        faulty.kubectl("apply", "-f", "-", stdin=survivor(name))
    mend()
    ended_well(faulty, name)
    faulty.kubectl("delete", "njstjob", name)


@pytest.mark.parametrize("fault", FAULTS, ids=_names)
def test_a_fault_under_load(faulty: Environment, fault: Fault) -> None:
    name = f"loaded-{fault.__name__.strip('_').replace('_', '-')}"
    # Long enough for whoever looks on a machine that has no time to see it run.
    faulty.kubectl("apply", "-f", "-", stdin=survivor(name, seconds=6))
    resource = get(faulty, name)
    assert wait_until(lambda: _not_in(faulty, resource, "Running"), PATIENCE_S) is None
    mend = fault(faulty)
    if fault is not _nats:
        # The load goes on, and is over before anything comes back.
        assert wait_until(lambda: _not_in(faulty, resource, "Succeeded"), PATIENCE_S) is None
    mend()
    ended_well(faulty, name)
    faulty.kubectl("delete", "njstjob", name)


def _not_in(env: Environment, resource: Json, phase: str) -> str | None:
    """Return how far a worker says that the job is, or None when it is in this phase."""
    found = [job["phase"] for job in api_jobs(env, resource)]
    return None if found == [phase] else f"it is {found}"


def test_without_nats_the_resource_says_so(faulty: Environment) -> None:
    mend = _nats(faulty)
    faulty.kubectl("apply", "-f", "-", stdin=survivor("unheard"))
    resource = wait(faulty, "unheard", lambda status: status.get("reason") == "NATSUnavailable")
    assert conditions(resource)["Reconciling"] == "True"
    mend()
    ended_well(faulty, "unheard")
    faulty.kubectl("delete", "njstjob", "unheard")


def test_a_running_job_of_which_nobody_hears_says_so_until_nats_is_back(
    faulty: Environment,
) -> None:
    faulty.kubectl("apply", "-f", "-", stdin=survivor("silent", seconds=20))
    before = wait_loading(faulty, "silent")
    mend = _nats(faulty)
    said = wait(faulty, "silent", lambda status: status.get("reason") == "NATSUnavailable")
    assert said["status"]["phase"] == "Running"
    assert conditions(said)["Ready"] == "Unknown"
    assert said["status"]["startTime"] == before["status"]["startTime"], "what was said is kept"
    mend()
    ended_well(faulty, "silent")
    faulty.kubectl("delete", "njstjob", "silent")


def test_a_resource_deleted_while_no_operator_runs_loses_its_job(faulty: Environment) -> None:
    faulty.kubectl("apply", "-f", "-", stdin=job("orphan"))
    resource = wait_loading(faulty, "orphan")
    mend = _all_copies(faulty)
    faulty.kubectl("delete", "njstjob", "orphan", "--wait=true")
    mend()

    def loading() -> str | None:
        found = api_jobs(faulty, resource)[0]
        return None if found["reason"] == "ResourceDeleted" else f"it is {found['phase']}"

    assert wait_until(loading, PATIENCE_S) is None


def test_time_limit__passed_without_an_operator__holds_when_one_is_back(
    faulty: Environment,
) -> None:
    faulty.kubectl("apply", "-f", "-", stdin=short("outlived", workers=WORKERS))
    ended_well(faulty, "outlived")
    mend = _all_copies(faulty)
    patch = '{"spec":{"ttlSecondsAfterFinished":0}}'
    faulty.kubectl("patch", "njstjob", "outlived", "--type=merge", "-p", patch)
    mend()
    wait_gone(faulty, "outlived")


def test_writers_of_other_things_do_not_keep_the_status_from_being_written(
    faulty: Environment,
) -> None:
    faulty.kubectl("apply", "-f", "-", stdin=survivor("stormy"))
    path = f"/apis/njst.io/v1alpha1/namespaces/{NAMESPACE}/njstjobs/stormy"
    over, written = threading.Event(), itertools.count()

    def storm() -> None:
        with admin_api(faulty.kube) as client:
            while not over.is_set():
                note: Json = {"metadata": {"annotations": {"storm": str(next(written))}}}
                client.patch(path, json=note, headers=MERGE_PATCH)

    writers = [threading.Thread(target=storm) for _ in range(STORMING)]
    for writer in writers:
        writer.start()
    try:
        resource = ended_well(faulty, "stormy")
    finally:
        over.set()
        for writer in writers:
            writer.join()
    assert next(written) > 3 * resource["status"]["revision"], "several for each status"
    faulty.kubectl("delete", "njstjob", "stormy")


def test_a_token_that_is_no_longer_valid_is_read_anew(faulty: Environment) -> None:
    faulty.kubectl("delete", "serviceaccount", SERVICE_ACCOUNT)
    faulty.kubectl("create", "serviceaccount", SERVICE_ACCOUNT)
    path = faulty.folder / "operator.kubeconfig"
    old = httpx.Headers({"authorization": f"Bearer {token_in(path)}"})

    def accepted() -> str | None:
        answer = httpx.get(f"{faulty.kube.url}/apis", headers=old, verify=False, timeout=PATIENCE_S)
        return None if answer.status_code == 401 else f"it answers {answer.status_code}"

    # An API server remembers a good token for some seconds.
    assert wait_until(accepted, PATIENCE_S) is None
    faulty.kube.service_account_kubeconfig(path, namespace=NAMESPACE, name=SERVICE_ACCOUNT)
    faulty.kubectl("apply", "-f", "-", stdin=short("renewed", workers=WORKERS))
    ended_well(faulty, "renewed")
