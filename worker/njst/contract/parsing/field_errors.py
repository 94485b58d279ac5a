"""Bad input, told the same way by HTTP, CLI and Kubernetes: which field, and what is allowed."""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import ValidationError


@dataclass(frozen=True)
class FieldProblem:
    """One field of a document that cannot be accepted.

    `field` is written as Kubernetes writes it: `spec.workloads[0].publish.payloadBytes`; empty
    when the whole document is meant.
    """

    field: str
    message: str

    def __str__(self) -> str:
        return f"{self.field}: {self.message}" if self.field else self.message


class InvalidDocumentError(ValueError):
    """A document that was refused; nothing was changed."""

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
    """Return what pydantic found, in the order of the document's fields."""
    return tuple(
        FieldProblem(field_path(root, detail["loc"]), _words(detail["type"], detail["msg"]))
        for detail in error.errors(include_url=False)
    )


def _words(kind: str, message: str) -> str:
    """Return pydantic's message in the words of a document instead of those of Python."""
    if kind == "extra_forbidden":
        return "unknown field"
    if kind == "missing":
        return "Required value"
    return message.removeprefix("Input ")
