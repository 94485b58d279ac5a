"""Errors in documents, the same for HTTP, CLI and Kubernetes: the field, and what is allowed."""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import ValidationError
from pydantic_core import ErrorDetails


@dataclass(frozen=True)
class FieldProblem:
    """One field of a document that cannot be accepted.

    `field` is a path as in Kubernetes: `spec.workloads[0].publish.payloadBytes`; empty: the whole
    document.
    """

    field: str
    message: str

    def __str__(self) -> str:
        return f"{self.field}: {self.message}" if self.field else self.message


class InvalidDocumentError(ValueError):
    """A document was rejected; nothing was changed."""

    def __init__(self, problems: Sequence[FieldProblem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(str(problem) for problem in self.problems))


def field_path(root: str, location: Sequence[str | int]) -> str:
    """Return a pydantic location as a Kubernetes field path below `root`."""
    path = root
    for part in location:
        if isinstance(part, int):
            path += f"[{part}]"
        else:
            path += f".{part}" if path else part
    return path


def problems_of(error: ValidationError, root: str) -> tuple[FieldProblem, ...]:
    """Return the errors of pydantic, in the order of the document's fields."""
    return tuple(
        FieldProblem(field_path(root, detail["loc"]), _words(detail))
        for detail in error.errors(include_url=False)
    )


def _words(detail: ErrorDetails) -> str:
    """Return pydantic's message in terms of a document instead of Python."""
    kind = detail["type"]
    # These two as a Kubernetes API server says it.
    if kind == "string_pattern_mismatch":
        return f"should match '{detail['ctx']['pattern']}'"
    if kind == "string_too_short":
        return f"should be at least {detail['ctx']['min_length']} chars long"
    if kind == "extra_forbidden":
        return "unknown field"
    if kind == "missing":
        return "Required value"
    return detail["msg"].removeprefix("Input ")
