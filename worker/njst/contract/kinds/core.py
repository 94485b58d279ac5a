"""Core NATS, without JetStream."""

from enum import StrEnum
from typing import ClassVar

from pydantic import Field

from njst.contract.fields import MOST_SUBJECTS, Order, QueueGroup, SubjectFilter, has_wildcard
from njst.contract.kinds.kind import Kind, Predicate
from njst.contract.model import Message, Model, Rule


class CoreOperation(StrEnum):
    """Operations without JetStream."""

    PUBLISH = "Publish"
    SUBSCRIBE = "Subscribe"
    REQUEST = "Request"
    REPLY = "Reply"


_SENDS = (CoreOperation.PUBLISH, CoreOperation.REQUEST)
_IS_SENDER = "self.operation in ['Publish', 'Request']"


class Core(Model):
    """Messages without JetStream."""

    operation: CoreOperation = Field(
        description="Publish sends messages, Subscribe receives them. Request sends requests,"
        " Reply answers them."
    )
    subject: SubjectFilter = Field(
        description="Subject of the messages or requests. Subscribe and Reply may have wildcards."
    )
    subject_count: int | None = Field(
        None,
        ge=1,
        le=MOST_SUBJECTS,
        description="Over 1, subject stands for this many: .0, .1 ... are appended. Publish and"
        " Request use all of them. The clients of Subscribe share them: each subscribes to its"
        " own, one subscription for each. Left out: 1.",
    )
    subject_order: Order | None = Field(
        None,
        description="Order of the subjects of Publish and Request. Sequential: one after the"
        " other; the clients begin spread evenly over all of them. Random: uniform. Zipf: a few"
        " are hot. Left out: Sequential.",
    )
    queue_group: QueueGroup | None = Field(
        None,
        description="Queue group of Subscribe or Reply: the server delivers each message to one"
        " member of the group. All workloads with the same subject and group share. Left out:"
        " none for Subscribe, njst for Reply.",
    )
    payload_bytes: int = Field(128, ge=0, le=8_388_608, description="Size of each message.")
    window: int = Field(
        1, ge=1, le=10_000, description="Requests that a client may have in flight."
    )
    timeout_seconds: int = Field(
        5, ge=1, le=300, description="A request without an answer after this time is an error."
    )

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            cel=f"!({_IS_SENDER}) || !self.subject.contains('*') && !self.subject.contains('>')",
            message="a subject with wildcards needs operation Subscribe or Reply",
            holds=lambda self: self.operation not in _SENDS or not has_wildcard(self.subject),
        ),
        Rule(
            cel=f"!({_IS_SENDER}) || !has(self.queueGroup)",
            message="queueGroup needs operation Subscribe or Reply",
            holds=lambda self: self.operation not in _SENDS or self.queue_group is None,
        ),
        Rule(
            cel=f"{_IS_SENDER} || !has(self.subjectOrder)",
            message="subjectOrder needs operation Publish or Request",
            holds=lambda self: self.operation in _SENDS or self.subject_order is None,
        ),
        Rule(
            cel=f"{_IS_SENDER} || !has(self.subjectCount) || self.operation == 'Subscribe' &&"
            " !has(self.queueGroup) && !self.subject.contains('*') && !self.subject.contains('>')",
            message="subjectCount needs operation Publish, Request or Subscribe, and for Subscribe"
            " neither wildcards nor queueGroup: members of a group have the same subject, for"
            " example one with a wildcard",
            holds=lambda self: (
                self.operation in _SENDS
                or self.subject_count is None
                or (
                    self.operation is CoreOperation.SUBSCRIBE
                    and self.queue_group is None
                    and not has_wildcard(self.subject)
                )
            ),
        ),
    )

    @property
    def subjects(self) -> int:
        """For how many subjects its subject stands."""
        return self.subject_count or 1


class CorePlan(Message):
    """Core NATS on one subject, or on `subject_count` below it.

    A sender in Sequential order begins with number `first_subject`. A subscriber has number
    `first_subject`, and from there each that is `subject_step` further.

    `captured_by` has the streams that take what is published there, each with its last sequence
    before the load.
    """

    operation: CoreOperation
    subject: str
    subject_count: int = 1
    subject_order: Order = Order.SEQUENTIAL
    first_subject: int = 0
    subject_step: int = 1
    # Empty: none for subscribers.
    queue_group: str = ""
    payload_bytes: int
    window: int = 1
    timeout_ms: int
    captured_by: dict[str, int] = Field(default_factory=dict)


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
    workload_rules=(
        Rule(
            cel="!has(self.core) || !has(self.messages) || self.core.operation != 'Subscribe' ||"
            " self.core.?subjectCount.orValue(1) == 1",
            message="core Subscribe with subjectCount needs durationSeconds: how many messages"
            " come to each client is up to the publishers",
            holds=lambda workload: (
                workload.core is None
                or workload.messages is None
                or workload.core.operation is not CoreOperation.SUBSCRIBE
                or workload.core.subjects == 1
            ),
        ),
    ),
)
