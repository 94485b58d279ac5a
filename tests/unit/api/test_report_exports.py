"""The formats of a report: when they can be had, of what, and as which media type."""

import httpx
import pytest

from njst.contract.results.tallies import WorkloadTally
from njst.report.exports import EXPORTS
from njst.stats.histogram import Histogram
from tests.unit.api.documents import fields, post, problem
from tests.unit.api.fakes import Mesh

BEGINS = {
    "csv": "atSeconds,windowSeconds,workload,",
    "hgrm": "# workload w: latency in milliseconds\n",
    "md": "## ✅ Passed: ",
    "junit": '<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>',
    "bencher": '{\n  "',
    "benchmark-action-bigger": '[\n  {\n    "name": "',
    "benchmark-action-smaller": '[\n  {\n    "name": "',
    "otava": "time,job,w.MessagesPerSecond,",
}


async def _ended(mesh: Mesh, http: httpx.AsyncClient) -> str:
    job = await post(http)
    await mesh.start(job)
    latency = Histogram.of([1, 2]).encode()
    tally = WorkloadTally(
        workload="w", attempted=300, messages=300, elapsed_us=1_000_000, latency=latency
    )
    await mesh.end(job, {"n1": tally})
    return f"/api/v1/jobs/{job}/report"


@pytest.mark.parametrize("name", EXPORTS)
async def test_export__of_an_ended_job__is_that_format(
    mesh: Mesh, http: httpx.AsyncClient, name: str
) -> None:
    export = EXPORTS[name]
    answer = await http.get(f"{await _ended(mesh, http)}.{export.suffix}")
    assert answer.status_code == 200
    assert answer.headers["content-type"].partition(";")[0] == export.media_type
    assert answer.text.startswith(BEGINS[name])


@pytest.mark.parametrize("name", EXPORTS)
async def test_export__before_the_end__is_refused_as_the_report_is(
    mesh: Mesh, http: httpx.AsyncClient, name: str
) -> None:
    url = f"/api/v1/jobs/{await post(http)}/report"
    refused = problem(await http.get(f"{url}.{EXPORTS[name].suffix}"), 409, "not-finished")
    assert refused == problem(await http.get(url), 409, "not-finished")
    gone = await http.get(f"/api/v1/jobs/none/report.{EXPORTS[name].suffix}")
    problem(gone, 404, "unknown-job")


@pytest.mark.parametrize("name", [name for name in EXPORTS if EXPORTS[name].by_workload])
async def test_export__of_one_workload__names_those_that_there_are(
    mesh: Mesh, http: httpx.AsyncClient, name: str
) -> None:
    url = f"{await _ended(mesh, http)}.{EXPORTS[name].suffix}"
    whole, one = await http.get(url), await http.get(f"{url}?workload=w")
    assert one.text == whole.text
    wrong = problem(await http.get(f"{url}?workload=x"), 422, "invalid")
    assert fields(wrong) == ["query.workload"]
    assert wrong["errors"][0]["detail"] == "there is no workload 'x'; the job has w"


async def test_export__of_the_title__is_the_name_of_the_manifest(
    mesh: Mesh, http: httpx.AsyncClient
) -> None:
    url = await _ended(mesh, http)
    assert (await http.get(f"{url}.md")).text.startswith(f"## ✅ Passed: {url.split('/')[4]}\n")
