"""Results of a job: tallies of each participant, and the report.

Integers only, units in the names; histograms are HDR V2 compressed, base64 (see
`njst.stats.histogram`).
"""

from enum import StrEnum

from pydantic import AwareDatetime, Field

from njst.contract.model import Message
from njst.contract.results.course import Course, JobEvent
from njst.contract.results.outcome import Outcome, Problem
from njst.contract.results.preparation import Adjustment, Environment, TargetSession
from njst.contract.results.tallies import ControlOutages, LoadCost, WorkloadCounts, WorkloadTally
from njst.contract.spec.threshold import Metric

# Grows when a field of a report is removed, renamed or means something else; a new field leaves it.
SCHEMA_VERSION = 1


class Verdict(StrEnum):
    """What the results prove; UNKNOWN: a part of them is missing."""

    VALID = "Valid"
    INVALID = "Invalid"
    UNKNOWN = "Unknown"


class WorkerResult(Message):
    """One participant's part in the job; a lost one's tallies are the last that were seen.

    `control` are breaks of the control NATS, which the load outlives; those of the target are in
    the tallies. None when there were none, or when the worker is lost and nobody knows.
    `clock_error_us` is how far its clock may have been off at the common start; None where unknown.
    `target` is to what it was connected when it prepared; None: it did not get so far.
    """

    worker: str
    outcome: Outcome
    problem: Problem | None = None
    workloads: list[WorkloadTally] = Field(default_factory=list)
    cost: LoadCost | None = None
    control: ControlOutages | None = None
    clock_error_us: int | None = None
    target: TargetSession | None = None


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


class WorkloadResult(WorkloadCounts):
    """The whole of one workload, over all participants.

    Rates are messages over the common window, the longest of any participant; never a sum of
    averages. `start_ms` is the workload's start, after the common one; None as long as it waits for
    others, and when it never began. `logins` is how often a client logged in, `login_microseconds`
    how long that took each time.

    `backlog_messages` is how many published messages a consumer had not received, at most at the
    end of any window; None where it does not get all that the job publishes to its stream.

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
    backlog_messages: int | None = None
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

    A bound in percent has the bound in the metric's unit too. `reference` is the value that it is
    in percent of: the median of the runs of a baseline (`relative_to`), which lie between
    `reference_lowest` and `reference_highest`, or the value of another workload; None: no data.
    """

    workload: str
    metric: Metric
    at_most: int | None = None
    at_least: int | None = None
    value: int | None = None
    is_lower_bound: bool = False
    relative_to: str | None = None
    relative_to_workload: str | None = None
    at_most_percent: int | None = None
    at_least_percent: int | None = None
    reference: int | None = None
    reference_runs: int | None = None
    reference_lowest: int | None = None
    reference_highest: int | None = None
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
    clocks were off; None when too little of that is known. `schema_version` is that of
    `docs/report.schema.json`.
    """

    schema_version: int = SCHEMA_VERSION
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
    # Defaults of the spec in whose place a smaller value was taken.
    adjusted: list[Adjustment] = Field(default_factory=list)
    environment: Environment | None = None
    # The windows of all participants; None: the series of the workloads are all there is.
    course: Course | None = None
    # What happened before the end, by time, and how many more events there were.
    events: list[JobEvent] = Field(default_factory=list)
    events_omitted: int = 0
    # Details that were left out so that the report fits into a message.
    omitted: str = ""
    # Assets that the clean-up could not remove, and why; empty before the clean-up.
    left_behind: list[str] = Field(default_factory=list)


class StoredReport(Message):
    """Where a whole report lies: an object of so many bytes, gzipped JSON, with its SHA-256."""

    bucket: str
    name: str
    bytes: int
    digest: str
