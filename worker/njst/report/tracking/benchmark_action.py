"""A report for github-action-benchmark, whose custom tools take one direction each.

A list of objects with `name`, `unit` and `value`. `customBiggerIsBetter` takes the rates,
`customSmallerIsBetter` the latencies.

Source: README.md and src/extract.ts of https://github.com/benchmark-action/github-action-benchmark.
"""

import json

from njst.contract.results.report import Report
from njst.report.tracking.run_numbers import numbers_of_report


def render(report: Report, title: str, *, is_better_higher: bool) -> str:
    """Return the JSON text of one direction; an empty list if the run does not count."""
    results = [
        {
            "name": f"{title}/{number.workload} {number.metric}",
            "unit": number.unit,
            "value": number.value,
        }
        for number in numbers_of_report(report)
        if number.metric.is_better_higher is is_better_higher
    ]
    return json.dumps(results, indent=2, ensure_ascii=False) + "\n"
