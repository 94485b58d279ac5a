"""How far apart the participants of a job started."""

from collections.abc import Iterable

from njst.contract.results.report import WorkerResult


def start_skew_us(workers: Iterable[WorkerResult]) -> int | None:
    """Return the maximum distance between the starts of the loads, in microseconds.

    Each load started `late_us` after the common start by its own clock, whose error is at most
    `clock_error_us` either way. None: fewer than two workers reported both.
    """
    spans = [
        (worker.cost.late_us - worker.clock_error_us, worker.cost.late_us + worker.clock_error_us)
        for worker in workers
        if worker.cost is not None and worker.clock_error_us is not None
    ]
    if len(spans) < 2:
        return None
    return max(last for _, last in spans) - min(first for first, _ in spans)
