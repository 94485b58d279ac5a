"""The JSON Schema of a report: `python -m njst.contract.results.report_schema FILE` writes it.

It describes the documents of the API and of `njst report -o json`, in which fields without a value
are left out. A test makes it anew and compares it with `docs/report.schema.json`.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

from pydantic.alias_generators import to_camel

from njst.contract.results.report import SCHEMA_VERSION, Report

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def report_schema() -> dict[str, Any]:
    """Return the schema; a field is required unless it may be left out."""
    schema = Report.model_json_schema(by_alias=True, mode="serialization")
    definitions = schema.pop("$defs")
    schema["properties"]["schemaVersion"]["const"] = SCHEMA_VERSION
    return {
        "$schema": _DIALECT,
        "$id": f"urn:njst:report:{SCHEMA_VERSION}",
        "title": f"Report of an njst job, schema version {SCHEMA_VERSION}",
        **_plain(schema),
        "$defs": {name: _plain(definitions[name]) for name in sorted(definitions)},
    }


def _plain(node: Any) -> Any:
    """Return a part of the schema without titles, and without null: it is never written."""
    if isinstance(node, list):
        return [_plain(part) for part in node]
    if not isinstance(node, dict):
        return node
    plain = {name: _plain(part) for name, part in node.items() if name not in ("title", "anyOf")}
    if "properties" in node:
        # A field may be called `title`; the names of fields are not words of the schema.
        plain["properties"] = {name: _plain(part) for name, part in node["properties"].items()}
    if "description" in plain:
        plain["description"] = _words(plain["description"])
    if "anyOf" in node:
        (some,) = (part for part in node["anyOf"] if part.get("type") != "null")
        plain = {**_plain(some), **plain}
    if plain.get("default", 0) is None:
        del plain["default"]
    return plain


def _words(docstring: str) -> str:
    """Return a docstring for readers of documents: fields by the names that they have there."""
    words = " ".join(docstring.split())
    words = re.sub(r"`([a-z0-9]+(?:_[a-z0-9]+)+)`", lambda found: f"`{to_camel(found[1])}`", words)
    words = re.sub(r"(?<=\. )None\b", "Left out", words)
    return re.sub(r"\bNone\b", "left out", words)


def main() -> None:
    """Write the file."""
    text = json.dumps(report_schema(), indent=2, ensure_ascii=False)
    Path(sys.argv[1]).write_text(f"{text}\n")


if __name__ == "__main__":
    main()
