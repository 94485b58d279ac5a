"""What workers exchange about acknowledged messages: which to look for, and what was found.

Message numbers are encoded by `njst.verification.range_codec`.
"""

from pydantic import Field

from njst.contract.model import Message
from njst.contract.stream_bounds import StreamBefore, StreamLimits

# Why a look for acknowledged messages would prove nothing: they have no stamp, are stored later,
# may have the id of an earlier one, remove others, expire or are not stored as they were sent, or
# lie beside copies that the stream has of other messages of the job.
NO_STAMP = "NoStamp"
DELAYED = "Delayed"
DUPLICATE_IDS = "DuplicateIds"
MESSAGE_HEADERS = "MessageHeaders"
SOURCED = "Sourced"

# Why acknowledged messages were not looked for: no worker was left, or the job was stopped;
NOT_READ = "NotRead"
STOPPED = "Stopped"
# the stream could not be read;
READ_FAILED = "ReadFailed"
# the ranges of a producer's acknowledged messages are too many to transmit.
TOO_MANY_HOLES = "TooManyHoles"
# The worker of the producer is lost, and with it which messages were acknowledged.
WORKER_LOST = "WorkerLost"
# Core NATS has no acknowledgements, even if a stream stores its messages.
UNACKNOWLEDGED = "Unacknowledged"

# Why a stream no longer has a stored message: its limits and its retention from before the load;
MAX_AGE = "MaxAge"
MAX_PER_SUBJECT = "MaxMessagesPerSubject"
DISCARD_OLD = "DiscardOld"
RETENTION = "Retention"
NO_INTEREST = "NoInterest"
# or somebody removed it during the job: a purge, single messages, other limits, the whole stream;
PURGED = "Purged"
MESSAGES_DELETED = "MessagesDeleted"
LIMITS_CHANGED = "LimitsChanged"
STREAM_DELETED = "StreamDeleted"
STREAM_RECREATED = "StreamRecreated"
# or a work queue removed what none of the job's consumers received.
NOT_CONSUMED = "NotConsumed"
REMOVED_BY_SOMEBODY = frozenset(
    {PURGED, MESSAGES_DELETED, LIMITS_CHANGED, STREAM_DELETED, STREAM_RECREATED, NOT_CONSUMED}
)


class StreamReceipts(Message):
    """What one worker's producers of a workload were acknowledged by one stream.

    Their messages are behind sequence `after`, and `count` were acknowledged. `producers` has for
    each its code, how many it sent, and the ranges of its numbers that were acknowledged. `marks`
    are some of their acknowledgements, as `njst.verification.mark_codec` writes them.

    With `is_core` they published without JetStream, and the stream only happens to take that: how
    many it stored is counted, and no message is looked for.
    """

    workload: str
    stream: str
    after: int = Field(0, ge=0)
    count: int = Field(0, ge=0)
    producers: str = ""
    marks: str = ""
    before: StreamBefore | None = None
    is_core: bool = False


class StreamConsumption(Message):
    """What one worker's consumers had of a stream that lets go of what is consumed.

    `producers` has for each its code and the ranges of its numbers.
    """

    stream: str
    producers: str = ""


class Corrupted(Message):
    """Messages of a workload that are not as they were sent, with one example."""

    workload: str
    count: int = Field(ge=0)
    example: str = Field("", max_length=300)


class Recovered(Message):
    """How many messages of a lost worker's workload were there: nobody knows what it was told."""

    worker: str
    workload: str
    count: int = Field(ge=0)


class RangeResult(Message):
    """What a stream was when a piece of it was read, and which sequences of the piece are empty.

    `front` of them are before the stream's first message, `inside` behind it; `empty` are the
    ranges, None where they are too many to be told. The stream says itself that behind its first
    message `deleted` sequences have none, and that it lost `damaged` messages on its disk.
    """

    stream: str
    # It was not there; nothing else is known then.
    is_gone: bool = False
    server: str = ""
    created_ns: int = 0
    limits: StreamLimits = StreamLimits()
    first_sequence: int = 0
    last_sequence: int = 0
    messages: int = 0
    bytes: int = 0
    consumers: int = 0
    deleted: int = 0
    damaged: int = 0
    front: int = 0
    inside: int = 0
    empty: str | None = ""


class SliceResult(Message):
    """What one worker saw of all producers in one slice of the streams.

    `found` has for each its code, how many of its messages were there more than once, and the
    ranges of its numbers. `problem`, one CamelCase word, says why this proves nothing, `words` the
    same as the server says it.
    """

    problem: str = ""
    words: str = Field("", max_length=300)
    found: str = ""
    corrupted: list[Corrupted] = Field(default_factory=list)
    pieces: list[RangeResult] = Field(default_factory=list)
    recovered: list[Recovered] = Field(default_factory=list)
