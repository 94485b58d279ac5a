"""A running job as a panel for a terminal. Pure: rich draws it."""

import re
from dataclasses import dataclass, field
from typing import Any

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from njst.cli.follow.expected import offered_per_second, remaining_s
from njst.cli.follow.history import KEPT, History, Interval
from njst.contract.results.report import WorkloadResult
from njst.contract.spec.job import JobSpec
from njst.report.sparkline import bars
from njst.report.units import duration

_BAR_COLUMNS = 12
# Narrower terminals have no sparklines.
_WIDE_COLUMNS = 100
_NONE = "-"
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


@dataclass(frozen=True)
class Shown:
    """What a panel shows of a job.

    `elapsed_s` is the time since the common start of the load, None before it and after its end.
    """

    document: dict[str, Any]
    workloads: list[WorkloadResult] = field(default_factory=list)
    spec: JobSpec | None = None
    elapsed_s: float | None = None
    history: History = field(default_factory=History)
    messages: tuple[str, ...] = ()


def panel(shown: Shown, columns: int, hint: str = "") -> RenderableType:
    """Return the panel.

    Args:
        shown: the job.
        columns: width of the terminal.
        hint: what the user can do.
    """
    document = shown.document
    name = _plain(document.get("name", ""))
    title = Text.assemble(("job ", "dim"), (str(document["id"]), "bold"), f"  {name}".rstrip())
    parts: list[RenderableType] = [_state(shown)]
    if shown.workloads and shown.elapsed_s is not None:
        parts += [Text(), _workloads(shown, columns >= _WIDE_COLUMNS), Text()]
    parts.append(_workers_and_limit(document))
    parts += [Text(words, style="yellow") for words in shown.messages]
    return Panel(
        Group(*parts), title=title, title_align="left", subtitle=hint or None, subtitle_align="left"
    )


def _state(shown: Shown) -> RenderableType:
    document = shown.document
    message = _plain(document.get("message", ""))
    words = Text.assemble((str(document["phase"]), "bold"), f"  {message}")
    line = Table.grid(expand=True)
    line.add_column(ratio=1)
    line.add_column(justify="right", no_wrap=True)
    line.add_row(words, _times(shown))
    return line


def _times(shown: Shown) -> str:
    if shown.elapsed_s is None:
        return ""
    left_s = None
    if shown.spec is not None and shown.document.get("reason") == "LoadRunning":
        left_s = remaining_s(shown.spec, shown.workloads, shown.elapsed_s, shown.history)
    left = "" if left_s is None else f", about {clock(left_s)} left"
    return f"{clock(shown.elapsed_s)}{left}"


def clock(seconds: float) -> str:
    """Return a time as m:ss, or h:mm:ss."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _workloads(shown: Shown, wide: bool) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", expand=wide)
    table.add_column("workload", no_wrap=True)
    for name in ("offered", "achieved"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("done", no_wrap=True, min_width=_BAR_COLUMNS)
    for name in ("p50", "p99"):
        table.add_column(name, justify="right", no_wrap=True)
    if wide:
        table.add_column("p99 of each second", no_wrap=True, ratio=1)
    table.add_column("errors", justify="right", no_wrap=True)
    for result in shown.workloads:
        table.add_row(*_row(shown, result, wide))
    return table


def _row(shown: Shown, result: WorkloadResult, wide: bool) -> list[RenderableType]:
    errors = result.error_count
    rate, p50, p99 = _now(shown, result)
    offered = _offered(shown, result)
    row: list[RenderableType] = [
        Text(_plain(result.workload)),
        offered,
        rate,
        _done(result),
        p50,
        p99,
    ]
    if wide:
        some = shown.history.intervals.get(result.workload, [])[-KEPT:]
        row.append(Text(bars([interval.p99_us or 0 for interval in some]), style="cyan"))
    return [*row, Text(f"{errors:,}", style="bold red" if errors else "")]


def _now(shown: Shown, result: WorkloadResult) -> tuple[str, str, str]:
    """Return rate, p50 and p99 of the last interval, or of the whole once the load is over."""
    if result.start_ms is None:
        return _NONE, _NONE, _NONE
    latest = shown.history.latest(result.workload)
    if latest is None or _is_over(shown, result):
        whole = result.latency_microseconds
        latest = Interval(
            result.messages_per_second,
            None if whole is None else whole.p50,
            None if whole is None else whole.p99,
        )
    p50, p99 = (_NONE if us is None else duration(us) for us in (latest.p50_us, latest.p99_us))
    return f"{latest.messages_per_second:,}/s", p50, p99


def _is_over(shown: Shown, result: WorkloadResult) -> bool:
    is_done = result.planned is not None and result.messages >= result.planned
    return is_done or shown.document.get("reason") != "LoadRunning"


def _offered(shown: Shown, result: WorkloadResult) -> str:
    if shown.spec is None or shown.elapsed_s is None or result.start_ms is None:
        return _NONE
    if _is_over(shown, result):
        return _NONE
    for workload in shown.spec.workloads:
        if workload.name == result.workload:
            offered = offered_per_second(workload, shown.elapsed_s - result.start_ms / 1000)
            return _NONE if offered is None else f"{offered:,}/s"
    return _NONE


def _done(result: WorkloadResult) -> RenderableType:
    """Return a bar where it is known how much there is to do, else the count."""
    if result.skipped:
        return Text("skipped", style="yellow")
    if result.start_ms is None:
        return Text("waits for others", style="dim")
    if not result.planned:
        return f"{result.messages:,}"
    share = result.messages / result.planned
    line = Table.grid(padding=(0, 1, 0, 0))
    line.add_row(
        ProgressBar(total=1.0, completed=share, width=_BAR_COLUMNS), f"{int(100 * share)} %"
    )
    return line


def _workers_and_limit(document: dict[str, Any]) -> Text:
    workers = document.get("workers", {})
    words = Text(f"workers {workers.get('summary', '')}", style="dim")
    if lost := workers.get("lost", 0):
        words.append(f", {lost} lost", style="not dim bold red")
    tester = document.get("tester")
    if tester is None:
        return words
    if tester["limited"]:
        why = _plain(tester.get("message", ""))
        limit = f"; the tester is the limit: {tester['reason']}: {why}"
        return words.append(limit, style="not dim bold yellow")
    return words.append(f"; the tester is not the limit: {tester['reason']}")


def _plain(words: str) -> str:
    """Return words of a server without characters that would steer the terminal."""
    return _CONTROL.sub(" ", words)
