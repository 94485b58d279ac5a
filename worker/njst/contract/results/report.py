"""What a job measured and what that proves: tallies of each participant, and the report of all.

Integers only, units in the names; histograms are HDR V2 compressed, base64 (see
`njst.stats.histogram`).
"""

from enum import StrEnum

from pydantic import AwareDatetime, Field

from njst.contract.model import Message
from njst.contract.spec.job import Metric


class ErrorClass(StrEnum):
    """The kinds of failures that a client tells apart."""

    TIMEOUT = "Timeout"
    NO_RESPONDERS = "NoResponders"
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


class ErrorTally(Message):
    """How often one class of error occurred, with one example in the server's words.

    `operations` of `count` are outcomes of attempted operations, of which each has exactly one; the
    rest are findings about messages that were processed, such as a corrupted body.
    """

    error_class: ErrorClass
    count: int = Field(ge=0)
    operations: int = Field(0, ge=0)
    example: str = Field("", max_length=300)


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


class Counts(Message):
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


class WorkloadTally(Counts):
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


class Problem(Message):
    """Why something did not come about: a reason for programs, a message that says what to do."""

    reason: str
    message: str = ""


# The reason of a problem, and of a job's end: not ready within the spec's `startTimeoutSeconds`.
START_TIMEOUT = "StartTimeout"
# ... and: without its workers for the spec's `queueTimeoutSeconds`.
QUEUE_TIMEOUT = "QueueTimeout"


class Verdict(StrEnum):
    """What a finished history proves; UNKNOWN when part of it is missing."""

    VALID = "Valid"
    INVALID = "Invalid"
    UNKNOWN = "Unknown"


class Outcome(StrEnum):
    """How a participant's run ended."""

    COMPLETED = "Completed"
    STOPPED = "Stopped"
    FAILED = "Failed"
    UNFIT = "Unfit"
    LATE = "Late"
    LOST = "Lost"


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


class WorkerResult(Message):
    """One participant's part in the job; a lost one's tallies are the last that were seen.

    `control` are breaks of the control NATS, which the load outlives; those of the target are in
    the tallies. None when there were none, or when the worker is lost and nobody knows.
    `clock_error_us` is how far its clock may have been off at the common start; None where unknown.
    """

    worker: str
    outcome: Outcome
    problem: Problem | None = None
    workloads: list[WorkloadTally] = Field(default_factory=list)
    cost: LoadCost | None = None
    control: ControlOutages | None = None
    clock_error_us: int | None = None


class Latency(Message):
    """Percentiles in microseconds, merged over all clients, processes and workers."""

    p50: int
    p90: int
    p99: int
    p999: int
    max: int


class LatencyBound(Message):
    """The highest values that percentiles may have, in microseconds; None: no bound is known."""

    p50: int | None = None
    p90: int | None = None
    p99: int | None = None
    p999: int | None = None
    max: int | None = None


class WindowResult(Message):
    """One window of the whole workload; percentiles where something completed."""

    messages: int = 0
    bytes: int = 0
    errors: int = 0
    latency_microseconds: Latency | None = None


class SeriesResult(Message):
    """The course of a workload, in windows of so many seconds from the common start."""

    window_seconds: int = 1
    windows: list[WindowResult] = Field(default_factory=list)


class WorkloadResult(Counts):
    """The whole of one workload, over all participants.

    Rates are messages over the common window, the longest of any participant; never a sum of
    averages. `start_ms` is the workload's start, after the common one; None as long as it waits for
    others, and when it never began. `logins` is how often a client logged in, `login_microseconds`
    how long that took each time.

    `censored_count` of the operations in `latency_microseconds` were given up: the percentiles are
    lower bounds then, and `latency_at_most_microseconds` has the upper ones; None: they are exact.
    """

    workload: str
    kind: str
    planned: int | None = None
    start_ms: int | None = None
    messages_per_second: int = 0
    bytes_per_second: int = 0
    latency_microseconds: Latency | None = None
    latency_at_most_microseconds: LatencyBound | None = None
    censored_count: int = 0
    service_microseconds: Latency | None = None
    slip_microseconds: Latency | None = None
    stored_microseconds: Latency | None = None
    delivered_microseconds: Latency | None = None
    logins: int = 0
    login_microseconds: Latency | None = None
    store_clock_error_microseconds: int = 0
    clock_error_microseconds: int = 0
    series: SeriesResult | None = None

    @property
    def was_over_in_warmup(self) -> bool:
        """Whether all that was done was done in the warm-up, which no rate and no latency counts.

        Its rates are 0 for want of anything to count, not because anything was slow.
        """
        return 0 < self.messages == self.warmup_messages


class ThresholdResult(Message):
    """One threshold beside the value that was measured; no value is a failure.

    `is_lower_bound`: operations were given up, and the value may be higher. Where that could break
    the threshold the verdict is UNKNOWN.
    """

    workload: str
    metric: Metric
    at_most: int | None = None
    at_least: int | None = None
    value: int | None = None
    is_lower_bound: bool = False
    verdict: Verdict


class Diagnosis(Message):
    """Whether the tester was the limit, so that the numbers are its own and not the target's.

    Shares are in percent of the time of the load, of the worst participant; `millicores` is
    what all participants used together on average, in thousandths of a core.
    """

    limited: bool
    reason: str
    message: str = ""
    processes: int = 0
    millicores: int = 0
    busiest_percent: int = 0
    run_delay_percent: int = 0
    throttled_percent: int = 0
    blocked_percent: int = 0


class Report(Message):
    """The end of a job: what was measured, by whom, and the verdict.

    `start_skew_microseconds` is how far apart the participants' loads began at most, whatever their
    clocks were off; None when too little of that is known.
    """

    verdict: Verdict
    reason: str
    message: str = ""
    create_time: AwareDatetime
    start_time: AwareDatetime | None = None
    start_skew_microseconds: int | None = None
    completion_time: AwareDatetime
    workers: list[WorkerResult] = Field(default_factory=list)
    workloads: list[WorkloadResult] = Field(default_factory=list)
    thresholds: list[ThresholdResult] = Field(default_factory=list)
    tester: Diagnosis | None = None
    # What was left out so that it fits into a message.
    omitted: str = ""
    # What the clean-up could not remove, and why: known once it has been tried.
    left_behind: list[str] = Field(default_factory=list)


class StoredReport(Message):
    """Where a whole report lies: an object of so many bytes, gzipped JSON, with its SHA-256."""

    bucket: str
    name: str
    bytes: int
    digest: str
