"""Receive messages from a stream through consumers."""

from typing import ClassVar

from pydantic import Field

from njst.contract.fields import MAX_INTEGER, ConsumerName, Storage, SubjectFilter
from njst.contract.kinds.consume_settings import (
    CONSUME_RULES,
    AckPolicy,
    Backoff,
    ConsumeMode,
    Consumers,
    Deliver,
    Replay,
    StartTime,
)
from njst.contract.kinds.kind import NEVER, V2_11, V2_12, Kind, ServerRelease, nothing
from njst.contract.model import Message, Model, Rule
from njst.contract.priority import Priority, PriorityPlan, PriorityPolicy


class Consume(Model):
    """Receive messages from a stream through consumers."""

    mode: ConsumeMode = Field(
        ConsumeMode.PULL,
        description="Pull keeps several requests open. Fetch sends the next request when the"
        " previous one is complete. Push: the server sends. Ordered pulls through an ephemeral"
        " consumer without acknowledgements and detects gaps.",
    )
    consumers: Consumers | None = Field(
        None,
        description="Shared: one durable consumer for all clients of all workers. Own: one"
        " consumer per client, from the beginning of the stream. Left out: Shared for Pull and"
        " Fetch, Own for Push and Ordered.",
    )
    existing_consumer: ConsumerName | None = Field(
        None,
        description="An existing durable consumer of a stream with useExisting. It is used as it"
        " is: filter, waits and limits are its own, and ack must match it. It is never changed"
        " or deleted, but the messages that the job takes from it are gone. Left out: the job"
        " creates its consumers.",
    )
    ack: AckPolicy = Field(
        AckPolicy.EXPLICIT,
        description="None. Explicit: one acknowledgement per message. All: one for this and all"
        " earlier messages. Double: the server confirms each acknowledgement. Ordered has none.",
    )
    batch: int = Field(
        500,
        ge=1,
        le=10_000,
        description="Messages per pull request. 500 is lowered where the target allows less, and"
        " for large messages, so that the pulls of a client ask for 16 MiB at most.",
    )
    pulls: int | None = Field(
        None,
        ge=1,
        le=64,
        description="Pull requests that a client may have open; the next one is sent when half"
        " of one is delivered. Left out: 2, or 1 with maxBytes. Not for Fetch and Push.",
    )
    max_bytes: int | None = Field(
        None,
        ge=1,
        le=67_108_864,
        description="Maximum bytes per pull request as the server counts them: subjects, headers"
        " and payloads.",
    )
    expires_seconds: int = Field(
        5, ge=1, le=300, description="A pull request that is not complete after this time ends."
    )
    heartbeat_seconds: int | None = Field(
        None,
        ge=1,
        le=150,
        description="Interval at which the server signals that a pull request is alive. Two"
        " missed heartbeats are a PullLost event, and the client sends a new request. Left out:"
        " no heartbeats.",
    )
    filter_subjects: list[SubjectFilter] = Field(
        default_factory=list,
        max_length=64,
        description="Receive only messages with these subjects; {index} is replaced by the"
        " stream's number.",
    )
    deliver: Deliver | None = Field(
        None,
        description="The message that the consumers begin with. Left out: All. LastPerSubject: the"
        " last one of each subject; New: what is stored after their creation.",
    )
    start_sequence: int | None = Field(
        None, ge=1, le=MAX_INTEGER, description="First sequence, for deliver ByStartSequence."
    )
    start_time: StartTime | None = Field(
        None, description="Time of the first message, RFC 3339 in UTC, for deliver ByStartTime."
    )
    replay: Replay | None = Field(
        None, description="Original delivers at the pace at which messages were stored."
    )
    rate_limit_bits_per_second: int | None = Field(
        None,
        ge=1,
        le=MAX_INTEGER,
        description="Maximum rate at which the server pushes; needs mode Push. The server pushes as"
        " many bytes as its max_payload at once before that.",
    )
    headers_only: bool | None = Field(
        None, description="Messages come without their payload; needs verify false."
    )
    sample_percent: int | None = Field(
        None,
        ge=1,
        le=100,
        description="Percentage of acknowledgements of which the server publishes a sample.",
    )
    replicas: int | None = Field(
        None, ge=1, le=5, description="Replicas of the consumers. Left out: those of the stream."
    )
    storage: Storage | None = Field(
        None, description="Where their state is kept. Left out: where the stream keeps messages."
    )
    inactive_threshold_seconds: int | None = Field(
        None,
        ge=1,
        le=31_536_000,
        description="The server removes a consumer that is unused for this time. Left out: an"
        " hour.",
    )
    ack_wait_seconds: int = Field(
        30,
        ge=1,
        le=3600,
        description="The server redelivers a message that is not acknowledged after this time.",
    )
    backoff_seconds: list[Backoff] = Field(
        default_factory=list,
        max_length=32,
        description="Replaces ackWaitSeconds: the wait after the first delivery, the second ...",
    )
    max_deliver: int | None = Field(
        None,
        ge=1,
        le=1_000_000,
        description="Maximum deliveries of one message. Left out: no limit.",
    )
    max_ack_pending: int = Field(
        50_000,
        ge=1,
        le=10_000_000,
        description="Maximum messages that are delivered and not acknowledged.",
    )
    nak_percent: int = Field(
        0,
        ge=0,
        le=90,
        description="Percentage of first deliveries that are negatively"
        " acknowledged, and redelivered.",
    )
    nak_delay_seconds: int = Field(
        0,
        ge=0,
        le=3600,
        description="Delay that the server is asked for before it redelivers such a message.",
    )
    terminate_percent: int = Field(
        0,
        ge=0,
        le=100,
        description="Percentage of messages that are terminated: they are not redelivered.",
    )
    ignore_percent: int = Field(
        0,
        ge=0,
        le=90,
        description="Percentage of first deliveries that get no answer, and are redelivered"
        " after ackWaitSeconds.",
    )
    slow_percent: int = Field(
        0,
        ge=0,
        le=100,
        description="Percentage of messages that are acknowledged processingMilliseconds after"
        " their receipt, while other messages proceed. Every half ackWaitSeconds the client"
        " tells the server that work is in progress.",
    )
    processing_milliseconds: int = Field(
        100, ge=1, le=3_600_000, description="Processing time of a slow message."
    )
    priority: Priority | None = Field(
        None, description="The server prefers some clients of a shared consumer over others."
    )
    idle_timeout_seconds: int = Field(
        10,
        ge=1,
        le=3600,
        description="A client that receives no message for this time gives up the rest.",
    )
    verify: bool = Field(
        True,
        description="Check each message that njst published: corruption, duplicates, order, and"
        " the time from publish to delivery. This costs about a fifth of the rate.",
    )

    rules: ClassVar[tuple[Rule, ...]] = CONSUME_RULES

    @property
    def effective_ack(self) -> AckPolicy:
        """The policy in effect: an ordered consumer has no acknowledgements."""
        return AckPolicy.NONE if self.mode is ConsumeMode.ORDERED else self.ack

    @property
    def has_own_consumers(self) -> bool:
        """Whether each client has its own consumer, which begins at the start of the stream."""
        if self.consumers is not None:
            return self.consumers is Consumers.OWN
        return self.mode in (ConsumeMode.PUSH, ConsumeMode.ORDERED)

    @property
    def is_shared_push(self) -> bool:
        """Whether the server distributes the messages of one push consumer over the clients."""
        return self.mode is ConsumeMode.PUSH and not self.has_own_consumers

    @property
    def is_shared_pull(self) -> bool:
        """Whether all clients pull from one consumer."""
        return self.mode in (ConsumeMode.PULL, ConsumeMode.FETCH) and not self.has_own_consumers

    @property
    def share_percent(self) -> int:
        """Percentage of messages whose answer is not an immediate acknowledgement."""
        return self.nak_percent + self.terminate_percent + self.ignore_percent + self.slow_percent

    @property
    def first_ack_wait_seconds(self) -> int:
        """How long the server waits for the answer to a first delivery."""
        return self.backoff_seconds[0] if self.backoff_seconds else self.ack_wait_seconds

    @property
    def pulls_at_once(self) -> int:
        """Number of pull requests that a client has open."""
        if self.mode is ConsumeMode.FETCH:
            return 1
        if self.pulls is not None:
            return self.pulls
        return 2 if self.max_bytes is None else 1

    def leaves_open(self, name: str) -> bool:
        """Whether the spec leaves a field open; a value that is the default counts as left out.

        The job log cannot tell the two apart.
        """
        return bool(getattr(self, name) == type(self).model_fields[name].default)


