"""Parts of a stream's configuration; see StreamConfig of nats-server."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field, StringConstraints

from njst.contract.fields import MAX_INTEGER, StreamName, Subject, SubjectFilter
from njst.contract.model import Model, Rule

# A subject with placeholders such as {{wildcard(1)}} or $1: the server checks their meaning.
Destination = Annotated[
    str, StringConstraints(pattern=r"^[^\x00-\x20\x7f]+$", min_length=1, max_length=200)
]
Tag = Annotated[str, StringConstraints(min_length=1, max_length=120)]


class PersistMode(StrEnum):
    """When a stream of one replica acknowledges: after its write, or before (nats-server 2.12)."""

    DEFAULT = "Default"
    ASYNC = "Async"


class Placement(Model):
    """Which servers of the target may store a stream."""

    cluster: str | None = Field(
        None, min_length=1, max_length=120, description="Name of a cluster of the target."
    )
    tags: list[Tag] = Field(
        default_factory=list, max_length=16, description="Tags that each of the servers has."
    )

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            cel="has(self.cluster) || has(self.tags) && size(self.tags) > 0",
            message="placement needs cluster or tags",
            holds=lambda self: self.cluster is not None or bool(self.tags),
        ),
    )


class Republish(Model):
    """Stored messages are also published to another subject, as core NATS messages."""

    source: SubjectFilter = Field(
        ">", description="Subjects of the stream that are published again."
    )
    destination: Destination = Field(
        description="Subject of the copies; may use the wildcards of source, for example"
        " copies.{{wildcard(1)}} or copies.>."
    )
    headers_only: bool = Field(False, description="Copies have no payload.")


class SubjectTransform(Model):
    """Messages are stored with another subject than they were published to."""

    source: SubjectFilter = Field(description="Subjects that are replaced.")
    destination: Destination = Field(
        description="Subject in their place; may use the wildcards of source."
    )


class StreamOrigin(Model):
    """A stream whose messages the server copies into a stream of the job."""

    name: StreamName = Field(description="Name of the origin in JetStream.")
    filter_subject: SubjectFilter | None = Field(
        None, description="Copy only messages with this subject. Left out: all."
    )
    api_prefix: Subject | None = Field(
        None,
        description="Prefix of the JetStream API of the domain or account that has the origin,"
        " for example $JS.hub.API. Left out: the one of the job.",
    )
    deliver_prefix: Subject | None = Field(
        None,
        description="Prefix of the subjects on which another account delivers; needs apiPrefix.",
    )

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            cel="!has(self.deliverPrefix) || has(self.apiPrefix)",
            message="deliverPrefix needs apiPrefix",
            holds=lambda self: self.deliver_prefix is None or self.api_prefix is not None,
        ),
    )


class ConsumerLimits(Model):
    """Limits of each consumer of a stream."""

    inactive_threshold_seconds: int | None = Field(
        None, ge=1, le=31_536_000, description="Maximum time that a consumer may be unused."
    )
    max_ack_pending: int | None = Field(
        None,
        ge=1,
        le=MAX_INTEGER,
        description="Maximum messages that are delivered and not acknowledged.",
    )
