"""What can be seen of jobs and done to them."""

import asyncio
import json
from typing import Any

import httpx
import pytest

from njst.api.course import job_feed
from njst.contract.events import Created, Ended, Origin, OriginKind
from njst.contract.names.mesh import EventName
from njst.contract.results.outcome import Problem
from njst.contract.results.report import Report
from njst.contract.results.tallies import ErrorClass, ErrorTally, WorkloadTally
from njst.journal.report_builder import final_report
from njst.journal.state.job_view import Phase
from tests.unit.api.documents import SPEC, fields, post, problem
from tests.unit.api.fakes import Mesh

JOBS = "/api/v1/jobs"


async def test_a_job_as_it_goes(mesh: Mesh, http: httpx.AsyncClient) -> None:
    job = await post(http)
    url = f"{JOBS}/{job}"

    pending = (await http.get(url)).json()
    assert (pending["phase"], pending["reason"]) == ("Pending", "WorkersPreparing")
    assert pending["message"] == "3 workers prepare"
    assert pending["workers"]["summary"] == "0/3"
    assert not pending.keys() & {"startTime", "completionTime", "verdict"}

    await mesh.start(job)
    tally = WorkloadTally(workload="w", messages=100, bytes=1000, elapsed_us=500_000)
    await mesh.progress(job, "n1", tally)
    running = (await http.get(url)).json()
    assert (running["phase"], running["reason"]) == ("Running", "LoadRunning")
    assert running["message"] == "3 of 3 workers run the load"
    assert running["workers"]["running"] == 3
    assert running["workloads"][0]["messages"] == 100
    assert running["workloads"][0]["planned"] == 300
    assert running["startTime"] == "2026-01-02T03:04:06Z"
    problem(await http.get(f"{url}/report"), 409, "not-finished")

    await mesh.end(job, dict.fromkeys(("n1", "n2", "n3"), tally))
    ended = (await http.get(url)).json()
    assert (ended["phase"], ended["verdict"]) == ("Succeeded", "Valid")
    assert ended["workloads"][0]["messages"] == 300
    assert ended["completionTime"] == "2026-01-02T03:04:08Z"
    report = Report.model_validate_json((await http.get(f"{url}/report")).content)
    final = mesh.view(job).ended
    assert final is not None
    assert report == final.report


@pytest.mark.parametrize(
    ("reason", "shown"), [("JournalFull", "JournalFull"), ("Draining", "LoadRunning")]
)
async def test_a_job_of_which_nothing_newer_is_known_says_why(
    mesh: Mesh, http: httpx.AsyncClient, reason: str, shown: str
) -> None:
    job = await post(http)
    await mesh.start(job)
    mesh.not_ready = Problem(reason=reason, message="no room")
    document = (await http.get(f"{JOBS}/{job}")).json()
    assert (document["phase"], document["reason"]) == ("Running", shown)
    await mesh.end(job)
    ended = (await http.get(f"{JOBS}/{job}")).json()
    assert ended["reason"] not in (reason, shown), "an end is an end"


async def test_a_job_that_waits_says_behind_which_and_at_which_place(
    mesh: Mesh, http: httpx.AsyncClient
) -> None:
    first, second, third = [await post(http) for _ in range(3)]
    waiting = (await http.get(f"{JOBS}/{third}")).json()
    assert (waiting["phase"], waiting["reason"]) == ("Pending", "WorkersBusy")
    assert waiting["waitsFor"] == [first, second]
    assert waiting["message"] == f"number 2 in the queue, behind job {first} and 1 more"
    await mesh.start(first)
    await mesh.end(first)
    assert (await http.get(f"{JOBS}/{second}")).json()["reason"] == "WorkersPreparing"
    waiting = (await http.get(f"{JOBS}/{third}")).json()
    assert waiting["message"] == f"number 1 in the queue, behind job {second}"


async def test_a_waiting_job_that_is_cancelled_waits_for_nobody(
    mesh: Mesh, http: httpx.AsyncClient
) -> None:
    """Its place is kept until it is clean, and a worker may have read no further than its end."""
    _, waiting = [await post(http) for _ in range(2)]
    url = f"{JOBS}/{waiting}"
    await http.post(f"{url}/cancel")
    assert (await http.get(url)).json()["waitsFor"] == []
    report = final_report(mesh.view(waiting), {}, mesh.log.clock.now_ns())
    await mesh.log.append(EventName(waiting, "ended"), Ended(report=report))
    ended = (await http.get(url)).json()
    assert (ended["phase"], ended["waitsFor"]) == ("Cancelled", [])


