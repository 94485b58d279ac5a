"""From bytes, JSON or YAML, to JSON-like data; bounded, whatever the bytes are.

JSON is read as JSON: YAML takes no tab for an indent, and its reader in Python is slow. The reader
in C is not safe with text of strangers: deeply nested text ends the process.

Plain scalars of YAML mean what they mean to kubectl and to an API server (`yaml_scalars`).
"""

import json
import re
from collections.abc import Sequence
from typing import Any

import yaml

from njst.contract.parsing.field_errors import FieldProblem, InvalidDocumentError
from njst.contract.parsing.yaml_scalars import scalar_value

# A spec at all its limits is well below these; NATS takes 1 MiB in a message.
MAX_DOCUMENT_BYTES = 512 * 1024
# Values of a YAML text, each alias counted as what it stands for, and how deep they may nest.
MAX_VALUES = 20_000
MAX_DEPTH = 64

_BLANKS = (" ", "\t")
_LINE_ENDS = "\r\n\x85\u2028\u2029"
_CORE = "tag:yaml.org,2002:"
_MERGE = f"{_CORE}merge"
_TAG_NAMES: dict[type, str] = {
    bool: "bool",
    float: "float",
    int: "int",
    str: "str",
    type(None): "null",
}
_TAGS = frozenset(
    {_MERGE, *(f"{_CORE}{name}" for name in ("bool", "float", "int", "map", "null", "seq", "str"))}
)


def load_object(text: bytes) -> dict[str, Any]:
    """Return the one object that `text` holds.

    Raises:
        InvalidDocumentError: it is too large, no JSON and no YAML, has a key twice, or is more or
            other than one object.
    """
    if len(text) > MAX_DOCUMENT_BYTES:
        raise _unreadable(f"the document is larger than {MAX_DOCUMENT_BYTES} bytes")
    try:
        documents = _documents(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        where = " ".join(str(error).split())
        raise _unreadable(f"not a JSON or YAML document: {where}") from error
    if len(documents) != 1 or not isinstance(documents[0], dict):
        raise _unreadable("must be exactly one JSON or YAML object")
    return documents[0]


def _unreadable(words: str) -> InvalidDocumentError:
    return InvalidDocumentError([FieldProblem("", words)])


def _documents(text: bytes) -> list[Any]:
    try:
        return [json.loads(text, object_pairs_hook=_object)]
    except (json.JSONDecodeError, UnicodeDecodeError):
        return [data for data in yaml.load_all(text, Loader=_Loader) if data is not None]


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        _refuse_second(_twice([name for name, _ in pairs]))
    return found


def _twice(names: Sequence[Any]) -> Any:
    """Return the first name that is there a second time, or None."""
    seen = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return None


def _refuse_second(name: Any) -> None:
    raise ValueError(f"key {name!r} is there twice")


class _Loader(yaml.SafeLoader):
    """YAML as JSON sees it: plain values, a date stays the text that was written.

    An alias costs what it stands for, because that is what the readers of the data walk through:
    ten lines of aliases to aliases are a billion values.
    """

    def __init__(self, stream: bytes) -> None:
        super().__init__(stream)
        self._values = 0
        self._depth = 0
        self._sizes: dict[str, int] = {}

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Compose one value with all below it, within the bounds."""
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]
        start: Any = event.start_mark
        before = self._values
        self._depth += 1
        self._spend(1)
        if getattr(event, "tag", None) == "!":
            raise yaml.MarkedYAMLError(
                problem="tag '!' is not allowed: write plain values", problem_mark=start
            )
        node = super().compose_node(parent, index)
        self._depth -= 1
        anchor = getattr(event, "anchor", None)
        if isinstance(event, yaml.AliasEvent):
            if anchor not in self._sizes:
                raise yaml.MarkedYAMLError(
                    problem="an alias stands inside of what it names", problem_mark=start
                )
            self._spend(self._sizes[anchor])
        else:
            self._refuse_tag(node)
            if anchor is not None:
                self._sizes[anchor] = self._values - before
        return node

    def scan_to_next_token(self) -> None:
        """Skip blanks before a token: tabs too, but for those that indent a line."""
        super().scan_to_next_token()
        while self.peek() == "\t" and (self.flow_level or not self.allow_simple_key):
            self.forward()
            super().scan_to_next_token()

    def scan_plain_spaces(self, indent: int, start_mark: Any) -> Any:
        """Return the blanks within a plain scalar, tabs too."""
        blanks = ""
        while (char := self.peek()) in _BLANKS:
            blanks += char
            self.forward()
        if blanks and self.peek() not in _LINE_ENDS:
            return [blanks]
        return super().scan_plain_spaces(indent, start_mark)

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        """Compose an object; a key that is there twice would silently lose a value."""
        node: yaml.MappingNode = super().compose_mapping_node(anchor)
        keys = [key for key, _ in node.value if key.tag != _MERGE]
        name = _twice([key.value for key in keys if isinstance(key, yaml.ScalarNode)])
        if name is not None:
            raise yaml.MarkedYAMLError(
                problem=f"key {name!r} is there twice", problem_mark=node.start_mark
            )
        return node

    def resolve(self, kind: type[yaml.Node], value: Any, implicit: Any) -> Any:
        """Return the tag of a node: of a plain scalar by the rules of Kubernetes."""
        if kind is yaml.ScalarNode and implicit[0] and value != "<<":
            return _CORE + _TAG_NAMES[type(scalar_value(value))]
        return super().resolve(kind, value, implicit)  # type: ignore[no-untyped-call]

    def _spend(self, values: int) -> None:
        self._values += values
        if self._values > MAX_VALUES or self._depth > MAX_DEPTH:
            raise yaml.YAMLError(
                f"more than {MAX_VALUES} values, or nested deeper than {MAX_DEPTH}"
            )

    def _refuse_tag(self, node: yaml.Node | None) -> None:
        if node is not None and node.tag not in _TAGS:
            raise yaml.MarkedYAMLError(
                problem=f"tag {node.tag.replace(_CORE, '!!')!r} is not allowed: write plain values",
                problem_mark=node.start_mark,
            )


def _scalar(loader: _Loader, node: yaml.ScalarNode) -> Any:
    """Return the value of a number, a switch or nothing; the text where it is none, as `!!int a`.

    An explicit tag of a text that is something else is refused by the check of its field.
    """
    return scalar_value(str(loader.construct_scalar(node)))


# `resolve` finds the kind of plain scalars, but for the key that merges mappings.
_Loader.yaml_implicit_resolvers = {"<": [(_MERGE, re.compile(r"^(?:<<)$"))]}
for _name in ("bool", "float", "int", "null"):
    _Loader.add_constructor(f"{_CORE}{_name}", _scalar)
