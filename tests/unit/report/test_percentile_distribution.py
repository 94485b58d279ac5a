"""The .hgrm text: the levels of HdrHistogram, and the values of an independent implementation."""

import math
import re
from bisect import bisect_right

import pytest
from hdrh.histogram import HdrHistogram
from hypothesis import given, settings
from hypothesis import strategies as st

from njst.contract.results.report import Report
from njst.report.percentile_distribution import render
from njst.stats.histogram import HIGHEST_US, Histogram
from tests.unit.report.reports import GOOD, NEVER_STARTED, WRITE

OTHER = HdrHistogram(1, HIGHEST_US, 3)
HEADER = "       Value     Percentile TotalCount 1/(1-Percentile)"


def rendered(values_us: list[int]) -> str:
    latency = Histogram.of(values_us).encode()
    workload = WRITE.model_copy(update={"latency": latency})
    return render(GOOD.model_copy(update={"workloads": [workload]}))


def rows(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines() if re.match(r" *[0-9]", line)]


def test_distribution__three_values__is_the_text_of_hdr_histogram() -> None:
    assert rendered([1_000, 2_000, 3_001]) == (
        "# workload write: latency in milliseconds\n"
        f"{HEADER}\n"
        "\n"
        "       1.000 0.000000000000          1           1.00\n"
        "       1.000 0.100000000000          1           1.11\n"
        "       1.000 0.200000000000          1           1.25\n"
        "       1.000 0.300000000000          1           1.43\n"
        "       2.000 0.400000000000          2           1.67\n"
        "       2.000 0.500000000000          2           2.00\n"
        "       2.000 0.550000000000          2           2.22\n"
        "       2.000 0.600000000000          2           2.50\n"
        "       2.000 0.650000000000          2           2.86\n"
        "       3.001 0.700000000000          3           3.33\n"
        "       3.001 1.000000000000          3\n"
        "#[Mean    =        2.000, StdDeviation   =        0.817]\n"
        "#[Max     =        3.001, Total count    =            3]\n"
        "#[Buckets =           32, SubBuckets     =         2048]\n"
    )


@settings(max_examples=50)
@given(st.lists(st.integers(1, HIGHEST_US), min_size=1, max_size=100))
def test_distribution__any_values__agrees_with_another_implementation(values: list[int]) -> None:
    slots = sorted(OTHER.get_highest_equivalent_value(value) for value in values)
    shown = rows(rendered(values))
    levels = [float(level) for _, level, *_ in shown]
    assert levels == sorted(levels)
    assert (levels[0], levels[-1]) == (0, 1)
    for value_ms, level, count, *inverse in shown:
        value_us = round(float(value_ms) * 1000)
        assert value_us == slots[max(0, math.ceil(float(level) * len(values) - 1e-9) - 1)]
        assert int(count) == bisect_right(slots, value_us)
        assert len(inverse) == (float(level) < 1)


def test_distribution__mean_and_deviation__agree_with_another_implementation() -> None:
    values = [1, 999, 2_048, 3_333_333, 3_333_334, HIGHEST_US // 1000]
    for value in values:
        OTHER.record_value(value)
    moments = re.search(r"Mean +=( *[0-9.]+), StdDeviation +=( *[0-9.]+)", rendered(values))
    assert moments is not None
    assert float(moments[1]) == pytest.approx(OTHER.get_mean_value() / 1000, abs=0.001)
    assert float(moments[2]) == pytest.approx(OTHER.get_stddev() / 1000, abs=0.001)


def test_distribution__of_several_workloads__has_a_section_for_each() -> None:
    sections = re.findall(r"^# workload .*", render(GOOD), re.MULTILINE)
    assert sections == [f"# workload {name}: latency in milliseconds" for name in ("write", "read")]
    assert render(GOOD).endswith("\n# nothing was measured\n")
    assert render(NEVER_STARTED) == ""


def test_distribution__operations_given_up__says_that_values_are_bounds() -> None:
    workload = WRITE.model_copy(update={"censored_count": 2})
    report: Report = GOOD.model_copy(update={"workloads": [workload]})
    assert "\n# 2 operations were given up: " in render(report)
