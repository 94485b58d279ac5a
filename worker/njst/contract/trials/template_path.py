"""Places in the template of an experiment: `workloads[0].publish.payloadBytes`.

A step is the name of a field as documents have it. An entry of a list has its index in brackets, or
its name where entries have names. The last field may be one that the template leaves out; each one
before it must be there.
"""

import re
from collections.abc import Sequence
from typing import Any

from pydantic.alias_generators import to_camel

from njst.contract.model import Model
from njst.contract.spec.job import JobSpec

_STEP = re.compile(r"(?P<field>[A-Za-z0-9]+)(\[(?P<entry>[A-Za-z0-9_-]+)\])?")
# What belongs to the experiment, or names its results: no two trials may differ in it.
_FIXED = frozenset(
    {
        "mesh",
        "suspend",
        "cancel",
        "verdictPolicy",
        "ttlSecondsAfterFinished",
        "skipIfRanWithinSeconds",
    }
)
_NAMED_LISTS = frozenset({"workloads", "thresholds"})


class PathError(ValueError):
    """A path names nothing that trials may change; the text says what is there instead."""


def locate(template: JobSpec, path: str) -> tuple[str | int, ...]:
    """Return the keys of a place in the template's document, from the outermost one.

    Raises:
        PathError: the template has no such place, or trials cannot differ in it.
    """
    keys: list[str | int] = []
    node: Any = template
    at = ""
    steps = [_STEP.fullmatch(step) for step in path.split(".")]
    for number, step in enumerate(steps):
        if step is None:
            raise PathError(f"{path} is no path")
        node = _field(node, step["field"], at)
        at = f"{at}.{step['field']}" if at else step["field"]
        keys.append(step["field"])
        if step["entry"] is not None:
            index = _index(node, step["entry"], at)
            node, at = node[index], f"{at}[{step['entry']}]"
            keys.append(index)
        if node is None and number < len(steps) - 1:
            raise PathError(f"the template leaves out {at}")
    _check_changeable(keys, path)
    return tuple(keys)


def _field(node: Any, name: str, at: str) -> Any:
    """Return the value of a field of a part of the template, None if it is left out."""
    if isinstance(node, list):
        raise PathError(f"{at} is a list: its entries are {_entries(node, at)}")
    if not isinstance(node, Model):
        raise PathError(f"{at} has no fields")
    fields = {to_camel(field): field for field in type(node).model_fields}
    if name not in fields:
        raise PathError(f"{at or 'the template'} has no {name}, but {', '.join(sorted(fields))}")
    return getattr(node, fields[name])


def _index(node: Any, entry: str, at: str) -> int:
    if not isinstance(node, list):
        raise PathError(f"{at} is no list")
    if entry.isdigit() and int(entry) < len(node):
        return int(entry)
    names = [getattr(one, "name", None) for one in node]
    if entry in names:
        return names.index(entry)
    raise PathError(f"{at} has no entry {entry}, but {_entries(node, at)}")


def _entries(node: Sequence[Any], at: str) -> str:
    named = [f"{at}[{getattr(one, 'name', number)}]" for number, one in enumerate(node)]
    return ", ".join(named) or "none"


def _check_changeable(keys: Sequence[str | int], path: str) -> None:
    if keys[0] in _FIXED:
        raise PathError(f"{path} must be the same in all trials")
    renames = keys[0] in _NAMED_LISTS and keys[-1] == "name"
    if renames or (len(keys) <= 2 and keys[0] in _NAMED_LISTS):
        raise PathError(f"{path} must be the same in all trials: results have the workloads' names")


def with_value(document: Any, keys: Sequence[str | int], value: Any) -> Any:
    """Return a document with another value at a place; the document itself is unchanged."""
    if not keys:
        return value
    first, rest = keys[0], keys[1:]
    if isinstance(document, list):
        changed = list(document)
        changed[int(first)] = with_value(document[int(first)], rest, value)
        return changed
    inner = document.get(first)
    return {**document, str(first): with_value(inner, rest, value)}