# Idle heartbeat of a push consumer that belongs to one client.
PUSH_HEARTBEAT_MS = 5_000


class ClockPlan(Message):
    """A server's clock: its offset from CLOCK_MONOTONIC at `at_ns`, and the error of that."""

    offset_ns: int
    error_ns: int
    at_ns: int


class ConsumePlan(Message):
    """How one client consumes. The consumer exists when the load begins.

    A push consumer delivers to `deliver`; clients of a `deliver_group` share its messages.
    `heartbeat_ms` is the heartbeat of pull requests, or of the push consumer; 0: none.
    """

    mode: ConsumeMode = ConsumeMode.PULL
    stream: str
    consumer: str
    deliver: str = ""
    deliver_group: str = ""
    ack: AckPolicy
    batch: int
    pulls: int = 2
    max_bytes: int = 0
    expires_ms: int = 5_000
    heartbeat_ms: int = 0
    ack_wait_ms: int = 30_000
    nak_percent: int = 0
    nak_delay_ms: int = 0
    terminate_percent: int = 0
    ignore_percent: int = 0
    slow_percent: int = 0
    processing_ms: int = 0
    priority: PriorityPlan | None = None
    idle_timeout_ms: int
    verify: bool = True
    # Whether received message numbers are recorded, because the stream removes the messages.
    is_noted: bool = False
    # Configuration, as JSON, from which a missing consumer is created again; empty: it is not.
    again: str = ""
    # The clock of the server that stores the stream; None: unknown.
    store_clock: ClockPlan | None = None


