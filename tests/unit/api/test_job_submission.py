"""POST /api/v1/jobs: in which form a job may come, and when two posts are one job."""

import asyncio
import json
import re
from typing import Any

import httpx
import pytest

from njst.api import job_submission
from njst.contract.parsing.yaml_loader import MAX_DOCUMENT_BYTES
from tests.unit.api.documents import MANIFEST, SPEC, YAML, fields, post, problem
from tests.unit.api.fakes import Mesh

JOBS = "/api/v1/jobs"


@pytest.mark.parametrize(
    ("body", "media_type", "name"),
    [
        (json.dumps(SPEC), "application/json", ""),
        (json.dumps(MANIFEST), "application/json; charset=utf-8", "orders"),
        (json.dumps(MANIFEST, indent="\t"), "application/json", "orders"),
        (YAML, "application/yaml", "orders"),
        (YAML, "text/x-yaml", "orders"),
        (YAML, "application/x-www-form-urlencoded", "orders"),
        (YAML, "", "orders"),
        (YAML[YAML.index("  streams") :], "application/x-yaml", ""),
    ],
)
async def test_a_job_in_any_form_is_created(
    mesh: Mesh, http: httpx.AsyncClient, body: str, media_type: str, name: str
) -> None:
    headers = {"content-type": media_type} if media_type else {}
    answer = await http.post(JOBS, content=body, headers=headers)
    job = answer.json()
    assert answer.status_code == 201
    assert re.fullmatch(r"[a-z0-9][-a-z0-9]{0,62}", job["id"])
    assert answer.headers["location"] == f"{JOBS}/{job['id']}"
    assert (await http.get(answer.headers["location"])).json() == job
    assert job["name"] == name
    assert job["origin"]["kind"] == "Http"
    assert job["phase"] == "Pending"
    assert job["participants"] == ["n1", "n2", "n3"]
    assert job["spec"]["workloads"][0]["messages"] == 300
    assert mesh.view(job["id"]).created.origin.name == name


async def test_the_same_key_is_the_same_job_in_whatever_form(http: httpx.AsyncClient) -> None:
    headers = {"idempotency-key": "ci-4711"}
    first = await http.post(JOBS, content=YAML, headers=headers)
    again = await http.post(JOBS, json=MANIFEST, headers=headers)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert first.headers["location"] == again.headers["location"]
    assert len((await http.get(JOBS)).json()["items"]) == 1
    assert await post(http) != await post(http), "without a key each post is a job"


@pytest.mark.parametrize(
    "other",
    [
        {**MANIFEST, "spec": {**SPEC, "workers": 2}},
        {**MANIFEST, "metadata": {"name": "payments"}},
        SPEC,
    ],
    ids=["spec", "name", "bare"],
)
async def test_the_same_key_with_another_document_is_a_conflict(
    http: httpx.AsyncClient, other: dict[str, Any]
) -> None:
    headers = {"idempotency-key": "k"}
    await http.post(JOBS, json=MANIFEST, headers=headers)
    problem(await http.post(JOBS, json=other, headers=headers), 422, "idempotency-key")
    assert len((await http.get(JOBS)).json()["items"]) == 1


async def test_the_key_of_a_deleted_job_makes_no_second_one(http: httpx.AsyncClient) -> None:
    job = await post(http, **{"idempotency-key": "k"})
    await http.delete(f"{JOBS}/{job}")
    answer = await http.post(JOBS, json=SPEC, headers={"idempotency-key": "k"})
    assert "deleted" in problem(answer, 409, "idempotency-key")["detail"]


@pytest.mark.parametrize("key", ["", "with blank", "x" * 256, "tab\t", "\u00e9"])
async def test_a_bad_key_is_refused(http: httpx.AsyncClient, key: str) -> None:
    answer = await http.post(JOBS, json=SPEC, headers=[(b"idempotency-key", key.encode())])
    assert "Idempotency-Key" in problem(answer, 400, "idempotency-key")["detail"]


async def test_two_posts_of_one_key_at_once_are_one_job(http: httpx.AsyncClient) -> None:
    headers = {"idempotency-key": "k"}
    answers = await asyncio.gather(*(http.post(JOBS, json=SPEC, headers=headers) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [201]
    assert len({answer.json()["id"] for answer in answers}) == 1


async def test_a_dry_run_checks_and_creates_nothing(http: httpx.AsyncClient) -> None:
    answer = await http.post(f"{JOBS}?dryRun=true", content=YAML)
    assert answer.status_code == 200
    assert answer.json()["dryRun"] is True
    assert answer.json()["spec"]["workloads"][0]["publish"]["window"] == 500, "defaults filled in"
    assert (await http.get(JOBS)).json() == {"items": []}
    problem(await http.post(f"{JOBS}?dryRun=true", content="{}"), 422, "invalid")


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({}, ["spec.workloads"]),
        ({**SPEC, "wrokers": 1}, ["spec.wrokers"]),
        ({**SPEC, "workers": "2"}, ["spec.workers"]),
        ({**MANIFEST, "kind": "Job"}, ["kind"]),
        ({**MANIFEST, "apiVersion": "v1"}, ["apiVersion"]),
        ({"kind": "NjstJob", "spec": SPEC}, ["apiVersion"]),
        ({**MANIFEST, "metadata": {"name": 5}}, ["metadata.name"]),
        ({k: v for k, v in MANIFEST.items() if k != "spec"}, ["spec"]),
        ({**MANIFEST, "spec": []}, ["spec"]),
        ({**SPEC, "suspend": True, "cancel": True}, ["spec.suspend", "spec.cancel"]),
        ({**SPEC, "mesh": "other"}, ["spec.mesh"]),
        (
            {**SPEC, "streams": [{"name": "a b"}], "workloads": []},
            ["spec.streams[0].name", "spec.workloads"],
        ),
    ],
)
async def test_a_broken_contract_names_its_fields(
    http: httpx.AsyncClient, body: dict[str, Any], named: list[str]
) -> None:
    document = problem(await http.post(JOBS, json=body), 422, "invalid")
    assert fields(document) == named


