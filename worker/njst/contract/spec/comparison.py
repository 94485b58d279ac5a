"""What to compare between two sets of runs, and how sure an answer must be."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field, StringConstraints

from njst.contract.fields import Label
from njst.contract.model import Model, Rule

# An exact test of many more runs takes seconds, and tells hardly more.
MOST_RUNS = 50
JobId = Annotated[str, StringConstraints(min_length=1, max_length=100)]


class RatioMetric(StrEnum):
    """A number whose ratio between two runs has a meaning.

    SUSTAINED is the lower bound that a search found, of the whole run and no workload.
    """

    MESSAGES_PER_SECOND = "MessagesPerSecond"
    BYTES_PER_SECOND = "BytesPerSecond"
    LATENCY_P50 = "LatencyP50Microseconds"
    LATENCY_P90 = "LatencyP90Microseconds"
    LATENCY_P99 = "LatencyP99Microseconds"
    LATENCY_P999 = "LatencyP999Microseconds"
    LATENCY_MAX = "LatencyMaxMicroseconds"
    SUSTAINED = "SustainedMessagesPerSecond"

    @property
    def is_better_higher(self) -> bool:
        """Whether a higher value is better."""
        return self.value.endswith("PerSecond")


class MetricChoice(Model):
    """One number to compare."""

    workload: Label | None = Field(
        None,
        description="Name of a workload. Left out: each workload; of SustainedMessagesPerSecond,"
        " the whole run.",
    )
    metric: RatioMetric = Field(description="Measured value to compare.")

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            cel="self.metric != 'SustainedMessagesPerSecond' || !has(self.workload)",
            message="SustainedMessagesPerSecond is of all workloads: workload cannot be set",
            holds=lambda self: self.metric is not RatioMetric.SUSTAINED or self.workload is None,
        ),
    )


class ComparisonSpec(Model):
    """What to compare, declared before the runs are looked at."""

    metrics: list[MetricChoice] = Field(
        min_length=1,
        max_length=16,
        description="The numbers to compare. The more there are, the more runs are needed: all of"
        " them together raise a false alarm no more often than one.",
    )
    min_effect_percent: int = Field(
        5, ge=1, le=100, description="A change that is smaller does not matter."
    )
    confidence_percent: int = Field(
        95,
        ge=80,
        le=99,
        description="Of comparisons of equal things, at least this share has no false alarm. The"
        " intervals have the same confidence, each.",
    )
    with_unproven: bool = Field(
        False,
        description="True: runs that are not Valid, and those whose load tester was the limit, are"
        " compared too.",
    )

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            cel="self.metrics.all(m, self.metrics.filter(n, n == m).size() == 1)",
            message="each of metrics must be there once",
            holds=lambda self: (
                len({(m.workload, m.metric) for m in self.metrics}) == len(self.metrics)
            ),
        ),
    )


class FactorComparison(ComparisonSpec):
    """Compares the values of one factor of an experiment, everything else being equal."""

    factor: Label = Field(
        description="Name of a factor. Each of its values is compared with the first one, once for"
        " each combination of the other factors."
    )


def _jobs_named_twice(request: "ComparisonRequest") -> list[str]:
    jobs = [*request.first, *request.second]
    return [job for number, job in enumerate(jobs) if job in jobs[:number]]


class ComparisonRequest(ComparisonSpec):
    """Two sets of jobs to compare."""

    first: list[JobId] = Field(
        min_length=1, max_length=MOST_RUNS, description="IDs of the jobs to compare with."
    )
    second: list[JobId] = Field(
        min_length=1, max_length=MOST_RUNS, description="IDs of the jobs that are compared."
    )

    rules: ClassVar[tuple[Rule, ...]] = (
        *ComparisonSpec.rules,
        Rule(
            cel="self.first.all(a, self.first.filter(b, b == a).size() == 1) &&"
            " self.second.all(a, self.second.filter(b, b == a).size() == 1 &&"
            " !(a in self.first))",
            message="each job must be there once",
            holds=lambda self: not _jobs_named_twice(self),
            culprit=lambda self: _jobs_named_twice(self)[0],
        ),
        Rule(
            cel="self.metrics.all(m, m.metric != 'SustainedMessagesPerSecond')",
            message="metric SustainedMessagesPerSecond is of an experiment with a search: jobs have"
            " none",
            holds=lambda self: all(m.metric is not RatioMetric.SUSTAINED for m in self.metrics),
        ),
    )


class BaselineRequest(Model):
    """The jobs that are to be a baseline."""

    jobs: list[JobId] = Field(
        min_length=1, max_length=MOST_RUNS, description="IDs of jobs that have ended."
    )
    with_unproven: bool = Field(
        False,
        description="True: runs that are not Valid, and those whose load tester was the limit, are"
        " taken too.",
    )

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            cel="self.jobs.all(a, self.jobs.filter(b, b == a).size() == 1)",
            message="each job must be there once",
            holds=lambda self: len(set(self.jobs)) == len(self.jobs),
        ),
    )
