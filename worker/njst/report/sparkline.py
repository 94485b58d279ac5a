"""Rates and latencies of each workload over time, as lines of bars."""

from collections.abc import Iterable, Sequence

from njst.contract.results.report import SeriesResult, WindowResult, WorkloadResult
from njst.report.units import duration

COLUMNS = 60
_BARS = " ▁▂▃▄▅▆▇█"


def sparkline(workloads: Iterable[WorkloadResult]) -> list[str]:
    """Return lines of at most about 110 columns; none for a workload with a single window."""
    shown = [w for w in workloads if w.series is not None and len(w.series.windows) > 1]
    if not shown:
        return []
    width = max(len(workload.workload) for workload in shown)
    lines: list[str] = []
    for workload in shown:
        name = workload.workload.ljust(width)
        lines += [
            f"{name if not n else ' ' * width}  {line}" for n, line in enumerate(_of(workload))
        ]
    return lines


def _of(workload: WorkloadResult) -> list[str]:
    assert workload.series is not None
    step, columns = _columns(workload.series)
    seconds = step * workload.series.window_seconds
    rates = [round(sum(w.messages for w in column) / seconds) for column in columns]
    lines = [_line("rate", rates, f"up to {max(rates):,}/s, each column {seconds} s")]
    p99 = [max(_p99(window) for window in column) for column in columns]
    if any(p99):
        lines.append(_line("p99", p99, f"up to {duration(max(p99))}"))
    errors = [sum(window.errors for window in column) for column in columns]
    if any(errors):
        lines.append(_line("errors", errors, f"up to {max(errors):,}"))
    return lines


def _columns(series: SeriesResult) -> tuple[int, list[Sequence[WindowResult]]]:
    """Return the number of windows per column, and the columns."""
    step = -(-len(series.windows) // COLUMNS)
    windows = series.windows
    return step, [windows[at : at + step] for at in range(0, len(windows), step)]


def _p99(window: WindowResult) -> int:
    return 0 if window.latency_microseconds is None else window.latency_microseconds.p99


def _line(name: str, values: Sequence[int], words: str) -> str:
    return f"{name:<6}  {bars(values)}  {words}"


def bars(values: Sequence[int]) -> str:
    """Return a bar for each value, relative to the highest; every value above zero is visible."""
    highest = max(values, default=0)
    steps = len(_BARS) - 1
    return "".join(_BARS[-(-value * steps // highest) if highest else 0] for value in values)
