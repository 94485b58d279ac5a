"""A stream of a job: what to create, or what to use."""

from enum import StrEnum
from typing import ClassVar

from pydantic import Field

from njst.contract.fields import INDEX, MAX_INTEGER, Storage, StreamName, SubjectFilter
from njst.contract.model import Model, Rule
from njst.contract.spec.stream_settings import (
    ConsumerLimits,
    PersistMode,
    Placement,
    Republish,
    StreamOrigin,
    SubjectTransform,
)


class Retention(StrEnum):
    """When a stream lets go of a message."""

    LIMITS = "Limits"
    INTEREST = "Interest"
    WORK_QUEUE = "WorkQueue"


class Discard(StrEnum):
    """What a full stream refuses: its oldest messages, or the new one."""

    OLD = "Old"
    NEW = "New"


class Compression(StrEnum):
    """How a stream's files are compressed."""

    NONE = "None"
    S2 = "S2"


class Retain(StrEnum):
    """What becomes of a stream that the job made."""

    DELETE = "Delete"
    KEEP = "Keep"


class Stream(Model):
    """A stream, or several alike, that the job makes or uses."""

    name: StreamName = Field(
        description="Name of the stream in JetStream. With count over 1, `-0`, `-1` ... are"
        " appended."
    )
    count: int = Field(1, ge=1, le=256, description="Number of streams of this kind.")
    subjects: list[SubjectFilter] = Field(
        default_factory=list,
        max_length=16,
        description="Subjects of the stream. Empty: all below the name of the stream, or with"
        " mirror or sources none. With count over 1 each must contain {index}, which is replaced"
        " by the number of the stream.",
    )
    storage: Storage = Field(Storage.FILE, description="File or Memory.")
    replicas: int = Field(1, ge=1, le=5, description="Replicas of the stream in the cluster.")
    retention: Retention = Field(Retention.LIMITS, description="When messages are removed.")
    discard: Discard = Field(
        Discard.OLD,
        description="What a full stream drops: its oldest messages (Old), or the new one (New).",
    )
    max_messages: int | None = Field(
        None, ge=1, le=MAX_INTEGER, description="Maximum messages in the stream."
    )
    max_bytes: int | None = Field(
        None, ge=1, le=MAX_INTEGER, description="Maximum bytes in the stream."
    )
    max_age_seconds: int | None = Field(
        None, ge=1, le=31_536_000, description="Maximum age of a message."
    )
    max_messages_per_subject: int | None = Field(
        None,
        ge=1,
        le=MAX_INTEGER,
        description="Maximum messages per subject. A subject that is full drops its oldest message,"
        " also with discard New, unless discardNewPerSubject is true.",
    )
    discard_new_per_subject: bool | None = Field(
        None,
        description="A subject that is full refuses new messages; needs discard New and"
        " maxMessagesPerSubject.",
    )
    max_message_bytes: int | None = Field(
        None,
        ge=1,
        le=67_108_864,
        description="Maximum bytes of a message with its headers (max_msg_size).",
    )
    duplicate_window_seconds: int | None = Field(
        None,
        ge=1,
        le=31_536_000,
        description="Time for which a message id is known. Left out: two minutes, as servers do.",
    )
    persist_mode: PersistMode | None = Field(
        None,
        description="Async: messages are acknowledged before they are written; needs replicas 1 and"
        " nats-server 2.12.",
    )
    placement: Placement | None = Field(None, description="Which servers may store the stream.")
    first_sequence: int | None = Field(
        None, ge=1, le=MAX_INTEGER, description="Sequence of the first message."
    )
    deny_delete: bool | None = Field(
        None, description="Refuse to delete single messages, as key-value buckets do."
    )
    deny_purge: bool | None = Field(None, description="Refuse to purge the stream.")
    allow_direct: bool | None = Field(
        None,
        description="Direct gets, which every replica answers. Left out: true. False: the leader"
        " alone answers, and only modes Sequence and LastBySubject of get.",
    )
    republish: Republish | None = Field(
        None, description="Publish stored messages to another subject too."
    )
    subject_transform: SubjectTransform | None = Field(
        None, description="Store messages with another subject."
    )
    consumer_limits: ConsumerLimits | None = Field(
        None, description="Limits of each consumer of the stream."
    )
    mirror: StreamOrigin | None = Field(
        None,
        description="The stream is a mirror: the server copies this stream, with its sequences,"
        " and nothing else can be stored.",
    )
    sources: list[StreamOrigin] | None = Field(
        None,
        min_length=1,
        max_length=16,
        description="The server copies messages of these streams into this one. Without subjects,"
        " nothing else can be stored.",
    )
    compression: Compression = Field(
        Compression.NONE, description="S2 compresses the stream's files."
    )
    retain: Retain = Field(
        Retain.DELETE,
        description="Delete removes the stream when the job has ended; Keep leaves it.",
    )
    use_existing: bool = Field(
        False,
        description="Use an existing stream. It is never changed, purged or deleted.",
    )

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            cel="self.count == 1 || !has(self.subjects) ||"
            " self.subjects.all(s, s.contains('{index}'))",
            message="with count over 1 each of subjects must contain {index}, or the streams"
            " would overlap",
            holds=lambda self: self.count == 1 or all(INDEX in s for s in self.subjects),
        ),
        Rule(
            cel="self.compression == 'None' || self.storage == 'File'",
            message="compression S2 needs storage File",
            holds=lambda self: self.compression is Compression.NONE or self.storage is Storage.FILE,
        ),
        Rule(
            cel="!self.useExisting || !has(self.subjects) || size(self.subjects) == 0",
            message="subjects cannot be set with useExisting: the stream has its own",
            holds=lambda self: not self.use_existing or not self.subjects,
        ),
        Rule(
            cel="!has(self.mirror) || !has(self.sources) && !has(self.firstSequence) &&"
            " (!has(self.subjects) || size(self.subjects) == 0)",
            message="subjects, sources and firstSequence cannot be set with mirror: a mirror has"
            " what its origin has",
            holds=lambda self: (
                self.mirror is None
                or (not self.sources and self.first_sequence is None and not self.subjects)
            ),
        ),
        Rule(
            cel="!self.useExisting || !has(self.mirror) && !has(self.sources)",
            message="mirror and sources cannot be set with useExisting: the stream has its own",
            holds=lambda self: not self.use_existing or not self.origins,
        ),
        Rule(
            cel="!has(self.discardNewPerSubject) || !self.discardNewPerSubject ||"
            " self.discard == 'New' && has(self.maxMessagesPerSubject)",
            message="discardNewPerSubject needs discard New and maxMessagesPerSubject",
            holds=lambda self: (
                not self.discard_new_per_subject
                or (self.discard is Discard.NEW and self.max_messages_per_subject is not None)
            ),
        ),
        Rule(
            cel="!has(self.persistMode) || self.persistMode == 'Default' ||"
            " self.replicas == 1 && self.storage == 'File'",
            message="persistMode Async needs replicas 1 and storage File",
            holds=lambda self: (
                self.persist_mode is not PersistMode.ASYNC
                or (self.replicas == 1 and self.storage is Storage.FILE)
            ),
        ),
    )

    @property
    def origins(self) -> list[StreamOrigin]:
        """The streams that the server copies into this one."""
        return [self.mirror] if self.mirror is not None else self.sources or []

    @property
    def takes_messages(self) -> bool:
        """Whether messages can be published to it, as far as the spec tells."""
        return self.mirror is None and (not self.sources or bool(self.subjects))
