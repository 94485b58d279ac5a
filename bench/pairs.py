"""Pairs: both sides alternate on one server, so a slow minute of the machine affects both."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

from bench.run_outcome import RunOutcome


@dataclass(frozen=True)
class Pair:
    """One run of each side, in direct succession."""

    ours: RunOutcome
    peer: RunOutcome

    @property
    def rate_ratio(self) -> float:
        return self.ours.rate / self.peer.rate

    @property
    def cpu_ratio(self) -> float:
        return self.ours.cpu_s / self.peer.cpu_s


@dataclass(frozen=True)
class Spread:
    """The median and the spread of some ratios."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        return cls(median(values), min(values), max(values))

    def __str__(self) -> str:
        if self.low == self.high:
            return _short(self.median)
        return f"{_short(self.median)} ({_short(self.low)}-{_short(self.high)})"


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that at least this share of the values does not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def course(values: Sequence[float]) -> str:
    """Return the distribution of values as text."""
    shares = (0.5, 0.9, 0.99, 1)
    return ", ".join(f"p{share * 100:.0f} {_short(percentile(values, share))}" for share in shares)


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def alternate(
    count: int, ours: Callable[[], RunOutcome], peer: Callable[[], RunOutcome]
) -> list[Pair]:
    """Run pairs; the side that goes first alternates."""
    pairs = []
    for number in range(count):
        if number % 2:
            second = peer()
            first = ours()
        else:
            first = ours()
            second = peer()
        pairs.append(Pair(first, second))
    return pairs
