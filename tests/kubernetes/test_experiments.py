"""NjstExperiments: accepted once, run as trials, and mirrored into their status."""

import json

import pytest

from devenv.environment import Environment
from devenv.kubernetes.kubectl import KubectlError
from njst.local.wait_until import wait_until
from tests.kubernetes.experiments import (
    endless,
    experiment,
    get,
    over_http,
    trial_phases,
    wait,
    wait_phase,
)
from tests.kubernetes.resources import PATIENCE_S, conditions


def test_experiment__applied__runs_its_trials_although_a_replica_dies(env: Environment) -> None:
    env.kubectl("apply", "-f", "-", stdin=experiment("grid"))
    running = wait_phase(env, "grid", "Running")
    env.operators[0].service.kill()
    uid = running["metadata"]["uid"]
    ended = wait_phase(env, "grid", "Succeeded")
    status = ended["status"]
    assert (status["experimentId"], status["trialSummary"], status["verdict"]) == (
        *(uid, "2/2"),
        "Valid",
    )
    assert status["observedGeneration"] == ended["metadata"]["generation"]
    assert [(trial["number"], trial["point"]) for trial in status["trials"]] == [
        (1, "size=64"),
        (0, "size=16"),
    ]
    assert conditions(ended) == {
        "Accepted": "True",
        "Finished": "True",
        "Succeeded": "True",
        "Suspended": "False",
        "Reconciling": "False",
        "Stalled": "False",
        "Ready": "True",
    }
    assert trial_phases(env, ended) == ["Succeeded", "Succeeded"]
    assert "2/2" in env.kubectl("get", "nje", "grid", "-o", "wide").splitlines()[1].split()
    shown = over_http(env, f"experiments/{uid}").json()
    assert (shown["origin"]["kind"], shown["name"]) == ("Resource", "grid")
    refused = over_http(env, f"experiments/{uid}", "DELETE")
    assert (refused.status_code, "kubectl delete njstexperiment grid" in refused.text) == (
        409,
        True,
    )
    with pytest.raises(KubectlError, match="an experiment cannot be changed but for suspend"):
        env.kubectl("apply", "-f", "-", stdin=experiment("grid", repeats=2))


def test_experiment__suspended__ends_its_trial_and_goes_on_when_resumed(env: Environment) -> None:
    env.kubectl("apply", "-f", "-", stdin=experiment("held", suspend=True, repeats=20))
    held = wait_phase(env, "held", "Suspended")
    assert not held["status"].get("experimentId")
    _patch(env, "held", suspend=False)
    wait(env, "held", lambda status: bool(status.get("runningJob")))
    _patch(env, "held", suspend=True)
    paused = wait(env, "held", lambda status: status["reason"] == "Suspended")
    assert conditions(paused)["Suspended"] == "True"
    assert trial_phases(env, paused) == paused["status"]["trialCount"] * ["Succeeded"]
    _patch(env, "held", suspend=False)
    count = paused["status"]["trialCount"]
    resumed = wait(env, "held", lambda status: status["trialCount"] > count)
    assert resumed["status"]["phase"] == "Running"


def _patch(env: Environment, name: str, **spec: object) -> None:
    patch = json.dumps({"spec": spec})
    env.kubectl("patch", "njstexperiment", name, "--type=merge", "-p", patch)


@pytest.mark.parametrize("is_deleted", [True, False], ids=["deleted", "cancelled"])
def test_experiment__stopped__cancels_its_trial(env: Environment, is_deleted: bool) -> None:
    name = "gone" if is_deleted else "stopped"
    env.kubectl("apply", "-f", "-", stdin=endless(name))
    resource = wait(env, name, lambda status: bool(status.get("runningJob")))
    if is_deleted:
        env.kubectl("delete", "njstexperiment", name)
    else:
        _patch(env, name, cancel=True)

    def open_trials() -> str | None:
        phases = trial_phases(env, resource)
        return None if phases == ["Cancelled"] else f"trials are {phases}"

    assert wait_until(open_trials, PATIENCE_S) is None
    if not is_deleted:
        status = wait_phase(env, name, "Cancelled")["status"]
        assert (status["reason"], status["verdict"]) == ("Requested", "")


def test_experiment__copy_of_an_accepted_one__is_held_until_it_is_released(
    env: Environment,
) -> None:
    document = json.loads(experiment("copy"))
    document["metadata"]["annotations"] = {"njst.io/accepted-uid": "another"}
    env.kubectl("apply", "-f", "-", stdin=json.dumps(document))
    held = wait_phase(env, "copy", "Suspended")
    assert held["status"]["reason"] == "Restored"
    assert "kubectl annotate njstexperiment copy" in held["status"]["message"]
    env.kubectl("annotate", "njstexperiment", "copy", "njst.io/accepted-uid-")
    wait_phase(env, "copy", "Succeeded")
    assert get(env, "copy")["metadata"]["annotations"]["njst.io/accepted-uid"]


def test_experiment__that_only_the_parser_refuses__says_why_in_its_words(env: Environment) -> None:
    factor = {"name": "size", "path": "workloads[write].publish.nothing", "values": [1]}
    env.kubectl("apply", "-f", "-", stdin=experiment("bad", factors=[factor]))
    status = wait_phase(env, "bad", "Failed")["status"]
    assert status["reason"] == "InvalidSpec"
    assert status["message"].startswith("spec.factors[0].path: workloads[write].publish has no")
