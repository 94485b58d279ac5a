"""Publish messages to a stream."""

from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field, StringConstraints

from njst.contract.fields import MOST_SUBJECTS, FileName, Order, Subject
from njst.contract.header_names import (
    BATCH_COMMIT,
    BATCH_ID,
    BATCH_SEQUENCE,
    EXPECTED_STREAM,
    INCREMENT,
    LAST_SEQUENCE,
    LAST_SUBJECT_SEQUENCE,
    MESSAGE_ID,
    SCHEDULE,
    SCHEDULE_TARGET,
    TTL,
)
from njst.contract.kinds.kind import (
    SHORTEST_NUMBER,
    V2_11,
    V2_12,
    V2_14,
    Kind,
    Predicate,
    ServerRelease,
    StreamFeature,
)
from njst.contract.model import Message, Model, Rule
from njst.contract.payload import PayloadPlan
from njst.contract.stream_bounds import StreamBefore

HeaderName = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$", min_length=1, max_length=64)
]
HeaderValue = Annotated[str, StringConstraints(pattern=r"^[ -~]*$", min_length=0, max_length=256)]


class PublishMode(StrEnum):
    """How a publisher waits for acknowledgements."""

    SYNCHRONOUS = "Synchronous"
    ASYNCHRONOUS = "Asynchronous"
    ATOMIC_BATCH = "AtomicBatch"
    FAST_BATCH = "FastBatch"


# Modes in which each message has its own acknowledgement; the second one for rules in CEL.
_SINGLY = (PublishMode.SYNCHRONOUS, PublishMode.ASYNCHRONOUS)
_IS_SINGLY = "self.mode in ['Synchronous', 'Asynchronous']"


class MessageIds(StrEnum):
    """Whether messages carry an id by which the stream detects duplicates."""

    NONE = "None"
    UNIQUE = "Unique"


class Expect(StrEnum):
    """What must be true of the stream for a message to be stored."""

    NONE = "None"
    LAST_SEQUENCE = "LastSequence"
    LAST_SUBJECT_SEQUENCE = "LastSubjectSequence"


class ReplySubjects(StrEnum):
    """Whether each message has its own reply subject."""

    UNIQUE = "Unique"
    REUSED = "Reused"


class Verify(StrEnum):
    """Whether acknowledged messages are looked for in the stream."""

    AFTER_RUN = "AfterRun"
    NONE = "None"


class Header(Model):
    """A header of each message."""

    name: HeaderName = Field(description="The header's name.")
    value: HeaderValue = Field(description="Its value; printable ASCII.")


