"""The main job without Kubernetes: any worker takes it, all run it, any of them answers for it."""

import itertools
from collections.abc import Callable
from pathlib import Path

import nats
import pytest

from tests.examples import EXAMPLES, promised
from tests.nats.mesh.mesh import Mesh, publish_job

MIXED = {
    "streams": [{"name": "MIX", "count": 4, "retain": "Keep"}],
    "workloads": [
        {"name": "write", "stream": "MIX", "messages": 20_003, "publish": {"payloadBytes": 100}},
        {"name": "read", "stream": "MIX", "messages": 20_003, "consume": {"batch": 100}},
    ],
    "thresholds": [{"metric": "Errors", "atMost": 0}],
}


async def test_totals_are_those_asked_for_and_those_of_the_streams(mesh: Mesh) -> None:
    job = mesh.post(MIXED)
    document = mesh.wait_ended(job)
    assert document["phase"] == "Succeeded", document
    report = mesh.report(job)
    assert report["verdict"] == "Valid"
    assert len(report["workers"]) == 3
    assert {worker["outcome"] for worker in report["workers"]} == {"Completed"}
    errors_us = [worker["clockErrorUs"] for worker in report["workers"]]
    assert report["startSkewMicroseconds"] >= max(errors_us) > 0
    by_name = {workload["workload"]: workload for workload in report["workloads"]}
    for name in ("write", "read"):
        assert by_name[name]["messages"] == 20_003
        assert by_name[name]["bytes"] == 2_000_300
        per_worker = [
            tally["messages"]
            for worker in report["workers"]
            for tally in worker["workloads"]
            if tally["workload"] == name
        ]
        assert sum(per_worker) == 20_003
        assert max(per_worker) - min(per_worker) <= 4, "one message a stream at the most"
    latency = by_name["write"]["latencyMicroseconds"]
    assert 0 < latency["p50"] <= latency["p99"] <= latency["max"]
    # A reader has messages of other workers; a writer's latency is of one clock alone.
    assert by_name["read"]["clockErrorMicroseconds"] > 0
    assert by_name["write"].get("clockErrorMicroseconds", 0) == 0
    assert [threshold["verdict"] for threshold in report["thresholds"]] == ["Valid", "Valid"]
    client = await nats.connect(mesh.nats.url)
    try:
        js = client.jetstream()
        counts = [(await js.stream_info(f"MIX-{n}")).state.messages for n in range(4)]
        assert sum(counts) == 20_003
        assert max(counts) - min(counts) <= 1
    finally:
        await client.close()


@pytest.mark.parametrize("door", [0, 1, 2])
async def test_a_job_given_to_any_worker_is_known_to_all(mesh: Mesh, door: int) -> None:
    job = mesh.post(publish_job(), worker=door)
    mesh.wait_ended_everywhere(job)
    reports = [mesh.report(job, worker) for worker in range(3)]
    assert reports[0] == reports[1] == reports[2]
    assert reports[0]["verdict"] == "Valid"
    await mesh.wait_no_streams()


async def test_jobs_run_one_after_the_other_in_the_order_of_the_log(mesh: Mesh) -> None:
    jobs = [mesh.post(publish_job(messages=2_000), worker=n % 3) for n in range(4)]
    for job in jobs:
        assert mesh.wait_ended(job)["phase"] == "Succeeded"
    reports = [mesh.report(job) for job in jobs]
    for before, after in itertools.pairwise(reports):
        assert before["completionTime"] < after["startTime"]
    await mesh.wait_no_streams()


async def test_fewer_workers_than_there_are_run_it_exactly(mesh: Mesh) -> None:
    job = mesh.post(publish_job(messages=1_001, workers=2))
    mesh.wait_ended(job)
    report = mesh.report(job)
    assert len(report["workers"]) == 2
    assert report["workloads"][0]["messages"] == 1_001


async def test_the_same_key_is_the_same_job(mesh: Mesh) -> None:
    headers = {"idempotency-key": "order-1"}
    first, again = (
        mesh.http.post(f"{worker.url}/api/v1/jobs", json=publish_job(), headers=headers)
        for worker in mesh.workers[:2]
    )
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["id"] == again.json()["id"]
    mesh.wait_ended(first.json()["id"])


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_each_example_is_valid_and_runs(mesh: Mesh, example: Path) -> None:
    response = mesh.http.post(
        f"{mesh.workers[0].url}/api/v1/jobs",
        content=promised(example),
        headers={"content-type": "application/yaml"},
    )
    assert response.status_code == 201, response.text
    document = mesh.wait_ended(response.json()["id"], timeout_s=90)
    assert document["phase"] == "Succeeded", document


def test_an_idle_worker_is_small(start_mesh: Callable[..., Mesh]) -> None:
    (worker,) = start_mesh(1).workers
    status = Path(f"/proc/{worker.service.pid}/status").read_text()
    resident_kb = int(next(line for line in status.splitlines() if "VmRSS" in line).split()[1])
    # 75 MB when its API is made, of which the schemas of all bodies and answers are 4 MB.
    assert resident_kb < 84_000
