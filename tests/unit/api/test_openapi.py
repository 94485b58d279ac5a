"""The OpenAPI document says what the API does: requests made from it are answered as it says."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from jsonschema import Draft202012Validator
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS

from tests.unit.api.documents import MANIFEST, SPEC
from tests.unit.api.fakes import Mesh

# Requests to each operation in each of two ways.
EXAMPLES = 2
# What a valid request by the schema may be refused for, which no schema can say.
REFUSES_VALID = {
    "POST /api/v1/jobs": "rules over several fields, and fields for resources alone",
    "POST /api/v1/experiments": "the same, and each point must be a valid job",
    "POST /api/v1/comparisons": "one workload, jobs of both sides",
    "PUT /api/v1/baselines/{baseline}": "jobs that have ended, runs of one spec",
    "POST /bench": "numbers beyond the limits of a job",
}
# What an invalid request is taken for.
TAKES_INVALID = {"POST /bench": "an empty value of any type is an omitted one, as in Go"}
# The other checks are about sequences of requests, and about logins, which are no part of the API.
ALWAYS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "unsupported_method",
    "allow_header_conformance",
)
MESH = asyncio.run(Mesh.open())
APP = MESH.app()
DOCUMENT: dict[str, Any] = APP.openapi()
SCHEMA = schemathesis.openapi.from_asgi("/openapi.json", APP)


OPERATIONS = {found.ok().label: found.ok() for found in SCHEMA.get_all_operations()}
# Wrong documents are in tests/unit/contract/parsing: here they take long to make. The numbers of a
# baseline, which njst wrote, may also be texts or booleans: results are read leniently.
LONG = {"POST /api/v1/jobs", "POST /api/v1/experiments", "PUT /api/v1/baselines/{baseline}"}
VARIED = {label for label, one in OPERATIONS.items() if one.body or [*one.query]} - LONG


def ask(label: str, mode: GenerationMode, checks: Sequence[str]) -> None:
    """Make requests of an operation from the document, and check their answers."""
    used = CHECKS.get_by_names([*checks])

    @seed(20)
    @settings(
        max_examples=1 if label in LONG else EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=[*HealthCheck],
    )
    @given(case=OPERATIONS[label].as_strategy(generation_mode=mode))
    def ask_once(case: schemathesis.Case) -> None:
        case.validate_response(case.call(), checks=used)

    ask_once()


@pytest.mark.parametrize("label", OPERATIONS)
def test_request__as_the_document_says__is_answered_as_it_says(label: str) -> None:
    extra = () if label in REFUSES_VALID else ("positive_data_acceptance",)
    ask(label, GenerationMode.POSITIVE, (*ALWAYS, *extra))


@pytest.mark.parametrize("label", sorted(VARIED))
def test_request__against_the_document__is_refused_as_it_says(label: str) -> None:
    extra = () if label in TAKES_INVALID else ("negative_data_rejection",)
    ask(label, GenerationMode.NEGATIVE, (*ALWAYS, *extra))


def test_answers__that_are_json__have_a_real_schema() -> None:
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            for status, answer in operation["responses"].items():
                for media_type, content in answer.get("content", {}).items():
                    assert content["schema"], (method, path, status, media_type)
            assert "default" in operation["responses"], (method, path)


def test_bodies__of_all_posts__are_described() -> None:
    without = ("/cancel", "/suspend", "/resume")
    for path, methods in DOCUMENT["paths"].items():
        if "post" in methods and not path.endswith(without):
            for content in methods["post"]["requestBody"]["content"].values():
                assert {"$ref", "anyOf", "allOf", "properties"} & content["schema"].keys(), path


@pytest.mark.parametrize("body", [{}, {"spec": {}}, {"kind": "NjstJob"}, {"workloads": []}])
def test_body__that_no_job_can_be__is_invalid_by_the_document(body: dict[str, Any]) -> None:
    schema = {**_body_of("/api/v1/jobs"), "components": DOCUMENT["components"]}
    assert not Draft202012Validator(schema).is_valid(body)
    assert Draft202012Validator(schema).is_valid(SPEC)
    assert Draft202012Validator(schema).is_valid(MANIFEST)


def _body_of(path: str) -> dict[str, Any]:
    content = DOCUMENT["paths"][path]["post"]["requestBody"]["content"]
    schema: dict[str, Any] = content["application/json"]["schema"]
    return schema
