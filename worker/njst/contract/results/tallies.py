"""Measurements of one participant."""

from enum import StrEnum
from typing import Any

from pydantic import Field, model_validator

from njst.contract.model import Message


class ErrorClass(StrEnum):
    """What went wrong, as a failed operation, a finding, or an event of a connection."""

    TIMEOUT = "Timeout"
    NO_RESPONDERS = "NoResponders"
    SERVICE_ERROR = "ServiceError"
    NO_STREAM = "NoStream"
    NO_CONSUMER = "NoConsumer"
    LIMIT_EXCEEDED = "LimitExceeded"
    TOO_MANY_REQUESTS = "TooManyRequests"
    WRONG_SEQUENCE = "WrongSequence"
    PERMISSION_DENIED = "PermissionDenied"
    PAYLOAD_TOO_LARGE = "PayloadTooLarge"
    DISCONNECTED = "Disconnected"
    CONNECT_FAILED = "ConnectFailed"
    PROTOCOL = "Protocol"
    STARVED = "Starved"
    CONSUMER_PAUSED = "ConsumerPaused"
    PULL_LOST = "PullLost"
    LEADER_CHANGED = "LeaderChanged"
    NOT_FOUND = "NotFound"
    BATCH_REFUSED = "BatchRefused"
    CORRUPTED = "Corrupted"
    DUPLICATED = "Duplicated"
    REORDERED = "Reordered"
    GAP = "Gap"
    LOST = "Lost"
    WRONG_STREAM = "WrongStream"
    PROCESS_DIED = "ProcessDied"
    OTHER = "Other"


_KNOWN_CLASSES = frozenset(ErrorClass)
_MAX_EXAMPLE = 300


class ErrorTally(Message):
    """Number of errors of one class, with the message of one example.

    `operations` of `count` are failed operations, each counted once; the others are findings about
    processed messages, such as a corrupted body.

    A class that only a newer worker knows is read as `Other`, with its name before the example, so
    that workers of one mesh can have different versions.
    """

    error_class: ErrorClass
    count: int = Field(ge=0)
    operations: int = Field(0, ge=0)
    example: str = Field("", max_length=_MAX_EXAMPLE)

    @model_validator(mode="before")
    @classmethod
    def _read_unknown_class(cls, data: Any) -> Any:
        name = data.get("errorClass") if isinstance(data, dict) else None
        if not isinstance(name, str) or name in _KNOWN_CLASSES:
            return data
        example = f"{name}: {data.get('example', '')}"[:_MAX_EXAMPLE]
        return {**data, "errorClass": ErrorClass.OTHER, "example": example}


class WindowTally(Message):
    """What completed in one window of a series."""

    messages: int = 0
    bytes: int = 0
    errors: int = 0
    latency: str = ""


class SeriesTally(Message):
    """Windows of `width_s` seconds, counted from the common start."""

    width_s: int = 1
    windows: list[WindowTally] = Field(default_factory=list)


class ReadBack(Message):
    """What reading the streams after the load proves of acknowledged messages.

    `acknowledged` is `found` and `lost` and `removed` and `unchecked`; why some were not looked for
    stands in `reasons`, CamelCase, sorted. `removed` were stored, and let go by the stream: by its
    limits, its retention, or because somebody asked for it; `removed_by` says which, CamelCase,
    sorted (`njst.contract.results.readback`). Of those found `consumed` were in the stream no more,
    because the job's own consumers had taken them from a work queue. `recovered` were found though
    nothing had acknowledged them, `duplicated` are second copies, `corrupted` were changed,
    `unexpected` were never sent. `words` says of one example what is missing, or why the stream was
    not read.
    """

    acknowledged: int = 0
    found: int = 0
    consumed: int = 0
    lost: int = 0
    removed: int = 0
    removed_by: list[str] = Field(default_factory=list)
    unchecked: int = 0
    reasons: list[str] = Field(default_factory=list)
    recovered: int = 0
    duplicated: int = 0
    corrupted: int = 0
    unexpected: int = 0
    words: str = Field("", max_length=300)


