"""A worker that is asked to end while a job runs: it finishes that job, and is in no other."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx

from njst.local.wait_until import wait_until
from tests.nats.mesh.mesh import Mesh, endless_job, publish_job

LIMIT_S = 90.0


def paced_job(stream: str) -> dict[str, object]:
    """A job of some seconds: long enough to end a worker meanwhile."""
    job = publish_job(stream)
    (write,) = job["workloads"]
    del write["messages"]
    write |= {"durationSeconds": 12, "messagesPerSecond": 60}
    return job


def test_a_job_that_runs_is_finished_with_all_its_workers(
    start_mesh: Callable[..., Mesh],
) -> None:
    mesh = start_mesh(options=("--drain-seconds", "60"))
    job = mesh.post(paced_job("A"))
    mesh.wait_loading(job)
    leaving = mesh.workers[0]
    with ThreadPoolExecutor(1) as pool:
        stopping = pool.submit(leaving.service.stop, LIMIT_S)

        def lacks() -> str | None:
            answer = httpx.get(f"{leaving.url}/readyz", timeout=LIMIT_S)
            return None if "Draining" in answer.text else answer.text

        assert wait_until(lacks, LIMIT_S) is None
        later = mesh.post(publish_job("B"), worker=1)
        assert len(mesh.job(later, 1)["participants"]) == 2
        stopping.result()
    assert mesh.wait_ended(job, 1)["phase"] == "Succeeded"
    assert len(mesh.report(job, 1)["workers"]) == 3
    assert mesh.wait_ended(later, 1)["phase"] == "Succeeded"


def test_a_job_that_is_too_long_is_stopped_here_and_keeps_its_counts(
    start_mesh: Callable[..., Mesh],
) -> None:
    mesh = start_mesh(options=("--drain-seconds", "0.5"))
    job = mesh.post(endless_job("A"))
    mesh.wait_loading(job)
    mesh.workers[0].service.stop(LIMIT_S)
    mesh.http.post(f"{mesh.workers[1].url}/api/v1/jobs/{job}/cancel")
    mesh.wait_ended(job, 1)
    assert "WorkerStopped" in str(mesh.report(job, 1)["workers"])
