"""Processes that a worker starts for the next job are those of the next job, and may die."""

import contextlib
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

from tests.nats.mesh.mesh import Mesh, endless_job, publish_job


def _processes(mesh: Mesh, name: str) -> set[int]:
    """Return the processes of the only worker that run the module of this name."""
    pid = mesh.workers[0].service.pid
    found = set()
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        with contextlib.suppress(FileNotFoundError):
            if f".{name}\0" in Path(f"/proc/{child}/cmdline").read_text():
                found.add(int(child))
    return found


def test_standby__of_a_series_of_jobs__runs_the_next_one(start_mesh: Callable[..., Mesh]) -> None:
    mesh = start_mesh(1)
    for _ in range(2):
        mesh.wait_ended(mesh.post(publish_job(messages=101)))
    give_up_s = time.monotonic() + 60
    while not (readers := _processes(mesh, "readback_process")):
        assert time.monotonic() < give_up_s, "no process waits for the next job"
    waiting = _processes(mesh, "load_process")
    assert (len(waiting), len(readers)) == (1, 1)
    (reader,) = readers
    os.kill(reader, signal.SIGKILL)

    job = mesh.post(endless_job())
    mesh.wait_loading(job)
    assert _processes(mesh, "load_process") == waiting
    mesh.http.post(f"{mesh.workers[0].url}/api/v1/jobs/{job}/cancel").raise_for_status()
    assert mesh.wait_ended(job)["workloads"][0]["messages"] > 0

    ended = mesh.wait_ended(mesh.post(publish_job(messages=101)))
    assert ended["verdict"] == "Valid", ended
    assert ended["workloads"][0]["readBack"]["found"] == 101
