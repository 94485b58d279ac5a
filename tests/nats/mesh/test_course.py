"""The course of a job on a real mesh: the same from any worker, late or after a break."""

import json
from collections.abc import Generator, Iterator
from contextlib import closing
from typing import Any, NamedTuple

import httpx
import pytest

from njst.local.local_worker import LocalWorker
from njst.local.nats_server import NatsServer
from tests.nats.mesh.mesh import Json, Mesh, running

RATE = 400


@pytest.fixture(scope="module")
def mesh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mesh]:
    """One mesh for all of these tests."""
    folder = tmp_path_factory.mktemp("course")
    with NatsServer.start() as server:
        workers = [LocalWorker(f"w{number}", server.url, folder) for number in range(3)]
        with running(server, workers, folder) as made:
            yield made


def paced_job(seconds: int, **spec: Any) -> Json:
    """A job with every latency that there is."""
    return {
        "streams": [{"name": "COURSE", "storage": "Memory"}],
        "workloads": [
            {
                "name": "write",
                "stream": "COURSE",
                "durationSeconds": seconds,
                "messagesPerSecond": RATE,
                "publish": {"payloadBytes": 64},
            },
            {"name": "read", "stream": "COURSE", "durationSeconds": seconds, "consume": {}},
        ],
        **spec,
    }


class Message(NamedTuple):
    """One server-sent event."""

    event: str
    id: str
    data: Json


def messages(http: httpx.Client, url: str, last_id: str = "") -> Generator[Message]:
    """Yield the messages of an event stream, as they come."""
    headers = {"last-event-id": last_id} if last_id else {}
    with http.stream("GET", url, headers=headers) as response:
        fields: dict[str, str] = {}
        for line in response.iter_lines():
            if line:
                name, _, value = line.partition(": ")
                fields[name] = value
            elif "event" in fields:
                yield Message(fields["event"], fields["id"], json.loads(fields["data"]))
                fields = {}


def series(mesh: Mesh, job: str, worker: int, query: str = "") -> Json:
    response = mesh.http.get(f"{mesh.workers[worker].url}/api/v1/jobs/{job}/series{query}")
    assert response.status_code == 200, response.text
    document: Json = response.json()
    return document


def windows(document: Json, workload: str) -> dict[int, Json]:
    """Return the windows of a workload by their second."""
    (found,) = (w["windows"] for w in document["workloads"] if w["workload"] == workload)
    by_second = {window["atSeconds"]: window for window in found}
    assert len(by_second) == len(found), "no window is there twice"
    return by_second


class Follower:
    """Keeps what an event stream says of one workload, and that it says it once."""

    def __init__(self) -> None:
        self.windows: dict[int, Json] = {}
        self.types: list[str] = []
        self.last: Message

    def take(self, message: Message) -> None:
        self.last = message
        if message.event in ("series", "window"):
            for second, window in windows(message.data, "write").items():
                assert second not in self.windows, "no window is sent twice"
                self.windows[second] = window
        if message.event == "event":
            self.types.append(message.data["type"])

    def take_until(self, some: Iterator[Message], until_s: int) -> None:
        for message in some:
            self.take(message)
            if message.event == "window" and message.data["untilSeconds"] >= until_s:
                return


def test_course__of_a_job__is_the_same_late_and_resumed(mesh: Mesh) -> None:
    job = mesh.post(paced_job(4))
    mesh.wait_loading(job)
    urls = [f"{worker.url}/api/v1/jobs/{job}/events?series=true" for worker in mesh.workers]
    follower = Follower()
    with closing(messages(mesh.http, urls[1])) as first:
        follower.take_until(first, 2)
    until_s = follower.last.data["untilSeconds"]
    assert sorted(follower.windows) == list(range(until_s)), "none is missing"
    assert follower.last.data["workers"][0]["workloads"][0]["messages"] > 0
    late = series(mesh, job, 2)
    assert windows(late, "write").items() >= follower.windows.items()
    assert not late["omitted"]

    for message in messages(mesh.http, urls[0], follower.last.id):
        follower.take(message)
    assert follower.last.event == "end"
    again = mesh.http.get(urls[2], headers={"last-event-id": follower.last.id})
    assert again.status_code == 204, "so that a browser ceases to ask"
    assert follower.types.count("WorkerFinished") == 3
    assert "Ended" in follower.types
    assert windows(mesh.report(job)["course"], "write") == follower.windows
    assert sum(window["offered"] for window in follower.windows.values()) == 4 * RATE


def test_course__in_the_report__has_all_that_the_totals_have(mesh: Mesh) -> None:
    job = mesh.post(paced_job(2))
    mesh.wait_ended_everywhere(job)
    report = mesh.report(job)
    assert not report["course"]["omitted"]
    totals = {workload["workload"]: workload for workload in report["workloads"]}
    for name, latencies in {
        "write": ["latency", "service", "slip"],
        "read": ["latency", "stored", "delivered"],
    }.items():
        whole = windows(report["course"], name).values()
        assert sum(window["messages"] for window in whole) == totals[name]["messages"]
        assert sum(window["bytes"] for window in whole) == totals[name]["bytes"]
        for field in (f"{latency}Microseconds" for latency in latencies):
            highest = max(window[field]["max"] for window in whole if field in window)
            assert highest == totals[name][field]["max"]

    documents = [series(mesh, job, worker) for worker in range(3)]
    assert documents[0] == documents[1] == documents[2]
    happened = [event["type"] for event in documents[0]["events"]]
    assert happened[0] == "Created"
    assert happened[-2:] == ["Ended", "CleanedUp"]
    assert happened.count("Ready") == happened.count("WorkerFinished") == 3
    assert "histograms" not in windows(documents[0], "write")[0]
    full = windows(series(mesh, job, 0, "?fromSeconds=1&histograms=true"), "read")
    assert min(full) == 1
    assert full[1]["histograms"].keys() == {"latency", "stored", "delivered"}


def test_course__of_a_killed_worker__stays(mesh: Mesh) -> None:
    victim = mesh.join("victim")
    job = mesh.post(paced_job(5, onWorkerLoss="Continue"))
    mesh.wait_loading(job)
    url = f"{mesh.workers[0].url}/api/v1/jobs/{job}/events?series=true"
    with closing(messages(mesh.http, url)) as following:
        for message in following:
            if message.event == "window":
                break
    victim.service.kill()
    mesh.wait_ended(job)
    document = series(mesh, job, 1)
    (lost,) = (event for event in document["events"] if event["type"] == "WorkerLost")
    outcomes = {worker["worker"]: worker["outcome"] for worker in document["workers"]}
    assert [worker for worker, how in outcomes.items() if how == "Lost"] == [lost["worker"]]
    assert lost["worker"].startswith("victim-")
    first = windows(document, "write")[0]
    assert RATE * 0.9 <= first["messages"] <= RATE, "all four workers are in it"
    whole = windows(document, "write")
    assert whole[4]["messages"] < first["messages"]
    (total,) = (w for w in mesh.report(job)["workloads"] if w["workload"] == "write")
    assert sum(window["messages"] for window in whole.values()) >= total["messages"]
