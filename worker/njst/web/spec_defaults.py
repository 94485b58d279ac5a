"""The defaults of the spec by path, so that the page can fold what a job left as it is."""

from collections.abc import Iterator
from typing import Any

from njst.contract.spec.job import JobSpec

# A field that is nested deeper than this has no default of its own.
_MAX_DEPTH = 6


def spec_defaults() -> dict[str, Any]:
    """Return the default of each field that has one, by path: `workloads[].publish.window`."""
    schema = JobSpec.model_json_schema(by_alias=True)
    return dict(_defaults(schema, schema.get("$defs", {}), "", 0))


def _defaults(
    schema: dict[str, Any], models: dict[str, Any], path: str, depth: int
) -> Iterator[tuple[str, Any]]:
    for name, field in schema.get("properties", {}).items():
        inner = f"{path}.{name}" if path else name
        if field.get("default") is not None:
            yield inner, field["default"]
        elif field.get("type") == "array" and name not in schema.get("required", ()):
            yield inner, []
        elif "$ref" in field and name not in schema.get("required", ()):
            yield inner, {}  # without its own defaults, nothing is left of it
        if depth < _MAX_DEPTH:
            for suffix, model in _models_in(field, models):
                yield from _defaults(model, models, inner + suffix, depth + 1)


def _models_in(
    field: dict[str, Any], models: dict[str, Any]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each model that the value of a field can be, after `[]` where it is a list of them."""
    if "$ref" in field:
        yield "", models[field["$ref"].rsplit("/", 1)[-1]]
    if "items" in field:
        yield from (("[]" + suffix, model) for suffix, model in _models_in(field["items"], models))
    for option in field.get("anyOf", ()):
        yield from _models_in(option, models)
