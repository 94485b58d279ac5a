"""A threshold beside its value, in words."""

from njst.contract.results.report import ThresholdResult


def limit_words(threshold: ThresholdResult) -> str:
    """Return the limit as the spec has it: the same for each run of a job."""
    percent = _percent(threshold)
    if percent is None:
        return bound_words(threshold)
    return f"{_side(threshold)} {percent} % of {_whose(threshold)}"


def bound_words(threshold: ThresholdResult, number: str = ",") -> str:
    """Return the bound in its unit, and what it is in percent of.

    Args:
        threshold: The threshold.
        number: How integers are formatted (`format`).
    """
    bound = threshold.at_least if threshold.at_most is None else threshold.at_most
    percent = _percent(threshold)
    if percent is None:
        return f"{_side(threshold)} {bound or 0:{number}}"
    what = f"{percent} % of {_whose(threshold)}{_runs_words(threshold, number)}"
    return f"{_side(threshold)} {'?' if bound is None else format(bound, number)} ({what})"


def sentence(threshold: ThresholdResult) -> str:
    """Return the value of a threshold beside its bound, as a sentence."""
    value = "no data" if threshold.value is None else str(threshold.value)
    if threshold.is_lower_bound:
        value = f"at least {value}, since operations were given up"
    bound = bound_words(threshold, "d")
    return f"{threshold.workload} {threshold.metric} is {value}, wanted {bound}"


def _percent(threshold: ThresholdResult) -> int | None:
    return threshold.at_most_percent or threshold.at_least_percent


def _side(threshold: ThresholdResult) -> str:
    is_at_most = threshold.at_most is not None or threshold.at_most_percent is not None
    return "at most" if is_at_most else "at least"


def _whose(threshold: ThresholdResult) -> str:
    if threshold.relative_to is None:
        return f"workload {threshold.relative_to_workload}"
    return f"baseline {threshold.relative_to}"


def _runs_words(threshold: ThresholdResult, number: str) -> str:
    """Return how many runs a baseline has, and whether some of these go beyond the bound.

    If they do, chance may miss the threshold.
    """
    runs, lowest = threshold.reference_runs, threshold.reference_lowest
    highest = threshold.reference_highest
    if runs is None or lowest is None or highest is None:
        return ""
    words = f", the median of {runs} runs" if runs > 1 else ", a single run"
    if threshold.at_most is not None and highest > threshold.at_most:
        return f"{words} that reach {highest:{number}}"
    if threshold.at_least is not None and lowest < threshold.at_least:
        return f"{words} that go down to {lowest:{number}}"
    return words
