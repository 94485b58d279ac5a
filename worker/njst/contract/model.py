"""The base of every model: camelCase outside, snake_case inside, frozen, and no surprises.

Documents are always validated from JSON text in strict mode, so that "5" is never taken for 5, as a
Kubernetes API server would not take it either.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, model_validator
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

# One for all: models are frozen, so that none is given a field later, and a copy has its own.
_NOT_KEPT: set[str] = set()


@dataclass(frozen=True)
class Rule:
    """What a schema cannot say, once for pydantic and once for a Kubernetes API server.

    `cel` goes into the CRD as an x-kubernetes-validations rule on the model's own schema; `holds`
    is the same predicate on the model. Both fail with `message`, at the model's own field path.

    A rule over several fields quotes the word that breaks it: `culprit` returns it of a model that
    breaks the rule, `culprit_cel` is the same as CEL.
    """

    cel: str
    message: str
    holds: Callable[[Any], bool]
    culprit: Callable[[Any], str] | None = None
    culprit_cel: str = ""

    def words(self, model: Any) -> str:
        """Return what is wrong with a model that breaks the rule."""
        if self.culprit is None:
            return self.message
        return f'{self.message}, and "{self.culprit(model)}" is not'


class _Part(BaseModel):
    """A part of any document: frozen, camelCase outside."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
        frozen=True,
        # A load process is started for each job, and needs few of these.
        defer_build=True,
    )

    def model_post_init(self, _: Any) -> None:
        """Forget which fields were given: nobody asks, and it is half of what a message takes."""
        object.__setattr__(self, "__pydantic_fields_set__", _NOT_KEPT)


class Model(_Part):
    """A part of a document that a person writes: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", strict=True)

    rules: ClassVar[tuple[Rule, ...]] = ()

    @model_validator(mode="before")
    @classmethod
    def _leave_out_null(cls, data: Any) -> Any:
        """A null is a field that was left out: an API server prunes it before it validates."""
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
    """A part of a document that njst itself writes, and a newer njst may have written.

    Unknown fields are ignored so that workers of different versions understand each other.
    """

    model_config = ConfigDict(extra="ignore")

    def to_json(self) -> bytes:
        """Return the document as UTF-8 JSON; fields that are None are left out."""
        return self.model_dump_json(exclude_none=True).encode()
