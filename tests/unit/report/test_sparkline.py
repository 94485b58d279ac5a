"""The course of a job: every window is in a column, at most so many columns, nothing hidden."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from njst.contract.results.report import Latency, SeriesResult, WindowResult, WorkloadResult
from njst.report.sparkline import COLUMNS, sparkline


def window(messages: int, p99: int = 0, errors: int = 0) -> WindowResult:
    latency = Latency(p50=1, p90=1, p99=p99, p999=p99, max=p99) if p99 else None
    return WindowResult(messages=messages, errors=errors, latency_microseconds=latency)


def workload(name: str, *windows: WindowResult, width_s: int = 1) -> WorkloadResult:
    series = SeriesResult(window_seconds=width_s, windows=list(windows))
    return WorkloadResult(workload=name, kind="Publish", series=series)


def test_rates_latencies_and_errors_in_lines_below_each_other() -> None:
    lines = sparkline(
        [
            workload("write", window(0), window(400, 900), window(800, 2_000, 3), width_s=2),
            workload("get", window(8), window(1)),
            workload("short", window(8)),
            WorkloadResult(workload="none", kind="Get"),
        ]
    )
    assert lines == [
        "write  rate     ▄█  up to 400/s, each column 2 s",
        "       p99      ▄█  up to 2 ms",
        "       errors    █  up to 3",
        "get    rate    █▁  up to 8/s, each column 1 s",
    ]


def test_nothing_to_show_is_nothing() -> None:
    assert sparkline([]) == []
    assert sparkline([workload("w")]) == []
    assert sparkline([workload("w", window(0), window(0))]) == [
        "w  rate      " + "  up to 0/s, each column 1 s"
    ]


@given(st.lists(st.integers(0, 10**9), min_size=2, max_size=130), st.sampled_from([1, 2, 64]))
def test_a_long_job_fits_and_what_is_not_nothing_is_seen(counts: list[int], width_s: int) -> None:
    [line] = sparkline([workload("w", *map(window, counts), width_s=width_s)])
    bars, words = line[len("w  rate    ") :].split("  up to ")
    step = -(-len(counts) // COLUMNS)
    assert len(bars) == -(-len(counts) // step) <= COLUMNS
    assert words.endswith(f"each column {step * width_s} s")
    for at, bar in enumerate(bars):
        rate = round(sum(counts[at * step : (at + 1) * step]) / (step * width_s))
        assert (bar == " ") is (rate == 0)


@pytest.mark.parametrize("length", [2, 60, 61, 119, 120])
def test_the_highest_is_always_a_whole_bar(length: int) -> None:
    [line] = sparkline([workload("w", *(window(n) for n in range(length)))])
    assert line.count("█") >= 1
