"""The numbers of a run, one by one, as tools that track benchmarks want them."""

from collections.abc import Iterator
from dataclasses import dataclass

from njst.comparison.metric_values import value_of
from njst.contract.results.comparison import ComparedRun
from njst.contract.results.report import Report
from njst.contract.spec.comparison import RatioMetric
from njst.report.tracking.counted import why_left_out
from njst.verdict.trial_numbers import numbers_of

# A search finds the others; a report has none of them.
METRICS = tuple(metric for metric in RatioMetric if metric is not RatioMetric.SUSTAINED)


@dataclass(frozen=True)
class RunNumber:
    """One number of one workload."""

    workload: str
    metric: RatioMetric
    value: int

    @property
    def unit(self) -> str:
        """The unit of the value."""
        if not self.metric.is_better_higher:
            return "us"
        return "bytes/s" if self.metric is RatioMetric.BYTES_PER_SECOND else "messages/s"


def numbers_of_report(report: Report) -> list[RunNumber]:
    """Return the numbers of a report; none if the run does not count."""
    if why_left_out(report):
        return []
    workloads = [numbers_of(result) for result in report.workloads]
    return list(numbers_of_run(ComparedRun(job="", workloads=workloads)))


def numbers_of_run(run: ComparedRun) -> Iterator[RunNumber]:
    """Yield the numbers above 0 of a run; a latency that is only a lower bound is none."""
    for workload in run.workloads:
        for metric in METRICS:
            value = value_of(run, workload.workload, metric)
            if value is not None:
                yield RunNumber(workload.workload, metric, value)
