"""A real API server refuses what pydantic refuses, at the same field, and accepts the rest."""

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import yaml

from devenv.environment import install_crds
from devenv.kubernetes.api_server import KubernetesServer
from njst.contract.parsing.document import parse_model, parse_spec
from njst.contract.parsing.experiment import parse_experiment
from njst.contract.parsing.field_errors import InvalidDocumentError
from njst.contract.parsing.schedule import parse_schedule
from njst.contract.spec.experiment import ExperimentSpec
from tests.unit.contract.parsing.bad_documents import BAD, GOOD, MISSPELT, Spec, good
from tests.unit.contract.parsing.bad_experiments import (
    BAD_EXPERIMENTS,
    Document,
    good_experiment,
    good_search,
)
from tests.unit.contract.parsing.bad_schedules import (
    BAD_EXPERIMENT_TEMPLATES,
    BAD_SCHEDULES,
    BAD_TEMPLATES,
    GOOD_SCHEDULES,
    ONE_TEMPLATE,
    schedule_of_experiments,
)
from tests.unit.contract.parsing.names import (
    BAD_NAMES,
    BAD_SUBJECTS,
    GOOD_NAMES,
    GOOD_SUBJECTS,
    addressed,
    named,
)


@pytest.fixture(scope="module")
def api(kube: KubernetesServer) -> Iterator[httpx.Client]:
    """The API of njstjobs in the default namespace, as the administrator."""
    install_crds(kube)
    config = yaml.safe_load(kube.admin_kubeconfig.read_text())
    token = config["users"][0]["user"]["token"]
    base = f"{kube.url}/apis/njst.io/v1alpha1/namespaces/default/njstjobs"
    # The server signs its own certificate; kubectl checks it, this client need not.
    with httpx.Client(
        base_url=base, headers={"authorization": f"Bearer {token}"}, verify=False, timeout=60
    ) as client:
        yield client


def _create(api: httpx.Client, spec: Spec) -> dict[str, Any]:
    body = {
        "apiVersion": "njst.io/v1alpha1",
        "kind": "NjstJob",
        "metadata": {"generateName": "doc-"},
        "spec": spec,
    }
    answer = api.post("", json=body, params={"dryRun": "All", "fieldValidation": "Strict"})
    document: dict[str, Any] = answer.json()
    return document


def _fields(status: dict[str, Any]) -> set[str]:
    """The fields that a refusal names: of each cause, or of a strict decoding error."""
    unknown = re.findall(r'unknown field \\?"([^"\\]+)\\?"', status.get("message", ""))
    causes = status.get("details", {}).get("causes", [])
    return {*unknown, *(c["field"] for c in causes if c.get("field") not in (None, "<nil>"))}


@pytest.mark.parametrize(("spec", "field"), [row[1:] for row in BAD], ids=[row[0] for row in BAD])
def test_the_api_server_refuses_at_the_same_field(
    api: httpx.Client, spec: Spec, field: str
) -> None:
    status = _create(api, spec)
    assert status["kind"] == "Status", "it was accepted"
    named = _fields(status)
    assert any(name == field or name.startswith(f"{field}[") for name in named), status["message"]


@pytest.mark.parametrize(
    ("spec", "word"), [row[1:] for row in MISSPELT], ids=[row[0] for row in MISSPELT]
)
def test_the_api_server_quotes_a_misspelt_word_as_njst_does(
    api: httpx.Client, spec: Spec, word: str
) -> None:
    with pytest.raises(InvalidDocumentError) as refused:
        parse_spec(spec)
    (problem,) = refused.value.problems
    assert problem.message in _create(api, spec)["message"]
    assert f'"{word}"' in problem.message


@pytest.mark.parametrize("spec", [row[1] for row in GOOD], ids=[row[0] for row in GOOD])
def test_the_api_server_makes_the_same_defaults(api: httpx.Client, spec: Spec) -> None:
    created = _create(api, spec)
    assert created["kind"] == "NjstJob", created.get("message")
    ours = parse_spec(spec)
    assert parse_spec(created["spec"]) == ours
    dumped = json.loads(ours.model_dump_json(exclude_none=True))
    for name, value in created["spec"].items():
        if not isinstance(value, list | dict):
            assert dumped[name] == value


@pytest.mark.parametrize(
    "spec",
    [*map(named, GOOD_NAMES), *map(addressed, GOOD_SUBJECTS)],
    ids=[*GOOD_NAMES, *GOOD_SUBJECTS],
)
def test_the_api_server_takes_the_names_that_njst_takes(api: httpx.Client, spec: Spec) -> None:
    created = _create(api, spec)
    assert created["kind"] == "NjstJob", created.get("message")
    assert parse_spec(created["spec"]) == parse_spec(spec)


@pytest.mark.parametrize(
    "spec",
    [*map(named, BAD_NAMES), *map(addressed, BAD_SUBJECTS)],
    ids=[*map(repr, BAD_NAMES), *map(repr, BAD_SUBJECTS)],
)
def test_the_api_server_refuses_other_names_in_the_same_words(
    api: httpx.Client, spec: Spec
) -> None:
    with pytest.raises(InvalidDocumentError) as refused:
        parse_spec(spec)
    status = _create(api, spec)
    assert status["kind"] == "Status", "it was accepted"
    said = {cause["field"]: cause["message"] for cause in status["details"]["causes"]}
    for problem in refused.value.problems:
        assert said[problem.field].endswith(problem.message)


