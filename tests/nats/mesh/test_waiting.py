"""A job that does not get its workers ends, whatever keeps them."""

import time
from collections.abc import Callable

from tests.nats.mesh.mesh import Mesh, endless_job, publish_job


def test_a_job_that_waits_behind_another_one_for_too_long_fails(
    start_mesh: Callable[..., Mesh],
) -> None:
    mesh = start_mesh(2)
    running = mesh.post(endless_job())
    mesh.wait_loading(running)
    late = mesh.post(publish_job("LATE", queueTimeoutSeconds=2))
    patient = mesh.post(publish_job("PATIENT", messages=100))
    ended = mesh.wait_ended(late)
    assert (ended["phase"], ended["reason"]) == ("Failed", "QueueTimeout")
    assert f"within 2 s: it stood behind job {running}" in ended["message"]
    assert mesh.job(patient)["reason"] == "WorkersBusy"
    mesh.http.post(f"{mesh.workers[1].url}/api/v1/jobs/{running}/cancel")
    assert mesh.wait_ended(patient)["phase"] == "Succeeded"


def test_a_job_for_all_waits_for_those_that_are_wanted(start_mesh: Callable[..., Mesh]) -> None:
    mesh = start_mesh(1, options=("--expect-workers", "2"))
    url = f"{mesh.workers[0].url}/api/v1/jobs"
    alone = mesh.http.post(url, json=publish_job(messages=10)).json()
    assert len(alone["participants"]) == 1
    ended = mesh.wait_ended(alone["id"])
    assert ended["message"].endswith("; 1 of 2 workers were there")
    # Whoever waits does so for half of its time at the most, and then takes what is there.
    patient = publish_job(messages=10, queueTimeoutSeconds=2)
    begin_s = time.monotonic()
    answer = mesh.http.post(url, params={"wait": "true"}, json=patient)
    assert len(answer.json()["participants"]) == 1
    assert time.monotonic() - begin_s >= 1
