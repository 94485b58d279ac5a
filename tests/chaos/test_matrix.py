"""Each stage of a job x each fault, with real processes: the job ends, with the right verdict.

All workers that are left show the same, no load runs after the end, nothing of the job stays, and
the next job is not disturbed. `make test` runs a choice in which each stage and each fault is;
`make chaos` runs all (NJST_CHAOS=all).
"""

import asyncio
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import nats
import pytest

from njst.local.local_worker import READY_TIMEOUT_S, LocalWorker
from njst.local.nats_cluster import NatsCluster
from njst.local.nats_server import NatsServer
from tests.chaos.faults import FAULTS, JUMP_MS, SMALL, Fault, Scene, with_clock
from tests.chaos.logwatch import LogWatch
from tests.nats.mesh.mesh import Json, Mesh, publish_job
from tests.nats.truth.proxy import Proxy

# Stage -> the event that begins it, and how much later the fault strikes.
STAGES = {
    "created": ("created", 0.0),
    "preparing": ("created", 0.25),
    "ready": ("ready", 0.0),
    "started": ("started", 0.0),
    "running": ("started", 1.5),
    "finishing": ("finished", 0.0),
    "reading": ("seen", 0.0),
    "cleaning": ("ended", 0.0),
}
CHOICE = [
    ("kill a worker", "preparing"),
    ("kill a worker", "cleaning"),
    ("kill all but one", "created"),
    ("stop a worker", "running"),
    ("restart NATS", "ready"),
    ("kill the log's leader", "running"),
    ("cut a worker off", "running"),
    ("cut control, not target", "started"),
    ("jump a clock", "running"),
    ("kill a worker", "reading"),
    ("fill JetStream", "finishing"),
]
CELLS = (
    [(fault, stage) for fault in FAULTS for stage in STAGES]
    if os.environ.get("NJST_CHAOS") == "all"
    else CHOICE
)
BEFORE_START = ("created", "preparing", "ready")
JOB_S = 4
# A job may wait forty seconds for its start.
PATIENCE_S = 120
# Load of a victim that comes back to a job that is over must stop in so long.
QUIET_S = 1.5


def job(fault: Fault, url: str) -> Json:
    """Load into a stream that is kept, so that its messages can be counted, and one that is not."""
    # Dead workers are waited for in vain; a target that is away for a while is not.
    spec = publish_job(startTimeoutSeconds=40 if fault.breaks_target else 8)
    spec["streams"] = [{"name": "KEPT", "retain": "Keep"}, {"name": "GONE"}]
    write = spec["workloads"][0]
    del write["messages"]
    write |= {"stream": "KEPT", "durationSeconds": JOB_S}
    write["publish"] = {"mode": "Synchronous", "payloadBytes": 64}
    spec["workloads"].append({**write, "name": "other", "stream": "GONE"})
    fault.adapt(spec, url)
    return spec


def scene_of(fault: Fault, folder: Path, stack: ExitStack) -> Scene:
    cluster = None
    if fault.needs == "cluster":
        cluster = stack.enter_context(NatsCluster.start(3))
        servers = cluster.servers
    else:
        config = SMALL if fault.needs == "small" else ""
        servers = (stack.enter_context(NatsServer.start(config=config)),)
    url = ",".join(server.url for server in servers)
    proxy = stack.enter_context(Proxy(servers[0].port)) if fault.needs == "proxy" else None
    workers = [
        LocalWorker(
            f"w{number}",
            proxy.url if proxy is not None and number == 0 else url,
            folder,
            # As in the manifests: a cluster that has just started may take no stream yet.
            options=("--allow-target", "127.0.0.1:*", "--processes", "1", "--wait-seconds", "60"),
        )
        for number in range(3)
    ]
    clock = folder / "clock" if fault.needs == "clock" else None
    if clock is not None:
        with_clock(workers[0], clock)
    mesh = Mesh(servers[0], workers, folder, httpx.Client(timeout=60))
    stack.callback(mesh.close)
    for worker in workers:
        worker.service.launch()
    for worker in workers:
        worker.service.wait_ready(READY_TIMEOUT_S)
    return Scene(mesh, servers, proxy, stack, cluster, clock=clock)


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.mark.parametrize(("name", "stage"), CELLS)
async def test_the_job_ends_and_leaves_nothing(
    name: str, stage: str, tmp_path: Path, stack: ExitStack
) -> None:
    fault = FAULTS[name]
    scene = scene_of(fault, tmp_path, stack)
    mesh, survivor = scene.mesh, 1
    with LogWatch([server.url for server in scene.servers]) as watch:
        event, later_s = STAGES[stage]
        done = mesh.post(job(fault, scene.url), survivor)
        watch.wait(done, event)
        await asyncio.sleep(later_s)
        fault.strike(scene)
        fault.heal(scene)
        mesh.wait_ended(done, survivor, timeout_s=PATIENCE_S)
    _check_report(scene, fault, done, in_time=stage not in BEFORE_START)
    await _check_quiet(scene, done)
    await _check_next(scene, survivor if scene.clock is None else 0)


