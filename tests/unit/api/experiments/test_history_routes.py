"""The history of a name over HTTP: which jobs it takes, and refusals that name the parameter."""

from collections.abc import Sequence
from typing import Any

import httpx
import pytest

from njst.contract.events import Origin, OriginKind
from njst.contract.parsing.document import parse_spec
from njst.contract.results.tallies import ReadBack, WorkloadTally
from njst.journal.jobs import Jobs, Submission
from tests.unit.api.documents import SPEC, fields, problem
from tests.unit.api.fakes import Mesh

HISTORY = "/api/v1/history"
RATES = (1000, 1010, 1005, 995, 1002, 998)
HTTP = Origin(kind=OriginKind.HTTP, name="nightly")


async def run(mesh: Mesh, origin: Origin, rate: int, spec: dict[str, Any] = SPEC) -> str:
    """Run a job in which the workers together do this many messages per second."""
    job = f"job-{len(mesh.job_store.all_jobs())}"
    spec = {**spec, "workloads": [{**spec["workloads"][0], "messages": 3 * rate}]}
    submission = Submission(job, parse_spec(spec), origin)
    await Jobs(mesh.log, mesh.job_store, mesh.members).submit(submission)
    await mesh.start(job)
    tally = WorkloadTally(
        workload="w",
        attempted=rate,
        messages=rate,
        elapsed_us=3_000_000,
        read_back=ReadBack(acknowledged=rate, found=rate),
    )
    await mesh.end(job, dict.fromkeys(("n1", "n2", "n3"), tally))
    return job


async def runs(mesh: Mesh, origin: Origin, rates: Sequence[int]) -> list[str]:
    return [await run(mesh, origin, rate) for rate in rates]


async def history(http: httpx.AsyncClient, **params: Any) -> dict[str, Any]:
    answer = await http.get(HISTORY, params={"name": "nightly", **params})
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


