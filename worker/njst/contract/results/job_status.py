"""The status of an NjstJob, for `kubectl get` and `kubectl wait`: integers and text only.

Limited to a few KiB for any number of workers: lists are truncated, counts are not. The full report
is at `resultRef` in the API of any worker.
"""

from pydantic import Field

from njst.contract.model import Message

MAX_BYTES = 8192
MAX_ERRORS = 5
MAX_EXAMPLE = 120
REVISION = "Number of writes by njst; a writer replaces only the revision that it has read."


class Condition(Message):
    """metav1.Condition."""

    type: str = Field(description="Type of the condition.")
    status: str = Field(description="True, False or Unknown.")
    observed_generation: int = Field(
        0, description="The generation of the resource that the condition is based on."
    )
    last_transition_time: str = Field(description="When the status last changed.")
    reason: str = Field(description="Reason in one CamelCase word.")
    message: str = Field("", description="Explanation in a sentence.")


class WorkersStatus(Message):
    """Number of participants in each state."""

    wanted: int = Field(0, description="Number of participants.")
    ready: int = Field(0, description="Of these, ready or further, and not lost.")
    running: int = Field(0, description="Of these, running load.")
    finished: int = Field(0, description="Of these, finished.")
    lost: int = Field(0, description="Of these, lost or not ready in time.")
    refused: int = Field(0, description="Of these, unable to run this job; each says why.")
    summary: str = Field(
        "",
        description="Participants that are ready or further, of all; before the job starts,"
        " 0 of those wanted.",
    )


class LatencyStatus(Message):
    """Percentiles in microseconds."""

    p50: int = Field(description="50 % are at most this.")
    p90: int = Field(description="90 % are at most this.")
    p99: int = Field(description="99 % are at most this.")
    p999: int = Field(description="99.9 % are at most this.")
    max: int = Field(description="The highest.")


class ErrorStatus(Message):
    """Errors of one class, with an example."""

    error_class: str = Field(description="Class of the errors.")
    count: int = Field(description="Number of errors.")
    example: str = Field("", description="Message of the first one.")


class ReadBackStatus(Message):
    """Result of reading acknowledged messages back after the load."""

    acknowledged: int = Field(0, description="Messages that the target acknowledged.")
    found: int = Field(0, description="Of these, found in the stream.")
    lost: int = Field(0, description="Of these, missing.")
    removed: int = Field(0, description="Of these, removed by the stream or by somebody.")
    unchecked: int = Field(0, description="Of these, not looked for.")


class WorkloadStatus(Message):
    """Totals of one workload over all workers."""

    name: str = Field(description="Name in the spec.")
    kind: str = Field(description="Kind of workload.")
    skipped: str = Field("", description="Feature that the target lacks; the workload was not run.")
    planned: int | None = Field(
        None,
        description="Messages in total: those of the spec, or those due at its offered rate."
        " None if only time ends the workload.",
    )
    attempted: int = Field(
        0, description="Operations that began: messages, failed and unfinished ones."
    )
    messages: int = Field(0, description="Completed operations.")
    failed: int = Field(0, description="Failed operations; each is in one class of errors.")
    given_up: int = Field(
        0,
        description="Of the failed and unfinished ones, those that were given up. In the"
        " latencies they have the time that they waited: a lower bound.",
    )
    bytes: int = Field(0, description="Payload bytes of the messages.")
    redelivered: int = Field(0, description="Deliveries of a message after its first.")
    duplicates: int = Field(0, description="Published messages that the stream had already stored.")
    terminated: int = Field(0, description="Messages that were terminated: not to be redelivered.")
    reconnects: int = Field(0, description="Connections that were lost and made again.")
    longest_outage_us: int = Field(
        0, description="The longest time without a connection, in microseconds."
    )
    messages_per_second: int = Field(
        0,
        description="Messages over the window of the workload: its duration, or from its start"
        " to the end of its last operation.",
    )
    bytes_per_second: int = Field(0, description="Payload bytes over the same window.")
    latency_microseconds: LatencyStatus | None = Field(
        None, description="Percentiles in microseconds."
    )
    read_back: ReadBackStatus | None = Field(
        None, description="Result of reading the stream back after the load."
    )
    error_count: int = Field(
        0, description="Failed operations, and findings about messages that were processed."
    )
    errors: list[ErrorStatus] = Field(
        default_factory=list, description="The most frequent errors, by class."
    )


class ThresholdStatus(Message):
    """A threshold and the measured value."""

    workload: str = Field(description="Workload that is judged; empty: all.")
    metric: str = Field(description="Metric that is judged.")
    at_most: int | None = Field(None, description="Highest allowed value.")
    at_least: int | None = Field(None, description="Lowest allowed value.")
    relative_to: str | None = Field(
        None, description="Name of the baseline that the bound was computed from."
    )
    value: int | None = Field(None, description="Measured value; none without data.")
    verdict: str = Field(description="Valid, Invalid or Unknown.")


class JobStatus(Message):
    """The status subresource."""

    observed_generation: int = Field(
        -1,
        description="Generation of the resource that the status"
        " is based on; -1 until njst has seen it.",
    )
    revision: int = Field(0, description=REVISION)
    mesh: str = Field("", description="The njst installation that runs the job.")
    phase: str = Field("", description="Summary of the conditions in one word.")
    reason: str = Field("", description="Why the job is in this phase, in one CamelCase word.")
    message: str = Field("", description="Why the job is in this phase, in a sentence.")
    job_id: str = Field("", description="Id of the job in the API of the workers.")
    result_ref: str = Field("", description="Path of the full report in the API of any worker.")
    conditions: list[Condition] = Field(
        default_factory=list, description="Conditions of the job, by type."
    )
    submit_time: str | None = Field(None, description="When the job was created.")
    start_time: str | None = Field(None, description="The common start of all workers.")
    completion_time: str | None = Field(None, description="When the job ended.")
    duration: str = Field(
        "",
        description="How long the load ran, or has been running; without the read-back after it.",
    )
    verdict: str = Field(
        "",
        description="Valid, Invalid or Unknown; empty before the end, and if the job was"
        " cancelled.",
    )
    workers: WorkersStatus | None = Field(None, description="Number of participants in each state.")
    lost_workers: list[str] = Field(
        default_factory=list, description="Names of the first few lost or late workers."
    )
    refused_workers: list[str] = Field(
        default_factory=list,
        description="The first few workers that refused the job, each with the reason.",
    )
    messages_per_second: int | None = Field(
        None, description="Sum over all workloads, each over its own window."
    )
    bytes_per_second: int | None = Field(
        None, description="Sum over all workloads, each over its own window."
    )
    p99_microseconds: int | None = Field(
        None, description="99th percentile of the latency; the highest of all workloads."
    )
    error_count: int = Field(0, description="Errors of all workloads.")
    tester_limited: bool = Field(
        False,
        description="The load tester was the bottleneck: the numbers are not those of the target.",
    )
    tester_advice: str = Field("", description="What would remove that bottleneck.")
    adjusted: list[str] = Field(
        default_factory=list,
        description="The first few defaults of the spec that the target does not allow, each with"
        " the value in its place.",
    )
    left_behind: list[str] = Field(
        default_factory=list,
        description="The first few assets on the target that the clean-up could not remove, each"
        " with the reason.",
    )
    target: str = Field("", description="The NATS under test.")
    workloads: list[WorkloadStatus] = Field(
        default_factory=list, description="Totals of each workload."
    )
    thresholds: list[ThresholdStatus] = Field(
        default_factory=list, description="Verdicts of the thresholds, the worst first."
    )
    omitted: str = Field("", description="What was left out to keep the status small.")
