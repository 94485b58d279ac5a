"""Runs to compare, and what their comparison came to: integers, ratios in parts per million."""

from enum import StrEnum
from typing import Literal

from pydantic import AwareDatetime, Field

from njst.contract.fields import Label
from njst.contract.model import Message
from njst.contract.results.report import Verdict
from njst.contract.results.trial import TrialWorkload
from njst.contract.spec.comparison import MOST_RUNS, RatioMetric
from njst.contract.spec.threshold import Metric


class ComparedRun(Message):
    """One run: its numbers, and what must be the same for them to be comparable.

    `facts` are what may explain a difference, by name: the digest of the spec, versions, topology,
    workers. `pair` numbers the runs that were made one after the other, one of each side; None: it
    belongs to no pair. `sustained_messages_per_second` is what a search found.
    """

    job: str
    verdict: Verdict = Verdict.VALID
    is_tester_limited: bool = False
    facts: dict[str, str] = Field(default_factory=dict)
    pair: int | None = None
    workloads: list[TrialWorkload] = Field(default_factory=list)
    sustained_messages_per_second: int | None = None


class ComparisonOutcome(StrEnum):
    """What runs prove about a number of the second side, beside the first one.

    BETTER, WORSE: it differs by at least the smallest effect that matters. EQUAL: it differs by
    less. INCONCLUSIVE: these runs do not tell.
    """

    BETTER = "Better"
    WORSE = "Worse"
    EQUAL = "Equal"
    INCONCLUSIVE = "Inconclusive"


class MetricComparison(Message):
    """One number of one workload, compared; `workload` is empty for a number of the whole run.

    The ratio is of the second side to the first one, 1,000,000 where they are equal, and lies
    between `lower` and `upper` with the confidence of the spec; None: there are too few runs, or no
    value. `p_per_million` is the probability of such a difference by chance, and
    `adjusted_p_per_million` the same corrected for the number of metrics. `more_runs` is about how
    many more runs each side needs; None: none, or more than can be said.
    """

    workload: str
    metric: RatioMetric
    outcome: ComparisonOutcome
    message: str
    first_runs: int = 0
    second_runs: int = 0
    first_median: int | None = None
    second_median: int | None = None
    ratio_per_million: int | None = None
    lower_per_million: int | None = None
    upper_per_million: int | None = None
    p_per_million: int | None = None
    adjusted_p_per_million: int | None = None
    more_runs: int | None = None


class FactDifference(Message):
    """A fact that is not the same in all runs: what each side has, sorted."""

    fact: str
    first: list[str]
    second: list[str]


class LeftOutRun(Message):
    """A run that was not compared, and why."""

    job: str
    reason: str


class ComparisonResult(Message):
    """What a comparison came to. `is_paired`: runs were compared pair by pair."""

    is_paired: bool = False
    metrics: list[MetricComparison] = Field(default_factory=list)
    differences: list[FactDifference] = Field(default_factory=list)
    left_out: list[LeftOutRun] = Field(default_factory=list)


class LevelComparison(Message):
    """Two values of a factor, compared; `others` are the values of the other factors.

    All three as text, as in `size=1024, copies=3`; `others` is empty without other factors.
    """

    factor: str
    first: str
    second: str
    others: str
    result: ComparisonResult


class BaselineRun(ComparedRun):
    """A run of a baseline: `values` has its numbers by workload and metric of a threshold.

    Values that are not exactly known are left out: percentiles with operations that were given up,
    and whatever the run has no data of.
    """

    values: dict[str, dict[str, int]] = Field(default_factory=dict)


class Baseline(Message):
    """Named runs, as a file has them, or the control NATS.

    It has the numbers and the facts of its runs, not their reports, so it outlives the job log.
    """

    format: Literal["njst.baseline/v1"] = "njst.baseline/v1"
    name: Label
    create_time: AwareDatetime
    runs: list[BaselineRun] = Field(min_length=1, max_length=MOST_RUNS)


class PinnedValue(Message):
    """A number of a baseline's runs, as it was when a job was submitted, in its metric's unit."""

    workload: str
    metric: Metric
    runs: int
    median: int
    lowest: int
    highest: int


class PinnedBaseline(Message):
    """What the thresholds of a job need of a baseline, whatever becomes of it later.

    `spec` is the digest of the spec that its runs had.
    """

    name: str
    create_time: AwareDatetime
    spec: str
    values: list[PinnedValue] = Field(default_factory=list)
