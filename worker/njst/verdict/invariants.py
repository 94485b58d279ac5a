"""Invariants of a workload's counts, whatever happened to the target: checked in each report.

- Every operation has exactly one outcome: attempted = completed + failed + unfinished.
- Not more operations are attempted than planned.
- Operations outside of the rate (warm-up, drained) are completed; the rate is the rest over the
  window.
- Each acknowledged message was found, is missing for a named reason, or is lost.
"""

from collections.abc import Iterable, Iterator

from njst.contract.results.report import WorkloadResult


def violations(workloads: Iterable[WorkloadResult]) -> list[str]:
    """Return one sentence for each violated invariant."""
    return [f"{w.workload}: {words}" for w in workloads for words in _violations(w)]


def _violations(workload: WorkloadResult) -> Iterator[str]:
    if workload.skipped:
        return
    yield from _outcomes(workload)
    yield from _window(workload)
    yield from _proof(workload)


def _outcomes(workload: WorkloadResult) -> Iterator[str]:
    attempted, completed, failed = workload.attempted, workload.messages, workload.failed
    unfinished = workload.unfinished
    # Workers of older versions do not report unfinished operations.
    if unfinished is not None and attempted != completed + failed + unfinished:
        yield (
            f"{attempted} attempted, but {completed} completed, {failed} failed"
            f" and {unfinished} unfinished"
        )
    if unfinished is not None and unfinished < 0:
        yield f"{unfinished} unfinished"
    if workload.planned is not None and attempted > workload.planned:
        yield f"{attempted} attempted of {workload.planned} planned"
    for error in workload.errors:
        if error.operations > error.count:
            yield f"{error.operations} failed operations in {error.count} times {error.error_class}"


def _window(workload: WorkloadResult) -> Iterator[str]:
    in_window = workload.in_window
    if in_window < 0:
        yield (
            f"{workload.warmup_messages} in the warm-up and {workload.drained} drained"
            f" of {workload.messages} completed"
        )
    elif in_window and not workload.elapsed_us:
        yield f"{in_window} completed in a window of no length"
    if workload.elapsed_us:
        rate = round(in_window * 1_000_000 / workload.elapsed_us)
        if workload.messages_per_second != rate:
            yield f"{workload.messages_per_second}/s, but {in_window} in {workload.elapsed_us} us"


def _proof(workload: WorkloadResult) -> Iterator[str]:
    proved = workload.read_back
    if proved is None:
        return
    explained = proved.found + proved.lost + proved.removed + proved.unchecked
    if explained != proved.acknowledged:
        yield f"{proved.acknowledged} acknowledged, but {explained} explained"
    if proved.acknowledged > workload.messages:
        yield f"{proved.acknowledged} acknowledged of {workload.messages} completed"
