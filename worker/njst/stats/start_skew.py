"""How far apart the participants of a job began."""

from collections.abc import Iterable

from njst.contract.results.report import WorkerResult


def start_skew_us(workers: Iterable[WorkerResult]) -> int | None:
    """Return how far apart their loads began at most, in microseconds.

    Each began `late_us` after the common start by its own clock, which was off by `clock_error_us`
    at most, either way. None for fewer than two of whom both is known.
    """
    spans = [
        (worker.cost.late_us - worker.clock_error_us, worker.cost.late_us + worker.clock_error_us)
        for worker in workers
        if worker.cost is not None and worker.clock_error_us is not None
    ]
    if len(spans) < 2:
        return None
    return max(last for _, last in spans) - min(first for first, _ in spans)
