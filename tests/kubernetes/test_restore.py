"""What comes back under another uid, from a backup or as a copy, starts no load by itself."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from devenv.environment import Environment, open_environment
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
    short,
    wait,
    wait_finished,
    wait_loading,
)

MARK = "njst.io/accepted-uid"


def backup(env: Environment, name: str) -> Json:
    """What a backup keeps of a resource once njst has marked it."""

    def unmarked() -> str | None:
        found = get(env, name)["metadata"].get("annotations", {}).get(MARK)
        return None if found == get(env, name)["metadata"]["uid"] else f"its mark is {found}"

    assert wait_until(unmarked, PATIENCE_S) is None
    found = get(env, name)
    kept = {key: found["metadata"][key] for key in ("name", "annotations")}
    return {**{k: found[k] for k in ("apiVersion", "kind", "spec", "status")}, "metadata": kept}


def put_back(env: Environment, kept: Json, *, with_status: bool) -> None:
    """Create the resource, then its status, as Velero does."""
    env.kubectl("create", "-f", "-", stdin=json.dumps(kept))
    if with_status:
        patch = json.dumps({"status": kept["status"]})
        name = kept["metadata"]["name"]
        env.kubectl("patch", "njstjob", name, "--subresource=status", "--type=merge", "-p", patch)


def write_often(env: Environment, name: str) -> None:
    """Let the API server's version grow."""
    path = f"/apis/njst.io/v1alpha1/namespaces/{env.namespace}/njstjobs/{name}"
    headers = {"content-type": "application/merge-patch+json"}
    with admin_api(env.kube) as admin:
        for number in range(50):
            body = {"metadata": {"annotations": {"a": str(number)}}}
            admin.patch(path, json=body, headers=headers).raise_for_status()


def wait_held(env: Environment, name: str) -> Json:
    resource = wait(env, name, lambda status: status.get("reason") == "Restored")
    assert resource["status"]["phase"] == "Suspended"
    assert conditions(resource)["Suspended"] == "True"
    return resource


@pytest.mark.parametrize("with_status", [False, True], ids=["without status", "with status"])
@pytest.mark.parametrize("over", [True, False], ids=["finished", "running"])
def test_a_restored_job_starts_no_load(env: Environment, over: bool, with_status: bool) -> None:
    env.kubectl("apply", "-f", "-", stdin=short("kept") if over else job("kept"))
    before = wait_finished(env, "kept") if over else wait_loading(env, "kept")
    kept = backup(env, "kept")
    env.kubectl("delete", "njstjob", "kept")
    put_back(env, kept, with_status=with_status)
    if over and with_status:
        # Its result is there again, and nothing else.
        wait(env, "kept", lambda status: status.get("phase") == "Succeeded")
    else:
        resource = wait_held(env, "kept")
        assert (
            f"annotate njstjob kept --namespace {env.namespace} {MARK}-"
            in (resource["status"]["message"])
        )
    # Another job's whole life later.
    env.kubectl("apply", "-f", "-", stdin=short("other"))
    wait_finished(env, "other")
    assert [made["id"] for made in api_jobs(env, before)][:1] == [before["metadata"]["uid"]]
    assert (
        len({made["id"] for made in api_jobs(env, before)} & {get(env, "kept")["metadata"]["uid"]})
        == 0
    )


def test_a_restored_job_of_an_older_njst_is_known_by_its_status(env: Environment) -> None:
    env.kubectl("apply", "-f", "-", stdin=short("old", suspend=True))
    wait(env, "old", lambda status: status.get("phase") == "Suspended")
    status = {"phase": "Running", "jobId": "of-another-cluster", "observedGeneration": 1}
    patch = json.dumps({"status": {**status, "revision": 7}})
    env.kubectl("patch", "njstjob", "old", "--subresource=status", "--type=merge", "-p", patch)
    wait_held(env, "old")
    assert get(env, "old")["metadata"]["annotations"][MARK] == "of-another-cluster"


def test_a_held_job_runs_when_it_is_released(env: Environment) -> None:
    env.kubectl("apply", "-f", "-", stdin=short("first"))
    wait_finished(env, "first")
    kept = backup(env, "first")
    kept["metadata"]["name"] = "copy"
    put_back(env, kept, with_status=False)
    held = wait_held(env, "copy")
    assert api_jobs(env, held) == []
    env.kubectl("annotate", "njstjob", "copy", f"{MARK}-")
    released = wait_finished(env, "copy")
    assert released["status"]["phase"] == "Succeeded"
    assert len(api_jobs(env, released)) == 1


@pytest.mark.parametrize(
    "again",
    [
        lambda env, text: env.kubectl("replace", "--force", "-f", "-", stdin=text),
        lambda env, text: (
            env.kubectl("delete", "njstjob", "again"),
            env.kubectl("apply", "-f", "-", stdin=text),
        ),
    ],
    ids=["replace", "delete and apply"],
)
def test_a_job_that_is_made_anew_from_its_file_runs(
    env: Environment, again: Callable[[Environment, str], object]
) -> None:
    """So do Flux with `force`, Argo CD with `Force=true,Replace=true`, and a Helm hook."""
    env.kubectl("apply", "-f", "-", stdin=short("again"))
    first = wait_finished(env, "again")
    backup(env, "again")
    again(env, short("again", description="changed"))
    second = wait_finished(env, "again")
    assert second["status"]["phase"] == "Succeeded"
    assert second["metadata"]["uid"] != first["metadata"]["uid"]


def test_an_operator_follows_an_api_server_whose_etcd_was_restored(tmp_path: Path) -> None:
    """Versions go back then; whoever waits for higher ones sees nothing for long."""
    namespace = "restored"
    with KubernetesServer.start(find_binaries()) as kube:
        kube.kubectl("create", "namespace", namespace)
        options = ["--resync-seconds=2"]
        with open_environment(kube, namespace, tmp_path, copies=1, options=options) as env:
            env.kubectl("apply", "-f", "-", stdin=short("held", suspend=True))
            wait(env, "held", lambda status: status.get("phase") == "Suspended")
            data, copy = kube.folder / "etcd", tmp_path / "backup"
            kube.apiserver.kill()  # it keeps no state, and takes long to end in order
            kube.etcd.stop()
            shutil.copytree(data, copy)
            kube.etcd.restart(PATIENCE_S)
            kube.apiserver.restart(PATIENCE_S)
            env.kubectl("apply", "-f", "-", stdin=short("since"))
            since = wait_finished(env, "since")
            write_often(env, "held")
            last = int(get(env, "held")["metadata"]["resourceVersion"])
            kube.apiserver.kill()
            kube.etcd.stop()
            shutil.rmtree(data)
            copy.rename(data)
            kube.etcd.restart(PATIENCE_S)
            kube.apiserver.restart(PATIENCE_S)
            patch = '{"spec":{"suspend":false}}'
            env.kubectl("patch", "njstjob", "held", "--type=merge", "-p", patch)
            assert int(get(env, "held")["metadata"]["resourceVersion"]) < last
            assert wait_finished(env, "held")["status"]["phase"] == "Succeeded"
            assert len(api_jobs(env, since)) == 1
