"""Phases in a mesh: the barrier goes through the job log, and a lost worker does not hold it."""

from typing import Any

from tests.nats.mesh.mesh import Mesh

Json = dict[str, Any]


def phased(fill: Json, **spec: Any) -> Json:
    """Fill a stream, then read 3,000 messages of it; the clients of the reader wait meanwhile."""
    return {
        "streams": [{"name": "PHASES", "storage": "Memory"}],
        "workloads": [
            {"name": "fill", "stream": "PHASES", "publish": {"payloadBytes": 64}, **fill},
            {
                "name": "read",
                "stream": "PHASES",
                "messages": 3000,
                "after": ["fill"],
                "consume": {"idleTimeoutSeconds": 60},
            },
        ],
        **spec,
    }


def by_name(report: Json) -> dict[str, Json]:
    return {workload["workload"]: workload for workload in report["workloads"]}


async def test_workload__begins_everywhere_after_all_finished_the_previous(
    mesh: Mesh,
) -> None:
    job = mesh.post(phased({"messages": 3000, "messagesPerSecond": 1500}))
    assert mesh.wait_ended(job)["phase"] == "Succeeded", mesh.report(job)
    report = mesh.report(job)
    fill, read = by_name(report)["fill"], by_name(report)["read"]
    assert (fill["messages"], read["messages"]) == (3000, 3000)
    assert fill["startMs"] == 0
    assert fill["elapsedUs"] / 1000 < read["startMs"]
    done = [worker["workloads"][1]["messages"] for worker in report["workers"]]
    assert done == [1000, 1000, 1000]
    # The series lies on the job's time base: nothing was read in the first two seconds.
    assert [w["messages"] for w in read["series"]["windows"][:2]] == [0, 0]


async def test_a_worker_that_dies_between_phases_is_named_and_the_others_go_on(
    mesh: Mesh,
) -> None:
    fill = {"durationSeconds": 3, "messagesPerSecond": 3000}
    job = mesh.post(phased(fill))
    mesh.wait_loading(job)
    mesh.workers[1].service.kill()
    mesh.wait_ended(job)
    report = mesh.report(job)
    assert (report["verdict"], report["reason"]) == ("Unknown", "WorkersLost")
    read = by_name(report)["read"]
    assert read["startMs"] > 3000, "not before the third was known to be lost"
    assert read["messages"] == 2000
    await mesh.wait_no_streams()


async def test_a_cancel_ends_what_waits(mesh: Mesh) -> None:
    job = mesh.post(phased({"durationSeconds": 600, "messagesPerSecond": 300}))
    mesh.wait_loading(job)
    mesh.http.post(f"{mesh.workers[2].url}/api/v1/jobs/{job}/cancel")
    assert mesh.wait_ended(job)["phase"] == "Cancelled"
    report = mesh.report(job)
    assert {worker["outcome"] for worker in report["workers"]} == {"Stopped"}
    assert by_name(report)["read"]["messages"] == 0
    assert "startMs" not in by_name(report)["read"]
    await mesh.wait_no_streams()
