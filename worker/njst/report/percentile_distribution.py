"""Latencies as percentile distributions, in the text format of HdrHistogram (.hgrm).

Source: HdrHistogram, AbstractHistogram.outputPercentileDistribution and PercentileIterator, with 5
ticks per half distance and values in milliseconds; wrk2 prints the same. Plotters of the format
skip lines that begin with `#`, and take a whole file as one line of their chart: several workloads
need a file each.
"""

import math
from collections.abc import Iterator
from fractions import Fraction
from itertools import count

from njst.contract.results.report import Report, WorkloadResult
from njst.stats.histogram import BUCKETS, SUB_COUNT, Histogram

_TICKS_PER_HALF_DISTANCE = 5
_US_PER_MS = 1000


def render(report: Report) -> str:
    """Return a section for each workload."""
    return "\n".join(map(_section, report.workloads))


def _section(workload: WorkloadResult) -> str:
    lines = [f"# workload {workload.workload}: latency in milliseconds"]
    if workload.censored_count:
        lines.append(
            f"# {workload.censored_count} operations were given up: their values are how long they"
            " had waited, so percentiles are lower bounds"
        )
    histogram = Histogram.decode(workload.latency)
    if histogram.count:
        lines += _distribution(histogram)
    else:
        lines.append("# nothing was measured")
    return "\n".join(lines) + "\n"


def _distribution(histogram: Histogram) -> Iterator[str]:
    yield f"{'Value':>12} {'Percentile':>14} {'TotalCount':>10} {'1/(1-Percentile)':>14}"
    yield ""
    for value_us, level, seen in _rows(histogram):
        row = f"{value_us / _US_PER_MS:12.3f} {float(level):2.12f} {seen:10d}"
        yield row if level == 1 else f"{row} {float(1 / (1 - level)):14.2f}"
    mean_us, deviation_us = _moments(histogram)
    highest_us = histogram.percentile(100_000)
    yield (
        f"#[Mean    = {mean_us / _US_PER_MS:12.3f},"
        f" StdDeviation   = {deviation_us / _US_PER_MS:12.3f}]"
    )
    yield f"#[Max     = {highest_us / _US_PER_MS:12.3f}, Total count    = {histogram.count:12d}]"
    yield f"#[Buckets = {BUCKETS:12d}, SubBuckets     = {SUB_COUNT:12d}]"


def _rows(histogram: Histogram) -> Iterator[tuple[int, Fraction, int]]:
    """Yield a value in us, the level that it reaches, and how many values are not above it."""
    levels = _levels()
    level, seen, total = next(levels), 0, histogram.count
    highest_us = 0
    for _, highest_us, n in histogram.slots():
        seen += n
        while seen < total and seen >= level * total:
            yield highest_us, level, seen
            level = next(levels)
    yield highest_us, level, total
    yield highest_us, Fraction(1), total


def _levels() -> Iterator[Fraction]:
    """Yield levels from 0 towards 1: the same number for each halving of the distance to 1."""
    for halvings in count(0):
        for tick in range(_TICKS_PER_HALF_DISTANCE):
            left = Fraction(2 * _TICKS_PER_HALF_DISTANCE - tick, 2 * _TICKS_PER_HALF_DISTANCE)
            yield 1 - left / 2**halvings


def _moments(histogram: Histogram) -> tuple[float, float]:
    """Return mean and standard deviation in us; each value counts as the middle of its slot."""
    total = histogram.count
    middles = [(low + (high - low + 1) // 2, n) for low, high, n in histogram.slots()]
    mean = sum(middle * n for middle, n in middles) / total
    variance = sum((middle - mean) ** 2 * n for middle, n in middles) / total
    return mean, math.sqrt(variance)
