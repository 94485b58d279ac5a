"""A control NATS whose messages are smaller than a job may be."""

from pathlib import Path

from njst.local.local_worker import LocalWorker
from njst.local.nats_server import NatsServer
from tests.nats.mesh.mesh import publish_job, running


def test_a_job_that_the_control_nats_cannot_take_is_refused_at_once(tmp_path: Path) -> None:
    with NatsServer.start(config="max_payload: 32KB") as server:
        workers = [LocalWorker("w0", server.url, tmp_path, options=("--processes", "1"))]
        with running(server, workers, tmp_path) as mesh:
            jobs = f"{workers[0].url}/api/v1/jobs"
            large = publish_job()
            (workload,) = large["workloads"]
            headers = [{"name": f"Header-{n}", "value": "x" * 256} for n in range(16)]
            workload["publish"]["headers"] = headers
            large["workloads"] = [{**workload, "name": f"w{n}"} for n in range(10)]
            answer = mesh.http.post(jobs, json=large)
            assert answer.status_code == 413, answer.text
            problem = answer.json()
            assert problem["type"].endswith("#problem-too-large")
            assert "the control NATS takes at most 32768 (max_payload)" in problem["detail"]
            assert mesh.http.get(jobs).json()["items"] == []
