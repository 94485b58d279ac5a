"""Baselines over HTTP, and jobs whose thresholds are relative to them."""

from typing import Any

import httpx
import pytest

from njst.contract.results.tallies import WorkloadTally
from tests.unit.api.documents import SPEC, fields, problem
from tests.unit.api.fakes import Mesh

BASELINES, MAIN = "/api/v1/baselines", "/api/v1/baselines/main"
GATE = {"metric": "MessagesPerSecond", "relativeTo": "main", "atLeastPercent": 95}
GATED = {**SPEC, "thresholds": [GATE]}
NAMES = ("n1", "n2", "n3")


async def ended(mesh: Mesh, http: httpx.AsyncClient, rate: int = 100, spec: Any = SPEC) -> str:
    """Run a job of 300 messages at this rate."""
    answer = await http.post("/api/v1/jobs", json=spec)
    assert answer.status_code == 201, answer.text
    job: str = answer.json()["id"]
    await mesh.start(job)
    elapsed_us = 300 * 1_000_000 // rate
    tally = WorkloadTally(workload="w", attempted=100, messages=100, elapsed_us=elapsed_us)
    await mesh.end(job, dict.fromkeys(NAMES, tally))
    return job


async def saved(mesh: Mesh, http: httpx.AsyncClient, *rates: int) -> dict[str, Any]:
    """Save jobs of these rates as the baseline `main`."""
    jobs = [await ended(mesh, http, rate) for rate in rates]
    answer = await http.put(MAIN, json={"jobs": jobs})
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"] == MAIN
    document: dict[str, Any] = answer.json()
    return document


async def test_put__jobs_that_ended__are_a_baseline_on_every_worker(
    mesh: Mesh, http: httpx.AsyncClient
) -> None:
    document = await saved(mesh, http, 100, 120)
    assert (document["name"], document["format"]) == ("main", "njst.baseline/v1")
    assert [run["values"]["w"]["MessagesPerSecond"] for run in document["runs"]] == [100, 120]
    assert (await http.get(MAIN)).json() == document
    (item,) = (await http.get(BASELINES)).json()["items"]
    assert (item["name"], item["runCount"]) == ("main", 2)
    assert item["spec"] == document["runs"][0]["facts"]["spec"]


async def test_put__whole_baseline__has_the_name_of_its_path(
    mesh: Mesh, http: httpx.AsyncClient
) -> None:
    document = await saved(mesh, http, 100)
    other = await http.put(f"{BASELINES}/other", json=document)
    assert other.status_code == 201
    assert other.json() == {**document, "name": "other"}
    assert (await http.put(MAIN, json=document)).status_code == 200, "it was there"


async def test_delete__baseline__is_gone(mesh: Mesh, http: httpx.AsyncClient) -> None:
    await saved(mesh, http, 100)
    assert (await http.delete(MAIN)).status_code == 204
    for answer in (await http.get(MAIN), await http.delete(MAIN)):
        problem(answer, 404, "unknown-baseline")
    assert (await http.get(BASELINES)).json() == {"items": []}


async def test_put__jobs_that_are_no_baseline__are_named(
    mesh: Mesh, http: httpx.AsyncClient
) -> None:
    done, failed = await ended(mesh, http), await ended(mesh, http, spec={**SPEC, "workers": 2})
    running = (await http.post("/api/v1/jobs", json=SPEC)).json()["id"]
    for jobs, status, kind in (
        ([done, "gone"], 404, "unknown-job"),
        ([done, running], 409, "not-finished"),
        ([done, failed], 422, "invalid"),
    ):
        refused = problem(await http.put(MAIN, json={"jobs": jobs}), status, kind)
        assert fields(refused) == ["jobs[1]"]
    unproven = problem(await http.put(MAIN, json={"jobs": [failed]}), 422, "invalid")
    assert unproven["errors"] == [
        {
            "field": "jobs[0]",
            "detail": "its verdict is Invalid; withUnproven takes it all the same",
        }
    ]
    assert mesh.baselines.stored == {}
    taken = await http.put(MAIN, json={"jobs": [failed], "withUnproven": True})
    assert taken.status_code == 201


@pytest.mark.parametrize(
    ("name", "body", "field"),
    [
        ("Main", {"jobs": ["a"]}, "path.baseline"),
        ("a.b", {"jobs": ["a"]}, "path.baseline"),
        ("m" * 41, {"jobs": ["a"]}, "path.baseline"),
        ("main", {"jobs": []}, "jobs"),
        ("main", {"jobs": ["a"], "force": True}, "force"),
        ("main", {"format": "njst.baseline/v2", "runs": []}, "format"),
    ],
)
async def test_put__bad_request__names_its_field(
    http: httpx.AsyncClient, name: str, body: dict[str, Any], field: str
) -> None:
    refused = problem(await http.put(f"{BASELINES}/{name}", json=body), 422, "invalid")
    assert fields(refused) == [field]