class Publish(Model):
    """Publish messages to a stream and wait for its acknowledgements."""

    mode: PublishMode = Field(
        PublishMode.ASYNCHRONOUS,
        description="Synchronous waits for the acknowledgement of each message before it sends"
        " the next. Asynchronous has up to `window` messages in flight. AtomicBatch stores"
        " `batch` messages together or not at all. FastBatch streams messages, which are"
        " acknowledged in groups.",
    )
    window: int = Field(
        500,
        ge=1,
        le=100_000,
        description="Messages that a client may have in flight. Asynchronous only.",
    )
    batch: int = Field(
        500, ge=2, le=1_000, description="Messages per AtomicBatch, or per group of a FastBatch."
    )
    payload_bytes: int = Field(1024, ge=0, le=8_388_608, description="Size of each message.")
    payload_bytes_max: int | None = Field(
        None,
        ge=1,
        le=8_388_608,
        description="Sizes are spread evenly from payloadBytes to this. Left out: all have the"
        " same size.",
    )
    compressible_percent: int = Field(
        0,
        ge=0,
        le=100,
        description="Percentage of each payload that is spaces; the rest is random.",
    )
    payload_file: FileName | None = Field(
        None,
        description="Name of a file in the payload folder of the workers. Its content replaces"
        " the random payload of each message. Such messages have no stamp: they are not checked,"
        " and their time to a consumer is not measured.",
    )
    payload_lines: bool = Field(
        False,
        description="Each line of payloadFile is a payload, used in turn; empty lines are skipped.",
    )
    subjects: list[Subject] = Field(
        default_factory=list,
        max_length=64,
        description="Subjects to publish to; {index} is replaced by the stream's number. Empty:"
        " the first subject of the stream, with its wildcards replaced by the name of the"
        " workload.",
    )
    subject_count: int = Field(
        1,
        ge=1,
        le=MOST_SUBJECTS,
        description="Over 1, each of subjects stands for this many: .0, .1 ... are appended. In"
        " total at most 1,000,000.",
    )
    subject_order: Order = Field(
        Order.SEQUENTIAL,
        description="Sequential: one after the other; the clients begin spread evenly over all"
        " of them. Random: uniform. Zipf: a few are hot.",
    )
    message_ids: MessageIds = Field(
        MessageIds.NONE, description="Unique gives each message its own Nats-Msg-Id."
    )
    duplicate_percent: int = Field(
        0,
        ge=0,
        le=99,
        description="With messageIds, the percentage of messages that repeat the id of the"
        " previous message.",
    )
    ttl_seconds: int | None = Field(
        None, ge=1, le=31_536_000, description="Time to live of each message (Nats-TTL)."
    )
    expect: Expect = Field(
        Expect.NONE,
        description="Compare-and-set: a message is stored only if the last sequence of the"
        " stream, or of its subject, is the one that the client knows. The client learns it from"
        " each answer and continues after a refusal, which is a WrongSequence error.",
    )
    expect_stream: bool = Field(
        False, description="Each message names the stream that must store it."
    )
    increment: int | None = Field(
        None,
        ge=-1_000_000_000,
        le=1_000_000_000,
        description="Each message adds this to the counter of its subject, and has no payload"
        " (server 2.12).",
    )
    delay_seconds: int | None = Field(
        None,
        ge=1,
        le=31_536_000,
        description="The stream stores each message after this delay; until then it is a"
        " schedule on a subject of its own below the subject of the message (server 2.12). The"
        " stamp has the due time, so the latency of a consumer is how late the message was.",
    )
    reply_subjects: ReplySubjects = Field(
        ReplySubjects.UNIQUE,
        description="Reply subjects of the acknowledgements. Unique: one per message, as client"
        " libraries do. Reused: a few in turn; a server caches their routes, so one client"
        " publishes about a fifth more.",
    )
    headers: list[Header] = Field(
        default_factory=list, max_length=16, description="Headers of each message."
    )
    ack_timeout_seconds: int = Field(
        5,
        ge=1,
        le=300,
        description="A message without an acknowledgement after this time is an error.",
    )
    verify: Verify = Field(
        Verify.AFTER_RUN,
        description="AfterRun: after the load, each worker reads the stream back and looks for"
        " every message that was acknowledged to it; a missing one fails the job. With"
        " payloadBytes under 32 some messages have no room for a stamp: then none is looked for,"
        " and the result says so (NoStamp). None skips this.",
    )

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            cel="!has(self.subjects) || size(self.subjects) * self.subjectCount <= 1000000",
            message="subjects times subjectCount must not exceed 1000000",
            holds=lambda self: len(self.subjects) * self.subject_count <= MOST_SUBJECTS,
        ),
        Rule(
            cel="!has(self.payloadFile) || !has(self.payloadBytesMax) &&"
            " self.compressiblePercent == 0 && !has(self.increment)",
            message="payloadFile is the whole payload: without payloadBytesMax, compressiblePercent"
            " and increment",
            holds=lambda self: (
                self.payload_file is None
                or (
                    self.payload_bytes_max is None
                    and self.compressible_percent == 0
                    and self.increment is None
                )
            ),
        ),
        Rule(
            cel="!self.payloadLines || has(self.payloadFile) && self.mode != 'AtomicBatch'",
            message="payloadLines needs payloadFile and another mode than AtomicBatch",
            holds=lambda self: (
                not self.payload_lines
                or (self.payload_file is not None and self.mode is not PublishMode.ATOMIC_BATCH)
            ),
        ),
        Rule(
            cel="!has(self.payloadBytesMax) || self.payloadBytesMax >= self.payloadBytes",
            message="payloadBytesMax must not be less than payloadBytes",
            holds=lambda self: (
                self.payload_bytes_max is None or self.payload_bytes_max >= self.payload_bytes
            ),
        ),
        Rule(
            cel="self.duplicatePercent == 0 || self.messageIds != 'None'",
            message="duplicatePercent needs messageIds Unique",
            holds=lambda self: (
                self.duplicate_percent == 0 or self.message_ids is not MessageIds.NONE
            ),
        ),
        Rule(
            cel=f"self.messageIds == 'None' || {_IS_SINGLY}",
            message="messageIds needs mode Synchronous or Asynchronous",
            holds=lambda self: self.message_ids is MessageIds.NONE or self.mode in _SINGLY,
        ),
        Rule(
            cel=f"self.replySubjects == 'Unique' || {_IS_SINGLY}",
            message="replySubjects Reused needs mode Synchronous or Asynchronous",
            holds=lambda self: self.reply_subjects is ReplySubjects.UNIQUE or self.mode in _SINGLY,
        ),
        Rule(
            cel="self.expect == 'None' || self.mode == 'Synchronous' &&"
            " self.messageIds == 'None' && !has(self.increment)",
            message="expect needs mode Synchronous, since each message must know the one before,"
            " and neither messageIds nor increment",
            holds=lambda self: (
                self.expect is Expect.NONE
                or (
                    self.mode is PublishMode.SYNCHRONOUS
                    and self.message_ids is MessageIds.NONE
                    and self.increment is None
                )
            ),
        ),
        Rule(
            cel=f"!has(self.increment) || {_IS_SINGLY} && !has(self.ttlSeconds)",
            message="increment needs mode Synchronous or Asynchronous, and no ttlSeconds",
            holds=lambda self: (
                self.increment is None or (self.mode in _SINGLY and self.ttl_seconds is None)
            ),
        ),
        Rule(
            cel=f"!has(self.delaySeconds) || {_IS_SINGLY} &&"
            " self.messageIds == 'None' && self.expect == 'None' && !has(self.increment) &&"
            " !has(self.ttlSeconds)",
            message="delaySeconds needs mode Synchronous or Asynchronous, and none of messageIds,"
            " expect, increment and ttlSeconds",
            holds=lambda self: (
                self.delay_seconds is None
                or (
                    self.mode in _SINGLY
                    and self.message_ids is MessageIds.NONE
                    and self.expect is Expect.NONE
                    and self.increment is None
                    and self.ttl_seconds is None
                )
            ),
        ),
    )

    def fixed_headers(self, stream: str) -> list[tuple[str, str]]:
        """Return the headers that are the same in each message to a stream."""
        headers = [(header.name, header.value) for header in self.headers]
        if self.ttl_seconds is not None:
            headers.append((TTL, str(self.ttl_seconds)))
        if self.increment is not None:
            headers.append((INCREMENT, f"{self.increment:+d}"))
        if self.expect_stream:
            headers.append((EXPECTED_STREAM, stream))
        return headers


