"""Load whose worker cannot be told anything any more: it ends by itself, soon."""

import asyncio
import time

import nats
from nats.js import JetStreamContext

from njst.load.runtime.load_process import PARENT_SILENT_NS
from tests.nats.mesh.mesh import Mesh, endless_job
from tests.stopping import stopped

# Looked at each second, and a client waits for what is in flight.
LATE_S = 20.0


async def until_quiet(js: JetStreamContext, stream: str, timeout_s: float) -> None:
    """Return when nothing was stored for a second."""
    give_up = time.monotonic() + timeout_s
    before = -1
    while (last := (await js.stream_info(stream)).state.last_seq) != before:
        assert time.monotonic() < give_up, "load runs on"
        before = last
        await asyncio.sleep(1.0)


async def test_the_load_of_a_worker_that_is_stopped_stops_by_itself(mesh: Mesh) -> None:
    spec = endless_job(onWorkerLoss="Fail", workers=2)
    spec["streams"][0]["retain"] = "Keep"
    job = mesh.post(spec, worker=2)
    mesh.wait_loading(job, worker=2)
    participants = mesh.job(job, 2)["participants"]
    victim = next(w for w in mesh.workers if participants[0].startswith(f"{w.name}-"))
    client = await nats.connect(mesh.nats.url)
    with stopped(victim.service.pid):
        js = client.jetstream()
        # The others find it lost and stop; it cannot know.
        bystander = next(n for n, w in enumerate(mesh.workers) if w is not victim)
        document = mesh.wait_ended(job, bystander)
        assert document["workers"]["lost"] == 1
        await until_quiet(js, "ORDERS", PARENT_SILENT_NS / 1e9 + LATE_S)
    # It comes back to a job that is over, and does not take it up again.
    shown = mesh.wait_ended(job, mesh.workers.index(victim))
    assert shown == mesh.job(job, bystander)
    await until_quiet(js, "ORDERS", LATE_S)
    await client.close()


async def test_the_load_of_a_worker_that_is_killed_stops_at_once(mesh: Mesh) -> None:
    spec = endless_job(workers=1)
    spec["streams"][0]["retain"] = "Keep"
    job = mesh.post(spec)
    client = await nats.connect(mesh.nats.url)
    mesh.wait_loading(job)
    name = mesh.job(job)["participants"][0].rsplit("-", 1)[0]
    victim = next(w for w in mesh.workers if w.name == name)
    victim.service.kill()
    # The watchdog would need longer than that.
    await until_quiet(client.jetstream(), "ORDERS", PARENT_SILENT_NS / 1e9)
    await client.close()
