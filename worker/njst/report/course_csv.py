"""The course of a job as CSV (RFC 4180): one row for each window of each workload.

Columns are those of `COLUMNS`, in this order; a value that was not measured is empty. Times are
seconds after the common start, percentiles microseconds.
"""

import csv
import io
from collections.abc import Iterator

from njst.contract.results.report import Latency, Report, WindowResult, WorkloadResult

_COUNTS = ("messages", "bytes", "errors")
# A latency in the name of a column, and the field of a window that has it.
_LATENCIES = {"latency": "latency_microseconds"}
_PERCENTILES = {"P50": "p50", "P90": "p90", "P99": "p99", "P999": "p999", "Max": "max"}

COLUMNS = (
    "atSeconds",
    "windowSeconds",
    "workload",
    *_COUNTS,
    *(f"{kind}{name}Microseconds" for kind in _LATENCIES for name in _PERCENTILES),
)


def render(report: Report) -> str:
    """Return the table with its header; only the header if no workload has a course."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for workload in report.workloads:
        writer.writerows(_rows(workload))
    return text.getvalue()


def _rows(workload: WorkloadResult) -> Iterator[list[object]]:
    if workload.series is None:
        return
    width_s = workload.series.window_seconds
    for number, window in enumerate(workload.series.windows):
        counts = (getattr(window, name) for name in _COUNTS)
        yield [number * width_s, width_s, workload.workload, *counts, *_percentiles(window)]


def _percentiles(window: WindowResult) -> Iterator[object]:
    for field in _LATENCIES.values():
        latency: Latency | None = getattr(window, field)
        for name in _PERCENTILES.values():
            yield "" if latency is None else getattr(latency, name)