class ReadBackPlan(Message):
    """Where to look for acknowledged messages: in a stream, after a sequence.

    `obstacle` is a reason, in one CamelCase word, why a look would prove nothing; empty: none.
    """

    stream: str
    after_sequence: int = 0
    obstacle: str = ""
    # The stream before the load.
    before: StreamBefore | None = None


class PublishPlan(Message):
    """What a publisher sends. If `subject_count` is over 1, each subject stands for that many.

    `first_subject` is the number of the subject that a Sequential order begins with.
    """

    # The stream that must store the messages; empty: any.
    stream: str = ""
    mode: PublishMode
    window: int
    batch: int = 100
    payload: PayloadPlan
    subjects: list[str]
    subject_count: int = 1
    subject_order: Order = Order.SEQUENTIAL
    first_subject: int = 0
    message_ids: bool = False
    duplicate_percent: int = 0
    # The same in each message.
    fixed_headers: list[tuple[str, str]] = Field(default_factory=list)
    expect: Expect = Expect.NONE
    delay_ms: int = 0
    # Whether a few reply subjects are used in turn.
    reuses_replies: bool = False
    # The stream's last sequence before the load.
    last_sequence: int = 0
    ack_timeout_ms: int
    read_back: ReadBackPlan | None = None


_MODE_RELEASES = {PublishMode.ATOMIC_BATCH: V2_12, PublishMode.FAST_BATCH: V2_14}
_MODE_FEATURES = {
    PublishMode.ATOMIC_BATCH: StreamFeature.ATOMIC_BATCHES,
    PublishMode.FAST_BATCH: StreamFeature.FAST_BATCHES,
}
# The header that says what a message expects; always as wide as the largest sequence.
_EXPECT_HEADERS = {
    Expect.NONE: [],
    Expect.LAST_SEQUENCE: [(LAST_SEQUENCE, "0" * 19)],
    Expect.LAST_SUBJECT_SEQUENCE: [(LAST_SUBJECT_SEQUENCE, "0" * 19)],
}
_INSTANT = "@at 2000-01-01T00:00:00.000000000Z"


