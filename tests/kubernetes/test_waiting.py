"""A resource that waits for workers says for what, and not for ever."""

from pathlib import Path

from devenv.environment import Environment, open_environment
from devenv.kubernetes.api_server import KubernetesServer
from tests.kubernetes.resources import (
    conditions,
    get,
    job,
    short,
    wait,
    wait_finished,
    wait_loading,
)


def test_a_job_that_never_gets_its_workers_fails(env: Environment) -> None:
    manifest = short("many", workers=20, queueTimeoutSeconds=3, activeDeadlineSeconds=10)
    env.kubectl("apply", "-f", "-", stdin=manifest)
    waiting = wait(env, "many", lambda status: status.get("reason") == "NotEnoughWorkers")
    words = "spec.workers asks for 20 workers, 3 are connected"
    assert words in waiting["status"]["message"]
    resource = wait_finished(env, "many")
    status = resource["status"]
    assert (status["phase"], status["reason"]) == ("Failed", "QueueTimeout")
    assert f"within 3 s: {words}" in status["message"]
    assert conditions(resource)["Succeeded"] == "False"


def test_a_job_that_waits_behind_another_one_for_too_long_fails(env: Environment) -> None:
    env.kubectl("apply", "-f", "-", stdin=job("first"))
    wait_loading(env, "first")
    env.kubectl("apply", "-f", "-", stdin=short("second", queueTimeoutSeconds=2))
    status = wait_finished(env, "second")["status"]
    assert (status["phase"], status["reason"], status["verdict"]) == (
        "Failed",
        "QueueTimeout",
        "Invalid",
    )
    assert get(env, "first")["status"]["phase"] == "Running"


def test_a_job_that_comes_with_the_installation_runs_on_all_of_it(
    kube: KubernetesServer, namespace: str, tmp_path: Path
) -> None:
    options = ["--expect-workers=2"]
    with open_environment(kube, namespace, tmp_path, copies=1, options=options) as env:
        env.kubectl("apply", "-f", "-", stdin=short("early"))
        waiting = wait(env, "early", lambda status: status.get("reason") == "NotEnoughWorkers")
        assert "1 of 2 workers that are wanted here" in waiting["status"]["message"]
        env.add_worker("late")
        status = wait_finished(env, "early")["status"]
        assert (status["phase"], status["workers"]["summary"]) == ("Succeeded", "2/2")
