"""Comparisons of simulated runs: false alarms are as seldom as promised, and differences are found.

NJST_SCHEDULES sets how many comparisons there are: half of it.
"""

import os

import numpy as np
import pytest

from njst.comparison.compare import compare
from njst.contract.results.comparison import ComparedRun, ComparisonResult
from tests.unit.chance import most_by_chance
from tests.unit.comparison.runs import P99, RATE, run, spec

COUNT = max(200, int(os.environ.get("NJST_SCHEDULES", "600")) // 2)
ALPHA = 0.05
SPEC = spec(RATE, P99)

Random = np.random.Generator


def _side(
    random: Random, levels: np.ndarray, name: str, factor: float, *, paired: bool
) -> list[ComparedRun]:
    """Runs whose rate and p99 vary from run to run; a slow run has a high latency."""
    noise = random.standard_t(4, size=len(levels)) * 0.03
    rates = 1e6 * levels * factor * np.exp(noise)
    tails = 1e4 / levels * np.exp(-2 * noise + random.normal(0, 0.1, size=len(levels)))
    return [
        run(f"{name}{n}", round(rate), round(tail), pair=n if paired else None)
        for n, (rate, tail) in enumerate(zip(rates, tails, strict=True))
    ]


def _compare(random: Random, runs: int, factor: float, *, paired: bool) -> ComparisonResult:
    """Compare runs of a target that drifts; without pairs, each side has its own drift."""
    drifts = np.exp(np.cumsum(random.normal(0, 0.03 if paired else 0.0, size=runs)))
    first = _side(random, drifts, "a", 1.0, paired=paired)
    return compare(SPEC, first, _side(random, drifts, "b", factor, paired=paired))


def _alarmed(result: ComparisonResult) -> bool:
    return any(metric.outcome in ("Better", "Worse") for metric in result.metrics)


@pytest.mark.parametrize("paired", [False, True], ids=["unpaired", "paired"])
@pytest.mark.parametrize("runs", [6, 10])
def test_compare__equal_targets__raise_no_more_false_alarms_than_promised(
    runs: int, paired: bool
) -> None:
    random = np.random.default_rng(runs)
    alarms = sum(_alarmed(_compare(random, runs, 1.0, paired=paired)) for _ in range(COUNT))
    print(f"{runs} runs, {'paired' if paired else 'unpaired'}: {alarms} of {COUNT}")
    assert alarms <= most_by_chance(COUNT, ALPHA)


@pytest.mark.parametrize("paired", [False, True], ids=["unpaired", "paired"])
def test_compare__rate_is_a_fifth_higher__is_better_in_most_comparisons(paired: bool) -> None:
    random = np.random.default_rng(1)
    results = [_compare(random, 10, 1.2, paired=paired) for _ in range(COUNT // 4)]
    outcomes = [result.metrics[0].outcome for result in results]
    assert outcomes.count("Better") > 0.9 * len(outcomes)
    assert "Worse" not in outcomes


def test_compare__interval_of_the_ratio__has_the_true_one_as_often_as_promised() -> None:
    random = np.random.default_rng(2)
    metrics = [_compare(random, 8, 1.2, paired=False).metrics[0] for _ in range(COUNT)]
    outside = sum(
        not (m.lower_per_million or 0) <= 1_200_000 <= (m.upper_per_million or 0) for m in metrics
    )
    assert outside <= most_by_chance(COUNT, ALPHA)
