"""What a passed job proves, in one exact sentence."""

from collections.abc import Iterator, Sequence

from njst.contract.results.report import ThresholdResult, WorkloadResult
from njst.contract.results.tallies import ReadBack
from njst.verdict.storage_text import kept_words


def summary(workloads: Sequence[WorkloadResult], thresholds: Sequence[ThresholdResult]) -> str:
    """Return what completed, which failures were allowed, and which messages were looked for."""
    return "; ".join([_operations(workloads), *_kept(thresholds), *_proofs(workloads)])


def _operations(workloads: Sequence[WorkloadResult]) -> str:
    failing = [workload for workload in workloads if workload.failed]
    idle = [workload.workload for workload in workloads if not workload.attempted]
    if len(idle) == len(workloads):
        return "nothing was attempted"
    words = ", ".join(
        f"{w.failed:,} of {w.attempted:,} operations of {w.workload} failed, within its threshold"
        for w in failing
    )
    words = words or f"all {sum(w.messages for w in workloads):,} operations completed"
    return f"{words}, none of {', '.join(idle)}" if idle else words


def _kept(thresholds: Sequence[ThresholdResult]) -> Iterator[str]:
    if len(thresholds) == 1:
        yield "the threshold is kept"
    elif thresholds:
        yield f"all {len(thresholds)} thresholds are kept"


def _proofs(workloads: Sequence[WorkloadResult]) -> Iterator[str]:
    proofs = [(w.workload, w.read_back) for w in workloads if w.read_back is not None]
    found = sum(proved.found for _, proved in proofs)
    if found:
        yield f"{found:,} acknowledged messages were found in their streams"
    for name, proved in proofs:
        yield from _unproved(name, proved)
    yield from filter(None, map(kept_words, workloads))


def _unproved(name: str, proved: ReadBack) -> Iterator[str]:
    if proved.unchecked:
        why = f" ({', '.join(proved.reasons)})" if proved.reasons else ""
        yield f"{proved.unchecked:,} acknowledged messages of {name} were not looked for{why}"
