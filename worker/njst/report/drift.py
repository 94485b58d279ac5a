"""Whether a long workload became slower or faster: its first hour against its last."""

from collections.abc import Callable, Iterable, Sequence
from statistics import median

from njst.contract.results.report import WindowResult, WorkloadResult
from njst.report.units import duration

SPAN_S = 3600
# What is shorter than this many spans has no drift worth a line.
FEWEST_SPANS = 3


def drift(workloads: Iterable[WorkloadResult]) -> list[str]:
    """Return a line for each workload that ran for hours.

    The first and the last window with messages are left out, because the workload may have begun
    or ended within them. A window can be longer than an hour; then it is one window each.
    """
    return [line for workload in workloads if (line := _of(workload))]


def _of(workload: WorkloadResult) -> str:
    if workload.series is None:
        return ""
    width_s = workload.series.window_seconds
    windows = workload.series.windows
    busy = [place for place, window in enumerate(windows) if window.messages or window.errors]
    if not busy:
        return ""
    whole = windows[busy[0] + 1 : busy[-1]]
    count = -(-SPAN_S // width_s)
    if len(whole) < FEWEST_SPANS * count:
        return ""
    first, last = whole[:count], whole[-count:]
    span_s = count * width_s
    parts = [_change("rate", _rate(first, span_s), _rate(last, span_s), "{:,}/s".format)]
    if (before := _p99(first)) and (after := _p99(last)):
        parts.append(_change("p99", before, after, duration))
    errors = [sum(window.errors for window in some) for some in (first, last)]
    if any(errors):
        parts.append(f"errors {errors[0]:,}, then {errors[1]:,}")
    return f"{workload.workload}  {'; '.join(parts)} (each {duration(span_s * 1_000_000)})"


def _rate(windows: Sequence[WindowResult], seconds: int) -> int:
    return round(sum(window.messages for window in windows) / seconds)


def _p99(windows: Sequence[WindowResult]) -> int:
    """Return the median of the windows' 99th percentiles: one stall of a second is no drift."""
    known = [w.latency_microseconds.p99 for w in windows if w.latency_microseconds is not None]
    return round(median(known)) if known else 0


def _change(name: str, before: int, after: int, text: Callable[[int], str]) -> str:
    share = f" ({(after - before) * 100 / before:+.0f} %)" if before else ""
    return f"{name} {text(before)}, then {text(after)}{share}"
