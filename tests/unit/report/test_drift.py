"""The drift of a workload: hours of it against each other, and nothing of what is short."""

import pytest

from njst.contract.results.report import Latency, SeriesResult, WindowResult, WorkloadResult
from njst.report.drift import drift

EDGE = WindowResult(messages=1)


def window(messages: int, p99: int = 0, errors: int = 0) -> WindowResult:
    latency = Latency(p50=1, p90=1, p99=p99, p999=p99, max=p99) if p99 else None
    return WindowResult(messages=messages, errors=errors, latency_microseconds=latency)


def workload(windows: list[WindowResult], width_s: int) -> WorkloadResult:
    series = SeriesResult(window_seconds=width_s, windows=windows)
    return WorkloadResult(workload="write", kind="Publish", series=series)


def test_drift__of_a_week__compares_the_first_and_the_last_window() -> None:
    idle = WindowResult()
    slower = [window(819_200, 1_000), *[window(800_000, 2_000)] * 3, window(737_280, 3_000, 7)]
    made = workload([idle, EDGE, *slower, EDGE, idle], 8192)
    (line,) = drift([made])
    rate, p99, errors = line.split("; ")
    assert rate == "write  rate 100/s, then 90/s (-10 %)"
    assert p99 == "p99 1 ms, then 3 ms (+200 %)"
    assert errors == "errors 0, then 7 (each 8,192 s)"


def test_drift__of_hours__compares_an_hour_with_an_hour() -> None:
    # Of each hour one window has a stall, which is no drift.
    hour = [window(64_000, 500)] * 56 + [window(64_000, 90_000)]
    made = workload([EDGE, *hour, *hour, *hour, EDGE], 64)
    (line,) = drift([made])
    rate, p99 = line.split("; ")
    assert rate == "write  rate 1,000/s, then 1,000/s (+0 %)"
    assert p99 == "p99 500 us, then 500 us (+0 %) (each 3,648 s)"


@pytest.mark.parametrize(
    "windows", [[], [WindowResult()] * 9, [EDGE] * 4, [window(5)] * 2], ids=["no", "idle", "4", "2"]
)
def test_drift__of_too_few_windows__is_nothing(windows: list[WindowResult]) -> None:
    assert drift([workload(windows, 4096)]) == []
    assert drift([WorkloadResult(workload="none", kind="Get")]) == []
