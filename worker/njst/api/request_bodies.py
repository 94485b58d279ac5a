"""Bodies of requests, as the OpenAPI document shows them.

Routes read bodies themselves, since YAML is one of their forms, so FastAPI knows nothing of them.
Rules over several fields are not in the schemas: JSON Schema cannot say them.
"""

from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from njst.api.legacy.bench_translation import BenchSettings
from njst.contract.parsing.document import ExperimentHead, Head
from njst.contract.results.comparison import Baseline
from njst.contract.spec.comparison import BaselineRequest, ComparisonRequest
from njst.contract.spec.experiment import ExperimentSpec
from njst.contract.spec.job import JobSpec

_REF = "#/components/schemas/{model}"


class JobManifest(Head):
    """An NjstJob as a whole; what else a manifest has is ignored."""

    spec: JobSpec


class ExperimentManifest(ExperimentHead):
    """An NjstExperiment as a whole; what else a manifest has is ignored."""

    spec: ExperimentSpec


_BODIES: tuple[type[BaseModel], ...] = (
    JobManifest,
    JobSpec,
    ExperimentManifest,
    ExperimentSpec,
    ComparisonRequest,
    BaselineRequest,
    Baseline,
    BenchSettings,
)
_KEY_PARAMETER = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "1 to 255 visible ASCII characters; a repeated request with the same key returns"
    " what the first one created.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
}


def _body(description: str, schema: dict[str, Any], *media_types: str) -> dict[str, Any]:
    content = {media_type: {"schema": schema} for media_type in media_types}
    return {"requestBody": {"required": True, "description": description, "content": content}}


def _ref(model: type[BaseModel]) -> dict[str, str]:
    return {"$ref": _REF.format(model=model.__name__)}


def _document(description: str, *models: type[BaseModel]) -> dict[str, Any]:
    """Return a body in JSON or YAML that is one of these models."""
    refs = [_ref(model) for model in models]
    schema = refs[0] if len(refs) == 1 else {"anyOf": refs}
    return _body(description, schema, "application/json", "application/yaml")


_MANIFEST = "A manifest or a bare spec, as JSON or YAML."
JOB_BODY = {"parameters": [_KEY_PARAMETER], **_document(_MANIFEST, JobManifest, JobSpec)}
EXPERIMENT_BODY = {
    "parameters": [_KEY_PARAMETER],
    **_document(_MANIFEST, ExperimentManifest, ExperimentSpec),
}
COMPARISON_BODY = _document(
    "Job IDs of both sides, and the metrics, as JSON or YAML.", ComparisonRequest
)
BASELINE_BODY = _document(
    "IDs of jobs (`jobs`), or a whole baseline, as JSON or YAML.", BaselineRequest, Baseline
)
# The original tells a read from a write by what is there.
_ONE_OF_BOTH = [
    {"required": [part], "properties": {part: {"type": "object"}, other: {"type": "null"}}}
    for part, other in (("write", "read"), ("read", "write"))
]
BENCH_BODY = _body(
    "Settings of a write or of a read.",
    {"allOf": [_ref(BenchSettings)], "oneOf": _ONE_OF_BOTH},
    "application/json",
)
PURGE_BODY = _body(
    "All jobs, or nothing.",
    {"type": "object", "properties": {"all": {"const": True}}, "required": ["all"]},
    "application/json",
)


def describe_bodies(app: FastAPI) -> None:
    """Let the OpenAPI document of an application have the models of all bodies."""
    make = app.openapi

    def openapi() -> dict[str, Any]:
        document = make()
        schemas = document["components"]["schemas"]
        if JobManifest.__name__ not in schemas:
            _, found = models_json_schema(
                [(model, "validation") for model in _BODIES], ref_template=_REF
            )
            # A model that answers have too is there already.
            for name, schema in found["$defs"].items():
                schemas.setdefault(name, schema)
        return document

    app.openapi = openapi  # type: ignore[method-assign]
