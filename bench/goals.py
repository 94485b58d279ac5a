"""Goals, and whether a figure misses its goal by more than the spread of its pairs."""

from dataclasses import dataclass

from bench.pairs import Spread


@dataclass(frozen=True)
class Goal:
    """A figure and its goal: a lower bound if `at_least`, else an upper bound."""

    what: str
    figure: Spread
    bound: float
    at_least: bool

    @property
    def is_met(self) -> bool:
        """Whether the median is within the bound."""
        if self.at_least:
            return self.figure.median >= self.bound
        return self.figure.median <= self.bound

    @property
    def is_missed(self) -> bool:
        """Whether even the best pair is outside the bound."""
        if self.at_least:
            return self.figure.high < self.bound
        return self.figure.low > self.bound

    def __str__(self) -> str:
        word = "ok    " if self.is_met else "MISSED" if self.is_missed else "close "
        sign = ">=" if self.at_least else "<="
        return f"{word}  {self.what:<58} {self.figure!s:<20} goal {sign} {self.bound:g}"


def summary(goals: list[Goal]) -> str:
    """Return the last line: how many goals are reached, and which are missed."""
    missed = [goal.what for goal in goals if goal.is_missed]
    close = sum(not goal.is_met and not goal.is_missed for goal in goals)
    kept = len(goals) - len(missed) - close
    words = f"{kept} of {len(goals)} goals kept, {close} within the spread of their pairs"
    return f"{words}, {len(missed)} missed" + (f": {'; '.join(missed)}" if missed else "")
