"""What scripts for the original njst send, and what they are answered: its shapes and its codes."""

from typing import Any

import httpx
import pytest

from njst.contract.results.tallies import WorkloadTally
from tests.unit.api.fakes import Mesh

Document = dict[str, Any]
WRITE: Document = {
    "num_streams": 2,
    "num_messages_per_stream": 2000,
    "num_workers_per_stream": 2,
    "msg_size_bytes": 64,
    "storage": "memory",
    "subjects": ["a", "b"],
}
NO_BUCKET = {"error": "unable to get bucket: nats: bucket not found"}
TOO_FEW = (
    "unable to create jobs: unable to create jobs: stream 'njst-{job}-0' does not contain enough"
    " messages to satisfy read request"
)
NOT_PURGED = {"error": "'all' must be set to true to purge"}


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "answer"),
    [
        ("GET", "/cluster", None, 200, {"nodes": ["n1", "n2", "n3"], "count": 3}),
        ("GET", "/bench", None, 200, []),
        ("GET", "/bench/nope", None, 404, NO_BUCKET),
        ("GET", "/bench/nope?full", None, 404, NO_BUCKET),
        ("DELETE", "/bench/nope", None, 200, {"message": "emitted benchmark deletion job"}),
        ("POST", "/bench/purge", '{"all":true}', 200, {"message": "purge initiated"}),
        ("POST", "/bench/purge", "{}", 400, NOT_PURGED),
        ("POST", "/bench/purge", '{"all":1}', 400, NOT_PURGED),
        (
            "POST",
            "/bench",
            "{}",
            400,
            {"error": "unable to validate settings: nats settings cannot be nil"},
        ),
        (
            "POST",
            "/bench",
            '{"nats":{},"read":{"write_id":"nope"}}',
            404,
            NO_BUCKET,
        ),
    ],
)
async def test_request__of_a_script__is_answered_as_by_the_original(
    http: httpx.AsyncClient, method: str, path: str, body: str | None, status: int, answer: Any
) -> None:
    # curl -d sends a form's media type, whatever the body is.
    headers = {"content-type": "application/x-www-form-urlencoded"} if body else {}
    got = await http.request(method, path, content=body, headers=headers)
    assert (got.status_code, got.json()) == (status, answer)


async def test_health_check__is_text(http: httpx.AsyncClient) -> None:
    answer = await http.get("/health-check")
    assert (answer.status_code, answer.text) == (200, "ok")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"


async def test_create__what_is_no_json__begins_as_the_original(http: httpx.AsyncClient) -> None:
    answer = await http.post("/bench", content="x")
    assert answer.status_code == 400
    assert answer.json()["error"].startswith("unable to unmarshal settings: ")


@pytest.mark.parametrize(
    "body",
    [
        {
            "description": "heavy",
            "nats": {"address": "nats", "connection_per_stream": False},
            "write": {
                "num_nodes": 3,
                "num_streams": 16,
                "num_messages_per_stream": 2000,
                "num_workers_per_stream": 4,
                "msg_size_bytes": 4096,
                "keep_streams": True,
            },
        },
        {
            "nats": {"address": "nats.njst.svc.cluster.local:4222", "shared_connection": True},
            "write": {
                "num_streams": 1,
                "num_messages_per_stream": 1000,
                "subjects": ["1", "2"],
                "storage": "memory",
            },
        },
        {"nats": {"address": "nats://nats:4222"}, "write": WRITE},
    ],
    ids=["heavy", "service", "plain"],
)
async def test_write__of_a_script__is_created_as_by_the_original(
    mesh: Mesh, http: httpx.AsyncClient, body: Document
) -> None:
    answer = await http.post("/bench", json=body)
    job = answer.json()["id"]
    message = "benchmark created successfully; created 3 jobs"
    assert (answer.status_code, answer.json()) == (200, {"id": job, "message": message})
    spec = mesh.view(job).created.spec
    assert spec.workers in (0, 3)
    assert spec.workloads[0].publish is not None
    (shown,) = (await http.get("/bench")).json()
    assert shown["id"] == job
    assert shown["write"] == {
        "num_streams": 1,
        "num_nodes": 3,
        "num_messages_per_stream": 10_000,
        "num_workers_per_stream": 1,
        "subjects": ["default"],
        "num_replicas": 0,
        "batch_size": 100,
        "msg_size_bytes": 1024,
        "keep_streams": False,
        "storage": "memory",
        **body["write"],
    }


async def test_status__of_a_finished_write__has_the_fields_of_the_original(
    mesh: Mesh, http: httpx.AsyncClient
) -> None:
    job = (await http.post("/bench", json={"nats": {}, "write": WRITE})).json()["id"]
    await mesh.start(job)
    tally = WorkloadTally(
        workload="write", attempted=1333, messages=1333, bytes=64, unfinished=0, elapsed_us=10_000
    )
    await mesh.end(job, dict.fromkeys(("n1", "n2", "n3"), tally))
    shown = (await http.get(f"/bench/{job}?full")).json()
    assert shown["settings"]["id"] == job
    status = shown["status"]
    assert set(status) >= {
        "status",
        "message",
        "job_id",
        "elapsed_seconds",
        "avg_msg_per_sec_per_node",
        "total_msg_per_sec_all_nodes",
        "total_processed",
        "total_errors",
        "started_at",
        "ended_at",
        "node_reports",
    }
    assert (status["total_processed"], len(status["node_reports"])) == (3999, 3)
    (worker,) = status["node_reports"][0]["streams"][0]["workers"]
    assert set(worker) == {"WorkerID", "processed", "errors", "elapsed_seconds", "avg_msg_per_sec"}
    assert "node_reports" not in (await http.get(f"/bench/{job}")).json()["status"]


@pytest.mark.parametrize(
    ("settings", "status", "words"),
    [
        (
            {"batch_size": 20_000},
            400,
            "unable to validate settings: read.batch_size: should be less than or equal to 10000",
        ),
        ({"num_streams": 3}, 400, "unable to validate settings: the write has 2 streams"),
        ({"subjects": ["c"]}, 400, "unable to validate settings: the write has no subject 'c'"),
        (
            {"num_messages_per_stream": 2001},
            500,
            TOO_FEW,
        ),
        ({"num_nodes": 99}, 500, "unable to create jobs: 99 nodes requested but 3 available"),
    ],
    ids=["batch", "streams", "subject", "messages", "nodes"],
)
async def test_read__that_cannot_be__is_refused_in_the_names_of_the_original(
    mesh: Mesh, http: httpx.AsyncClient, settings: Document, status: int, words: str
) -> None:
    job = (await http.post("/bench", json={"nats": {}, "write": WRITE})).json()["id"]
    await mesh.start(job)
    tally = WorkloadTally(
        workload="write", attempted=4000, messages=4000, unfinished=0, elapsed_us=10_000
    )
    await mesh.end(job, {"n1": tally})
    read = {"write_id": job, "num_streams": 2, "num_messages_per_stream": 2000, **settings}
    answer = await http.post("/bench", json={"nats": {}, "read": read})
    assert (answer.status_code, answer.json()) == (status, {"error": words.format(job=job)})
