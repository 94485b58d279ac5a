"""An API server, a NATS server, any number of operators, and a fake worker, for the bench."""

import asyncio
import contextlib
import json
import os
import time
from collections.abc import AsyncIterator, Collection, Hashable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import yaml

from devenv.environment import SERVICE_ACCOUNT, LocalOperator, install
from devenv.kubernetes.api_server import KubernetesServer
from devenv.programs.kubernetes_binaries import fetch_binaries
from devenv.progress import Progress
from njst.contract.connection import Connection
from njst.contract.events import Cleaned, Ended, Finished, Ready, Started
from njst.contract.names.mesh import EventName, Mesh
from njst.contract.results.outcome import Outcome
from njst.contract.results.tallies import WorkloadTally
from njst.journal.nats.control_connection import connect
from njst.journal.nats.job_log import JetStreamLog
from njst.journal.nats.worker_discovery import NatsDiscovery
from njst.journal.report_builder import final_report
from njst.journal.state.job_store import JobStore
from njst.journal.state.job_view import JobView
from njst.local.nats_server import NatsServer
from njst.testing.fake_members import member

NAMESPACE = "bench"
WORKER = "fake-1"
READY_TIMEOUT_S = 120
# If nothing arrives for this long, nothing will.
STILL_S = 120.0
SPEC = {
    "streams": [{"name": "S"}],
    "workloads": [{"name": "w", "stream": "S", "messages": 9, "publish": {}}],
}
_JOBS = f"/apis/njst.io/v1alpha1/namespaces/{NAMESPACE}/njstjobs"


@dataclass
class Cluster:
    """The running programs; `operators` are the replicas of one measurement."""

    kube: KubernetesServer
    nats: NatsServer
    folder: Path
    kubeconfig: Path
    operators: list[LocalOperator] = field(default_factory=list)

    def start_operators(self, copies: int) -> None:
        """Start `count` replicas; return when all are ready."""
        self.launch_operators(copies)
        for operator in self.operators:
            operator.service.wait_ready(READY_TIMEOUT_S)

    def launch_operators(self, copies: int) -> None:
        """Start this many copies and wait for nothing."""
        self.operators = [
            LocalOperator(f"operator-{n}", self.nats.url, self.kubeconfig, NAMESPACE)
            for n in range(copies)
        ]
        for operator in self.operators:
            operator.service.launch()

    def stop_operators(self) -> None:
        """Stop all replicas."""
        for operator in self.operators:
            operator.close()
        self.operators = []

    def peak_megabytes(self) -> float:
        """Return the largest peak memory of a replica."""
        return max(_status_kb(operator.service.pid, "VmHWM") for operator in self.operators) / 1000

    def cpu_seconds(self) -> list[float]:
        """Return the CPU time of each replica so far."""
        return [_cpu_s(operator.service.pid) for operator in self.operators]

    def status_writes(self) -> int:
        """Return the number of status writes of all operators, as counted by the API server."""
        writes = 0
        for line in self.kube.audit_log.read_text().splitlines():
            entry = json.loads(line)
            asked = entry.get("objectRef") or {}
            writes += (
                entry["verb"] == "patch"
                and asked.get("resource") == "njstjobs"
                # Not the annotation that marks a job as accepted.
                and asked.get("subresource") == "status"
                and entry["responseStatus"]["code"] == 200
            )
        return writes


def _status_kb(pid: int, name: str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1])
    raise LookupError(name)


