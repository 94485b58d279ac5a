"""The status of an NjstJob: what `kubectl get` and `kubectl wait` see. Integers and text only.

Bounded to a few KiB at any number of workers: lists are cut, counts are not. The whole report is
at `resultRef` on any worker.
"""

from pydantic import Field

from njst.contract.model import Message

MAX_BYTES = 8192
MAX_ERRORS = 5
MAX_EXAMPLE = 120
REVISION = "How often njst has written this: a writer replaces only the one that it has read."


class Condition(Message):
    """metav1.Condition."""

    type: str = Field(description="What is judged.")
    status: str = Field(description="True, False or Unknown.")
    observed_generation: int = Field(0, description="The generation that was looked at.")
    last_transition_time: str = Field(description="When the status last changed.")
    reason: str = Field(description="One CamelCase word.")
    message: str = Field("", description="A sentence for people.")


class WorkersStatus(Message):
    """How many participants are how far."""

    wanted: int = Field(0, description="Participants of the job.")
    ready: int = Field(0, description="Of these, ready or further, and not lost.")
    running: int = Field(0, description="Of these, under load.")
    finished: int = Field(0, description="Of these, done with their share.")
    lost: int = Field(0, description="Of these, lost or not ready in time.")
    refused: int = Field(0, description="Of these, those that cannot run this job, and said why.")
    summary: str = Field(
        "", description="Ready or further, of all; before a job, 0 of those wanted."
    )


class LatencyStatus(Message):
    """Percentiles in microseconds."""

    p50: int = Field(description="Half of all are at most this.")
    p90: int = Field(description="90 % are at most this.")
    p99: int = Field(description="99 % are at most this.")
    p999: int = Field(description="99.9 % are at most this.")
    max: int = Field(description="The longest.")


class ErrorStatus(Message):
    """Errors of one class, with an example."""

    error_class: str = Field(description="What kind of error.")
    count: int = Field(description="How many.")
    example: str = Field("", description="What the first one said.")


class ReadBackStatus(Message):
    """What a look at the stream after the load proves of acknowledged messages."""

    acknowledged: int = Field(0, description="Messages that the target has acknowledged.")
    found: int = Field(0, description="Of these, in the stream.")
    lost: int = Field(0, description="Of these, gone.")
    removed: int = Field(0, description="Of these, let go by the stream or removed by somebody.")
    unchecked: int = Field(0, description="Of these, not looked for.")


class WorkloadStatus(Message):
    """Totals of one workload over all workers."""

    name: str = Field(description="The name in the spec.")
    kind: str = Field(description="What it does.")
    skipped: str = Field("", description="What the target lacks, so that nothing of it was done.")
    planned: int | None = Field(
        None,
        description="Messages in all: as many as the spec says, or as are due at its offered rate."
        " None where only time ends the workload.",
    )
    attempted: int = Field(
        0, description="Operations that began: messages, failed and what is unfinished."
    )
    messages: int = Field(0, description="Operations that were completed.")
    failed: int = Field(0, description="Operations that failed, each in one class of errors.")
    given_up: int = Field(
        0,
        description="Of the failed and the unfinished, those that waited in vain. They are in the"
        " latencies with the time that they waited: a lower bound.",
    )
    bytes: int = Field(0, description="Their payloads in bytes.")
    redelivered: int = Field(0, description="Deliveries after the first of a message.")
    duplicates: int = Field(0, description="Publications that the stream had already.")
    terminated: int = Field(0, description="Messages that were given up.")
    reconnects: int = Field(0, description="How often connections were lost and made anew.")
    longest_outage_us: int = Field(
        0, description="The longest time without a connection, in microseconds."
    )
    messages_per_second: int = Field(
        0,
        description="Messages over the workload's window: its duration, or from its start until its"
        " last operation ended.",
    )
    bytes_per_second: int = Field(0, description="Their payloads over the same window.")
    latency_microseconds: LatencyStatus | None = Field(
        None, description="Percentiles in microseconds."
    )
    read_back: ReadBackStatus | None = Field(
        None, description="What a look at the stream after the load proves."
    )
    error_count: int = Field(
        0, description="Failed operations, and findings about messages that were processed."
    )
    errors: list[ErrorStatus] = Field(
        default_factory=list, description="The most frequent ones by class."
    )


class ThresholdStatus(Message):
    """A threshold beside what was measured."""

    workload: str = Field(description="The workload that is judged; empty: all.")
    metric: str = Field(description="What is judged.")
    at_most: int | None = Field(None, description="The most that is allowed.")
    at_least: int | None = Field(None, description="The least that is allowed.")
    value: int | None = Field(None, description="What was measured; nothing without data.")
    verdict: str = Field(description="Valid, Invalid or Unknown.")


class JobStatus(Message):
    """The status subresource."""

    observed_generation: int = Field(-1, description="-1 until njst has seen the resource.")
    revision: int = Field(0, description=REVISION)
    mesh: str = Field("", description="The njst installation that takes care of it.")
    phase: str = Field("", description="One word for the eye; derived from the conditions.")
    reason: str = Field("", description="Why it is in this phase, in one CamelCase word.")
    message: str = Field("", description="The same as a sentence.")
    job_id: str = Field("", description="The job's id at the workers' API.")
    result_ref: str = Field("", description="Path of the full report at any worker's API.")
    conditions: list[Condition] = Field(
        default_factory=list, description="What is true of the job, by type."
    )
    submit_time: str | None = Field(None, description="When the job was created.")
    start_time: str | None = Field(None, description="The common start of all workers.")
    completion_time: str | None = Field(None, description="When it had ended.")
    duration: str = Field(
        "", description="How long the load ran, or runs; without what is read back after it."
    )
    verdict: str = Field(
        "", description="Valid, Invalid or Unknown; empty before the end, and if it was cancelled."
    )
    workers: WorkersStatus | None = Field(None, description="How many participants are how far.")
    lost_workers: list[str] = Field(
        default_factory=list, description="The first few that are lost or late, by name."
    )
    refused_workers: list[str] = Field(
        default_factory=list, description="The first few that refused the job, each with why."
    )
    messages_per_second: int | None = Field(
        None, description="All workloads together, each over its own window."
    )
    bytes_per_second: int | None = Field(
        None, description="All workloads together, each over its own window."
    )
    p99_microseconds: int | None = Field(
        None, description="99th percentile of the latency, of the workload where it is highest."
    )
    error_count: int = Field(0, description="Errors of all workloads.")
    tester_limited: bool = Field(
        False, description="The tester itself was the limit: the numbers are not the target's."
    )
    tester_advice: str = Field("", description="What would take that limit away.")
    target: str = Field("", description="What is under test.")
    workloads: list[WorkloadStatus] = Field(default_factory=list, description="Totals by workload.")
    thresholds: list[ThresholdStatus] = Field(
        default_factory=list, description="The verdicts by threshold, the worst first."
    )
    omitted: str = Field("", description="What was left out to keep the status small.")
