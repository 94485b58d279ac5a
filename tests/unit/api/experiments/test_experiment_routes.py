"""Experiments over HTTP: submit, list, get, cancel, delete, and what is wrong with a document."""

import json
from typing import Any

import httpx
import pytest
import yaml

from njst.contract.events import Concluded, ExperimentCreated, Origin, OriginKind, TrialEnded
from njst.contract.names.mesh import EventName
from njst.contract.parsing.experiment import parse_experiment
from njst.contract.results.report import Verdict
from njst.contract.results.trial import SearchResult, TrialJudgement, TrialPlan, TrialResult
from njst.journal.jobs import Jobs, Submission
from tests.unit.api.documents import fields, problem
from tests.unit.api.fakes import Mesh
from tests.unit.contract.parsing.bad_experiments import (
    BAD_EXPERIMENTS,
    Document,
    good_experiment,
    good_search,
)

EXPERIMENTS = "/api/v1/experiments"


async def post(http: httpx.AsyncClient, document: Document, **headers: str) -> dict[str, Any]:
    answer = await http.post(EXPERIMENTS, json=document, headers=headers)
    assert answer.status_code == 201, answer.text
    shown: dict[str, Any] = answer.json()
    assert answer.headers["location"] == f"{EXPERIMENTS}/{shown['id']}"
    return shown


async def record(mesh: Mesh, experiment: str, number: int) -> None:
    """A worker says what a trial came to."""
    result = TrialResult(
        plan=TrialPlan(number=number, point=number),
        job=f"{experiment}-t{number}",
        judgement=TrialJudgement.HELD,
        reason="Held",
    )
    name = EventName(experiment, "trial", str(number))
    await mesh.log.append(name, TrialEnded(result=result, created_ns=1, ended_ns=2))


async def test_experiment__from_its_submission_to_its_end(
    mesh: Mesh, http: httpx.AsyncClient
) -> None:
    shown = await post(http, good_search())
    experiment = shown["id"]
    assert experiment.startswith("x-")
    assert (shown["phase"], shown["reason"]) == ("Running", "BetweenTrials")
    jobs = Jobs(mesh.log, mesh.job_store, mesh.members)
    spec = mesh.experiment_store.experiments()[0].created.spec.template
    await jobs.submit(Submission(f"{experiment}-t0", spec, Origin(kind=OriginKind.HTTP)))
    running = (await http.get(f"{EXPERIMENTS}/{experiment}")).json()
    assert (running["reason"], running["runningJob"]) == ("TrialRuns", f"{experiment}-t0")
    assert running["message"] == "trial 0 is Pending: 3 workers prepare"
    await record(mesh, experiment, 0)
    found = SearchResult(
        point=0,
        repeat=0,
        outcome="Found",
        lower_messages_per_second=900,
        is_lower_confirmed=True,
        upper_messages_per_second=950,
    )
    end = Concluded(
        outcome="Completed", verdict=Verdict.VALID, reason="Found", message="m", searches=[found]
    )
    await mesh.log.append(EventName(experiment, "concluded"), end)
    ended = (await http.get(f"{EXPERIMENTS}/{experiment}")).json()
    assert (ended["phase"], ended["verdict"], ended["reason"]) == ("Succeeded", "Valid", "Found")
    assert ended["bestMessagesPerSecond"] == 900
    assert [trial["job"] for trial in ended["trials"]] == [f"{experiment}-t0"]
    assert ended["searches"][0]["upperMessagesPerSecond"] == 950
    assert "runningJob" not in ended


async def test_points__have_the_values_of_the_factors(http: httpx.AsyncClient) -> None:
    shown = await post(http, good_experiment())
    assert shown["points"] == [
        {"size": size, "copies": copies} for size in (16, 1024) for copies in (1, 3)
    ]


async def test_manifest__in_yaml__has_its_name(http: httpx.AsyncClient) -> None:
    manifest = {
        "apiVersion": "njst.io/v1alpha1",
        "kind": "NjstExperiment",
        "metadata": {"name": "sizes"},
        "spec": good_experiment(),
    }
    headers = {"content-type": "application/yaml"}
    answer = await http.post(EXPERIMENTS, content=yaml.safe_dump(manifest), headers=headers)
    assert answer.json()["name"] == "sizes"
    manifest["kind"] = "NjstJob"
    refused = await http.post(EXPERIMENTS, json=manifest)
    assert fields(problem(refused, 422, "invalid")) == ["kind"]
    problem(await http.post(EXPERIMENTS, content=b"]"), 400, "unreadable")


async def test_list__newest_first_by_pages_and_phase(mesh: Mesh, http: httpx.AsyncClient) -> None:
    ids = [(await post(http, good_experiment()))["id"] for _ in range(3)]
    page = (await http.get(f"{EXPERIMENTS}?limit=2")).json()
    assert [item["id"] for item in page["items"]] == ids[:0:-1]
    rest = (await http.get(f"{EXPERIMENTS}?limit=2&cursor={page['next']}")).json()
    assert [item["id"] for item in rest["items"]] == ids[:1]
    assert "spec" not in page["items"][0]
    await http.post(f"{EXPERIMENTS}/{ids[1]}/cancel")
    some = (await http.get(f"{EXPERIMENTS}?phase=Cancelling")).json()["items"]
    assert [item["id"] for item in some] == [ids[1]]


