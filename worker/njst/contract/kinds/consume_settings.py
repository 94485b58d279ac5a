"""The settings of a consumer: the values of each, and the rules over several of them."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints
from pydantic.alias_generators import to_snake

from njst.contract.model import Rule

Backoff = Annotated[int, Field(ge=1, le=3600)]
StartTime = Annotated[
    str,
    StringConstraints(
        pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
        r"T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,6})?Z$",
        max_length=27,
    ),
]


class ConsumeMode(StrEnum):
    """How messages are delivered to a client."""

    PULL = "Pull"
    FETCH = "Fetch"
    PUSH = "Push"
    ORDERED = "Ordered"


class Consumers(StrEnum):
    """Whether clients share a consumer."""

    SHARED = "Shared"
    OWN = "Own"


class AckPolicy(StrEnum):
    """How received messages are acknowledged."""

    NONE = "None"
    EXPLICIT = "Explicit"
    ALL = "All"
    DOUBLE = "Double"


class Deliver(StrEnum):
    """With which message a consumer begins."""

    ALL = "All"
    NEW = "New"
    LAST = "Last"
    LAST_PER_SUBJECT = "LastPerSubject"
    BY_START_SEQUENCE = "ByStartSequence"
    BY_START_TIME = "ByStartTime"


class Replay(StrEnum):
    """How fast a consumer delivers: at once, or at the pace at which messages were stored."""

    INSTANT = "Instant"
    ORIGINAL = "Original"


# Of consumers that the job creates; an existing one has its own.
_OWN_SETTINGS = (
    "deliver",
    "replay",
    "rateLimitBitsPerSecond",
    "headersOnly",
    "samplePercent",
    "replicas",
    "storage",
    "inactiveThresholdSeconds",
)


def _is_day(time: str) -> bool:
    try:
        return datetime.fromisoformat(time).timestamp() != 0
    except ValueError:
        return False


# Of each spec with deliver, startSequence and startTime.
START_RULES: tuple[Rule, ...] = (
    Rule(
        cel="(has(self.deliver) && self.deliver == 'ByStartSequence') =="
        " has(self.startSequence) &&"
        " (has(self.deliver) && self.deliver == 'ByStartTime') == has(self.startTime)",
        message="deliver ByStartSequence needs startSequence, ByStartTime needs startTime, and"
        " no other deliver has them",
        holds=lambda self: (
            (self.deliver is Deliver.BY_START_SEQUENCE) == (self.start_sequence is not None)
            and (self.deliver is Deliver.BY_START_TIME) == (self.start_time is not None)
        ),
    ),
    Rule(
        # An impossible date is an error of evaluation, which refuses the document as well.
        cel="!has(self.startTime) || timestamp(self.startTime) != timestamp(0)",
        message="startTime must be a day of the calendar, after 1970",
        holds=lambda self: self.start_time is None or _is_day(self.start_time),
    ),
)
# Of `njst.contract.kinds.consume.Consume`.
CONSUME_RULES: tuple[Rule, ...] = (
    Rule(
        cel="self.nakPercent + self.terminatePercent + self.ignorePercent + self.slowPercent"
        " == 0 || self.mode != 'Ordered' && self.ack in ['Explicit', 'Double']",
        message="nakPercent, terminatePercent, ignorePercent and slowPercent need ack Explicit"
        " or Double",
        holds=lambda self: (
            self.share_percent == 0 or self.effective_ack in (AckPolicy.EXPLICIT, AckPolicy.DOUBLE)
        ),
    ),
    Rule(
        cel="self.nakPercent + self.terminatePercent + self.ignorePercent + self.slowPercent"
        " <= 100",
        message="nakPercent, terminatePercent, ignorePercent and slowPercent are 100 at most"
        " together",
        holds=lambda self: self.share_percent <= 100,
    ),
    Rule(
        cel="self.mode != 'Ordered' || !has(self.consumers) || self.consumers == 'Own'",
        message="mode Ordered needs consumers Own",
        holds=lambda self: (
            self.mode is not ConsumeMode.ORDERED or self.consumers is not Consumers.SHARED
        ),
    ),
    Rule(
        cel="!has(self.existingConsumer) || self.mode in ['Pull', 'Fetch'] &&"
        " (!has(self.consumers) || self.consumers == 'Shared')",
        message="existingConsumer needs mode Pull or Fetch and consumers Shared",
        holds=lambda self: self.existing_consumer is None or self.is_shared_pull,
    ),
    Rule(
        cel="!has(self.existingConsumer) || !has(self.maxDeliver) &&"
        " (!has(self.filterSubjects) || size(self.filterSubjects) == 0) &&"
        " (!has(self.backoffSeconds) || size(self.backoffSeconds) == 0)",
        message="filterSubjects, backoffSeconds and maxDeliver cannot be set with"
        " existingConsumer: it has its own",
        holds=lambda self: (
            self.existing_consumer is None
            or (self.max_deliver is None and not self.filter_subjects and not self.backoff_seconds)
        ),
    ),
    Rule(
        cel="self.mode != 'Push' || !has(self.consumers) || self.consumers == 'Own' ||"
        " self.ack in ['Explicit', 'Double']",
        message="mode Push with consumers Shared needs ack Explicit or Double: nothing else"
        " limits the server",
        holds=lambda self: (
            not self.is_shared_push or self.ack in (AckPolicy.EXPLICIT, AckPolicy.DOUBLE)
        ),
    ),
    Rule(
        cel="self.ack != 'All' || (has(self.consumers) ? self.consumers == 'Own' :"
        " self.mode in ['Push', 'Ordered'])",
        message="ack All needs consumers Own: clients that share one cannot use it",
        holds=lambda self: self.ack is not AckPolicy.ALL or self.has_own_consumers,
    ),
    Rule(
        cel="self.mode != 'Push' || !has(self.maxBytes) && !has(self.heartbeatSeconds)",
        message="maxBytes and heartbeatSeconds are for pulls: not for mode Push",
        holds=lambda self: (
            self.mode is not ConsumeMode.PUSH
            or (self.max_bytes is None and self.heartbeat_seconds is None)
        ),
    ),
    Rule(
        cel="!has(self.maxBytes) || !has(self.pulls) || self.pulls == 1",
        message="maxBytes needs pulls 1: the bytes of a delivery do not tell which pull it"
        " belongs to",
        holds=lambda self: self.max_bytes is None or self.pulls in (None, 1),
    ),
    Rule(
        cel="!has(self.heartbeatSeconds) || 2 * self.heartbeatSeconds <= self.expiresSeconds",
        message="heartbeatSeconds must be at most half of expiresSeconds",
        holds=lambda self: (
            self.heartbeat_seconds is None or 2 * self.heartbeat_seconds <= self.expires_seconds
        ),
    ),
    Rule(
        cel="!has(self.maxDeliver) ||"
        " (self.maxDeliver > 1 || self.nakPercent + self.ignorePercent == 0) &&"
        " (!has(self.backoffSeconds) || size(self.backoffSeconds) <= self.maxDeliver)",
        message="maxDeliver must be at least 2 with nakPercent or ignorePercent, and not less"
        " than the number of backoffSeconds",
        holds=lambda self: (
            self.max_deliver is None
            or (
                (self.max_deliver > 1 or self.nak_percent + self.ignore_percent == 0)
                and len(self.backoff_seconds) <= self.max_deliver
            )
        ),
    ),
    Rule(
        cel="(self.nakPercent == 0 || self.nakDelaySeconds < self.idleTimeoutSeconds) &&"
        " (self.ignorePercent == 0 || has(self.existingConsumer) ||"
        " (has(self.backoffSeconds) && size(self.backoffSeconds) > 0"
        " ? self.backoffSeconds[0] : self.ackWaitSeconds) < self.idleTimeoutSeconds)",
        message="idleTimeoutSeconds must be longer than the redelivery of a nak'ed or"
        " ignored message takes: nakDelaySeconds, ackWaitSeconds or the first of"
        " backoffSeconds",
        holds=lambda self: (
            (self.nak_percent == 0 or self.nak_delay_seconds < self.idle_timeout_seconds)
            and (
                self.ignore_percent == 0
                or self.existing_consumer is not None
                or self.first_ack_wait_seconds < self.idle_timeout_seconds
            )
        ),
    ),
    Rule(
        cel="!has(self.priority) || self.mode in ['Pull', 'Fetch'] &&"
        " (!has(self.consumers) || self.consumers == 'Shared')",
        message="priority needs mode Pull or Fetch and consumers Shared",
        holds=lambda self: self.priority is None or self.is_shared_pull,
    ),
    *START_RULES,
    Rule(
        cel="!has(self.rateLimitBitsPerSecond) || self.mode == 'Push'",
        message="rateLimitBitsPerSecond needs mode Push",
        holds=lambda self: self.rate_limit_bits_per_second is None or self.mode is ConsumeMode.PUSH,
    ),
    Rule(
        cel="!has(self.headersOnly) || !self.headersOnly || !self.verify",
        message="headersOnly needs verify false: what is checked is in the payload",
        holds=lambda self: not self.headers_only or not self.verify,
    ),
    Rule(
        cel="self.mode != 'Ordered' || !has(self.replicas) && !has(self.storage)",
        message="replicas and storage cannot be set with mode Ordered: its consumers are in memory",
        holds=lambda self: (
            self.mode is not ConsumeMode.ORDERED or (self.replicas is None and self.storage is None)
        ),
    ),
    Rule(
        cel="!has(self.existingConsumer) || "
        + " && ".join(f"!has(self.{name})" for name in _OWN_SETTINGS),
        message=f"{', '.join(_OWN_SETTINGS[:-1])} and {_OWN_SETTINGS[-1]} cannot be set with"
        " existingConsumer: it has its own",
        holds=lambda self: (
            self.existing_consumer is None
            or all(getattr(self, to_snake(name)) is None for name in _OWN_SETTINGS)
        ),
    ),
)
