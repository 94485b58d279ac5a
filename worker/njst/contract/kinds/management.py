"""Create, inspect and delete streams and consumers: the JetStream API as the load."""

from enum import StrEnum
from typing import ClassVar

from pydantic import Field

from njst.contract.fields import MAX_INTEGER, Storage, SubjectFilter
from njst.contract.kinds.consume_settings import START_RULES, Deliver, StartTime
from njst.contract.kinds.kind import ALWAYS, Kind, nothing
from njst.contract.model import Message, Model, Rule


class ManagementOperation(StrEnum):
    """Calls of the JetStream API."""

    CREATE_STREAM = "CreateStream"
    STREAM_INFO = "StreamInfo"
    DELETE_STREAM = "DeleteStream"
    CYCLE_STREAM = "CycleStream"
    CREATE_CONSUMER = "CreateConsumer"
    CONSUMER_INFO = "ConsumerInfo"
    DELETE_CONSUMER = "DeleteConsumer"
    CYCLE_CONSUMER = "CycleConsumer"


_INFO = (ManagementOperation.STREAM_INFO, ManagementOperation.CONSUMER_INFO)
_DELETE = (ManagementOperation.DELETE_STREAM, ManagementOperation.DELETE_CONSUMER)


class Management(Model):
    """Calls of the JetStream API for streams and consumers that belong to the job."""

    operation: ManagementOperation = Field(
        description="Create: each call creates a new one. Info: asks about the `assets` in turn."
        " Delete: each call deletes one that was created before the start. Cycle: creates one,"
        " asks about it and deletes it, in three calls. What is left at the end is deleted with"
        " the job."
    )
    assets: int = Field(
        0,
        ge=0,
        le=100_000,
        description="Streams or consumers of each client that are created before the start and"
        " stay: Info asks about them, and every other call runs beside them.",
    )
    storage: Storage = Field(Storage.FILE, description="File or Memory.")
    replicas: int = Field(1, ge=1, le=5, description="Replicas of each in the cluster.")
    max_bytes: int | None = Field(
        None,
        ge=1,
        le=MAX_INTEGER,
        description="Maximum bytes of each stream; an account may require this.",
    )
    deliver: Deliver | None = Field(
        None,
        description="The message that the consumers begin with; a server looks for it when it"
        " creates one. Left out: All.",
    )
    start_sequence: int | None = Field(
        None, ge=1, le=MAX_INTEGER, description="First sequence, for deliver ByStartSequence."
    )
    start_time: StartTime | None = Field(
        None, description="Time of the first message, RFC 3339 in UTC, for deliver ByStartTime."
    )
    filter_subjects: list[SubjectFilter] | None = Field(
        None,
        min_length=1,
        max_length=64,
        description="Subjects of the messages that the consumers deliver. Left out: all.",
    )
    window: int = Field(1, ge=1, le=10_000, description="Calls that a client may have in flight.")
    timeout_seconds: int = Field(
        5, ge=1, le=300, description="A call without an answer after this time is an error."
    )

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            cel="!(self.operation in ['StreamInfo', 'ConsumerInfo']) || self.assets > 0",
            message="StreamInfo and ConsumerInfo need assets to ask about",
            holds=lambda self: self.operation not in _INFO or self.assets > 0,
        ),
        Rule(
            cel="!has(self.maxBytes) || self.operation.contains('Stream')",
            message="maxBytes is for streams, not for consumers",
            holds=lambda self: self.max_bytes is None or not self.is_of_consumers,
        ),
        Rule(
            cel="self.operation.contains('Consumer') || !has(self.deliver) &&"
            " !has(self.filterSubjects)",
            message="deliver and filterSubjects are for consumers, not for streams",
            holds=lambda self: (
                self.is_of_consumers or (self.deliver is None and self.filter_subjects is None)
            ),
        ),
        *START_RULES,
    )

    @property
    def is_of_consumers(self) -> bool:
        """Whether the calls concern consumers of a stream, not streams."""
        return "Consumer" in self.operation

    @property
    def deletes(self) -> bool:
        """Whether each call deletes one that was created before the start."""
        return self.operation in _DELETE


class ManagementPlan(Message):
    """Streams, or consumers of `stream`, that carry the id of `job` and are named `<prefix>-<n>`.

    The `assets` that stay are named `<prefix>-s<n>`.
    """

    operation: ManagementOperation
    job: str
    # The log that the job is in.
    log: str = ""
    stream: str = ""
    prefix: str
    assets: int = 0
    storage: Storage = Storage.FILE
    replicas: int = 1
    max_bytes: int | None = None
    # Where a consumer begins, and what it delivers; empty: everything.
    deliver: Deliver = Deliver.ALL
    start_sequence: int | None = None
    start_time: str | None = None
    filter_subjects: list[str] = Field(default_factory=list)
    window: int = 1
    timeout_ms: int


# Maximum streams or consumers that are created before the start for the load to delete.
_MAX_DELETED = 100_000
# Assumed number of consumers that a workload with a duration creates.
_ENDLESS = 1_000_000


def _consumers(management: Management, clients: int, messages: int | None) -> int:
    if management.operation is ManagementOperation.CYCLE_CONSUMER:
        return clients * (management.assets + management.window)
    made = 0
    if management.operation is ManagementOperation.CREATE_CONSUMER or management.deletes:
        made = _ENDLESS if messages is None else messages
    return clients * management.assets + made


MANAGEMENT = Kind(
    name="management",
    spec=Management,
    plan=ManagementPlan,
    can_be_paced=ALWAYS,
    receives=lambda _: False,
    timeout_ms=lambda plan: plan.timeout_ms,
    message_sizes=nothing,
    consumers_per_stream=_consumers,
    # Of consumers only: see the first rule.
    needs_stream=False,
    workload_rules=(
        Rule(
            cel="!has(self.management) ||"
            " has(self.stream) == self.management.operation.contains('Consumer')",
            message="management needs a stream for consumers, and none for streams",
            holds=lambda workload: (
                workload.management is None
                or (workload.stream is not None) == workload.management.is_of_consumers
            ),
        ),
        Rule(
            cel="!has(self.management) || !self.management.operation.startsWith('Delete') ||"
            f" (has(self.messages) && self.messages <= {_MAX_DELETED})",
            message=f"DeleteStream and DeleteConsumer need messages, at most {_MAX_DELETED}: each"
            " is made before the start",
            holds=lambda workload: (
                workload.management is None
                or not workload.management.deletes
                or (workload.messages is not None and workload.messages <= _MAX_DELETED)
            ),
        ),
    ),
)
