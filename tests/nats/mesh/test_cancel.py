"""A cancel at each stage of a job: it ends at once, everywhere, and leaves nothing."""

import asyncio

from njst.contract.connection import Connection
from njst.contract.names.mesh import Mesh as Names
from njst.journal.nats.control_connection import connect
from njst.journal.nats.job_log import JetStreamLog
from njst.journal.state.projection import LogEntry
from tests.chaos.logwatch import LogWatch
from tests.nats.mesh.mesh import Json, Mesh, endless_job, publish_job

# From `cancelled` to the last word of each worker, by the log's own clock.
# Promised is 1 s; a busy host may add to it. A load that nobody stops has no end.
STOPPED_WITHIN_NS = 30_000_000_000
STAGES = {
    "preparing": ("created", 0.0),
    "ready": ("ready", 0.0),
    "started": ("started", 0.0),
    "running": ("started", 1.5),
}


def cancel(mesh: Mesh, job: str, worker: int) -> None:
    response = mesh.http.post(f"{mesh.workers[worker].url}/api/v1/jobs/{job}/cancel")
    assert response.status_code == 202, response.text


async def entries(mesh: Mesh) -> list[LogEntry]:
    """What the log has."""
    found: list[LogEntry] = []
    client = await connect(Connection(servers=[mesh.nats.url]))
    log = JetStreamLog(client, Names("default"))
    try:
        await log.follow(found.append)
    finally:
        await log.close()
        await client.close()
    return found


def same_everywhere(mesh: Mesh, job: str) -> Json:
    """Return what all workers show once they know that nothing of the job is left to do."""
    shown = [
        mesh.wait(job, lambda document: document["cleaned"], worker)
        for worker in range(len(mesh.workers))
    ]
    assert shown[0] == shown[1] == shown[2]
    return shown[0]


async def test_a_job_is_cancelled_at_each_stage_by_any_worker(mesh: Mesh) -> None:
    jobs = []
    with LogWatch([mesh.nats.url]) as watch:
        for number, (event, later_s) in enumerate(STAGES.values()):
            job = mesh.post(endless_job(), worker=number % 3)
            watch.wait(job, event)
            await asyncio.sleep(later_s)
            cancel(mesh, job, (number + 1) % 3)
            cancel(mesh, job, (number + 2) % 3)
            assert same_everywhere(mesh, job)["phase"] == "Cancelled"
            await mesh.wait_no_streams()
            jobs.append(job)
    log = await entries(mesh)
    for job in jobs:
        named = [(type(e.event).__name__, e.time_ns) for e in log if e.job == job]
        cancelled_ns = min(time_ns for name, time_ns in named if name == "Cancelled")
        late_ns = [time_ns - cancelled_ns for name, time_ns in named if name == "Finished"]
        assert max(late_ns, default=0) < STOPPED_WITHIN_NS, named
    ran = [sum(type(e.event).__name__ == "Finished" for e in log if e.job == job) for job in jobs]
    assert ran[-1] == 3


async def test_a_job_that_waits_is_cancelled_and_the_one_that_runs_goes_on(mesh: Mesh) -> None:
    running = mesh.post(endless_job())
    mesh.wait_loading(running)
    waiting = [mesh.post(publish_job(f"W{number}")) for number in range(2)]
    assert mesh.job(waiting[0])["reason"] == "WorkersBusy"
    cancel(mesh, waiting[0], 1)
    assert same_everywhere(mesh, waiting[0])["phase"] == "Cancelled"
    assert mesh.job(running)["phase"] == "Running"
    assert mesh.wait(waiting[1], lambda d: len(d["waitsFor"]) == 1)["waitsFor"] == [running]
    cancel(mesh, running, 2)
    assert same_everywhere(mesh, waiting[1])["phase"] == "Succeeded"
    # Too late, and therefore nothing.
    cancel(mesh, waiting[1], 0)
    assert same_everywhere(mesh, waiting[1])["phase"] == "Succeeded"
    await mesh.wait_no_streams()


async def test_a_deadline_ends_load_everywhere_at_the_same_moment(mesh: Mesh) -> None:
    job = mesh.post(endless_job(activeDeadlineSeconds=2))
    document = same_everywhere(mesh, job)
    assert (document["phase"], document["reason"]) == ("Failed", "DeadlineExceeded")
    log = [e for e in await entries(mesh) if e.job == job]
    started = next(e for e in log if type(e.event).__name__ == "Started")
    ends = [e.time_ns - started.time_ns for e in log if type(e.event).__name__ == "Finished"]
    assert len(ends) == 3
    # The lead is 0.4 s.
    assert all(2.4e9 <= end < 2.4e9 + STOPPED_WITHIN_NS for end in ends), ends
    await mesh.wait_no_streams()
