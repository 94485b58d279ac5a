"""Label selectors in the syntax of kubectl."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

_NAME = r"[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
_KEY = re.compile(rf"(?:[a-z0-9](?:[-a-z0-9.]{{0,251}}[a-z0-9])?/)?{_NAME}")
_VALUE = re.compile(rf"(?:{_NAME})?")
# Commas outside brackets.
_COMMA = re.compile(r",(?![^(]*\))")
_SET = re.compile(r"(\S+)\s+(in|notin)\s*\(([^()]*)\)")
_COMPARED = re.compile(r"([^=!\s]+)\s*(==|=|!=)\s*(\S*)")
_PRESENT = re.compile(r"(!?)\s*([^=!\s()]+)")
_FORMS = "key, !key, key=value, key!=value, key in (a, b) or key notin (a, b)"


class SelectorError(ValueError):
    """Not a label selector; the message names the part and what is allowed."""


@dataclass(frozen=True)
class Requirement:
    """A label must have one of `values`, or any value if None; the opposite if not `wanted`."""

    key: str
    values: frozenset[str] | None
    wanted: bool

    def holds(self, labels: Mapping[str, str]) -> bool:
        """Whether labels meet the requirement; a missing label meets any negated one."""
        value = labels.get(self.key)
        found = value is not None and (self.values is None or value in self.values)
        return found is self.wanted


@dataclass(frozen=True)
class Selector:
    """Which resources an operator handles; without requirements all."""

    text: str = ""
    requirements: tuple[Requirement, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.requirements)

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether it selects a resource with these labels."""
        return all(requirement.holds(labels) for requirement in self.requirements)

    def inherited(self, labels: Mapping[str, str], owner: Mapping[str, str]) -> dict[str, str]:
        """Return the labels of an object that is created for an `owner` that the selector matches.

        Labels that the selector requires come from the owner where they are not given.
        """
        if self.matches(labels):
            return dict(labels)
        asked = {requirement.key for requirement in self.requirements}
        return {key: value for key, value in owner.items() if key in asked} | dict(labels)


def parse_selector(text: str) -> Selector:
    """Parse a selector; an empty text selects everything.

    Raises:
        SelectorError: a part of it is invalid.
    """
    if not text.strip():
        return Selector()
    parts = tuple(_requirement(part.strip()) for part in _COMMA.split(text))
    return Selector(text.strip(), parts)


def _requirement(part: str) -> Requirement:
    if found := _SET.fullmatch(part):
        values = frozenset(_value(value.strip()) for value in found[3].split(","))
        return Requirement(_key(found[1]), values, found[2] == "in")
    if found := _COMPARED.fullmatch(part):
        return Requirement(_key(found[1]), frozenset({_value(found[3])}), found[2] != "!=")
    if found := _PRESENT.fullmatch(part):
        return Requirement(_key(found[2]), None, not found[1])
    raise SelectorError(f'"{part}" is none of {_FORMS}')


def _key(text: str) -> str:
    if not _KEY.fullmatch(text):
        raise SelectorError(f'"{text}" is no key of a label')
    return text


def _value(text: str) -> str:
    if not _VALUE.fullmatch(text):
        raise SelectorError(f'"{text}" is no value of a label')
    return text
