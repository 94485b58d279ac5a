"""The formats of a report besides its JSON document, for the API and the CLI alike."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from njst.contract.results.report import Report
from njst.report import course_csv, junit, percentile_distribution, step_summary
from njst.report.tracking import bencher, benchmark_action, otava_csv


@dataclass(frozen=True)
class Export:
    """One format.

    `suffix` ends the path of the API, `render` takes the report and the title of the job. With
    `by_workload` it may be of a single workload.
    """

    suffix: str
    media_type: str
    description: str
    render: Callable[[Report, str], str]
    by_workload: bool = False


EXPORTS: dict[str, Export] = {
    "csv": Export(
        suffix="csv",
        media_type="text/csv",
        description="the course of each workload as CSV",
        render=lambda report, _: course_csv.render(report),
        by_workload=True,
    ),
    "hgrm": Export(
        suffix="hgrm",
        media_type="text/plain",
        description="the latency of each workload as a percentile distribution of HdrHistogram",
        render=lambda report, _: percentile_distribution.render(report),
        by_workload=True,
    ),
    "md": Export(
        suffix="md",
        media_type="text/markdown",
        description="a summary in Markdown, for the page of a CI step",
        render=step_summary.render,
    ),
    "junit": Export(
        suffix="junit.xml",
        media_type="application/xml",
        description="each threshold and each check as a test case of JUnit",
        render=junit.render,
    ),
    "bencher": Export(
        suffix="bencher.json",
        media_type="application/json",
        description="rates and latencies in the Bencher Metric Format",
        render=bencher.render,
    ),
    "benchmark-action-bigger": Export(
        suffix="benchmark-action-bigger.json",
        media_type="application/json",
        description="rates for customBiggerIsBetter of github-action-benchmark",
        render=partial(benchmark_action.render, is_better_higher=True),
    ),
    "benchmark-action-smaller": Export(
        suffix="benchmark-action-smaller.json",
        media_type="application/json",
        description="latencies for customSmallerIsBetter of github-action-benchmark",
        render=partial(benchmark_action.render, is_better_higher=False),
    ),
    "otava": Export(
        suffix="otava.csv",
        media_type="text/csv",
        description="rates and latencies as a row of CSV for Apache Otava",
        render=otava_csv.render_report,
    ),
}


class UnknownWorkloadError(ValueError):
    """The report has no workload of this name; the message lists those that it has."""


def of_workload(report: Report, workload: str) -> Report:
    """Return a report with the results of a single workload.

    Raises:
        UnknownWorkloadError: it has no such workload.
    """
    chosen = [result for result in report.workloads if result.workload == workload]
    if not chosen:
        names = ", ".join(result.workload for result in report.workloads) or "none at all"
        raise UnknownWorkloadError(f"there is no workload {workload!r}; the job has {names}")
    course = report.course
    if course is not None:
        windows = [one for one in course.workloads if one.workload == workload]
        course = course.model_copy(update={"workloads": windows})
    return report.model_copy(update={"workloads": chosen, "course": course})