async def test_key__again__is_the_same_experiment(http: httpx.AsyncClient) -> None:
    key = {"idempotency-key": "k"}
    first = await post(http, good_experiment(), **key)
    again = await http.post(EXPERIMENTS, json=good_experiment(), headers=key)
    assert (again.status_code, again.json()["id"]) == (200, first["id"])
    other = await http.post(EXPERIMENTS, json=good_search(), headers=key)
    problem(other, 422, "idempotency-key")
    job = await http.post("/api/v1/jobs", json=good_experiment()["template"], headers=key)
    assert job.status_code == 201, "the key of an experiment is not that of a job"
    assert job.json()["id"] != first["id"]
    await http.delete(f"{EXPERIMENTS}/{first['id']}")
    gone = await http.post(EXPERIMENTS, json=good_experiment(), headers=key)
    problem(gone, 409, "idempotency-key")


async def test_dry_run__changes_nothing(mesh: Mesh, http: httpx.AsyncClient) -> None:
    answer = await http.post(f"{EXPERIMENTS}?dryRun=true", json=good_experiment())
    assert answer.json()["spec"]["order"] == "Interleaved"
    assert mesh.log.entries == []


async def test_cancel_and_delete__twice__are_harmless(mesh: Mesh, http: httpx.AsyncClient) -> None:
    experiment = (await post(http, good_experiment()))["id"]
    url = f"{EXPERIMENTS}/{experiment}"
    for _ in range(2):
        answer = await http.post(f"{url}/cancel")
        assert (answer.status_code, answer.json()["phase"]) == (202, "Cancelling")
    assert [name.event for name in mesh.log.names] == ["experiment", "cancelled"]
    assert (await http.delete(url)).status_code == 204
    for answer in (await http.get(url), await http.delete(url), await http.post(f"{url}/cancel")):
        problem(answer, 404, "unknown-experiment")
    assert (await http.get(EXPERIMENTS)).json()["items"] == []
    assert (await http.get(f"/api/v1/jobs/{experiment}")).status_code == 404


async def test_suspend_and_resume__twice__are_events_of_the_log_once(
    mesh: Mesh, http: httpx.AsyncClient
) -> None:
    url = f"{EXPERIMENTS}/{(await post(http, good_experiment()))['id']}"
    for verb, phase, reason in (
        ("suspend", "Suspended", "Suspended"),
        ("resume", "Running", "BetweenTrials"),
    ):
        for _ in range(2):
            answer = await http.post(f"{url}/{verb}")
            shown = answer.json()
            assert (answer.status_code, shown["phase"], shown["reason"]) == (202, phase, reason)
    assert [name.event for name in mesh.log.names] == ["experiment", "suspended", "resumed"]
    problem(await http.post(f"{EXPERIMENTS}/x-none/suspend"), 404, "unknown-experiment")


async def test_experiment__of_a_resource__is_suspended_and_deleted_there_and_cancelled_here(
    mesh: Mesh, http: httpx.AsyncClient
) -> None:
    origin = Origin(kind=OriginKind.RESOURCE, namespace="ns", name="rate")
    spec = parse_experiment(good_experiment())
    await mesh.log.append(
        EventName("uid-1", "experiment"), ExperimentCreated(spec=spec, origin=origin)
    )
    url = f"{EXPERIMENTS}/uid-1"
    for answer, command in (
        (await http.delete(url), "delete njstexperiment rate -n ns"),
        (
            await http.post(f"{url}/suspend"),
            """-n ns --type=merge -p '{"spec": {"suspend": true}}'""",
        ),
        (await http.post(f"{url}/resume"), '{"suspend": false}'),
    ):
        assert command in problem(answer, 409, "owned")["detail"]
    assert (await http.post(f"{url}/cancel")).json()["phase"] == "Cancelling"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"suspend": True}, "spec.suspend"),
        ({"cancel": True}, "spec.cancel"),
        ({"mesh": "other"}, "spec.mesh"),
    ],
    ids=str,
)
async def test_field__of_a_resource_or_another_mesh__is_refused(
    http: httpx.AsyncClient, changes: Document, field: str
) -> None:
    refused = await http.post(EXPERIMENTS, json={**good_experiment(), **changes})
    assert fields(problem(refused, 422, "invalid")) == [field]


@pytest.mark.parametrize(
    ("document", "field", "said"),
    BAD_EXPERIMENTS,
    ids=[f"{number}-{row[2][:40]}" for number, row in enumerate(BAD_EXPERIMENTS)],
)
async def test_bad_experiment__is_refused_by_name_and_nothing_begins(
    mesh: Mesh, http: httpx.AsyncClient, document: Document, field: str, said: str
) -> None:
    answer = await http.post(EXPERIMENTS, content=json.dumps(document))
    refused = problem(answer, 422, "invalid")
    assert fields(refused) == [field]
    assert said in refused["errors"][0]["detail"]
    assert mesh.log.entries == []
