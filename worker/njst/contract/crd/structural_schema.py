"""Structural schemas, as Kubernetes wants them, made from the models.

Bounds are taken from the fields; `Model.rules` become CEL rules on the same node. `crds.py` builds
the CustomResourceDefinitions around the schemas.
"""

import json
import re
from collections.abc import Iterator
from copy import deepcopy
from typing import Any, get_args

from pydantic import BaseModel

from njst.contract.model import Model, Rule

# Key in a model's JSON Schema that carries its rules to the structural schema.
_RULES = "rules"
# What a schema says of a value, or of fields, of any type.
_FREE = "x-kubernetes-preserve-unknown-fields"
_KEEP = frozenset(
    {
        "default",
        "description",
        "enum",
        "items",
        "maxItems",
        "maxLength",
        "maxProperties",
        "maximum",
        "minItems",
        "minLength",
        "minimum",
        "pattern",
        "properties",
        "required",
        "type",
    }
)


def without_defaults(node: dict[str, Any]) -> dict[str, Any]:
    """Return a schema without defaults, so that an API server stores only what was given."""
    kept = {key: value for key, value in node.items() if key != "default"}
    if "properties" in kept:
        kept["properties"] = {n: without_defaults(c) for n, c in kept["properties"].items()}
    if "items" in kept:
        kept["items"] = without_defaults(kept["items"])
    return kept


def list_map(key: str) -> dict[str, Any]:
    """Return the extensions that make a list a map with the key `key`."""
    return {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": [key]}


def opaque(node: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of an object whose fields the API server neither checks nor prunes."""
    return {"type": "object", _FREE: True, "description": node["description"]}


def structural(model: type[BaseModel]) -> dict[str, Any]:
    """Return a model's structural schema: no references, no nulls, no unions.

    Raises:
        ValueError: two models that it reaches have the same name, so that rules could be mixed up.
    """
    document = model.model_json_schema(by_alias=True, mode="validation")
    definitions = document.pop("$defs", {})
    for name, reached in _reached(model).items():
        node = document if reached is model else definitions[name]
        node[_RULES] = reached.rules if issubclass(reached, Model) else ()
    return _node(document, definitions)


def _reached(model: type[BaseModel]) -> dict[str, type[BaseModel]]:
    """Return a model and all models that its fields reach, nested ones too, by name."""
    found = {model.__name__: model}
    left = [model]
    while left:
        for field in left.pop().model_fields.values():
            for part in _models_in(field.annotation):
                if part.__name__ not in found:
                    left.append(part)
                if found.setdefault(part.__name__, part) is not part:
                    raise ValueError(f"two models have the name {part.__name__}")
    return found


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models_in(part)


def _node(node: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    node = _resolve(node, definitions)
    kept = {key: deepcopy(value) for key, value in node.items() if key in _KEEP}
    if "properties" in kept:
        kept["properties"] = {
            name: _node(child, definitions) for name, child in kept["properties"].items()
        }
    if "items" in kept:
        kept["items"] = _node(kept["items"], definitions)
    if (values := _map_values(node)) is not None:
        kept |= _map_of(_node(values, definitions))
    if "type" not in kept:
        kept[_FREE] = True
    if kept.get("type") == "integer":
        kept["format"] = "int64"
    if kept.get("default", 0) is None:
        del kept["default"]
    if "description" in kept:
        kept["description"] = " ".join([*kept["description"].split(), *_default_words(kept)])
    validations = [_validation(rule, kept) for rule in node.get(_RULES, ()) if rule.cel]
    if validations:
        kept["x-kubernetes-validations"] = validations
    return kept


def _map_values(node: dict[str, Any]) -> dict[str, Any] | None:
    """Return the schema of a map's values, or None; names with a pattern have it elsewhere."""
    values: dict[str, Any]
    for values in node.get("patternProperties", {}).values():
        return values
    found = node.get("additionalProperties")
    return found if isinstance(found, dict) else None


def _map_of(values: dict[str, Any]) -> dict[str, Any]:
    """Return what makes an object a map of such values.

    CEL sees no field whose parts have no type, and so no map of free values. An object with unknown
    fields is opaque, but a list of such objects has a size and can be compared.
    """
    return {_FREE: True} if _FREE in values else {"additionalProperties": values}


def _default_words(node: dict[str, Any]) -> list[str]:
    """Return the default as a sentence: `kubectl explain` shows it in the description only."""
    default = node.get("default", "")
    if default == "" or isinstance(default, list | dict):
        return []
    return [f"Default: {default if isinstance(default, str) else json.dumps(default)}."]


# A field of self, or of a part of it, except as an argument of `has`.
_FIELD = re.compile(r"(?<!has\()(?<![\w.])self((?:\.[A-Za-z]\w*)+)")


def _with_defaults(cel: str, node: dict[str, Any]) -> str:
    """Return a rule that uses the default of a field that was left out.

    The rules of the contract assume complete documents, but an API server stores only what was
    given: see `crds.py`.
    """

    def optional(found: re.Match[str]) -> str:
        text, at = "self", node
        for name in found[1].removeprefix(".").split("."):
            at = at.get("properties", {}).get(name, {})
            if "default" in at:
                text += f".?{name}.orValue({_literal(at['default'])})"
            else:
                text += f".{name}"
        return text

    return _FIELD.sub(optional, cel)


def _validation(rule: Rule, node: dict[str, Any]) -> dict[str, str]:
    made = {"rule": _with_defaults(rule.cel, node), "message": rule.message}
    if rule.culprit_cel:
        words = f"""'{rule.message}, and "' + {rule.culprit_cel} + '" is not'"""
        made["messageExpression"] = words
    return made


def _literal(value: Any) -> str:
    return f"'{value}'" if isinstance(value, str) else json.dumps(value)


def _resolve(node: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    """Follow a reference and drop the null of an optional field; keys beside them win."""
    if "anyOf" in node:
        (some,) = (kind for kind in node["anyOf"] if kind.get("type") != "null")
        rest = {key: value for key, value in node.items() if key not in ("anyOf", "title")}
        return _resolve({**some, **rest}, definitions)
    if "$ref" in node:
        target = definitions[node["$ref"].rsplit("/", 1)[-1]]
        rest = {key: value for key, value in node.items() if key != "$ref"}
        return {**_resolve(target, definitions), **rest}
    return node
