"""The original's API when something cannot be done: its words, and no job in the way of others."""

from typing import Any

import httpx
import pytest

from njst.contract.results.outcome import SetupError
from tests.unit.api.fakes import Mesh


def write(address: str = "", **settings: Any) -> dict[str, Any]:
    return {"nats": {"address": address}, "write": {"num_messages_per_stream": 10, **settings}}


async def created(http: httpx.AsyncClient, body: dict[str, Any]) -> str:
    answer = await http.post("/bench", json=body)
    assert answer.status_code == 200, answer.text
    job: str = answer.json()["id"]
    return job


async def test_purge__a_job_whose_target_is_gone__removes_the_others(
    mesh: Mesh, http: httpx.AsyncClient
) -> None:
    gone, there = await created(http, write("nats://gone")), await created(http, write())
    mesh.unremovable[gone] = SetupError("TargetUnreachable", "nats://gone: no answer")
    answer = await http.post("/bench/purge", json={"all": True})
    assert (answer.status_code, answer.json()) == (
        200,
        {
            "message": "purge initiated",
            "errors": [f"unable to delete streams of {gone}: nats://gone: no answer"],
        },
    )
    assert mesh.removed == [there]
    assert (await http.get("/bench")).json() == []


async def test_purge__a_job_that_somebody_deletes_meanwhile__removes_the_others(
    mesh: Mesh, http: httpx.AsyncClient
) -> None:
    jobs = [await created(http, write()) for _ in range(3)]
    mesh.deleted_meanwhile = [jobs[1]]
    answer = await http.post("/bench/purge", json={"all": True})
    assert (answer.status_code, answer.json()) == (200, {"message": "purge initiated"})
    assert mesh.removed == [jobs[0], jobs[2]]
    assert (await http.get("/bench")).json() == []


async def test_delete__streams_that_cannot_be_removed__forgets_the_job(
    mesh: Mesh, http: httpx.AsyncClient
) -> None:
    job = await created(http, write("nats://gone"))
    mesh.unremovable[job] = SetupError("TargetNotAllowed", "not allowed")
    answer = await http.delete(f"/bench/{job}?streams&settings")
    assert answer.status_code == 200
    assert answer.json()["errors"] == [f"unable to delete streams of {job}: not allowed"]
    assert (await http.get(f"/bench/{job}")).status_code == 404


async def test_create__another_name_of_the_control_nats__tests_the_control_nats(
    mesh: Mesh, http: httpx.AsyncClient
) -> None:
    mesh.aliases.add("nats://localhost:4222")
    job = await created(http, write("localhost:4222"))
    assert mesh.view(job).created.spec.target.servers == []
    assert (await http.get("/bench")).json()[0]["nats"]["address"] == "localhost:4222"


async def test_create__address_that_is_not_allowed__is_refused_at_once(
    mesh: Mesh, http: httpx.AsyncClient
) -> None:
    mesh.forbidden.add("nats://other:4222")
    answer = await http.post("/bench", json=write("other:4222"))
    assert (answer.status_code, answer.json()) == (
        400,
        {
            "error": "unable to validate settings: nats.address: nats://other:4222 is not allowed",
        },
    )
    assert (await http.get("/bench")).json() == []


async def test_create__more_nodes_than_there_are__says_so_as_the_original(
    http: httpx.AsyncClient,
) -> None:
    answer = await http.post("/bench", json=write(num_nodes=99))
    assert (answer.status_code, answer.json()) == (
        500,
        {"error": "unable to create jobs: 99 nodes requested but 3 available"},
    )


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"batch_size": 200_000}, "write.batch_size: should be less than or equal to 100000"),
        ({"num_nodes": -1}, "num_nodes: "),
        ({"num_streams": 1_000}, "num_streams: "),
        ({"msg_size_bytes": 10**9}, "write.msg_size_bytes: "),
        ({"subjects": ["a", "b c"]}, "write.subjects[1]: "),
        ({"num_replicas": 9}, "num_replicas: "),
        ({"num_workers_per_stream": 10_000}, "num_workers_per_stream: "),
    ],
)
async def test_create__setting_out_of_bounds__names_the_setting(
    http: httpx.AsyncClient, settings: dict[str, Any], name: str
) -> None:
    answer = await http.post("/bench", json=write(**settings))
    assert answer.status_code == 400
    assert answer.json()["error"].startswith(f"unable to validate settings: {name}")
