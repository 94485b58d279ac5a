"""What the tests do with a mesh, in their own words."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import nats

from njst.local.local_worker import READY_TIMEOUT_S, LocalWorker
from njst.local.nats_server import NatsServer
from tests.report_schema import check_report

ENDED = frozenset({"Succeeded", "Failed", "Cancelled"})
_POLL_S = 0.05

Json = dict[str, Any]


def publish_job(stream: str = "ORDERS", messages: int = 10_001, **spec: Any) -> Json:
    """A job that writes `messages` to one stream."""
    return {
        "streams": [{"name": stream, "storage": "Memory"}],
        "workloads": [
            {
                "name": "write",
                "stream": stream,
                "messages": messages,
                "publish": {"payloadBytes": 64},
            }
        ],
        **spec,
    }


def endless_job(stream: str = "ORDERS", **spec: Any) -> Json:
    """A job that writes slowly for far longer than a test waits."""
    return {
        "streams": [{"name": stream, "storage": "Memory", "maxMessages": 1000}],
        "workloads": [
            {
                "name": "write",
                "stream": stream,
                "durationSeconds": 600,
                "publish": {"mode": "Synchronous", "payloadBytes": 64},
            }
        ],
        **spec,
    }


@contextmanager
def running(nats: NatsServer, workers: list[LocalWorker], folder: Path) -> Iterator["Mesh"]:
    """Start workers on a control NATS; yield their mesh once all are ready."""
    mesh = Mesh(nats, workers, folder, httpx.Client(timeout=60))
    try:
        for worker in workers:
            worker.service.launch()
        for worker in workers:
            worker.service.wait_ready(READY_TIMEOUT_S)
        yield mesh
    finally:
        mesh.close()


@dataclass
class Mesh:
    nats: NatsServer
    workers: list[LocalWorker]
    folder: Path
    http: httpx.Client

    def join(self, name: str) -> LocalWorker:
        worker = LocalWorker(name, self.nats.url, self.folder)
        worker.service.launch()
        worker.service.wait_ready(READY_TIMEOUT_S)
        self.workers.append(worker)
        return worker

    def post(self, spec: Json, worker: int = 0) -> str:
        response = self.http.post(f"{self.workers[worker].url}/api/v1/jobs", json=spec)
        assert response.status_code == 201, response.text
        job: str = response.json()["id"]
        return job

    def job(self, job: str, worker: int = 0) -> Json:
        response = self.http.get(f"{self.workers[worker].url}/api/v1/jobs/{job}")
        assert response.status_code == 200, response.text
        document: Json = response.json()
        return document

    def report(self, job: str, worker: int = 0) -> Json:
        response = self.http.get(f"{self.workers[worker].url}/api/v1/jobs/{job}/report")
        assert response.status_code == 200, response.text
        document: Json = response.json()
        check_report(document)
        return document

    def wait(
        self, job: str, reached: Callable[[Json], bool], worker: int = 0, timeout_s: float = 90
    ) -> Json:
        """Return the job's document as soon as `reached` holds of it."""
        give_up = time.monotonic() + timeout_s
        while True:
            document = self.job(job, worker)
            if reached(document):
                return document
            assert time.monotonic() < give_up, f"not reached: {document}"
            time.sleep(_POLL_S)

    def wait_ended(self, job: str, worker: int = 0, timeout_s: float = 120) -> Json:
        return self.wait(job, lambda d: d["phase"] in ENDED, worker, timeout_s)

    def wait_loading(self, job: str, worker: int = 0) -> Json:
        """Return once every participant has done some messages."""
        return self.wait(
            job,
            lambda d: d["phase"] == "Running" and sum(w["messages"] for w in d["workloads"]) > 0,
            worker,
        )

    def wait_ended_everywhere(self, job: str) -> list[Json]:
        """Return what each worker shows of a job once it knows that it has ended."""
        return [self.wait_ended(job, worker) for worker in range(len(self.workers))]

    async def streams(self) -> list[str]:
        """Names of the streams on the server but for njst's own."""
        client = await nats.connect(self.nats.url)
        try:
            found = await client.jetstream(timeout=60).streams_info()
            names = sorted(s.config.name or "" for s in found)
            return [name for name in names if not name.removeprefix("OBJ_").startswith("NJST_")]
        finally:
            await client.close()

    async def wait_no_streams(self, timeout_s: float = 60) -> None:
        """Return when nothing of a job is left."""
        give_up = time.monotonic() + timeout_s
        while streams := await self.streams():
            assert time.monotonic() < give_up, f"left: {streams}"

    def mend(self, count: int) -> None:
        """Let the first `count` workers run, and no others."""
        left, self.workers[count:] = self.workers[count:], []
        dead = [worker.service for worker in self.workers if not worker.service.running]
        with ThreadPoolExecutor() as pool:
            list(pool.map(LocalWorker.close, left))
            list(pool.map(lambda service: service.restart(READY_TIMEOUT_S), dead))

    async def tidy(self) -> None:
        """End all jobs and forget them; remove all streams."""
        number = next(n for n, worker in enumerate(self.workers) if worker.service.running)
        url = f"{self.workers[number].url}/api/v1/jobs"
        jobs = self.http.get(url, params={"limit": 500}).json()["items"]
        for job in jobs:
            if job["phase"] not in ENDED:
                self.http.post(f"{url}/{job['id']}/cancel")
        for job in jobs:
            self.wait(job["id"], lambda document: document["cleaned"], number)
            assert self.http.delete(f"{url}/{job['id']}").status_code == 204
        await self.remove_streams()

    async def remove_streams(self) -> None:
        """Remove what `streams` names."""
        client = await nats.connect(self.nats.url)
        try:
            for name in await self.streams():
                await client.jetstream(timeout=60).delete_stream(name)
        finally:
            await client.close()

    def close(self) -> None:
        """Stop all workers at once."""
        self.http.close()
        with ThreadPoolExecutor() as pool:
            list(pool.map(LocalWorker.close, self.workers))
