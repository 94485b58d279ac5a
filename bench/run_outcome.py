"""The result of one run of either side."""

from dataclasses import dataclass


@dataclass(frozen=True)
class RunOutcome:
    """Messages per second, CPU seconds of the client with all its processes, latencies in us."""

    rate: float
    cpu_s: float
    p50_us: float | None = None
    p99_us: float | None = None
