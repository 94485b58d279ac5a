"""What a controller does about a resource of any kind, as decided; doing it twice does no harm."""

from dataclasses import dataclass
from typing import Generic

from njst_operator.controllers.resource.log_resource import LogStatus


@dataclass(frozen=True)
class Cancel:
    """Stop what the resource runs."""

    reason: str
    message: str


@dataclass(frozen=True)
class WriteStatus(Generic[LogStatus]):
    """Write this status, unless the resource has it already."""

    status: LogStatus


@dataclass(frozen=True)
class AnnotateAccepted:
    """Annotate the resource with the uid that was accepted into the log."""

    uid: str


@dataclass(frozen=True)
class Delete:
    """Delete the resource: its ttlSecondsAfterFinished is over."""