_PRIORITY_RELEASES = {
    PriorityPolicy.OVERFLOW: V2_11,
    PriorityPolicy.PINNED_CLIENT: V2_11,
    PriorityPolicy.PRIORITIZED: V2_12,
}


def _features(consume: Consume) -> list[tuple[str, ServerRelease]]:
    if consume.priority is None:
        return []
    policy = consume.priority.policy
    return [(f"priority.policy {policy}", _PRIORITY_RELEASES[policy])]


CONSUME = Kind(
    name="consume",
    spec=Consume,
    plan=ConsumePlan,
    can_be_paced=NEVER,
    receives=lambda _: True,
    timeout_ms=lambda plan: plan.idle_timeout_ms,
    message_sizes=nothing,
    server_features=_features,
    consumers_per_stream=lambda consume, clients, _: clients if consume.has_own_consumers else 1,
    workload_rules=(
        Rule(
            cel="!has(self.consume) || has(self.durationSeconds) ||"
            " (!has(self.consume.priority) && (self.consume.mode != 'Push' ||"
            " !has(self.consume.consumers) || self.consume.consumers == 'Own'))",
            message="consume with priority, and mode Push with consumers Shared, need"
            " durationSeconds: the server decides how many messages each client gets",
            holds=lambda workload: (
                workload.consume is None
                or workload.duration_seconds is not None
                or (workload.consume.priority is None and not workload.consume.is_shared_push)
            ),
        ),
    ),
)