async def test_an_answer_lists_no_more_fields_than_anyone_reads(http: httpx.AsyncClient) -> None:
    body = {f"unknown{number}": 1 for number in range(1_000)}
    answer = await http.post(JOBS, json=body)
    assert len(fields(problem(answer, 422, "invalid"))) == 100


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{", b"a: [", b"a: 1\n---\nb: 2", b"\xff\xfe\x00", b"3"]
)
async def test_what_is_no_document_is_unreadable(http: httpx.AsyncClient, body: bytes) -> None:
    problem(await http.post(JOBS, content=body), 400, "unreadable")


async def test_other_media_types_are_refused(http: httpx.AsyncClient) -> None:
    headers = {"content-type": "multipart/form-data; boundary=x"}
    answer = await http.post(JOBS, content=YAML, headers=headers)
    assert "multipart/form-data" in problem(answer, 415, "media-type")["detail"]


async def test_of_a_body_that_is_too_large_no_more_than_the_limit_is_read(
    http: httpx.AsyncClient,
) -> None:
    sent = 0

    async def endless() -> Any:
        nonlocal sent
        while True:
            sent += 65_536
            yield b" " * 65_536

    document = problem(await http.post(JOBS, content=endless()), 413, "too-large")
    assert str(MAX_DOCUMENT_BYTES) in document["detail"]
    assert sent <= MAX_DOCUMENT_BYTES + 65_536


async def test_a_body_that_never_arrives_is_not_waited_for(
    mesh: Mesh, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_submission, "BODY_TIMEOUT_S", 0.01)
    answer = await raw_post(mesh, asyncio.Event().wait)
    assert answer["status"] == 408


async def test_a_caller_that_goes_away_is_no_mistake_of_ours(mesh: Mesh) -> None:
    async def gone() -> dict[str, str]:
        return {"type": "http.disconnect"}

    assert (await raw_post(mesh, gone))["status"] == 400


async def raw_post(mesh: Mesh, receive: Any) -> Any:
    """POST with a hand-made receive; returns the start of the answer."""
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": JOBS,
        "query_string": b"",
        "headers": [],
        "http_version": "1.1",
    }
    await mesh.app()(scope, receive, send)
    return sent[0]


async def test_too_few_workers_and_a_silent_log_are_told_apart(
    mesh: Mesh, http: httpx.AsyncClient
) -> None:
    answer = await http.post(JOBS, json={**SPEC, "workers": 4})
    document = problem(answer, 503, "not-enough-workers")
    assert "asks for 4 workers, 3 are connected" in document["detail"]
    assert answer.headers["retry-after"] == "2"
    mesh.members.workers.clear()
    problem(await http.post(JOBS, json=SPEC), 503, "not-enough-workers")
    mesh.members.broken = "no NATS"
    problem(await http.post(JOBS, json=SPEC), 503, "journal-unavailable")
    mesh.members.broken, mesh.members.workers = "", ["n1"]
    mesh.log.broken = "no room"
    answer = await http.post(JOBS, json=SPEC)
    assert problem(answer, 503, "journal-unavailable")["detail"] == "no room"


async def test_too_few_workers_are_said_at_once_or_waited_for(
    mesh: Mesh, http: httpx.AsyncClient
) -> None:
    body = {**SPEC, "workers": 4, "queueTimeoutSeconds": 1}
    problem(await http.post(JOBS, json=body), 503, "not-enough-workers")
    problem(await http.post(f"{JOBS}?wait=true", json=body), 503, "queue-timeout")
    waiting = asyncio.create_task(
        http.post(f"{JOBS}?wait=true", json={**body, "queueTimeoutSeconds": 60})
    )
    mesh.members.workers.append("n4")
    assert (await waiting).json()["participants"] == ["n1", "n2", "n3", "n4"]


async def test_hints__of_a_submission__are_in_its_answer_and_change_nothing(
    mesh: Mesh, http: httpx.AsyncClient
) -> None:
    stream = {"name": "S", "discard": "New", "maxMessagesPerSubject": 5}
    work = {"name": "w", "stream": "S", "messages": 1, "publish": {}}
    document = {"streams": [stream], "workloads": [work]}
    checked = (await http.post("/api/v1/jobs?dryRun=true", json=document)).json()
    (hint,) = checked["hints"]
    assert hint.startswith("spec.streams[0] (S): a full subject drops its oldest message")
    answer = await http.post("/api/v1/jobs", json=document)
    assert (answer.status_code, answer.json()["hints"]) == (201, [hint])
    assert mesh.view(answer.json()["id"]).created.spec.streams[0].discard_new_per_subject is None