async def test_put__no_room__says_what_to_do(mesh: Mesh, http: httpx.AsyncClient) -> None:
    job = await ended(mesh, http)
    mesh.baselines.most = 0
    problem(await http.put(MAIN, json={"jobs": [job]}), 507, "baselines-full")
    mesh.baselines.broken = "the account lacks file storage"
    for answer in (
        await http.put(MAIN, json={"jobs": [job]}),
        await http.get(BASELINES),
        await http.post("/api/v1/jobs", json=GATED),
    ):
        problem(answer, 503, "journal-unavailable")


@pytest.mark.parametrize(
    ("rate", "verdict", "reason"), [(95, "Valid", "Completed"), (94, "Invalid", "Regression")]
)
async def test_gated_job__against_the_baseline_of_its_submission__is_judged(
    mesh: Mesh, http: httpx.AsyncClient, rate: int, verdict: str, reason: str
) -> None:
    await saved(mesh, http, 90, 100, 130)
    answer = await http.post("/api/v1/jobs", json=GATED)
    job = answer.json()["id"]
    # Whatever becomes of the baseline, each worker knows what the job was submitted with.
    assert (await http.delete(MAIN)).status_code == 204
    await mesh.start(job)
    tally = WorkloadTally(workload="w", attempted=100, messages=100, elapsed_us=300 * 10**6 // rate)
    await mesh.end(job, dict.fromkeys(NAMES, tally))
    report = (await http.get(f"/api/v1/jobs/{job}/report")).json()
    assert (report["verdict"], report["reason"]) == (verdict, reason)
    (threshold,) = report["thresholds"]
    assert threshold == {
        "workload": "w",
        "metric": "MessagesPerSecond",
        "atLeast": 95,
        "value": rate,
        "isLowerBound": False,
        "relativeTo": "main",
        "atLeastPercent": 95,
        "reference": 100,
        "referenceRuns": 3,
        "referenceLowest": 90,
        "referenceHighest": 130,
        "verdict": verdict,
    }


async def test_gated_job__baseline_that_does_not_suit__is_not_created(
    mesh: Mesh, http: httpx.AsyncClient
) -> None:
    field = "spec.thresholds[0].relativeTo"
    experiment = {"template": GATED}

    async def refuses(said: str) -> None:
        for path, body, named in (
            ("/api/v1/jobs", GATED, field),
            ("/api/v1/jobs?dryRun=true", GATED, field),
            ("/api/v1/jobs?wait=true", GATED, field),
            ("/api/v1/experiments", experiment, "spec.template.thresholds[0].relativeTo"),
            (
                "/api/v1/experiments?dryRun=true",
                experiment,
                "spec.template.thresholds[0].relativeTo",
            ),
        ):
            refused = problem(await http.post(path, json=body), 422, "invalid")
            assert fields(refused) == [named]
            assert said in refused["errors"][0]["detail"]

    await refuses("there is no baseline main")
    other = await ended(mesh, http, spec={**SPEC, "workers": 3})
    before = len(mesh.job_store.jobs())
    await http.put(MAIN, json={"jobs": [other]})
    await refuses("the runs of baseline main had another spec")
    assert len(mesh.job_store.jobs()) == before
    assert mesh.experiment_store.experiments() == []


async def test_gated_experiment__its_trials__need_no_baseline_any_more(
    mesh: Mesh, http: httpx.AsyncClient
) -> None:
    await saved(mesh, http, 100)
    answer = await http.post("/api/v1/experiments", json={"template": GATED, "repeats": 3})
    assert answer.status_code == 201, answer.text
    view = mesh.experiment_store.view(answer.json()["id"])
    assert view is not None
    (pinned,) = view.created.baselines or []
    assert [(v.metric, v.median) for v in pinned.values] == [("MessagesPerSecond", 100)]


async def test_gated_experiment__trials_of_other_specs__is_not_created(
    mesh: Mesh, http: httpx.AsyncClient
) -> None:
    await saved(mesh, http, 100)
    factor = {"name": "size", "path": "workloads[w].publish.payloadBytes", "values": [128, 16]}
    body = {"template": GATED, "factors": [factor]}
    refused = problem(await http.post("/api/v1/experiments", json=body), 422, "invalid")
    assert fields(refused) == ["spec.template.thresholds[0].relativeTo"]
    percent = {"name": "gate", "path": "thresholds[0].atLeastPercent", "values": [90, 95]}
    body = {"template": GATED, "factors": [percent]}
    assert (await http.post("/api/v1/experiments", json=body)).status_code == 201
