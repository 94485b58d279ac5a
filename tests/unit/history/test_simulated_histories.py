"""Histories of simulated runs: false alarms are as seldom as promised, and changes are found.

NJST_SCHEDULES sets how many histories there are: half of it.
"""

import os

import numpy as np
import pytest

from njst.contract.results.runs.history import RunHistory
from njst.contract.spec.comparison import MetricChoice
from njst.history.history import history_of
from tests.unit.chance import most_by_chance
from tests.unit.comparison.runs import P99, RATE
from tests.unit.history.runs import history_run

COUNT = max(150, int(os.environ.get("NJST_SCHEDULES", "300")) // 2)
# The share of histories of an unchanging target that may have a change point in any metric.
FALSE_ALARMS = 0.05

Random = np.random.Generator


def _history(random: Random, runs: int, change_at: int, factor: float) -> RunHistory:
    """Runs whose rate and p99 vary with heavy tails; the rate has this factor from a run on."""
    noise = random.standard_t(4, size=runs) * 0.03
    rates = 1e6 * np.exp(noise)
    rates[change_at:] *= factor
    tails = 1e4 * np.exp(-2 * noise + random.normal(0, 0.1, size=runs))
    found = [
        history_run(n, round(rate), round(tail))
        for n, (rate, tail) in enumerate(zip(rates, tails, strict=True))
    ]
    return history_of("nightly", found, [MetricChoice(metric=m) for m in (RATE, P99)], 5)


@pytest.mark.parametrize("runs", [20, 60])
def test_history__unchanging_target__raises_no_more_false_alarms_than_promised(runs: int) -> None:
    random = np.random.default_rng(runs)
    alarms = sum(bool(_history(random, runs, runs, 1).changes) for _ in range(COUNT))
    print(f"{runs} runs: {alarms} of {COUNT}")
    assert alarms <= most_by_chance(COUNT, FALSE_ALARMS)


@pytest.mark.parametrize("factor", [0.8, 1.25])
def test_history__rate_changes_by_a_fifth__is_found_near_the_run(factor: float) -> None:
    random = np.random.default_rng(1)
    outcome = "Better" if factor > 1 else "Worse"
    near = 0
    for _ in range(COUNT // 5):
        changes = [c for c in _history(random, 40, 30, factor).changes if c.metric is RATE]
        near += any(
            abs(int(change.job) - 30) <= 1 and change.outcome == outcome for change in changes
        )
    assert near > 0.95 * (COUNT // 5)
