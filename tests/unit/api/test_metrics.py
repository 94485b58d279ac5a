"""/metrics: the share of one worker, and what all workers count alike."""

import re
from collections.abc import AsyncIterator

import httpx
import pytest

from njst.api.metrics.exposition import buckets
from njst.api.metrics.own_share import KEEP_NS
from njst.contract.events import Suspected
from njst.contract.names.mesh import EventName
from njst.contract.results.report import Verdict
from njst.contract.results.tallies import ErrorClass, ErrorTally, WorkloadTally
from njst.journal.state.job_view import ParticipantPhase
from njst.stats.histogram import Histogram
from tests.unit.api.documents import MANIFEST, SPEC
from tests.unit.api.fakes import Mesh


@pytest.fixture
async def http(mesh: Mesh) -> AsyncIterator[httpx.AsyncClient]:
    async with mesh.client() as client:
        yield client


async def run(mesh: Mesh, http: httpx.AsyncClient) -> str:
    """Start a job named `orders`; return its id."""
    answer = await http.post("/api/v1/jobs", json=MANIFEST)
    job: str = answer.json()["id"]
    await mesh.start(job)
    return job


def tally(messages: int, *latencies_us: int, errors: int = 0) -> WorkloadTally:
    return WorkloadTally(
        workload="w",
        messages=messages,
        bytes=10 * messages,
        latency=Histogram.of(latencies_us).encode(),
        errors=[ErrorTally(error_class=ErrorClass.TIMEOUT, count=errors)] if errors else [],
    )


async def scrape(http: httpx.AsyncClient) -> dict[str, float]:
    """The samples by name and labels."""
    text = (await http.get("/metrics")).text
    return {
        series: float(value)
        for series, value in re.findall(r"^([^#].*) (\S+)$", text, re.MULTILINE)
    }


MESSAGES = 'njst_messages_total{test="orders",workload="w"}'


async def test_own_share__while_a_job_runs__has_this_worker_alone(
    mesh: Mesh, http: httpx.AsyncClient
) -> None:
    job = await run(mesh, http)
    await mesh.progress(job, "n1", tally(30, 900, 2_000, errors=4))
    await mesh.progress(job, "n2", tally(500))
    samples = await scrape(http)
    labels = 'test="orders",workload="w"'
    assert samples[MESSAGES] == 30
    assert samples[f"njst_bytes_total{{{labels}}}"] == 300
    assert samples[f'njst_errors_total{{{labels},class="Timeout"}}'] == 4
    latency = "njst_operation_latency_seconds"
    assert samples[f'{latency}_bucket{{{labels},le="0.0005"}}'] == 0
    assert samples[f'{latency}_bucket{{{labels},le="0.001"}}'] == 1
    assert samples[f'{latency}_bucket{{{labels},le="+Inf"}}'] == 2
    assert samples[f"{latency}_count{{{labels}}}"] == 2
    assert samples[f"{latency}_sum{{{labels}}}"] == pytest.approx(0.0029, rel=0.001)


async def test_own_share__over_runs_of_one_name__never_decreases(
    mesh: Mesh, http: httpx.AsyncClient
) -> None:
    seen = []
    for _ in range(2):
        job = await run(mesh, http)
        await mesh.progress(job, "n1", tally(30))
        seen.append((await scrape(http))[MESSAGES])
        await mesh.end(job, {"n1": tally(100), "n2": tally(7)})
        seen.append((await scrape(http))[MESSAGES])
    assert seen == [30, 100, 130, 200]


async def test_own_share__of_a_worker_that_was_lost__keeps_its_last_progress(
    mesh: Mesh, http: httpx.AsyncClient
) -> None:
    job = await run(mesh, http)
    await mesh.progress(job, "n1", tally(30))
    await scrape(http)
    while "n1" not in mesh.view(job).parts_in(ParticipantPhase.LOST):
        mesh.log.clock.advance(1)
        await mesh.log.append(EventName(job, "lost", "n1"), Suspected())
    await mesh.end(job, {"n2": tally(7)})
    assert (await scrape(http))[MESSAGES] == 30


async def test_own_share__ten_minutes_after_the_last_run__ends(
    mesh: Mesh, http: httpx.AsyncClient
) -> None:
    job = await run(mesh, http)
    await mesh.end(job, {"n1": tally(100)})
    mesh.log.clock.advance(KEEP_NS / 1e9 - 1)
    assert (await scrape(http))[MESSAGES] == 100
    mesh.log.clock.advance(1)
    assert MESSAGES not in await scrape(http)


async def test_own_share__of_a_job_of_others__is_nothing(
    mesh: Mesh, http: httpx.AsyncClient
) -> None:
    document = {**MANIFEST, "spec": {**SPEC, "workerSelector": {"matchLabels": {"name": "n2"}}}}
    job = (await http.post("/api/v1/jobs", json=document)).json()["id"]
    await mesh.start(job)
    await mesh.end(job, {"n2": tally(100)})
    assert MESSAGES not in await scrape(http)


async def test_mesh_counters__of_a_job_that_ended__count_it_once(
    mesh: Mesh, http: httpx.AsyncClient
) -> None:
    def ended(samples: dict[str, float]) -> dict[str, float]:
        name = "njst_mesh_jobs_ended_total"
        return {key: n for key, n in samples.items() if key.startswith(name)}

    before = ended(await scrape(http))
    assert set(before.values()) == {0}
    assert len(before) == len(Verdict)
    job = await run(mesh, http)
    await mesh.end(job)
    await http.delete(f"/api/v1/jobs/{job}")
    verdict = mesh.view(job).ended.report.verdict
    changed = {f'njst_mesh_jobs_ended_total{{verdict="{verdict}"}}': 1.0}
    assert ended(await scrape(http)) == before | changed


def test_buckets__bounds__hold_values_up_to_themselves() -> None:
    counts: dict[int, int] = {}
    Histogram.of([100, 101, 250_000_000]).add_to(counts)
    found = buckets(counts)
    assert found.up_to[0] == (0.0001, 1)
    assert found.up_to[1] == (0.00025, 2)
    assert found.up_to[-1] == (60.0, 2)
    assert found.count == 3
