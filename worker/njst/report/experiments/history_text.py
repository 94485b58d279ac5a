"""A series of runs and its change points as text, for a terminal and in Markdown."""

from collections.abc import Iterable, Sequence

from njst.comparison.metric_values import value_of
from njst.contract.results.comparison import FactDifference
from njst.contract.results.runs.history import ChangePoint, HistoryRun, MetricHistory, RunHistory
from njst.report import markdown_text as md
from njst.report.experiments.comparison_text import change_words, value_words
from njst.report.sparkline import COLUMNS, bars
from njst.report.text_table import table

_METRIC_COLUMNS = ["WORKLOAD", "METRIC", "RUNS", "LEVEL", "LAST", "COURSE"]
_CHANGE_COLUMNS = ["FIRST RUN", "CREATED", "WORKLOAD", "METRIC", "BEFORE", "AFTER", "CHANGE"]
_CHANGE_COLUMNS += ["RUNS", "OUTCOME"]
_NONE = "no change point: chance explains what differs between these runs"


def render(history: RunHistory) -> str:
    """Return the numbers, their change points and the runs left out; lines, each ended."""
    lines = [_title(history), ""]
    lines += table(_METRIC_COLUMNS, [_metric(history, one) for one in history.metrics])
    lines += ["", "CHANGE POINTS"]
    if history.changes:
        lines += table(_CHANGE_COLUMNS, [_change(one) for one in history.changes])
        lines += _section("CHANGED AT THE SAME TIME", _explanations(history.changes))
    else:
        lines.append(f"  {_NONE}")
    lines += _section("LEFT OUT", [f"{run.job}: {run.left_out}" for run in _left_out(history)])
    return "\n".join(lines) + "\n"


def render_markdown(history: RunHistory) -> str:
    """Return the same as Markdown, for the page of a CI step."""
    rows = [[md.text(cell) for cell in _metric(history, one)] for one in history.metrics]
    parts = [
        f"### {md.text(_title(history))}\n",
        md.table([name.capitalize() for name in _METRIC_COLUMNS], rows, (2, 3, 4)),
    ]
    if history.changes:
        rows = [[md.text(cell) for cell in _change(one)] for one in history.changes]
        parts.append(md.table([name.capitalize() for name in _CHANGE_COLUMNS], rows, (4, 5, 6, 7)))
    else:
        parts.append(f"{_NONE.capitalize()}.\n")
    for title, lines in (
        ("Changed at the same time", _explanations(history.changes)),
        ("Left out", [f"{run.job}: {run.left_out}" for run in _left_out(history)]),
    ):
        if lines:
            parts.append(f"{title}:\n\n" + "".join(f"- {md.text(line)}\n" for line in lines))
    return "\n".join(parts)


def _title(history: RunHistory) -> str:
    left_out = len(_left_out(history))
    words = f"{history.name}: {len(history.runs)} runs"
    if left_out:
        words = f"{words}, {left_out} of them left out"
    return f"{words}; {history.earlier_runs} earlier ones" if history.earlier_runs else words


def _left_out(history: RunHistory) -> list[HistoryRun]:
    return [run for run in history.runs if run.left_out]


def _metric(history: RunHistory, one: MetricHistory) -> list[str]:
    found = (value_of(run, one.workload, one.metric) for run in history.runs if not run.left_out)
    values = [value for value in found if value is not None]
    return [
        one.workload,
        str(one.metric),
        str(one.runs),
        value_words(one.metric, one.level),
        value_words(one.metric, one.last),
        bars(values[-COLUMNS:]) or "-",
    ]


def _change(one: ChangePoint) -> list[str]:
    return [
        one.job,
        f"{one.create_time:%Y-%m-%d %H:%M}",
        one.workload,
        str(one.metric),
        value_words(one.metric, one.before),
        value_words(one.metric, one.after),
        change_words(one.ratio_per_million),
        f"{one.runs_before}/{one.runs_after}",
        str(one.outcome),
    ]


def _explanations(changes: Iterable[ChangePoint]) -> list[str]:
    """Return the facts that changed beside each run; once where several numbers changed."""
    found = {change.job: change.differences for change in changes}
    return [
        f"{job}: {_fact(difference)}"
        for job, differences in found.items()
        for difference in differences
    ]


def _fact(one: FactDifference) -> str:
    return f"{one.fact}: {_values(one.first)} before; {_values(one.second)} after"


def _values(values: Sequence[str]) -> str:
    return ", ".join(values)


def _section(title: str, lines: Sequence[str]) -> list[str]:
    return ["", title, *(f"  {line}" for line in lines)] if lines else []
