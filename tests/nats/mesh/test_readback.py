"""What was stored is read back by several workers, each its slice, also when one of them dies."""

from collections.abc import Callable, Iterator

import nats
import pytest

from njst.cli.follow.progress_line import progress_line
from njst.local.nats_server import NatsServer
from njst.verification.slices import FEWEST
from tests.chaos.logwatch import LogWatch
from tests.nats.mesh.mesh import Json, Mesh, publish_job
from tests.stopping import stopped

# Enough for a slice for each of three workers, and of four.
COUNT = 3 * FEWEST + 1
GONE = 1_234
ONE_GONE = {
    "acknowledged": COUNT,
    "found": COUNT - 1,
    "removed": 1,
    "removedBy": ["MessagesDeleted"],
}


@pytest.fixture
def watch(mesh: Mesh) -> Iterator[LogWatch]:
    with LogWatch([mesh.nats.url]) as watch:
        yield watch


@pytest.fixture
def own_watch(nats_server: NatsServer) -> Iterator[LogWatch]:
    """A watch of a mesh that is a test's own."""
    with LogWatch([nats_server.url]) as watch:
        yield watch


def read_back(report: Json) -> Json:
    (workload,) = report["workloads"]
    proved: Json = workload["readBack"]
    return {name: value for name, value in proved.items() if value and name != "words"}


def readers(watch: LogWatch, job: str) -> list[str]:
    """Return the names of the workers that have said what they saw, one for each slice."""
    told = [seen.worker for seen in watch.events(job) if seen.event == "seen"]
    return sorted(worker.rsplit("-", 1)[0] for worker in told)


async def test_four_workers_read_what_was_stored_once(
    start_mesh: Callable[..., Mesh], own_watch: LogWatch
) -> None:
    mesh = start_mesh(4)
    before = mesh.nats.monitor("/varz")["out_msgs"]
    job = mesh.post(publish_job(messages=COUNT))
    assert mesh.wait_ended(job)["phase"] == "Succeeded", mesh.report(job)
    report = mesh.report(job)
    sent = mesh.nats.monitor("/varz")["out_msgs"] - before
    assert read_back(report) == {"acknowledged": COUNT, "found": COUNT}
    assert readers(own_watch, job) == ["w0", "w1", "w2", "w3"]
    # One acknowledgement for each message, and each is delivered once; the rest is the job log.
    assert 2 * COUNT <= sent < 2.1 * COUNT, f"{(sent - COUNT) / COUNT:.2f} times"
    proved = [worker["workloads"][0]["readBack"] for worker in report["workers"]]
    assert [one["acknowledged"] for one in proved] == [one["found"] for one in proved]
    assert all(one["found"] for one in proved)


async def test_few_messages_are_read_by_one_worker(mesh: Mesh, watch: LogWatch) -> None:
    job = mesh.post(publish_job(messages=300))
    assert mesh.wait_ended(job)["phase"] == "Succeeded"
    assert read_back(mesh.report(job)) == {"acknowledged": 300, "found": 300}
    assert readers(watch, job) == ["w0"]


async def test_a_job_that_asks_for_no_look_has_no_event_of_one(mesh: Mesh, watch: LogWatch) -> None:
    spec = publish_job(messages=300)
    spec["workloads"][0]["publish"]["verify"] = "None"
    job = mesh.post(spec)
    assert mesh.wait_ended(job)["phase"] == "Succeeded"
    assert "readBack" not in mesh.report(job)["workloads"][0]
    assert readers(watch, job) == []


async def test_a_message_that_is_gone_is_missed_once(mesh: Mesh, watch: LogWatch) -> None:
    """It is deleted while load runs, so it was acknowledged, and is not there to be read."""
    job = mesh.post(slow_job())
    await delete_one(mesh, job)
    assert mesh.wait_ended(job)["phase"] == "Failed"
    report = mesh.report(job)
    assert (report["verdict"], report["reason"]) == ("Unknown", "MessagesRemoved")
    assert f"it has none at sequences {GONE}" in report["message"]
    assert read_back(report) == ONE_GONE
    assert readers(watch, job) == ["w0", "w1", "w2"]
    assert report["workloads"][0]["errors"] == []


def slow_job() -> Json:
    spec = publish_job(messages=COUNT)
    spec["workloads"][0]["messagesPerSecond"] = COUNT // 5
    return spec


async def delete_one(mesh: Mesh, job: str) -> None:
    mesh.wait(job, lambda d: sum(w["messages"] for w in d["workloads"]) > GONE)
    client = await nats.connect(mesh.nats.url)
    try:
        assert await client.jetstream().delete_msg("ORDERS", GONE)
    finally:
        await client.close()


