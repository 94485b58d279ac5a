"""The base of every model: camelCase in documents, snake_case in Python, frozen and strict.

Documents are always validated from JSON text in strict mode, so that "5" is not accepted for 5, as
in a Kubernetes API server.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, model_validator
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

# Shared by all models: they are frozen, so nothing is added to it, and a copy gets its own.
_NO_FIELDS_SET: set[str] = set()


@dataclass(frozen=True)
class Rule:
    """A rule that a schema cannot express, for pydantic and for a Kubernetes API server.

    `cel` goes into the CRD as an x-kubernetes-validations rule on the model's own schema; `holds`
    is the same predicate on the model. Both fail with `message`, at the model's own field path.

    A rule over several fields quotes the value that breaks it: `culprit` returns it, `culprit_cel`
    is the same in CEL.
    """

    cel: str
    message: str
    holds: Callable[[Any], bool]
    culprit: Callable[[Any], str] | None = None
    culprit_cel: str = ""

    def words(self, model: Any) -> str:
        """Return the error message for a model that breaks the rule."""
        if self.culprit is None:
            return self.message
        return f'{self.message}, and "{self.culprit(model)}" is not'


class _Part(BaseModel):
    """A part of any document: frozen, camelCase in JSON."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
        frozen=True,
        # A load process starts for each job and uses few of the models: build them on first use.
        defer_build=True,
    )

    def model_post_init(self, _: Any) -> None:
        """Forget which fields were set: nothing uses it, and it is half of a message's memory."""
        object.__setattr__(self, "__pydantic_fields_set__", _NO_FIELDS_SET)


class Model(_Part):
    """A part of a document that a user writes: unknown fields are rejected."""

    model_config = ConfigDict(extra="forbid", strict=True)

    rules: ClassVar[tuple[Rule, ...]] = ()

    @model_validator(mode="before")
    @classmethod
    def _leave_out_null(cls, data: Any) -> Any:
        """Treat null as a field that was left out: an API server prunes it before validation."""
        if isinstance(data, dict):
            return {name: value for name, value in data.items() if value is not None}
        return data

    @model_validator(mode="after")
    def _keep_rules(self) -> Self:
        broken = [rule.words(self) for rule in self.rules if not rule.holds(self)]
        if broken:
            raise PydanticCustomError("rule", "{broken}", {"broken": "; ".join(broken)})
        return self


class Message(_Part):
    """A part of a document that njst writes, perhaps a newer version of it.

    Unknown fields are ignored so that workers of different versions understand each other.
    """

    model_config = ConfigDict(extra="ignore")

    def to_json(self) -> bytes:
        """Return the document as UTF-8 JSON; fields that are None are left out."""
        return self.model_dump_json(exclude_none=True).encode()
