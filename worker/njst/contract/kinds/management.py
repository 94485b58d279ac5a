"""Make, ask about and remove streams and consumers: JetStream's own API as the load."""

from enum import StrEnum
from typing import ClassVar

from pydantic import Field

from njst.contract.fields import Storage
from njst.contract.kinds.kind import ALWAYS, Kind, nothing
from njst.contract.model import Message, Model, Rule


class ManagementOperation(StrEnum):
    """Which call of JetStream's API is made."""

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
    """Calls of JetStream's API for streams and consumers of the job's own."""

    operation: ManagementOperation = Field(
        description="Create: each call makes a new one; Info: asks about `assets` in turns; Delete:"
        " each call removes one that was made before the start; Cycle: makes one, asks about it and"
        " removes it, three calls. What is left at the end is removed with the job."
    )
    assets: int = Field(
        0,
        ge=0,
        le=100_000,
        description="How many streams or consumers of each client are made before the start and"
        " stay: what Info asks about, and the company of all other calls.",
    )
    storage: Storage = Field(Storage.FILE, description="File or Memory.")
    replicas: int = Field(1, ge=1, le=5, description="Copies of each in the cluster.")
    window: int = Field(1, ge=1, le=10_000, description="Most calls without an answer.")
    timeout_seconds: int = Field(
        5, ge=1, le=300, description="A call without an answer by then is an error."
    )

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            cel="!(self.operation in ['StreamInfo', 'ConsumerInfo']) || self.assets > 0",
            message="StreamInfo and ConsumerInfo need assets to ask about",
            holds=lambda self: self.operation not in _INFO or self.assets > 0,
        ),
    )

    @property
    def is_of_consumers(self) -> bool:
        """Whether the calls are for consumers of a stream, not for streams."""
        return "Consumer" in self.operation

    @property
    def deletes(self) -> bool:
        """Whether each call takes one that set-up has made for it."""
        return self.operation in _DELETE


class ManagementPlan(Message):
    """Streams, or consumers of `stream`, that carry the id of `job` and are named `<prefix>-<n>`.

    Those that stay, `assets` of them, are named `<prefix>-s<n>`.
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
    window: int = 1
    timeout_ms: int


# So many streams or consumers may be made before the start, to be removed by the load.
_MAX_DELETED = 100_000
# How many a duration makes is not known beforehand.
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
            message="management of consumers needs a stream, management of streams has none",
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
