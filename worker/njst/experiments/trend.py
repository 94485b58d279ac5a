"""Whether a series of numbers keeps rising: least squares against noise.

A queue that grows is a load above what is sustained (Wally, OpenMessaging Benchmark): its length,
and with it the latency, rises for as long as the load lasts, while a stable queue only fluctuates.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, sqrt

# With fewer points, a slope says nothing.
FEWEST = 5
# The slope must be so many standard errors above zero. Neighbouring windows of a queue are alike,
# which makes the standard error too small: hence more than the usual two.
STANDARD_ERRORS = 4.0


@dataclass(frozen=True)
class Trend:
    """A least-squares line through equidistant points.

    Attributes:
        mean: The mean of the points.
        growth: How much the line rises from the first point to the last, in their unit.
        significance: The slope in standard errors; infinite if all points are on the line.
    """

    mean: float
    growth: float
    significance: float

    @property
    def is_rising(self) -> bool:
        """Whether the slope is above zero by more than noise explains."""
        return self.growth > 0 and self.significance >= STANDARD_ERRORS


def trend_of(points: Sequence[float]) -> Trend | None:
    """Return the trend of equidistant points; None: they are fewer than FEWEST."""
    count = len(points)
    if count < FEWEST:
        return None
    middle, mean = (count - 1) / 2, sum(points) / count
    spread = count * (count * count - 1) / 12
    slope = sum((at - middle) * value for at, value in enumerate(points)) / spread
    rest = sum((value - mean - slope * (at - middle)) ** 2 for at, value in enumerate(points))
    error = sqrt(rest / (count - 2) / spread)
    significance = slope / error if error else (inf if slope else 0.0)
    return Trend(mean=mean, growth=slope * (count - 1), significance=significance)