def _sizes(publish: Publish) -> Iterator[tuple[str, int]]:
    # A counter has no payload; the size of a file's payloads is known to the worker only.
    if publish.increment is None and publish.payload_file is None:
        yield "payloadBytes", publish.payload_bytes
        yield "payloadBytesMax", publish.payload_bytes_max or 0


def _least_headers(publish: Publish, stream: str) -> list[tuple[str, str]]:
    headers = publish.fixed_headers(stream) + _EXPECT_HEADERS[publish.expect]
    if publish.message_ids is not MessageIds.NONE:
        headers.append((MESSAGE_ID, SHORTEST_NUMBER))
    if publish.delay_seconds is not None:
        headers += [(SCHEDULE, _INSTANT), (SCHEDULE_TARGET, "")]
    if publish.mode is PublishMode.ATOMIC_BATCH:
        # Of the message that commits, which has the most headers.
        headers += [(BATCH_ID, SHORTEST_NUMBER), (BATCH_SEQUENCE, "1"), (BATCH_COMMIT, "1")]
    return headers


def _server_features(publish: Publish) -> Iterator[tuple[str, ServerRelease]]:
    if publish.mode in _MODE_RELEASES:
        yield f"mode {publish.mode}", _MODE_RELEASES[publish.mode]
    if publish.ttl_seconds is not None:
        yield "ttlSeconds", V2_11
    if publish.increment is not None:
        yield "increment", V2_12
    if publish.delay_seconds is not None:
        yield "delaySeconds", V2_12


def _stream_features(publish: Publish) -> Iterator[StreamFeature]:
    if publish.mode in _MODE_FEATURES:
        yield _MODE_FEATURES[publish.mode]
    if publish.ttl_seconds is not None:
        yield StreamFeature.MESSAGE_TTLS
    if publish.increment is not None:
        yield StreamFeature.COUNTERS
    if publish.delay_seconds is not None:
        yield StreamFeature.SCHEDULES


PUBLISH = Kind(
    name="publish",
    spec=Publish,
    plan=PublishPlan,
    can_be_paced=Predicate(
        lambda publish: publish.mode in _SINGLY,
        "self.publish.mode in ['Synchronous', 'Asynchronous']",
    ),
    receives=lambda _: False,
    timeout_ms=lambda plan: plan.ack_timeout_ms,
    message_sizes=_sizes,
    least_headers=_least_headers,
    server_features=_server_features,
    stream_features=_stream_features,
)
