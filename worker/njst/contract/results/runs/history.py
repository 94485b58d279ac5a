"""The runs of one name, oldest first, and when their numbers changed."""

from pydantic import AwareDatetime, Field

from njst.contract.model import Message
from njst.contract.results.comparison import ComparedRun, ComparisonOutcome, FactDifference
from njst.contract.spec.comparison import RatioMetric


class HistoryRun(ComparedRun):
    """One run of a history.

    `left_out` says why its numbers do not count; empty: they do.
    """

    name: str
    create_time: AwareDatetime
    left_out: str = ""


class ChangePoint(Message):
    """A change of one number of a workload; `job` is the first run after it, or one near that.

    `outcome` is Better or Worse. `before` and `after` are medians, over the runs since the change
    before this one and until the next one; the ratio of them is 1,000,000 where they are
    equal. `p_per_million` is the probability of such a difference by chance, rounded.
    `differences` are the facts that are not the same in the two runs before it and the two runs
    after it: what may have caused it.
    """

    workload: str
    metric: RatioMetric
    job: str
    create_time: AwareDatetime
    outcome: ComparisonOutcome
    before: int
    after: int
    ratio_per_million: int
    p_per_million: int
    runs_before: int
    runs_after: int
    differences: list[FactDifference] = Field(default_factory=list)


class MetricHistory(Message):
    """One number of a workload over the runs that count.

    `runs` is how many have it, `last` the value of the last one, `level` the median since the last
    change; None: no run has it.
    """

    workload: str
    metric: RatioMetric
    runs: int = 0
    last: int | None = None
    level: int | None = None


class RunHistory(Message):
    """All runs of a name, oldest first, its numbers, and their change points by time.

    `earlier_runs` is how many older runs there are beyond the limit that was asked for.
    """

    name: str
    runs: list[HistoryRun] = Field(default_factory=list)
    metrics: list[MetricHistory] = Field(default_factory=list)
    changes: list[ChangePoint] = Field(default_factory=list)
    earlier_runs: int = 0
