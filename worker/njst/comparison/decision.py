"""From a shift to an outcome: better, worse, equal, or not enough runs.

A difference needs three things: a p-value, corrected for all metrics, of at most alpha; an
estimate of at least the smallest effect that matters; and an interval without "no change". Equality
needs the whole interval within that effect on both sides (two one-sided tests, Schuirmann 1987).
All else is inconclusive: absence of evidence is not evidence of absence.
"""

from dataclasses import dataclass
from math import ceil, comb, exp, log1p

from njst.comparison.shift import Shift
from njst.contract.results.comparison import ComparisonOutcome

# More than that is not planned from so few runs.
MOST_MORE_RUNS = 200
_MOST_RUNS = 100


@dataclass(frozen=True)
class DecisionRule:
    """When a difference counts.

    Attributes:
        alpha: The probability of a false alarm, of all metrics together.
        metrics: How many metrics are compared.
        min_effect_percent: The smallest change that matters.
        is_paired: The runs are compared pair by pair.
    """

    alpha: float
    metrics: int
    min_effect_percent: int
    is_paired: bool

    @property
    def effect(self) -> float:
        """The smallest change that matters, as a difference of logarithms."""
        return log1p(self.min_effect_percent / 100)

    @property
    def fewest_runs(self) -> int:
        """With how many runs on each side a difference of all metrics can count at all."""
        return next(
            (n for n in range(2, _MOST_RUNS) if self._least_p(n) * self.metrics <= self.alpha),
            _MOST_RUNS,
        )

    def _least_p(self, runs: int) -> float:
        return 2.0 ** (1 - runs) if self.is_paired else 2 / comb(2 * runs, runs)


@dataclass(frozen=True)
class Decision:
    """An outcome, why, and about how many more runs each side needs to have another one."""

    outcome: ComparisonOutcome
    message: str
    more_runs: int | None = None


def decide(
    shift: Shift, adjusted_p: float, runs: int, rule: DecisionRule, *, is_better_higher: bool
) -> Decision:
    """Return the outcome of one metric.

    Args:
        shift: The shift of the logarithms.
        adjusted_p: Its p-value, corrected for all metrics.
        runs: The number of runs of the smaller side.
        rule: When a difference counts.
        is_better_higher: A higher value is better.
    """
    words = f"{100 * (exp(shift.estimate) - 1):+.1f} %"
    if runs < 2:
        return Decision(
            ComparisonOutcome.INCONCLUSIVE,
            f"{words}; no inference: one run on a side says nothing about the next one",
            rule.fewest_runs - runs,
        )
    if shift.lower is not None and shift.upper is not None:
        if -rule.effect <= shift.lower and shift.upper <= rule.effect:
            message = f"{words}; within {rule.min_effect_percent} % either way"
            return Decision(ComparisonOutcome.EQUAL, message)
        if adjusted_p <= rule.alpha and _is_clear(shift, rule):
            is_better = (shift.estimate > 0) == is_better_higher
            outcome = ComparisonOutcome.BETTER if is_better else ComparisonOutcome.WORSE
            return Decision(outcome, f"{words}, p = {adjusted_p:.2g}")
    more = _more_runs(shift, runs, rule)
    need = f"about {more} more" if more is not None else f"more than {MOST_MORE_RUNS} more"
    return Decision(
        ComparisonOutcome.INCONCLUSIVE,
        f"{words}, p = {adjusted_p:.2g}; each side needs {need} runs",
        more,
    )


def _is_clear(shift: Shift, rule: DecisionRule) -> bool:
    """Whether the estimate matters and its interval excludes that nothing changed."""
    assert shift.lower is not None
    assert shift.upper is not None
    has_sign = shift.lower > 0 or shift.upper < 0
    return has_sign and abs(shift.estimate) >= rule.effect


def _more_runs(shift: Shift, runs: int, rule: DecisionRule) -> int | None:
    """Return about how many more runs would decide, if the spread stays; None: too many.

    The width of the interval falls with the square root of the runs. It must fall to the distance
    from "no change" where the estimate matters, else to that from the smallest effect.
    """
    fewest = max(1, rule.fewest_runs - runs)
    if shift.lower is None or shift.upper is None:
        return fewest
    size = abs(shift.estimate)
    wanted = size if size >= rule.effect else rule.effect - size
    half = (shift.upper - shift.lower) / 2
    if half > wanted * (1 + MOST_MORE_RUNS / runs) ** 0.5:
        return None
    return max(fewest, ceil(runs * (half / wanted) ** 2) - runs)