async def test_only_what_changes_no_more_has_an_etag(mesh: Mesh, http: httpx.AsyncClient) -> None:
    job = await post(http)
    url = f"{JOBS}/{job}"
    assert "etag" not in (await http.get(url)).headers
    await mesh.start(job)
    await mesh.end(job)
    plain, full = await http.get(url), await http.get(f"{url}?histograms=true")
    assert plain.headers["etag"] != full.headers["etag"]
    again = await http.get(url, headers={"if-none-match": plain.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    other = await http.get(url, headers={"if-none-match": full.headers["etag"]})
    assert other.status_code == 200


async def test_histograms_come_only_when_asked_for(mesh: Mesh, http: httpx.AsyncClient) -> None:
    job = await post(http)
    await mesh.start(job)
    tally = WorkloadTally(workload="w", messages=300, elapsed_us=1, latency="")
    await mesh.end(job, {"n1": tally})
    view = mesh.view(job)
    assert view.ended is not None
    result = view.ended.report.workloads[0].model_copy(update={"latency": "HDR"})
    report = view.ended.report.model_copy(update={"workloads": [result]})
    other = await post(http)
    await mesh.log.append(EventName(other, "ended"), Ended(report=report))
    url = f"{JOBS}/{other}"
    assert (await http.get(url)).json()["workloads"][0]["latency"] == ""
    full = await http.get(f"{url}?histograms=true")
    assert full.json()["workloads"][0]["latency"] == "HDR"
    assert (await http.get(f"{url}/report")).json()["workloads"][0]["latency"] == "HDR"


async def test_the_list_is_newest_first_and_each_page_leads_to_the_next(
    http: httpx.AsyncClient,
) -> None:
    made = [await post(http) for _ in range(5)]
    seen: list[str] = []
    url = f"{JOBS}?limit=2&phase=Pending"
    pages = 0
    while url:
        answer = await http.get(url)
        page = answer.json()
        seen += [item["id"] for item in page["items"]]
        pages += 1
        url = answer.links.get("next", {}).get("url", "")
        assert bool(url) == ("next" in page)
        assert not url or f"cursor={page['next']}" in url
        if pages == 1:
            await post(http)
    assert seen == made[::-1], "a job that comes meanwhile moves no page"
    assert pages == 3


async def test_the_list_is_of_one_phase_where_that_is_asked_for(
    mesh: Mesh, http: httpx.AsyncClient
) -> None:
    first, second = await post(http), await post(http)
    await mesh.start(first)
    for phase in Phase:
        found = (await http.get(f"{JOBS}?phase={phase}")).json()["items"]
        expected = {Phase.RUNNING: [first], Phase.PENDING: [second]}
        assert [item["id"] for item in found] == expected.get(phase, [])


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "query.limit"),
        ("limit=501", "query.limit"),
        ("limit=x", "query.limit"),
        ("limit=" + "9" * 5_000, "query.limit"),
        ("cursor=-1", "query.cursor"),
        ("phase=running", "query.phase"),
    ],
)
async def test_a_bad_parameter_is_named(http: httpx.AsyncClient, query: str, field: str) -> None:
    assert fields(problem(await http.get(f"{JOBS}?{query}"), 422, "invalid")) == [field]


async def test_to_cancel_twice_or_too_late_changes_nothing(
    mesh: Mesh, http: httpx.AsyncClient
) -> None:
    job = await post(http)
    for _ in range(2):
        answer = await http.post(f"{JOBS}/{job}/cancel")
        assert answer.status_code == 202
        assert answer.json()["phase"] == "Cancelling"
        assert answer.json()["reason"] == "Requested"
    await mesh.end(job)
    answer = await http.post(f"{JOBS}/{job}/cancel")
    assert (answer.status_code, answer.json()["phase"]) == (202, "Cancelled")

    done = await post(http)
    await mesh.start(done)
    tally = WorkloadTally(workload="w", messages=300, elapsed_us=1)
    await mesh.end(done, {"n1": tally})
    answer = await http.post(f"{JOBS}/{done}/cancel")
    assert (answer.status_code, answer.json()["phase"]) == (202, "Succeeded")


async def test_a_deleted_job_is_gone_and_was_stopped(mesh: Mesh, http: httpx.AsyncClient) -> None:
    job = await post(http)
    answer = await http.delete(f"{JOBS}/{job}")
    assert (answer.status_code, answer.content) == (204, b"")
    assert mesh.view(job).cancelled is not None
    assert (await http.get(JOBS)).json()["items"] == []
    for method, path in (
        ("GET", ""),
        ("DELETE", ""),
        ("GET", "/report"),
        ("GET", "/events"),
        ("POST", "/cancel"),
    ):
        answer = await http.request(method, f"{JOBS}/{job}{path}")
        assert job in problem(answer, 404, "unknown-job")["detail"]


async def test_the_job_of_a_resource_is_deleted_with_kubectl(
    mesh: Mesh, http: httpx.AsyncClient
) -> None:
    spec = mesh.view(await post(http)).created.spec
    origin = Origin(kind=OriginKind.RESOURCE, cluster="c", namespace="load", name="nightly")
    created = Created(spec=spec, participants=["n1"], origin=origin)
    await mesh.log.append(EventName("r-1", "created"), created)
    detail = problem(await http.delete(f"{JOBS}/r-1"), 409, "owned")["detail"]
    assert "kubectl delete njstjob nightly -n load" in detail
    assert (await http.get(f"{JOBS}/r-1")).json()["name"] == "nightly"


