"""A comparison of two sets of runs as text, for a terminal and in Markdown."""

from collections.abc import Iterable

from njst.contract.results.comparison import (
    ComparisonResult,
    FactDifference,
    MetricComparison,
)
from njst.contract.spec.comparison import RatioMetric
from njst.report import markdown_text as md
from njst.report.text_table import table
from njst.report.units import binary, duration

_COLUMNS = ["WORKLOAD", "METRIC", "RUNS", "FIRST", "SECOND", "CHANGE", "INTERVAL", "OUTCOME"]
_NUMBERS = (2, 3, 4, 5, 6)
NOTHING = "no number can be compared: no run is left on one of the sides"
_MILLION = 1_000_000


def render(result: ComparisonResult) -> str:
    """Return the comparison: lines for a terminal, each ended by a newline."""
    lines = table(_COLUMNS, [_row(one) for one in result.metrics]) if result.metrics else [NOTHING]
    lines += _section("WHY", [f"{_name(one)}: {one.message}" for one in result.metrics])
    lines += _section("DIFFERENT: may explain a change", map(_difference, result.differences))
    lines += _section("LEFT OUT", [f"{run.job}: {run.reason}" for run in result.left_out])
    return "\n".join(lines) + "\n"


def render_markdown(result: ComparisonResult) -> str:
    """Return the comparison as Markdown, for the page of a CI step."""
    rows = [[md.text(cell) for cell in (*_row(one), one.message)] for one in result.metrics]
    header = [*(name.capitalize() for name in _COLUMNS), "Why"]
    parts = [md.table(header, rows, _NUMBERS) or f"{NOTHING}\n"]
    if result.differences:
        lines = "".join(f"- {md.text(_difference(one))}\n" for one in result.differences)
        parts.append(f"Different, which may explain a change:\n\n{lines}")
    if result.left_out:
        lines = "".join(f"- {md.code(run.job)}: {md.text(run.reason)}\n" for run in result.left_out)
        parts.append(f"Left out:\n\n{lines}")
    return "\n".join(parts)


def _section(title: str, lines: Iterable[str]) -> list[str]:
    body = [f"  {line}" for line in lines]
    return ["", title, *body] if body else []


def _name(one: MetricComparison) -> str:
    return f"{one.workload} {one.metric}" if one.workload else str(one.metric)


def _row(one: MetricComparison) -> list[str]:
    return [
        one.workload or "-",
        str(one.metric),
        f"{one.first_runs}/{one.second_runs}",
        value_words(one.metric, one.first_median),
        value_words(one.metric, one.second_median),
        change_words(one.ratio_per_million),
        _interval(one),
        str(one.outcome),
    ]


def value_words(metric: RatioMetric, value: int | None) -> str:
    """Return a value with its unit; a dash for none."""
    if value is None:
        return "-"
    if "Latency" in metric:
        return duration(value)
    return f"{binary(value)}/s" if "Bytes" in metric else f"{value:,}/s"


def change_words(ratio: int | None) -> str:
    """Return a ratio in parts per million as a change in percent; a dash for none."""
    return "-" if ratio is None else f"{100 * ratio / _MILLION - 100:+.1f} %"


def _interval(one: MetricComparison) -> str:
    if one.lower_per_million is None or one.upper_per_million is None:
        return "-"
    return f"{change_words(one.lower_per_million)} to {change_words(one.upper_per_million)}"


def _difference(fact: FactDifference) -> str:
    return f"{fact.fact}: first {', '.join(fact.first)}; second {', '.join(fact.second)}"
