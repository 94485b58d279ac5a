"""The course of a job as CSV (RFC 4180): one row for each window of each workload.

Columns are those of `COLUMNS`, in this order; a value that was not measured is empty. Times are
seconds after the common start, percentiles microseconds.
"""

import csv
import io
from collections.abc import Iterator, Sequence

from njst.contract.results.course import Course, CourseWindow, WindowLatency
from njst.contract.results.report import Latency, Report, WorkloadResult

# The latencies of a window, in the names of columns and of its fields.
_LATENCIES = ("latency", "service", "slip", "stored", "delivered")
_PERCENTILES = {"P50": "p50", "P90": "p90", "P99": "p99", "P999": "p999", "Max": "max"}

COLUMNS = (
    "atSeconds",
    "windowSeconds",
    "workload",
    "messages",
    "offered",
    "bytes",
    "errors",
    *(f"{kind}{name}Microseconds" for kind in _LATENCIES for name in _PERCENTILES),
)


def render(report: Report) -> str:
    """Return the table with its header; only the header if no workload has a course."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    if report.course is not None:
        writer.writerows(_course_rows(report.course))
    else:
        for workload in report.workloads:
            writer.writerows(_series_rows(workload))
    return text.getvalue()


def _course_rows(course: Course) -> Iterator[list[object]]:
    for workload in course.workloads:
        for window in workload.windows:
            yield [
                window.at_seconds,
                course.window_seconds,
                workload.workload,
                window.messages,
                "" if window.offered is None else window.offered,
                window.bytes,
                sum(error.count for error in window.errors),
                *_all_percentiles(window),
            ]


def _all_percentiles(window: CourseWindow) -> Iterator[object]:
    for name in _LATENCIES:
        yield from _percentiles(getattr(window, f"{name}_microseconds"))


def _series_rows(workload: WorkloadResult) -> Iterator[list[object]]:
    """Yield the series of a workload, which is all there is if windows are missing."""
    if workload.series is None:
        return
    width_s = workload.series.window_seconds
    unknown: Sequence[object] = [""] * ((len(_LATENCIES) - 1) * len(_PERCENTILES))
    for number, window in enumerate(workload.series.windows):
        yield [
            number * width_s,
            width_s,
            workload.workload,
            window.messages,
            "",
            window.bytes,
            window.errors,
            *_percentiles(window.latency_microseconds),
            *unknown,
        ]


def _percentiles(latency: Latency | WindowLatency | None) -> list[object]:
    if latency is None:
        return [""] * len(_PERCENTILES)
    return [getattr(latency, name) for name in _PERCENTILES.values()]
