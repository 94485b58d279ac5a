"""Core NATS, without JetStream."""

from enum import StrEnum

from pydantic import Field

from njst.contract.fields import Subject
from njst.contract.kinds.kind import Kind, Predicate
from njst.contract.model import Message, Model


class CoreOperation(StrEnum):
    """Operations without JetStream."""

    PUBLISH = "Publish"
    SUBSCRIBE = "Subscribe"
    REQUEST = "Request"
    REPLY = "Reply"


class Core(Model):
    """Messages without JetStream."""

    operation: CoreOperation = Field(
        description="Publish sends messages, Subscribe receives them. Request sends requests,"
        " Reply answers them."
    )
    subject: Subject = Field(description="Subject of the messages or requests.")
    payload_bytes: int = Field(128, ge=0, le=8_388_608, description="Size of each message.")
    window: int = Field(
        1, ge=1, le=10_000, description="Requests that a client may have in flight."
    )
    timeout_seconds: int = Field(
        5, ge=1, le=300, description="A request without an answer after this time is an error."
    )


class CorePlan(Message):
    """Core NATS on one subject.

    If a stream captures what is published there, `stream` is its name, and `last_sequence` its last
    sequence before the load.
    """

    operation: CoreOperation
    subject: str
    payload_bytes: int
    window: int = 1
    timeout_ms: int
    stream: str = ""
    last_sequence: int = 0


_SENDS = (CoreOperation.PUBLISH, CoreOperation.REQUEST)

CORE = Kind(
    name="core",
    spec=Core,
    plan=CorePlan,
    can_be_paced=Predicate(
        lambda core: core.operation in _SENDS, "self.core.operation in ['Publish', 'Request']"
    ),
    receives=lambda core: core.operation is CoreOperation.SUBSCRIBE,
    timeout_ms=lambda plan: plan.timeout_ms,
    message_sizes=lambda core: [("payloadBytes", core.payload_bytes)],
    needs_stream=False,
)