async def test_the_slice_of_a_reader_that_is_killed_is_read_by_another(
    mesh: Mesh, watch: LogWatch
) -> None:
    job = mesh.post(slow_job())
    await delete_one(mesh, job)
    watch.wait(job, "finished", count=3)
    mesh.workers[0].service.kill()
    assert mesh.wait_ended(job, worker=1)["phase"] == "Failed"
    report = mesh.report(job, worker=1)
    assert readers(watch, job) == ["w1", "w1", "w2"]
    assert report["reason"] == "MessagesRemoved"
    assert read_back(report) == ONE_GONE
    assert {worker["outcome"] for worker in report["workers"]} == {"Completed"}
    await mesh.wait_no_streams()


async def test_read_back__of_a_lost_worker__tells_found_from_unknown(
    mesh: Mesh, watch: LogWatch
) -> None:
    spec = publish_job(messages=COUNT)
    spec["workloads"][0]["messagesPerSecond"] = COUNT // 10
    job = mesh.post(spec)
    # More than two workers have to do: each of the three has said that it did something.
    mesh.wait(job, lambda d: sum(w["messages"] for w in d["workloads"]) > 2 * COUNT // 3 + 1)
    mesh.workers[2].service.kill()
    assert mesh.wait_ended(job)["phase"] == "Failed"
    report = mesh.report(job)
    assert (report["verdict"], report["reason"]) == ("Unknown", "WorkersLost")
    (lost,) = (worker for worker in report["workers"] if worker["outcome"] == "Lost")
    proved = lost["workloads"][0]["readBack"]
    assert proved["reasons"] == ["WorkerLost"]
    assert proved["acknowledged"] == proved["unchecked"] == lost["workloads"][0]["messages"]
    # It went on for a moment after its last word.
    assert 0 < proved["acknowledged"] <= proved["recovered"] < COUNT // 3
    assert proved["words"] == (
        f"{proved['recovered']} messages of lost worker {lost['worker']} are in its streams"
    )
    assert "seen" in {seen.event for seen in watch.events(job)}
    # Its part of the course is in the course of all.
    windows = report["workloads"][0]["series"]["windows"]
    done = sum(window["messages"] for window in windows)
    assert done == report["workloads"][0]["messages"]
    whole = read_back(report)
    assert whole["found"] == whole["acknowledged"] - whole["unchecked"] > 0


async def test_a_cancel_ends_the_reading(mesh: Mesh, watch: LogWatch) -> None:
    job = mesh.post(publish_job(messages=COUNT))
    watch.wait(job, "finished", count=3)
    with stopped(mesh.workers[2].service.pid):
        shown = mesh.wait(job, lambda d: d["reason"] == "ReadingBack")
        assert (shown["phase"], shown["workers"]["finished"]) == ("Running", 3)
        assert shown["message"].endswith("of 3 slices of what was stored are read back")
        assert "slices" in progress_line(shown)
        unread = shown["workloads"][0]["readBack"]
        assert (unread["unchecked"], unread["reasons"]) == (COUNT, ["NotRead"])
        watch.wait(job, "seen", count=2)
        mesh.http.post(f"{mesh.workers[0].url}/api/v1/jobs/{job}/cancel")
        assert mesh.wait_ended(job)["phase"] == "Cancelled"
        proved = read_back(mesh.report(job))
        assert proved["reasons"] == ["Stopped"]
        assert 0 < proved["found"] < COUNT
        assert proved["found"] + proved["unchecked"] == proved["acknowledged"] == COUNT
    assert mesh.wait_ended(job, worker=2)["phase"] == "Cancelled"
    await mesh.wait_no_streams()
    after = mesh.post(publish_job("NEXT", 301))
    assert mesh.wait_ended(after)["phase"] == "Succeeded"


async def test_if_the_only_reader_is_lost_the_report_says_what_was_not_read(
    start_mesh: Callable[..., Mesh], own_watch: LogWatch
) -> None:
    mesh = start_mesh(2)
    spec = publish_job(messages=COUNT, workers=1)
    job = mesh.post(spec)
    (worker,) = mesh.job(job)["participants"]
    number = next(n for n, w in enumerate(mesh.workers) if worker.startswith(f"{w.name}-"))
    own_watch.wait(job, "finished")
    with stopped(mesh.workers[number].service.pid):
        report_from = 1 - number
        assert mesh.wait_ended(job, report_from)["phase"] == "Failed"
        report = mesh.report(job, report_from)
    assert (report["verdict"], report["reason"]) == ("Unknown", "ReadBackFailed")
    assert read_back(report) == {
        "acknowledged": COUNT,
        "unchecked": COUNT,
        "reasons": ["NotRead"],
    }
