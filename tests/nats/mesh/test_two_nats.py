"""Control and target on servers of their own: a break of either is told apart from the other's."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from njst.local.local_worker import LocalWorker
from njst.local.nats_server import NatsServer
from tests.nats.mesh.mesh import Json, Mesh, running
from tests.nats.truth.proxy import Proxy

# Long enough for a question in vain (one a second, and two seconds of waiting), and short enough
# for nobody to be lost.
CUT_S = 4.0


class Two:
    """Two workers: the first has the control NATS, and both the target, behind a wire."""

    def __init__(self, mesh: Mesh, control: Proxy, target: Proxy) -> None:
        self.mesh, self.control, self.target = mesh, control, target

    def start(self) -> str:
        """Let a job run for a while, and return when it does."""
        spec: Json = {
            "target": {"servers": [self.target.url]},
            "streams": [{"name": "S"}],
            "workloads": [
                {
                    "name": "w",
                    "stream": "S",
                    "durationSeconds": 8,
                    "publish": {"mode": "Synchronous", "payloadBytes": 64},
                }
            ],
        }
        job = self.mesh.post(spec, worker=1)
        self.mesh.wait_loading(job, worker=1)
        return job

    def report(self, job: str) -> Json:
        self.mesh.wait_ended(job, worker=1)
        return self.mesh.report(job, worker=1)


@pytest.fixture
def two(tmp_path: Path, nats_server: NatsServer) -> Iterator[Two]:
    with (
        NatsServer.start(name="target") as target,
        Proxy(nats_server.port) as to_control,
        Proxy(target.port) as to_target,
    ):
        workers = [
            LocalWorker(
                f"w{number}",
                to_control.url if number == 0 else nats_server.url,
                tmp_path,
                options=("--allow-target", "127.0.0.1:*", "--processes", "1"),
            )
            for number in range(2)
        ]
        with running(nats_server, workers, tmp_path) as mesh:
            yield Two(mesh, to_control, to_target)


def test_a_silent_control_nats_is_told_and_the_load_goes_on(two: Two) -> None:
    job = two.start()
    two.control.stall(int(CUT_S * 1e9))
    report = two.report(job)
    assert report["verdict"] == "Valid", report["message"]
    first, second = sorted(report["workers"], key=lambda worker: worker["worker"])
    assert first["control"]["count"] == 1
    assert (CUT_S - 2) * 1e6 < first["control"]["longestUs"] < (CUT_S + 3) * 1e6
    assert "control" not in second
    assert report["workloads"][0]["reconnects"] == 0
    assert report["workloads"][0]["errors"] == []


def test_a_target_that_breaks_is_told_and_the_control_nats_is_not_blamed(two: Two) -> None:
    job = two.start()
    # Into the load, which lasts some seconds: the break must strike connections in use.
    time.sleep(0.5)
    two.target.cut()
    report = two.report(job)
    assert [worker for worker in report["workers"] if "control" in worker] == []
    workload = report["workloads"][0]
    assert workload["reconnects"] >= 2, "a client of each worker"
    assert workload["disconnectedUs"] > 0
    assert {worker["outcome"] for worker in report["workers"]} == {"Completed"}
