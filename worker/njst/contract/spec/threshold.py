"""Thresholds of a job, and what they are about."""

from enum import StrEnum
from typing import ClassVar

from pydantic import Field

from njst.contract.fields import MAX_INTEGER, Label
from njst.contract.model import Model, Rule
from njst.contract.spec.comparison import RatioMetric


class Metric(StrEnum):
    """What a threshold looks at; errors as a number, or as a share of the attempted operations.

    Service and Slip are measured with an offered rate, Stored and Delivered by consumers.
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


class Threshold(Model):
    """What must hold at the end for the job to succeed. No data is a failure, never a pass."""

    workload: Label | None = Field(
        None, description="Name of a workload. Left out: the threshold applies to each workload."
    )
    metric: Metric = Field(description="Measured value to compare.")
    at_most: int | None = Field(None, ge=0, le=MAX_INTEGER, description="Highest allowed value.")
    at_least: int | None = Field(None, ge=0, le=MAX_INTEGER, description="Lowest allowed value.")

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            cel="has(self.atMost) != has(self.atLeast)",
            message="exactly one of atMost and atLeast must be set",
            holds=lambda self: (self.at_most is None) != (self.at_least is None),
        ),
    )


class RelativeThreshold(Model):
    """What must hold beside a baseline. No data is a failure, never a pass."""

    workload: Label | None = Field(
        None,
        description="Name of a workload. Left out: each workload; of SustainedMessagesPerSecond,"
        " the whole run.",
    )
    metric: RatioMetric = Field(description="Measured value to compare.")
    relative_to: Label = Field(description="Name of a baseline.")
    at_most_percent: int | None = Field(
        None, ge=1, le=10_000, description="Highest allowed value, in percent of the baseline's."
    )
    at_least_percent: int | None = Field(
        None, ge=1, le=10_000, description="Lowest allowed value, in percent of the baseline's."
    )

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            cel="has(self.atMostPercent) != has(self.atLeastPercent)",
            message="exactly one of atMostPercent and atLeastPercent must be set",
            holds=lambda self: (self.at_most_percent is None) != (self.at_least_percent is None),
        ),
        Rule(
            cel="self.metric != 'SustainedMessagesPerSecond' || !has(self.workload)",
            message="SustainedMessagesPerSecond is of all workloads: workload cannot be set",
            holds=lambda self: self.metric is not RatioMetric.SUSTAINED or self.workload is None,
        ),
    )
