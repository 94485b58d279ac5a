"""A report in the Bencher Metric Format, for `bencher run --adapter json`.

An object of benchmarks by name, each an object of measures by name, each with a `value`.

Source: https://bencher.dev/docs/reference/bencher-metric-format and its schema
https://bencher.dev/bmf.json.
"""

import json

from njst.contract.results.report import Report
from njst.report.tracking.run_numbers import numbers_of_report


def render(report: Report, title: str) -> str:
    """Return the JSON text: a benchmark for each workload; empty if the run does not count."""
    benchmarks: dict[str, dict[str, dict[str, int]]] = {}
    for number in numbers_of_report(report):
        measures = benchmarks.setdefault(f"{title}/{number.workload}", {})
        measures[number.metric] = {"value": number.value}
    return json.dumps(benchmarks, indent=2, ensure_ascii=False) + "\n"