async def test_a_silent_log_is_no_success(mesh: Mesh, http: httpx.AsyncClient) -> None:
    job = await post(http)
    mesh.log.broken = "no NATS"
    problem(await http.post(f"{JOBS}/{job}/cancel"), 503, "journal-unavailable")
    problem(await http.delete(f"{JOBS}/{job}"), 503, "journal-unavailable")
    assert (await http.get(f"{JOBS}/{job}")).status_code == 200, "reading needs no log"


async def test_errors_of_the_load_are_shown(mesh: Mesh, http: httpx.AsyncClient) -> None:
    job = await post(http)
    await mesh.start(job)
    error = ErrorTally(error_class=ErrorClass.TIMEOUT, count=7, example="no answer")
    await mesh.progress(job, "n2", WorkloadTally(workload="w", errors=[error]))
    (workload,) = (await http.get(f"{JOBS}/{job}")).json()["workloads"]
    assert workload["errors"] == [
        {"errorClass": "Timeout", "count": 7, "operations": 0, "example": "no answer"}
    ]


def events(text: str) -> list[tuple[str, dict[str, Any]]]:
    """Return (event, data) of each server-sent event."""
    found = []
    for block in text.strip().split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.split("\n"))
        if "event" in lines:
            found.append((lines["event"], json.loads(lines["data"])))
    return found


async def test_a_job_is_followed_until_its_end(
    mesh: Mesh, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns: asyncio.Queue[None] = asyncio.Queue()
    looked: asyncio.Queue[None] = asyncio.Queue()

    async def next_turn(_: float) -> None:
        looked.put_nowait(None)
        await turns.get()

    monkeypatch.setattr(job_feed.asyncio, "sleep", next_turn)
    job = await post(http)
    following = asyncio.create_task(http.get(f"{JOBS}/{job}/events"))
    await looked.get()
    for step in (mesh.start(job), mesh.end(job)):
        await step
        turns.put_nowait(None)
        if not mesh.view(job).ended:
            await looked.get()
    answer = await following
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["x-accel-buffering"] == "no"
    assert answer.headers["cache-control"] == "no-store"
    found = events(answer.text)
    assert [kind for kind, _ in found] == ["snapshot"] * 3 + ["end"]
    assert [data["phase"] for _, data in found[:3]] == ["Pending", "Running", "Failed"]
    assert found[2][1] == (await http.get(f"{JOBS}/{job}")).json()

    last = answer.text.split("id: ")[-1].split("\n")[0]
    again = await http.get(f"{JOBS}/{job}/events", headers={"last-event-id": last})
    assert again.status_code == 204, "so that a browser ceases to ask"
    late = await http.get(f"{JOBS}/{job}/events")
    assert [kind for kind, _ in events(late.text)] == ["snapshot", "end"]


async def test_events__of_a_job_that_is_deleted__keep_alive_and_end(
    mesh: Mesh, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_feed, "KEEP_ALIVE_LOOKS", 2)
    job = await post(http)
    looks, sleep = 0, asyncio.sleep

    async def next_turn(_: float) -> None:
        nonlocal looks
        looks += 1
        await sleep(0)
        if looks == 4:
            await http.delete(f"{JOBS}/{job}")

    monkeypatch.setattr(job_feed.asyncio, "sleep", next_turn)
    text = (await http.get(f"{JOBS}/{job}/events")).text
    assert text.count("event: snapshot") == 1
    assert ": keep-alive\n\n" in text
    assert text.endswith("event: end\ndata: {}\n\n")


async def test_workers_of_a_spec_are_all_or_as_many_as_it_says(http: httpx.AsyncClient) -> None:
    answer = await http.post(JOBS, json={**SPEC, "workers": 2})
    assert len(answer.json()["participants"]) == 2


async def test_metrics__of_two_error_classes_of_a_newer_worker__are_one_series(
    mesh: Mesh, http: httpx.AsyncClient
) -> None:
    job = await post(http)
    await mesh.start(job)
    report = final_report(mesh.view(job), mesh.job_store.progress(job), mesh.log.clock.now_ns())
    unknown = [
        ErrorTally(error_class=ErrorClass.OTHER, count=count, example=f"Melted{count}: x")
        for count in (2, 3)
    ]
    workloads = [report.workloads[0].model_copy(update={"errors": unknown})]
    ended = Ended(report=report.model_copy(update={"workloads": workloads}))
    await mesh.log.append(EventName(job, "ended"), ended)
    series = [line for line in (await http.get("/metrics")).text.splitlines() if "Other" in line]
    assert len(series) == 1
    assert series[0].endswith('code="Other"} 5')
