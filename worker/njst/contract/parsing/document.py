"""From the text of a document, JSON or YAML, to a validated spec."""

import json
from dataclasses import dataclass
from math import isfinite
from typing import Any, Literal, TypeVar

from pydantic import Field, ValidationError

from njst.contract.model import Message, Model
from njst.contract.parsing.field_errors import FieldProblem, InvalidDocumentError, problems_of
from njst.contract.parsing.yaml_loader import load_object
from njst.contract.spec.job import JobSpec

_Spec = TypeVar("_Spec", bound=Model)
_Head = TypeVar("_Head", "Head", "ScheduleHead", "ExperimentHead")


class Metadata(Message):
    """The part of a manifest's metadata that njst reads."""

    name: str = Field("", max_length=253)
    namespace: str = Field("", max_length=253)


class Head(Message):
    """An NjstJob manifest without its spec."""

    api_version: Literal["njst.io/v1alpha1"]
    kind: Literal["NjstJob"]
    metadata: Metadata = Field(default_factory=Metadata)


class ScheduleHead(Message):
    """An NjstSchedule manifest without its spec."""

    api_version: Literal["njst.io/v1alpha1"]
    kind: Literal["NjstSchedule"]
    metadata: Metadata = Field(default_factory=Metadata)


class ExperimentHead(Message):
    """An NjstExperiment manifest without its spec."""

    api_version: Literal["njst.io/v1alpha1"]
    kind: Literal["NjstExperiment"]
    metadata: Metadata = Field(default_factory=Metadata)


@dataclass(frozen=True)
class Document:
    """A validated job and the name in its manifest; a bare spec has none."""

    name: str
    spec: JobSpec


def parse_document(text: bytes) -> Document:
    """Return the one job in `text`: a whole manifest, or a bare spec, as JSON or YAML.

    Raises:
        InvalidDocumentError: the text is neither JSON nor YAML, has several documents, is too
            large, or breaks the contract. Field paths begin at the manifest's root, so those of a
            bare spec begin with `spec` too.
    """
    return parse_job(load_object(text))


def parse_job(data: dict[str, Any]) -> Document:
    """Return the job that an object describes: a whole manifest, or a bare spec.

    Raises:
        InvalidDocumentError: as `parse_document`.
    """
    if "apiVersion" not in data and "kind" not in data:
        return Document(name="", spec=parse_spec(data))
    head = parse_head(Head, data)
    return Document(name=head.metadata.name, spec=parse_spec(data["spec"]))


def parse_head(model: type[_Head], data: dict[str, Any]) -> _Head:
    """Return a manifest without its spec, which must be there.

    Raises:
        InvalidDocumentError: it is another kind, or has no spec.
    """
    try:
        head = model.model_validate(data)
    except ValidationError as error:
        raise InvalidDocumentError(problems_of(error, "")) from error
    if "spec" not in data:
        raise InvalidDocumentError([FieldProblem("spec", "Required value")])
    return head


def parse_spec(data: Any) -> JobSpec:
    """Return the spec that JSON-like `data` describes.

    Raises:
        InvalidDocumentError: naming each field, below `spec`, that breaks the contract.
    """
    return parse_model(JobSpec, data)


def parse_model(model: type[_Spec], data: Any, root: str = "spec") -> _Spec:
    """Return the spec of one kind that JSON-like `data` describes.

    Raises:
        InvalidDocumentError: naming each field, below `root`, that breaks the contract.
    """
    try:
        text = json.dumps(_json_like(data, root))
    except RecursionError as error:
        raise InvalidDocumentError([FieldProblem(root, "is nested too deeply")]) from error
    try:
        return model.model_validate_json(text)
    except ValidationError as error:
        raise InvalidDocumentError(problems_of(error, root)) from error


def _key(name: Any, path: str) -> Any:
    """Return a key of a document; the key 3.0 is the text 3, as a value is the number."""
    if name is None:
        raise InvalidDocumentError([FieldProblem(path, "has a key that is null")])
    return int(name) if isinstance(name, float) and name.is_integer() else name


def _json_like(data: Any, path: str) -> Any:
    """Return `data` with 3.0 as 3: JSON has one type of number, as in Kubernetes."""
    if isinstance(data, dict):
        below = f"{path}." if path else ""
        return {_key(name, path): _json_like(data[name], f"{below}{name}") for name in data}
    if isinstance(data, list):
        return [_json_like(value, f"{path}[{index}]") for index, value in enumerate(data)]
    if isinstance(data, float) and not isfinite(data):
        raise InvalidDocumentError([FieldProblem(path, "must be a finite number")])
    return int(data) if isinstance(data, float) and data.is_integer() else data
