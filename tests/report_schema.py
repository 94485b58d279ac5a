"""Whether a document is a report as the published schema describes it."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

FILE = Path(__file__).parents[1] / "docs" / "report.schema.json"


@cache
def _validator() -> Draft202012Validator:
    schema = _closed(json.loads(FILE.read_text()))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def _closed(node: Any) -> Any:
    """Return the schema with all objects closed: a field that it does not have is a mistake."""
    if isinstance(node, list):
        return [_closed(part) for part in node]
    if not isinstance(node, dict):
        return node
    closed = {name: _closed(part) for name, part in node.items()}
    return {**closed, "additionalProperties": False} if "properties" in closed else closed


def check_report(document: Any) -> None:
    """Fail with each place where a document is not as the schema says."""
    wrong = [f"{error.json_path}: {error.message}" for error in _validator().iter_errors(document)]
    assert wrong == []
