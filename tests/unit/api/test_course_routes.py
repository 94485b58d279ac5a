"""The course of a job over HTTP: the series at once, and the event stream that goes on with it."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import httpx
import pytest

from njst.api.course import job_feed
from njst.contract.events import Cancelled, Ended
from njst.contract.names.mesh import EventName
from njst.contract.results.course import Course
from njst.contract.results.report import Report
from njst.contract.results.tallies import ErrorClass, WorkloadTally
from njst.contract.results.windows import (
    ErrorCount,
    ParticipantWindow,
    Published,
    WorkloadWindow,
)
from njst.journal.report_builder import final_report
from njst.stats.course.course_writer import CourseWriter
from njst.stats.histogram import Histogram
from tests.unit.api.documents import post, problem
from tests.unit.api.fakes import Mesh

JOBS = "/api/v1/jobs"
WORKERS = ("n1", "n2", "n3")
Json = dict[str, Any]


def second(at_s: int, messages: int = 2, **also: Any) -> ParticipantWindow:
    latency = Histogram.of([100] * messages).encode()
    window = WorkloadWindow(workload="w", messages=messages, bytes=20, latency=latency, **also)
    return ParticipantWindow(at_s=at_s, workloads=[window])


async def publish(mesh: Mesh, job: str, at_s: int, *workers: str, messages: int = 2) -> None:
    for worker in workers or WORKERS:
        await mesh.windows.publish(job, worker, Published(second(at_s, messages)))


async def running_job(mesh: Mesh, http: httpx.AsyncClient) -> str:
    job = await post(http)
    await mesh.start(job)
    return job


async def series(http: httpx.AsyncClient, job: str, query: str = "") -> Json:
    answer = await http.get(f"{JOBS}/{job}/series{query}")
    assert answer.status_code == 200, answer.text
    document: Json = answer.json()
    return document


def windows(document: Json) -> list[Json]:
    (workload,) = document["workloads"]
    found: list[Json] = workload["windows"]
    return found


class Message(NamedTuple):
    event: str
    id: str
    data: Json


class Following:
    """One connection: its messages as they come."""

    def __init__(self, data: AsyncIterator[str]) -> None:
        self._data = data

    async def next(self, event: str) -> Message:
        """Return the next message of a kind."""
        async with asyncio.timeout(20):
            fields: dict[str, str] = {}
            async for line in self._data:
                if line:
                    name, _, value = line.partition(": ")
                    fields[name] = value
                elif fields.get("event") == event:
                    return Message(event, fields.get("id", ""), json.loads(fields["data"]))
                else:
                    fields = {}
        raise AssertionError(f"the stream ended without {event}")


@asynccontextmanager
async def following(mesh: Mesh, job: str, last_id: str = "") -> AsyncIterator[Following]:
    """Follow a job with its course, on another worker each time.

    httpx gives an answer of an application only once it is complete: this reads it as it comes.
    """
    lines: asyncio.Queue[bytes] = asyncio.Queue()
    gone = asyncio.Event()

    async def receive() -> Json:
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        lines.put_nowait(message.get("body", b""))

    async def text() -> AsyncIterator[str]:
        rest = ""
        while True:
            *whole, rest = (rest + (await lines.get()).decode()).split("\n")
            for line in whole:
                yield line

    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": f"{JOBS}/{job}/events",
        "raw_path": b"",
        "query_string": b"series=true",
        "headers": [(b"host", b"worker:5000"), (b"last-event-id", last_id.encode())],
        "server": ("worker", 5000),
        "client": ("test", 1),
        "root_path": "",
    }
    answering = asyncio.create_task(mesh.app()(scope, receive, send))
    try:
        yield Following(text())
    finally:
        gone.set()
        await answering


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_feed, "EVERY_S", 0.005)


async def test_series__of_a_running_job__has_what_all_workers_have_sent(
    mesh: Mesh, http: httpx.AsyncClient
) -> None:
    job = await running_job(mesh, http)
    await publish(mesh, job, 0)
    await publish(mesh, job, 1)
    await publish(mesh, job, 2, "n1")
    await mesh.progress(job, "n1", WorkloadTally(workload="w", messages=6, bytes=60))
    document = await series(http, job)
    assert (document["windowSeconds"], document["untilSeconds"], document["ended"]) == (1, 2, False)
    assert document["omitted"] == ""
    assert windows(document)[1] == {
        "atSeconds": 1,
        "messages": 6,
        "bytes": 60,
        "errors": [],
        "events": [],
        "latencyMicroseconds": {
            "count": 6,
            **dict.fromkeys(("p50", "p90", "p99", "p999", "max"), 100),
        },
    }
    first, *_ = document["workers"]
    assert first == {
        "worker": "n1",
        "name": "n1",
        "elapsedSeconds": 0,
        "workloads": [
            {"workload": "w", "messages": 6, "bytes": 60, "errors": 0, "messagesPerSecond": 2}
        ],
    }
    assert [event["type"] for event in document["events"]] == [
        "Created",
        *["Ready"] * 3,
        "Started",
        "WorkloadBegan",
    ]
    assert [event["atMilliseconds"] for event in document["events"][-2:]] == [0, 0]
    assert windows(await series(http, job, "?fromSeconds=1"))[0]["atSeconds"] == 1
    (full, _) = windows(await series(http, job, "?histograms=true"))
    assert Histogram.decode(full["histograms"]["latency"]) == Histogram.of([100] * 6)


async def test_series__of_a_job_that_waits_or_does_not_exist(
    mesh: Mesh, http: httpx.AsyncClient
) -> None:
    document = await series(http, await post(http))
    assert (document["untilSeconds"], windows(document)) == (0, [])
    assert "atMilliseconds" not in document["events"][0], "there is no common start yet"
    problem(await http.get(f"{JOBS}/none/series"), 404, "unknown-job")
    problem(await http.get(f"{JOBS}/x/series?fromSeconds=-1"), 422, "invalid")


async def test_series__without_windows__says_why(mesh: Mesh, http: httpx.AsyncClient) -> None:
    job = await running_job(mesh, http)
    mesh.windows.broken = "no stream"
    document = await series(http, job)
    assert (document["omitted"], document["workloads"]) == ("all windows: no stream", [])
    assert len(document["workers"]) == 3
    mesh.windows.broken = ""
    for at_s in range(12):
        await publish(mesh, job, at_s, "n1", "n3")
    document = await series(http, job)
    assert document["untilSeconds"] == 12 - 5
    assert document["omitted"].startswith("the windows of n2: an older njst sends none")
    await mesh.windows.publish(job, "n3", Published(second(14)))
    assert "2 s of windows of n3" in (await series(http, job))["omitted"]


async def test_series__of_an_ended_job__is_that_of_its_report(
    mesh: Mesh, http: httpx.AsyncClient
) -> None:
    job = await running_job(mesh, http)
    await mesh.end(job, {w: WorkloadTally(workload="w", messages=3) for w in WORKERS})
    removed = await series(http, job)
    assert removed["ended"]
    assert removed["omitted"] == "all windows: they are removed an hour after the end"
    assert [event["type"] for event in removed["events"]][-2:] == ["Ended", "CleanedUp"]
    assert [worker["outcome"] for worker in removed["workers"]] == ["Completed"] * 3


async def test_events__with_series__go_on_where_another_worker_ended(
    mesh: Mesh, http: httpx.AsyncClient
) -> None:
    job = await running_job(mesh, http)
    await publish(mesh, job, 0)
    async with following(mesh, job) as first:
        opening = await first.next("series")
        assert [w["atSeconds"] for w in windows(opening.data)] == [0]
        assert (await first.next("snapshot")).data["phase"] == "Running"
        await publish(mesh, job, 1)
        window = await first.next("window")
        assert [w["atSeconds"] for w in windows(window.data)] == [1]
        assert window.data["workers"][0]["worker"] == "n1"
    await publish(mesh, job, 2)
    await publish(mesh, job, 3)
    await mesh.log.append(EventName(job, "cancelled"), Cancelled(reason="Requested"))
    async with following(mesh, job, window.id) as second_one:
        event = await second_one.next("event")
        assert event.data["type"] == "CancelRequested"
        window = await second_one.next("window")
        assert [w["atSeconds"] for w in windows(window.data)] == [2, 3]
    async with following(mesh, job, "4.1.5") as behind:
        await publish(mesh, job, 4)
        await publish(mesh, job, 5)
        window = await behind.next("window")
        assert [w["atSeconds"] for w in windows(window.data)] == [5], "it had second 4 already"


async def test_events__when_windows_become_wider__begin_anew(
    mesh: Mesh, http: httpx.AsyncClient
) -> None:
    job = await running_job(mesh, http)
    writers = [CourseWriter() for _ in WORKERS]

    async def go_on(begin_s: int, end_s: int) -> None:
        for worker, writer in zip(WORKERS, writers, strict=True):
            for at_s in range(begin_s, end_s):
                for some in writer.add(second(at_s)):
                    await mesh.windows.publish(job, worker, some)

    await go_on(0, 599)
    async with following(mesh, job) as stream:
        assert len(windows((await stream.next("series")).data)) == 599
        await go_on(599, 602)
        wide = await stream.next("series")
        assert (wide.data["windowSeconds"], wide.data["untilSeconds"]) == (2, 602)
        assert sum(window["messages"] for window in windows(wide.data)) == 602 * 6
        await go_on(602, 604)
        assert [w["atSeconds"] for w in windows((await stream.next("window")).data)] == [602]
    fine = await series(http, job, "?fromSeconds=10")
    assert (fine["windowSeconds"], len(windows(fine))) == (1, 594)
    async with following(mesh, job, "5.1.300") as other:
        assert (await other.next("series")).data["windowSeconds"] == 2, "the id is of another width"


async def test_events__after_a_late_window__send_the_series_anew(
    mesh: Mesh, http: httpx.AsyncClient
) -> None:
    job = await running_job(mesh, http)
    for at_s in range(8):
        await publish(mesh, job, at_s, "n1", "n2")
    async with following(mesh, job) as stream:
        assert (await stream.next("series")).data["untilSeconds"] == 3
        await publish(mesh, job, 1, "n3")
        again = await stream.next("series")
        assert windows(again.data)[1]["messages"] == 6


async def test_events__of_connections__come_before_their_window(
    mesh: Mesh, http: httpx.AsyncClient
) -> None:
    job = await running_job(mesh, http)
    async with following(mesh, job) as stream:
        await stream.next("snapshot")
        broken = [ErrorCount(error_class=ErrorClass.DISCONNECTED, count=2)]
        for worker in WORKERS:
            also: Json = {"events": broken, "reconnects": 1} if worker == "n2" else {}
            await mesh.windows.publish(job, worker, Published(second(0, **also)))
        lost = await stream.next("event")
        assert (lost.data["type"], lost.data["worker"]) == ("Disconnected", "n2")
        assert lost.data["message"] == "2 connections broke"
        assert (await stream.next("event")).data["type"] == "Reconnected"
        assert windows((await stream.next("window")).data)[0]["messages"] == 6


async def test_events__at_the_end__are_all_that_the_report_has(
    mesh: Mesh, http: httpx.AsyncClient
) -> None:
    job = await running_job(mesh, http)
    await publish(mesh, job, 0)
    async with following(mesh, job) as stream:
        await stream.next("snapshot")
        report = final_report(mesh.view(job), {}, mesh.log.clock.now_ns())
        late = (await series(http, job)) | {"untilSeconds": 1}
        course = Course.model_validate({k: late[k] for k in ("untilSeconds", "workloads")})
        await mesh.log.append(EventName(job, "ended"), Ended(report=with_course(report, course)))
        assert (await stream.next("end")).id.endswith(".1.1!over")
    over = await http.get(
        f"{JOBS}/{job}/events?series=true", headers={"last-event-id": "9.1.1!over"}
    )
    assert over.status_code == 204
    late_stream = await http.get(f"{JOBS}/{job}/events?series=true")
    kinds = [line for line in late_stream.text.split("\n") if line.startswith("event: ")]
    assert kinds == ["event: series", "event: snapshot", "event: end"]


async def test_events__whose_last_windows_do_not_come__end_with_those_of_the_report(
    mesh: Mesh, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_feed, "LAST_WINDOWS_S", 0.0)
    job = await running_job(mesh, http)
    async with following(mesh, job) as stream:
        await stream.next("snapshot")
        await publish(mesh, job, 0)
        await stream.next("window")
        report = final_report(mesh.view(job), {}, mesh.log.clock.now_ns())
        document = await series(http, job)
        workloads = [{**w, "windows": w["windows"] * 2} for w in document["workloads"]]
        course = Course.model_validate({"untilSeconds": 2, "workloads": workloads})
        await mesh.log.append(EventName(job, "ended"), Ended(report=with_course(report, course)))
        assert (await stream.next("series")).data["untilSeconds"] == 2


def with_course(report: Report, course: Course) -> Report:
    return report.model_copy(update={"course": course})


async def test_readers__of_windows__are_shared_and_end_with_those_who_look(
    mesh: Mesh, http: httpx.AsyncClient
) -> None:
    mesh.courses.linger_s = 0.0
    job = await running_job(mesh, http)
    await publish(mesh, job, 0)
    async with following(mesh, job) as one, following(mesh, job) as other:
        await one.next("snapshot")
        await other.next("snapshot")
        assert mesh.windows.followers == 1
        await series(http, job)
        assert mesh.windows.followers == 1
    await mesh.courses.close()
    assert mesh.windows.followers == 0