async def test_history__half_the_rate__is_a_change_point_at_its_first_run(
    mesh: Mesh, http: httpx.AsyncClient
) -> None:
    jobs = await runs(mesh, HTTP, [*RATES, *(rate // 2 for rate in RATES)])
    found = await history(http, metric="MessagesPerSecond")
    assert [one["job"] for one in found["runs"]] == jobs
    assert [one["leftOut"] for one in found["runs"]] == [""] * 12
    (change,) = found["changes"]
    assert (change["job"], change["outcome"], change["workload"]) == (jobs[6], "Worse", "w")
    assert [difference["fact"] for difference in change["differences"]] == ["spec"]


async def test_history__of_a_schedule__has_the_jobs_that_it_made(
    mesh: Mesh, http: httpx.AsyncClient
) -> None:
    kept = [
        await run(
            mesh,
            Origin(
                kind=OriginKind.RESOURCE, namespace="a", name=f"nightly-{n}", schedule="nightly"
            ),
            rate,
        )
        for n, rate in enumerate(RATES)
    ]
    other = HTTP.model_copy(update={"name": "nightly-1"})
    await run(mesh, other, 1)
    found = await history(http, namespace="a")
    assert [one["job"] for one in found["runs"]] == kept
    assert found["runs"][1]["name"] == "nightly-1"


async def test_history__same_name_in_two_namespaces__must_be_told_apart(
    mesh: Mesh, http: httpx.AsyncClient
) -> None:
    origins = [HTTP, HTTP.model_copy(update={"kind": OriginKind.RESOURCE, "namespace": "a"})]
    jobs = [await run(mesh, origin, 1000) for origin in origins]
    refused = problem(await http.get(f"{HISTORY}?name=nightly"), 422, "invalid")
    assert fields(refused) == ["query.namespace"]
    assert refused["errors"][0]["detail"].endswith("must be one of '', 'a'")
    for namespace, job in zip(("", "a"), jobs, strict=True):
        found = await history(http, namespace=namespace)
        assert [one["job"] for one in found["runs"]] == [job]


async def test_history__runs_that_prove_nothing__are_shown_and_do_not_count(
    mesh: Mesh, http: httpx.AsyncClient
) -> None:
    await run(mesh, HTTP, 1000)
    failing = {**SPEC, "thresholds": [{"metric": "Messages", "atLeast": 10**9}]}
    slow = {**SPEC, "thresholds": [{"metric": "MessagesPerSecond", "atLeast": 10**9}]}
    await run(mesh, HTTP, 1000, failing)
    await run(mesh, HTTP, 1000, slow)
    found = await history(http)
    reason = "its verdict is Invalid: ThresholdsFailed"
    assert [one["leftOut"] for one in found["runs"]] == ["", reason, ""]
    assert found["metrics"][0]["runs"] == 2


async def test_history__limit_and_spec__take_the_newest_runs_of_this_spec(
    mesh: Mesh, http: httpx.AsyncClient
) -> None:
    jobs = await runs(mesh, HTTP, [1000] * 5)
    other = await run(mesh, HTTP, 2000)
    found = await history(http, limit=3)
    assert [one["job"] for one in found["runs"]] == [*jobs[3:], other]
    assert found["earlierRuns"] == 3
    spec = found["runs"][0]["facts"]["spec"]
    same = await history(http, limit=3, spec=spec)
    assert [one["job"] for one in same["runs"]] == jobs[2:]
    refused = problem(await http.get(f"{HISTORY}?name=nightly&spec=x"), 422, "invalid")
    assert fields(refused) == ["query.spec"]
    assert spec in refused["errors"][0]["detail"]


async def test_history__open_and_deleted_jobs__are_not_there(
    mesh: Mesh, http: httpx.AsyncClient
) -> None:
    job, gone = await runs(mesh, HTTP, [1000, 1000])
    await http.delete(f"/api/v1/jobs/{gone}")
    await http.post("/api/v1/jobs", json={**SPEC})
    assert [one["job"] for one in (await history(http))["runs"]] == [job]


async def test_history__csv_for_otava__has_a_row_for_each_run(
    mesh: Mesh, http: httpx.AsyncClient
) -> None:
    jobs = await runs(mesh, HTTP, [1000, 2000])
    answer = await http.get(f"{HISTORY}.otava.csv?name=nightly")
    assert answer.headers["content-type"].startswith("text/csv")
    lines = answer.text.splitlines()
    assert lines[0] == "time,job,w.MessagesPerSecond"
    assert [line.split(",")[1:] for line in lines[1:]] == [[jobs[0], "1000"], [jobs[1], "2000"]]


async def test_history__unknown_name__is_not_found(http: httpx.AsyncClient) -> None:
    for path in (HISTORY, f"{HISTORY}.otava.csv"):
        refused = problem(await http.get(f"{path}?name=other"), 404, "unknown-job")
        assert "'other'" in refused["detail"]


BAD = [
    ("", "query.name"),
    ("name=", "query.name"),
    ("name=n&limit=0", "query.limit"),
    ("name=n&limit=501", "query.limit"),
    ("name=n&metric=Speed", "query.metric.0"),
    ("name=n&metric=SustainedMessagesPerSecond", "query.metric"),
    ("name=n&minEffectPercent=0", "query.minEffectPercent"),
    ("name=n&metrics=MessagesPerSecond", "query.metrics"),
]


@pytest.mark.parametrize(("query", "field"), BAD, ids=[row[0] for row in BAD])
async def test_history__bad_parameter__is_named(
    http: httpx.AsyncClient, query: str, field: str
) -> None:
    assert fields(problem(await http.get(f"{HISTORY}?{query}"), 422, "invalid")) == [field]


async def test_history__workload_that_no_run_has__names_those_that_are_there(
    mesh: Mesh, http: httpx.AsyncClient
) -> None:
    await run(mesh, HTTP, 1000)
    refused = problem(await http.get(f"{HISTORY}?name=nightly&workload=x"), 422, "invalid")
    assert refused["errors"] == [{"field": "query.workload", "detail": "must be one of w"}]
