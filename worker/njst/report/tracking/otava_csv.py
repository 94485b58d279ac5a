"""Runs as CSV for Apache Otava: a row for each run, a column for its time and for each number.

Otava takes no empty cell in the column of a metric, so the columns are those of the newest run, and
runs without one of these numbers have no row.

Source: docs/CSV.md and otava/importer.py (CsvImporter) of https://github.com/apache/otava.
"""

import csv
from collections.abc import Sequence
from datetime import datetime
from io import StringIO

from njst.contract.results.comparison import ComparedRun
from njst.contract.results.report import Report
from njst.contract.results.runs.history import RunHistory
from njst.report.tracking.counted import why_left_out
from njst.report.tracking.run_numbers import numbers_of_run
from njst.verdict.trial_numbers import numbers_of

TIME_COLUMN = "time"
NAME_COLUMN = "job"


def render_report(report: Report, title: str) -> str:
    """Return a header and the row of a report; no row if the run does not count."""
    run = ComparedRun(job=title, workloads=[numbers_of(result) for result in report.workloads])
    counts = not why_left_out(report)
    return _render([(report.start_time or report.create_time, run)] if counts else [])


def render_history(history: RunHistory) -> str:
    """Return a header and a row for each run that counts, oldest first."""
    return _render([(run.create_time, run) for run in history.runs if not run.left_out])


def _render(runs: Sequence[tuple[datetime, ComparedRun]]) -> str:
    rows = [
        (time, run.job, {f"{n.workload}.{n.metric}": n.value for n in numbers_of_run(run)})
        for time, run in runs
    ]
    columns = list(rows[-1][2]) if rows else []
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([TIME_COLUMN, NAME_COLUMN, *columns])
    for time, job, numbers in rows:
        if all(column in numbers for column in columns):
            values = (numbers[column] for column in columns)
            writer.writerow([time.isoformat(timespec="seconds"), job, *values])
    return text.getvalue()