def _cpu_s(pid: int) -> float:
    times = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(times[11]) + int(times[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def open_cluster(progress: Progress) -> Iterator[Cluster]:
    """Start an API server and a NATS, with the CRDs and the shipped rights."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="njst-bench-")))
        kube = stack.enter_context(KubernetesServer.start(fetch_binaries(progress)))
        nats = stack.enter_context(NatsServer.start())
        kube.kubectl("create", "namespace", NAMESPACE)
        install(kube, NAMESPACE)
        kubeconfig = kube.service_account_kubeconfig(
            folder / "kubeconfig", namespace=NAMESPACE, name=SERVICE_ACCOUNT
        )
        cluster = Cluster(kube, nats, folder, kubeconfig)
        stack.callback(cluster.stop_operators)
        yield cluster


class Awaited:
    """A set of awaited items; the cost of an arrival does not depend on how many are missing."""

    def __init__(self) -> None:
        self._missing: set[Hashable] = set()
        self._one = asyncio.Event()

    def came(self, what: Hashable) -> None:
        """Record the arrival of an item."""
        if what in self._missing:
            self._missing.discard(what)
            self._one.set()

    async def until(self, missing: Collection[Hashable]) -> None:
        """Return when all of these have arrived; only one caller may wait at a time.

        Raises:
            TimeoutError: none has come for STILL_S; a slow machine has all the time that it needs.
        """
        self._missing = set(missing)
        while self._missing:
            self._one.clear()
            async with asyncio.timeout(STILL_S):
                await self._one.wait()


class Api:
    """NjstJobs as a user sees them, over one connection."""

    def __init__(self, cluster: Cluster) -> None:
        config = yaml.safe_load(cluster.kube.admin_kubeconfig.read_text())
        token = config["users"][0]["user"]["token"]
        # The certificate of the server is self-signed.
        self.client = httpx.AsyncClient(
            base_url=cluster.kube.url,
            headers={"authorization": f"Bearer {token}"},
            verify=False,
            timeout=60,
        )
        self.phases: dict[str, str] = {}
        self.seen_s: dict[tuple[str, str], float] = {}
        self._awaited = Awaited()
        self._watching: asyncio.Task[None] | None = None

    async def create(self, name: str) -> str:
        """Create an NjstJob; return its uid."""
        body = {
            "apiVersion": "njst.io/v1alpha1",
            "kind": "NjstJob",
            "metadata": {"name": name},
            "spec": SPEC,
        }
        answer = await self.client.post(_JOBS, json=body)
        answer.raise_for_status()
        return str(answer.json()["metadata"]["uid"])

    async def clear(self) -> None:
        """Delete all NjstJobs."""
        (await self.client.delete(_JOBS)).raise_for_status()

    async def watch(self) -> None:
        """Record each phase of each resource from now on, and when it was seen."""
        ready = asyncio.Event()
        self._watching = asyncio.create_task(self._watch(ready))
        await ready.wait()

    async def _watch(self, ready: asyncio.Event) -> None:
        """Watch; list again whenever the API server ends the watch of a slow reader."""
        while True:
            listed = (await self.client.get(_JOBS)).json()
            for body in listed["items"]:
                self._note(body)
            version = listed["metadata"]["resourceVersion"]
            params = {"watch": "true", "resourceVersion": version}
            with contextlib.suppress(httpx.TransportError):
                async with self.client.stream("GET", _JOBS, params=params, timeout=None) as answer:
                    ready.set()
                    async for line in answer.aiter_lines():
                        event = json.loads(line)
                        if event["type"] == "ERROR":
                            break
                        self._note(event["object"])

    def _note(self, body: dict[str, Any]) -> None:
        uid, phase = body["metadata"]["uid"], body.get("status", {}).get("phase", "")
        self.phases[uid] = phase
        self.seen_s.setdefault((uid, phase), time.monotonic())
        self._awaited.came((uid, phase))

    async def until(self, phase: str, uids: list[str]) -> None:
        """Return when all these resources have this phase."""
        await self._awaited.until({(u, phase) for u in uids if self.phases.get(u) != phase})

    async def close(self) -> None:
        """Stop watching."""
        if self._watching is not None:
            self._watching.cancel()
        await self.client.aclose()


class FakeWorker:
    """A worker that publishes all events of a worker, and makes no load."""

    def __init__(self, log: JetStreamLog, job_store: JobStore) -> None:
        self._log = log
        self.job_store = job_store
        self.created_s: dict[str, float] = {}
        self._created, self._settled = Awaited(), Awaited()
        job_store.listen(self._note)

    def _note(self, job: str) -> None:
        self.created_s.setdefault(job, time.monotonic())
        self._created.came(job)
        if self._view(job).settled:
            self._settled.came(job)

    async def until_created(self, uids: list[str]) -> None:
        """Return when all these jobs are in the log."""
        await self._created.until(set(uids) - self.created_s.keys())

    async def start(self, job: str) -> None:
        """Publish `ready` and `started`."""
        await self._log.append(EventName(job, "ready", WORKER), Ready())
        await self._log.append(EventName(job, "started"), Started(run=[WORKER], lead_ms=0))

    async def finish(self, job: str) -> None:
        """Publish `finished`, and conclude the job as the agent does."""
        tally = WorkloadTally(workload="w", planned=9, messages=9, bytes=999, elapsed_us=10_000)
        done = Finished(outcome=Outcome.COMPLETED, workloads=[tally])
        await self._log.append(EventName(job, "finished", WORKER), done)
        await self._settled.until(set() if self._view(job).settled else {job})
        report = final_report(self._view(job), {}, time.time_ns())
        await self._log.append(EventName(job, "ended"), Ended(report=report))
        await self._log.append(EventName(job, "cleaned"), Cleaned())

    def _view(self, job: str) -> JobView:
        view = self.job_store.view(job)
        assert view is not None, "it was created"
        return view


@asynccontextmanager
async def join_fake_worker(nats_url: str) -> AsyncIterator[FakeWorker]:
    """Join the mesh as a worker."""
    mesh = Mesh("default")
    client = await connect(Connection(servers=[nats_url], name=WORKER))
    log, job_store = JetStreamLog(client, mesh), JobStore()
    try:
        await log.open()
        fake_worker = FakeWorker(log, job_store)
        await log.follow(job_store.on_entry)
        await NatsDiscovery(client, mesh).answer(lambda: member(WORKER))
        yield fake_worker
    finally:
        await log.close()
        await client.close()