def _schedule(
    api: httpx.Client, text: str = "@daily", zone: str = "Etc/UTC", **job: bool
) -> dict[str, Any]:
    template = {"spec": {**good(), **job}}
    return _schedule_of(api, {"schedule": text, "timeZone": zone, "jobTemplate": template})


def _schedule_of(api: httpx.Client, spec: Document) -> dict[str, Any]:
    body = {
        "apiVersion": "njst.io/v1alpha1",
        "kind": "NjstSchedule",
        "metadata": {"generateName": "doc-"},
        "spec": spec,
    }
    url = str(api.base_url).rstrip("/").replace("njstjobs", "njstschedules")
    document: dict[str, Any] = api.post(url, json=body, params={"dryRun": "All"}).json()
    return document


@pytest.mark.parametrize(("text", "zone", "said"), BAD_SCHEDULES)
def test_the_api_server_refuses_a_schedule_that_never_comes_due(
    api: httpx.Client, text: str, zone: str, said: str
) -> None:
    status = _schedule(api, text, zone)
    assert status["kind"] == "Status", "it was accepted"
    assert said in status["message"]


@pytest.mark.parametrize(("text", "zone"), GOOD_SCHEDULES)
def test_the_api_server_takes_a_schedule_that_comes_due(
    api: httpx.Client, text: str, zone: str
) -> None:
    assert _schedule(api, text, zone)["kind"] == "NjstSchedule"


@pytest.mark.parametrize(("field", "said"), BAD_TEMPLATES)
def test_the_api_server_refuses_a_template_whose_jobs_never_run(
    api: httpx.Client, field: str, said: str
) -> None:
    status = _schedule(api, **{field: True})
    assert status["kind"] == "Status", "it was accepted"
    assert said in status["message"]
    assert _schedule(api, **{field: False})["kind"] == "NjstSchedule"


def test_the_api_server_asks_for_exactly_one_template(api: httpx.Client) -> None:
    of_experiments = schedule_of_experiments()
    both = {**of_experiments, "jobTemplate": {"spec": good()}}
    for spec in ({"schedule": "@daily"}, both):
        assert ONE_TEMPLATE in _schedule_of(api, spec)["message"]
    without_spec = _schedule_of(api, {"schedule": "@daily", "experimentTemplate": {}})
    assert "spec.experimentTemplate.spec" in _fields(without_spec)
    stored = _schedule_of(api, of_experiments)
    assert stored["spec"]["experimentTemplate"] == of_experiments["experimentTemplate"]


@pytest.mark.parametrize(("changes", "field", "said"), BAD_EXPERIMENT_TEMPLATES)
def test_the_api_server_leaves_templates_of_experiments_to_the_operator(
    api: httpx.Client, changes: Document, field: str, said: str
) -> None:
    answer = _schedule_of(api, schedule_of_experiments(**changes))
    assert answer["kind"] == "NjstSchedule", answer.get("message")
    with pytest.raises(InvalidDocumentError, match=re.escape(said)) as refused:
        parse_schedule(answer["spec"])
    assert refused.value.problems[0].field == f"spec.experimentTemplate{field}"


def _experiment(api: httpx.Client, spec: Document) -> dict[str, Any]:
    body = {
        "apiVersion": "njst.io/v1alpha1",
        "kind": "NjstExperiment",
        "metadata": {"generateName": "doc-"},
        "spec": spec,
    }
    url = str(api.base_url).rstrip("/").replace("njstjobs", "njstexperiments")
    params = {"dryRun": "All", "fieldValidation": "Strict"}
    document: dict[str, Any] = api.post(url, json=body, params=params).json()
    return document


def _is_seen_by_cel(spec: Document) -> bool:
    try:
        parse_model(ExperimentSpec, spec)
    except InvalidDocumentError as refused:
        unseen = [rule.message for rule in ExperimentSpec.rules if not rule.cel]
        return not any(p.message.startswith(m) for p in refused.problems for m in unseen)
    return False


@pytest.mark.parametrize(
    ("spec", "field", "said"),
    BAD_EXPERIMENTS,
    ids=[f"{number}-{row[2][:40]}" for number, row in enumerate(BAD_EXPERIMENTS)],
)
def test_the_api_server_refuses_an_experiment_at_the_same_field(
    api: httpx.Client, spec: Document, field: str, said: str
) -> None:
    """What it cannot see, values of any type and the template with them, the parser refuses."""
    answer = _experiment(api, spec)
    if not _is_seen_by_cel(spec):
        assert answer["kind"] == "NjstExperiment", answer.get("message")
        return
    assert answer["kind"] == "Status", "it was accepted"
    named = _fields(answer)
    assert any(name == field or name.startswith(f"{field}[") for name in named), answer["message"]
    if field in ("spec", "spec.search", "spec.comparison"):
        assert said in answer["message"]


@pytest.mark.parametrize(
    "spec",
    [good_experiment(), good_search(), {**good_experiment(), "seed": 7, "order": "Random"}],
    ids=["grid", "search", "random"],
)
def test_the_api_server_keeps_an_experiment_as_it_is(api: httpx.Client, spec: Document) -> None:
    created = _experiment(api, spec)
    assert created["kind"] == "NjstExperiment", created.get("message")
    assert parse_experiment(created["spec"]) == parse_experiment(spec)
    # kubectl would find a list or an object changed at each `apply` of the same file.
    assert {name: created["spec"].get(name) for name in ("factors", "search")} == {
        name: spec.get(name) for name in ("factors", "search")
    }