def _check_report(scene: Scene, fault: Fault, done: str, *, in_time: bool) -> None:
    mesh = scene.mesh
    shown = []
    for number in scene.survivors:
        mesh.wait(done, lambda document: document["cleaned"], number, PATIENCE_S)
        shown.append((mesh.job(done, number), mesh.report(done, number)))
    assert all(one == shown[0] for one in shown), "workers show different things"
    document, report = shown[0]
    outcomes = {w["worker"].rsplit("-", 1)[0]: w["outcome"] for w in report["workers"]}
    assert len(outcomes) == 3
    for number, worker in enumerate(mesh.workers):
        if number not in fault.victims:
            allowed = (
                {"Completed"} if in_time or not fault.breaks_target else {"Completed", "Unfit"}
            )
            assert outcomes[worker.name] in allowed, report
    errors = [error for workload in report["workloads"] for error in workload.get("errors", [])]
    complete = set(outcomes.values()) == {"Completed"}
    assert (report["verdict"] == "Valid") == (complete and not errors), report["message"]
    assert (document["phase"] == "Succeeded") == (report["verdict"] == "Valid")
    if errors:
        may_fail = fault.breaks_target or "Disconnected" in {e["errorClass"] for e in errors}
        assert may_fail, errors


async def _check_quiet(scene: Scene, done: str) -> None:
    """Nothing is sent any more, and what was counted is there."""
    report = scene.mesh.report(done, 1)
    client = await nats.connect(scene.url.split(","))
    try:
        js = client.jetstream(timeout=60)
        await asyncio.sleep(QUIET_S)
        if not any(w["messages"] for w in report["workloads"]):
            return
        before = (await js.stream_info("KEPT")).state.last_seq
        await asyncio.sleep(1.0)
        state = (await js.stream_info("KEPT")).state
        assert state.last_seq == before, "load runs after the end"
        counted = next(w for w in report["workloads"] if w["workload"] == "write")["messages"]
        if report["verdict"] == "Valid":
            assert counted == state.messages
        assert counted <= state.messages
        give_up = time.monotonic() + PATIENCE_S
        while (left := await scene.mesh.streams()) != ["KEPT"]:
            assert time.monotonic() < give_up, f"left: {left}"
    finally:
        await client.close()


async def _check_next(scene: Scene, door: int) -> None:
    """Another job runs as if nothing had been."""
    true_ms = time.time_ns() // 1_000_000
    after = scene.mesh.post(publish_job("NEXT", 3_001), door)
    if scene.clock is not None:
        # Ids begin with the time at which they were made.
        assert int(after[:9], 36) >= true_ms + JUMP_MS, "the clock has not jumped"
    document = scene.mesh.wait_ended(after, door, PATIENCE_S)
    assert document["phase"] == "Succeeded", document
    assert len(document["participants"]) == len(scene.survivors)
    assert document["workloads"][0]["messages"] == 3_001
