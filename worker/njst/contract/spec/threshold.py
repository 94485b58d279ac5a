"""Thresholds of a job, and what they are about."""

import re
from enum import StrEnum
from typing import ClassVar

from pydantic import Field

from njst.contract.fields import MAX_INTEGER, MOST_RUN_SECONDS, Label
from njst.contract.model import Model, Rule

_PERCENTILE = re.compile(
    r"(?P<kind>Latency|Service|Slip|Stored|Delivered)(P(?P<digits>\d+)|Max)Microseconds"
)


class Metric(StrEnum):
    """What a threshold looks at; errors as a number, or as a share of the attempted operations.

    Service and Slip are measured with an offered rate, Stored and Delivered by consumers, Backlog
    of consumers that get all that the job publishes to their stream.
    """

    MESSAGES = "Messages"
    ERRORS = "Errors"
    ERRORS_PER_MILLION = "ErrorsPerMillion"
    MESSAGES_PER_SECOND = "MessagesPerSecond"
    BYTES_PER_SECOND = "BytesPerSecond"
    LATENCY_P50 = "LatencyP50Microseconds"
    LATENCY_P90 = "LatencyP90Microseconds"
    LATENCY_P95 = "LatencyP95Microseconds"
    LATENCY_P99 = "LatencyP99Microseconds"
    LATENCY_P999 = "LatencyP999Microseconds"
    LATENCY_P9999 = "LatencyP9999Microseconds"
    LATENCY_MAX = "LatencyMaxMicroseconds"
    SERVICE_P50 = "ServiceP50Microseconds"
    SERVICE_P90 = "ServiceP90Microseconds"
    SERVICE_P99 = "ServiceP99Microseconds"
    SERVICE_P999 = "ServiceP999Microseconds"
    SERVICE_MAX = "ServiceMaxMicroseconds"
    SLIP_P50 = "SlipP50Microseconds"
    SLIP_P90 = "SlipP90Microseconds"
    SLIP_P99 = "SlipP99Microseconds"
    SLIP_P999 = "SlipP999Microseconds"
    SLIP_MAX = "SlipMaxMicroseconds"
    STORED_P50 = "StoredP50Microseconds"
    STORED_P90 = "StoredP90Microseconds"
    STORED_P99 = "StoredP99Microseconds"
    STORED_P999 = "StoredP999Microseconds"
    STORED_MAX = "StoredMaxMicroseconds"
    DELIVERED_P50 = "DeliveredP50Microseconds"
    DELIVERED_P90 = "DeliveredP90Microseconds"
    DELIVERED_P99 = "DeliveredP99Microseconds"
    DELIVERED_P999 = "DeliveredP999Microseconds"
    DELIVERED_MAX = "DeliveredMaxMicroseconds"
    REDELIVERED = "Redelivered"
    LONGEST_OUTAGE = "LongestOutageMicroseconds"
    BACKLOG = "BacklogMessages"

    @property
    def percentile(self) -> tuple[str, int] | None:
        """The kind of latency and the share of values, in parts per 100,000; the maximum is all.

        None: it is no percentile.
        """
        found = _PERCENTILE.fullmatch(self.value)
        if found is None:
            return None
        digits = found["digits"]
        # P999 is the 99.9th percentile.
        share = int(digits.ljust(5, "0")) if digits else 100_000
        return found["kind"].lower(), share


# A stream elects a new leader in 4 to 9 s (nats-server, raft.go: minElectionTimeout and
# maxElectionTimeout); a target that does so in time must not end a job.
ABORT_AFTER_S = 10


class Threshold(Model):
    """What must hold at the end for the job to succeed. No data is a failure, never a pass."""

    workload: Label | None = Field(
        None, description="Name of a workload. Left out: the threshold applies to each workload."
    )
    metric: Metric = Field(description="Measured value to compare.")
    at_most: int | None = Field(None, ge=0, le=MAX_INTEGER, description="Highest allowed value.")
    at_least: int | None = Field(None, ge=0, le=MAX_INTEGER, description="Lowest allowed value.")
    relative_to: Label | None = Field(
        None,
        description="Name of a baseline: the bound is in percent of the median of its runs, as it"
        " is when the job is submitted. Without this baseline, or if its runs had another spec, the"
        " job is refused.",
    )
    relative_to_workload: Label | None = Field(
        None,
        description="Name of another workload: the bound is in percent of its value in this job.",
    )
    at_most_percent: int | None = Field(
        None, ge=1, le=10_000, description="Highest allowed value, in percent."
    )
    at_least_percent: int | None = Field(
        None, ge=1, le=10_000, description="Lowest allowed value, in percent."
    )
    abort: bool | None = Field(
        None,
        description="True: the job is stopped, and has failed, as soon as the threshold can no"
        " longer be kept; where that cannot be known, as soon as it is missed.",
    )
    abort_after_seconds: int | None = Field(
        None,
        ge=1,
        le=MOST_RUN_SECONDS,
        description="With abort: the job is not stopped earlier than this after the start of the"
        f" workload and its warm-up. Left out: {ABORT_AFTER_S} s.",
    )

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            cel="[has(self.atMost), has(self.atLeast), has(self.atMostPercent),"
            " has(self.atLeastPercent)].filter(b, b).size() == 1",
            message="exactly one of atMost, atLeast, atMostPercent and atLeastPercent must be set",
            holds=lambda self: self.bound_count == 1,
        ),
        Rule(
            cel="has(self.atMostPercent) || has(self.atLeastPercent)"
            " ? has(self.relativeTo) != has(self.relativeToWorkload)"
            " : !has(self.relativeTo) && !has(self.relativeToWorkload)",
            message="exactly one of relativeTo and relativeToWorkload must be set with"
            " atMostPercent or atLeastPercent, and none with atMost or atLeast",
            holds=lambda self: self.reference_count == int(self.is_in_percent),
        ),
        Rule(
            cel="!has(self.workload) || !has(self.relativeToWorkload) ||"
            " self.workload != self.relativeToWorkload",
            message="relativeToWorkload must be another workload than workload",
            holds=lambda self: self.workload is None or self.workload != self.relative_to_workload,
        ),
        Rule(
            cel="!has(self.abortAfterSeconds) || has(self.abort) && self.abort",
            message="abortAfterSeconds needs abort: true",
            holds=lambda self: self.abort_after_seconds is None or bool(self.abort),
        ),
    )

    @property
    def bound_count(self) -> int:
        """How many bounds are set."""
        bounds = (self.at_most, self.at_least, self.at_most_percent, self.at_least_percent)
        return sum(bound is not None for bound in bounds)

    @property
    def is_in_percent(self) -> bool:
        """Whether the bound is in percent of another value."""
        return self.at_most_percent is not None or self.at_least_percent is not None

    @property
    def reference_count(self) -> int:
        """How many values the bound is in percent of."""
        return sum(name is not None for name in (self.relative_to, self.relative_to_workload))

    @property
    def abort_after_s(self) -> int:
        """The earliest abort after the start of the workload and its warm-up, in seconds."""
        return ABORT_AFTER_S if self.abort_after_seconds is None else self.abort_after_seconds

    def applies_to(self, workload: str) -> bool:
        """Whether the threshold is about a workload."""
        return self.workload in (None, workload) and self.relative_to_workload != workload
