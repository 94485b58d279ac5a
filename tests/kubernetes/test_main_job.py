"""The main job: an NjstJob applied with kubectl, three workers, three operators, real RBAC."""

import json
import time

import nats
import pytest
import yaml

from devenv.environment import ROOT, Environment
from devenv.kubernetes.kubectl import KubectlError
from njst.local.wait_until import wait_until
from njst_operator.controllers.resource.status_writer import NUMBERS_EVERY_S
from njst_operator.kube.kube_object import parse_time
from tests.kubernetes.resources import (
    PATIENCE_S,
    Json,
    api_jobs,
    conditions,
    events,
    get,
    job,
    restart_all,
    short,
    wait,
    wait_finished,
    wait_gone,
    wait_loading,
)


async def stream_messages(env: Environment, names: list[str]) -> list[int]:
    client = await nats.connect(env.nats.url)
    try:
        js = client.jetstream()
        return [(await js.stream_info(name)).state.messages for name in names]
    finally:
        await client.close()


async def remove_streams(env: Environment, names: list[str]) -> None:
    client = await nats.connect(env.nats.url)
    try:
        for name in names:
            await client.jetstream().delete_stream(name)
    finally:
        await client.close()


async def test_example__run_by_three_workers__has_its_result_in_its_status(
    env: Environment,
) -> None:
    manifest = yaml.safe_load((ROOT / "examples" / "four-streams.yaml").read_text())
    spec = manifest["spec"]
    spec["streams"][0]["retain"] = "Keep"
    # Not what it demands of the machine: how soon.
    spec["thresholds"] = [t for t in spec["thresholds"] if t["metric"] == "Errors"]
    env.kubectl("apply", "-f", "-", stdin=json.dumps(manifest))
    resource = wait_finished(env, "four-streams", 200)
    status = resource["status"]
    assert (status["phase"], status["verdict"]) == ("Succeeded", "Valid"), status
    assert conditions(resource) == {
        "Accepted": "True",
        "WorkersReady": "True",
        "Finished": "True",
        "Succeeded": "True",
        "Suspended": "False",
        "Reconciling": "False",
        "Stalled": "False",
        "Ready": "True",
    }
    assert status["workers"]["summary"] == "3/3"
    assert [(w["name"], w["messages"]) for w in status["workloads"]] == [
        ("write", 400_000),
        ("read", 400_000),
    ]
    assert status["observedGeneration"] == resource["metadata"]["generation"]
    assert status["jobId"] == resource["metadata"]["uid"]
    counts = await stream_messages(env, [f"NJST-FOUR-{n}" for n in range(4)])
    assert counts == [100_000] * 4
    await remove_streams(env, [f"NJST-FOUR-{n}" for n in range(4)])
    (created,) = api_jobs(env, resource, worker=2)
    assert len(created["participants"]) == 3
    assert status["resultRef"] == f"/api/v1/jobs/{created['id']}/report"
    env.kubectl("wait", "njstjob/four-streams", "--for=condition=Succeeded", "--timeout=50s")
    line = env.kubectl("get", "nj", "four-streams", "--no-headers")
    assert "Succeeded" in line
    assert "3/3" in line
    assert "Valid" in line
    told = ["JobSubmitted", "Started", "Succeeded"]

    def untold() -> str | None:
        reasons = event_reasons(env, resource)
        return None if reasons == told else f"events are {reasons}"

    # An event is written after the status that it tells of.
    assert wait_until(untold, PATIENCE_S) is None


def event_reasons(env: Environment, resource: Json) -> list[str]:
    """What the events that there are of a resource tell, sorted."""
    uid = resource["metadata"]["uid"]
    return sorted(e["reason"] for e in events(env) if e["involvedObject"]["uid"] == uid)


def test_deleting_a_running_job_stops_its_load(env: Environment) -> None:
    env.kubectl("apply", "-f", "-", stdin=job("running"))
    resource = wait_loading(env, "running")
    give_up = time.monotonic() + PATIENCE_S
    env.kubectl("delete", "njstjob", "running", "--wait=true")
    while api_jobs(env, resource)[0]["phase"] != "Cancelled":
        assert time.monotonic() < give_up, "the load goes on"
    assert api_jobs(env, resource)[0]["reason"] == "ResourceDeleted"


def test_deleting_what_does_not_run_yet_leaves_what_runs(env: Environment) -> None:
    env.kubectl("apply", "-f", "-", stdin=job("running"))
    running = wait_loading(env, "running")
    env.kubectl("apply", "-f", "-", stdin=short("suspended", suspend=True))
    env.kubectl("apply", "-f", "-", stdin=short("pending"))
    wait(env, "suspended", lambda status: status.get("phase") == "Suspended")
    pending = wait(env, "pending", lambda status: bool(status.get("jobId")))
    assert pending["status"]["phase"] == "Pending", "the workers are busy"
    ahead = f"number 1 in the queue, behind job {env.namespace}/running"
    assert (pending["status"]["reason"], pending["status"]["message"]) == ("WorkersBusy", ahead)
    assert pending["status"]["target"] == "control NATS"
    assert pending["status"]["workers"]["summary"] == "0/3"
    suspended = get(env, "suspended")
    env.kubectl("delete", "njstjob", "suspended", "pending", "--wait=true", timeout_s=60)
    give_up = time.monotonic() + 60
    while api_jobs(env, pending)[0]["phase"] != "Cancelled":
        assert time.monotonic() < give_up, "it still waits for workers"
    assert api_jobs(env, pending)[0]["reason"] == "ResourceDeleted"
    assert api_jobs(env, suspended) == [], "it never had a job"
    assert api_jobs(env, running)[0]["phase"] == "Running"


