"""Several metrics, one error: the step-down correction of Holm (1979)."""

from collections.abc import Sequence


def adjusted(p_values: Sequence[float]) -> list[float]:
    """Return the adjusted p-values, in the same order.

    Whatever the metrics have to do with each other, the probability that any of those without a
    difference has an adjusted p of at most alpha is at most alpha.
    """
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    result = [0.0] * len(p_values)
    highest = 0.0
    for place, number in enumerate(order):
        highest = max(highest, min(1.0, p_values[number] * (len(p_values) - place)))
        result[number] = highest
    return result
