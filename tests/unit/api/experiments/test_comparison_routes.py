"""Two sets of ended jobs, compared over HTTP."""

from typing import Any

import httpx
import pytest

from njst.contract.results.tallies import WorkloadTally
from tests.unit.api.documents import SPEC, fields, problem
from tests.unit.api.fakes import Mesh

COMPARISONS = "/api/v1/comparisons"
RATE = {"workload": "w", "metric": "MessagesPerSecond"}


async def ended(mesh: Mesh, http: httpx.AsyncClient, rate: int, spec: Any = None) -> str:
    """Run a job in which three workers together do this many messages per second."""
    answer = await http.post("/api/v1/jobs", json=spec or SPEC)
    job: str = answer.json()["id"]
    await mesh.start(job)
    tally = WorkloadTally(workload="w", messages=rate, elapsed_us=3_000_000)
    await mesh.end(job, dict.fromkeys(("n1", "n2", "n3"), tally))
    return job


async def two_sides(mesh: Mesh, http: httpx.AsyncClient) -> dict[str, Any]:
    first = [await ended(mesh, http, rate) for rate in (1000, 1010, 1005, 995, 1002)]
    second = [await ended(mesh, http, rate) for rate in (2000, 2010, 2005, 1995, 2002)]
    return {"first": first, "second": second, "metrics": [RATE]}


async def test_compare__twice_the_rate__is_better(mesh: Mesh, http: httpx.AsyncClient) -> None:
    asked = {**await two_sides(mesh, http), "withUnproven": True}
    answer = await http.post(COMPARISONS, json=asked)
    assert answer.status_code == 200, answer.text
    (metric,) = answer.json()["metrics"]
    assert (metric["outcome"], metric["workload"]) == ("Better", "w")
    assert 1_900_000 < metric["ratioPerMillion"] < 2_100_000
    back = {**asked, "first": asked["second"], "second": asked["first"]}
    (metric,) = (await http.post(COMPARISONS, json=back)).json()["metrics"]
    assert metric["outcome"] == "Worse"


async def test_compare__by_another_worker__is_the_same(mesh: Mesh, http: httpx.AsyncClient) -> None:
    asked = {**await two_sides(mesh, http), "withUnproven": True}
    other = Mesh(log=mesh.log)
    await other.log.follow(other.job_store.on_entry, other.job_store.on_progress)
    async with other.client() as elsewhere:
        answers = [await client.post(COMPARISONS, json=asked) for client in (http, elsewhere)]
    assert answers[0].json()["metrics"] == answers[1].json()["metrics"] != []
    assert answers[0].content == answers[1].content


async def test_compare__one_against_one__infers_nothing(
    mesh: Mesh, http: httpx.AsyncClient
) -> None:
    first, second = await ended(mesh, http, 1000), await ended(mesh, http, 3000)
    asked = {"first": [first], "second": [second], "metrics": [RATE], "withUnproven": True}
    (metric,) = (await http.post(COMPARISONS, json=asked)).json()["metrics"]
    assert metric["outcome"] == "Inconclusive"
    assert "no inference" in metric["message"]


async def test_compare__job_that_is_not_valid__is_left_out_by_name(
    mesh: Mesh, http: httpx.AsyncClient
) -> None:
    failing = {**SPEC, "thresholds": [{"metric": "Messages", "atLeast": 10**9}]}
    first, second = await ended(mesh, http, 1000), await ended(mesh, http, 1000, failing)
    asked = {"first": [first], "second": [second], "metrics": [RATE]}
    result = (await http.post(COMPARISONS, json=asked)).json()
    assert {"job": second, "reason": "its verdict is Invalid"} in result["leftOut"]


async def test_compare__other_spec__is_named_as_a_difference(
    mesh: Mesh, http: httpx.AsyncClient
) -> None:
    other = {**SPEC, "workloads": [{**SPEC["workloads"][0], "publish": {"payloadBytes": 9}}]}
    first, second = await ended(mesh, http, 1000), await ended(mesh, http, 1000, other)
    asked = {"first": [first], "second": [second], "metrics": [RATE]}
    result = (await http.post(COMPARISONS, json=asked)).json()
    assert [difference["fact"] for difference in result["differences"]] == ["spec"]


async def test_compare__unknown_and_running_jobs__are_named(
    mesh: Mesh, http: httpx.AsyncClient
) -> None:
    done = await ended(mesh, http, 1000)
    running = (await http.post("/api/v1/jobs", json=SPEC)).json()["id"]
    asked = {"first": [done, "gone"], "second": [running], "metrics": [RATE]}
    unknown = problem(await http.post(COMPARISONS, json=asked), 404, "unknown-job")
    assert fields(unknown) == ["first[1]"]
    asked["first"] = [done]
    early = problem(await http.post(COMPARISONS, json=asked), 409, "not-finished")
    assert fields(early) == ["second[0]"]


BAD: list[tuple[dict[str, Any], str, str]] = [
    ({"first": []}, "first", "at least 1 item"),
    ({"second": None}, "second", "Required value"),
    ({"second": ["a"]}, "comparison", "each job must be there once"),
    ({"first": ["a", "a"]}, "comparison", "each job must be there once"),
    ({"first": [""]}, "first[0]", "at least 1 char"),
    ({"metrics": []}, "metrics", "at least 1 item"),
    ({"metrics": [{"metric": "Speed"}]}, "metrics[0].metric", "should be 'MessagesPerSecond'"),
    ({"metrics": [{"metric": "SustainedMessagesPerSecond"}]}, "comparison", "jobs have none"),
    ({"metrics": [RATE, RATE]}, "comparison", "each of metrics must be there once"),
    ({"minEffectPercent": 0}, "minEffectPercent", "greater than or equal to 1"),
    ({"confidencePercent": 99.5}, "confidencePercent", "valid integer"),
    ({"alpha": 0.05}, "alpha", "unknown field"),
]


@pytest.mark.parametrize(("changes", "field", "said"), BAD, ids=[f"{row[0]}" for row in BAD])
async def test_compare__bad_request__names_its_field(
    http: httpx.AsyncClient, changes: dict[str, Any], field: str, said: str
) -> None:
    asked = {"first": ["a"], "second": ["b"], "metrics": [RATE], **changes}
    refused = problem(await http.post(COMPARISONS, json=asked), 422, "invalid")
    assert fields(refused) == [field]
    assert said in refused["errors"][0]["detail"]


async def test_compare__workload_that_no_job_has__names_those_that_are_there(
    mesh: Mesh, http: httpx.AsyncClient
) -> None:
    first, second = await ended(mesh, http, 1000), await ended(mesh, http, 1000)
    metrics = [{"workload": "wirte", "metric": "MessagesPerSecond"}]
    asked = {"first": [first], "second": [second], "metrics": metrics}
    refused = problem(await http.post(COMPARISONS, json=asked), 422, "invalid")
    assert refused["errors"] == [{"field": "metrics[0].workload", "detail": "must be one of w"}]


async def test_compare__no_document__is_refused(http: httpx.AsyncClient) -> None:
    problem(await http.post(COMPARISONS, content=b"]"), 400, "unreadable")
    headers = {"content-type": "application/xml"}
    problem(await http.post(COMPARISONS, content=b"{}", headers=headers), 415, "media-type")