def test_a_worker_that_is_killed_is_named_in_the_status(env: Environment) -> None:
    env.kubectl("apply", "-f", "-", stdin=job("loses", onWorkerLoss="Fail"))
    wait_loading(env, "loses")
    env.workers[1].service.kill()
    resource = wait_finished(env, "loses")
    status = resource["status"]
    assert conditions(resource)["Succeeded"] == "False"
    assert conditions(resource)["Stalled"] == "True"
    assert status["reason"] == "WorkersLost"
    assert [name.rsplit("-", 1)[0] for name in status["lostWorkers"]] == ["worker-1"]
    assert status["workloads"][0]["messages"] > 0, "what was measured is kept"


def test_any_number_of_copies_make_one_job_and_few_status_writes(env: Environment) -> None:
    env.kubectl("apply", "-f", "-", stdin=short("once"))
    resource = wait_finished(env, "once")
    assert [job["id"] for job in api_jobs(env, resource)] == [resource["metadata"]["uid"]]
    status = resource["status"]
    took = parse_time(status["completionTime"]) - parse_time(status["submitTime"])
    # Submitted, running, ended: fewer where copies are slower than the job. And on a slow machine
    # numbers, so often at the most.
    numbers = took.total_seconds() / NUMBERS_EVERY_S + 1
    assert status["revision"] <= 3 * 2 + numbers


def test_the_last_copy_that_is_left_finishes_the_work(env: Environment) -> None:
    env.kubectl("apply", "-f", "-", stdin=job("survives"))
    wait_loading(env, "survives")
    for operator in env.operators[:2]:
        operator.service.kill()
    env.kubectl("patch", "njstjob", "survives", "--type=merge", "-p", '{"spec":{"cancel":true}}')
    resource = wait_finished(env, "survives")
    assert resource["status"]["phase"] == "Cancelled"
    assert resource["status"]["reason"] == "Requested"


def test_all_copies_restarted_keep_the_result(env: Environment) -> None:
    env.kubectl("apply", "-f", "-", stdin=short("kept"))
    before = wait_finished(env, "kept")
    restart_all(operator.service for operator in env.operators)
    env.kubectl("apply", "-f", "-", stdin=short("next"))
    wait_finished(env, "next")
    after = get(env, "kept")
    assert after["status"] == before["status"]
    assert len(api_jobs(env, after)) == 1


def test_a_resource_made_anew_under_the_same_name_is_a_new_job(env: Environment) -> None:
    env.kubectl("apply", "-f", "-", stdin=short("again"))
    first = wait_finished(env, "again")
    env.kubectl("delete", "njstjob", "again")
    env.kubectl("apply", "-f", "-", stdin=short("again"))
    second = wait_finished(env, "again")
    assert first["metadata"]["uid"] != second["metadata"]["uid"]
    assert second["status"]["phase"] == "Succeeded"
    assert len(api_jobs(env, second)) == 2


def test_a_suspended_job_starts_when_it_is_released(env: Environment) -> None:
    env.kubectl("apply", "-f", "-", stdin=short("later", suspend=True))
    resource = wait(env, "later", lambda status: status.get("phase") == "Suspended")
    assert conditions(resource)["Suspended"] == "True"
    assert api_jobs(env, resource) == []
    env.kubectl("patch", "njstjob", "later", "--type=merge", "-p", '{"spec":{"suspend":false}}')
    assert wait_finished(env, "later")["status"]["phase"] == "Succeeded"


def test_a_job_that_runs_too_long_is_stopped_and_fails(env: Environment) -> None:
    env.kubectl("apply", "-f", "-", stdin=job("endless", activeDeadlineSeconds=1))
    resource = wait_finished(env, "endless")
    assert resource["status"]["phase"] == "Failed"
    assert resource["status"]["reason"] == "DeadlineExceeded"
    assert conditions(resource)["Stalled"] == "True"


def test_too_few_workers_are_said_and_the_job_starts_when_they_come(env: Environment) -> None:
    env.kubectl("apply", "-f", "-", stdin=short("four", workers=4))
    resource = wait(env, "four", lambda status: status.get("reason") == "NotEnoughWorkers")
    assert "spec.workers asks for 4 workers, 3 are connected" in resource["status"]["message"]
    fourth = env.add_worker("worker-3")
    assert wait_finished(env, "four")["status"]["workers"]["wanted"] == 4
    env.workers.remove(fourth)
    fourth.close()


def test_a_finished_job_goes_when_its_time_is_over(env: Environment) -> None:
    env.kubectl("apply", "-f", "-", stdin=short("brief", ttlSecondsAfterFinished=1))
    wait_gone(env, "brief")


def test_the_operator_may_do_nothing_but_its_work(env: Environment) -> None:
    as_operator = env.kube.kubectl.as_user_of(env.folder / "operator.kubeconfig")
    allowed = as_operator("auth", "can-i", "--list", "--namespace", env.namespace)
    assert "njstjobs.njst.io/status" in allowed
    for verb, kind in (("get", "secrets"), ("update", "njstjobs.njst.io"), ("list", "pods")):
        with pytest.raises(KubectlError):
            as_operator("auth", "can-i", verb, kind, "--namespace", env.namespace)