class WorkloadCounts(Message):
    """What was done of one workload, counted the same by a participant and over all of them.

    Every operation has exactly one outcome: `attempted` is `messages` (completed), the operations
    of `errors` (failed) and `unfinished` (in flight, or cut off by the end of the load), which is
    None where a worker of an older version does not say.

    `elapsed_us` is the workload's own window, the denominator of its rates: its duration without
    the warm-up, or for a number of messages from the start, or the end of the warm-up, until the
    last operation ended, however it ended. While the load runs it ends now. `messages` and `bytes`
    count the warm-up too, and what was answered after a duration (`drained`); rates count neither.
    `redelivered` are deliveries of a consumer after the first of each message, `terminated` the
    messages that it was told never to deliver again, `duplicates` messages that the stream had
    already and acknowledged without storing them. `held` messages were late because the window was
    full when they were due.

    `reconnects` counts the connections that broke and were made again, `disconnected_us` is how
    long clients were without one, added up, and `longest_outage_us` the longest of these times.
    `events` are what befell connections: breaks, failed attempts to connect, moved leaders. They
    are no outcomes of operations and no errors.

    `latency` is what the workload waits for, as a histogram: from the due instant, or without an
    offered rate from the send, to the answer; for consumers from the publish to the receipt. An
    operation that was given up is in it with the time that it had waited: a lower bound. `censored`
    is the histogram of these bounds alone.
    `skipped` says what the target lacks, so that nothing of it was done.
    """

    attempted: int = 0
    messages: int = 0
    unfinished: int | None = None
    drained: int = 0
    bytes: int = 0
    redelivered: int = 0
    held: int = 0
    duplicates: int = 0
    terminated: int = 0
    reconnects: int = 0
    disconnected_us: int = 0
    longest_outage_us: int = 0
    warmup_messages: int = 0
    elapsed_us: int = 0
    errors: list[ErrorTally] = Field(default_factory=list)
    events: list[ErrorTally] = Field(default_factory=list)
    latency: str = ""
    censored: str = ""
    read_back: ReadBack | None = None
    skipped: str = ""

    @property
    def error_count(self) -> int:
        """All errors, of every class: failed operations, and findings."""
        return sum(error.count for error in self.errors)

    @property
    def in_window(self) -> int:
        """How many messages count in the rate."""
        return self.messages - self.warmup_messages - self.drained

    @property
    def failed(self) -> int:
        """How many operations failed."""
        return sum(error.operations for error in self.errors)


class WorkloadTally(WorkloadCounts):
    """What one participant did of one workload so far: cumulative, so a lost tally costs nothing.

    `planned` is the participant's share of `messages`, or how many are due in the duration at its
    offered rate; None when only time ends the workload.

    `service` is from the send to the answer, `slip` from the due instant to the send; both only
    with an offered rate. `stored` is from the publish to the store's own timestamp, `delivered`
    from there to the receipt; `store_clock_error_us` says how far the store's clock may be off in
    them. `login` is how long each login took, first ones and those after a break. `clock_error_us`
    is how far this worker's own clock may be off in `latency`; 0 where that
    is from nobody else's clock.
    """

    workload: str
    planned: int | None = None
    warmup_bytes: int = 0
    drained_bytes: int = 0
    service: str = ""
    slip: str = ""
    stored: str = ""
    delivered: str = ""
    login: str = ""
    store_clock_error_us: int = 0
    clock_error_us: int = 0
    series: SeriesTally | None = None


class LoadCost(Message):
    """What the load took of one participant's host, from the common start to the last reading.

    `cpu_us` is the sum over its load processes, `busiest_cpu_us` the most of one of them.
    `run_delay_us` is how long the worst of them could have run and had no core, `throttled_us` how
    long the container's CPU limit stopped it. `blocked_us` is how long the kernel took no more
    bytes of the connection that had to wait most, because the target or the network did not.
    `late_us` is how long after the common start, by this host's clock, the last of them began.
    """

    processes: int = 0
    cores: int = 0
    elapsed_us: int = 0
    cpu_us: int = 0
    busiest_cpu_us: int = 0
    run_delay_us: int = 0
    throttled_us: int = 0
    blocked_us: int = 0
    late_us: int = 0


class ControlOutages(Message):
    """How often and how long a worker had no answer from the control NATS while its load ran."""

    count: int = 0
    total_us: int = 0
    longest_us: int = 0
