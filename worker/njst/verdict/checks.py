"""The checks behind a verdict: each looks at one thing and returns what is wrong with it, or None.

`judge` takes the first that fails, by precedence; exports of a report show the result of each.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from njst.contract.results.outcome import (
    REGRESSION,
    THRESHOLDS_FAILED,
    THRESHOLDS_UNDECIDED,
    Outcome,
)
from njst.contract.results.readback import NOT_READ, READ_FAILED, TOO_MANY_HOLES
from njst.contract.results.report import ThresholdResult, Verdict, WorkerResult, WorkloadResult
from njst.contract.results.tallies import ErrorClass, ErrorTally
from njst.contract.spec.threshold import Metric
from njst.verdict import threshold_words
from njst.verdict.storage_text import removed_words
from njst.verdict.worker_list import named

_BUDGETS = (Metric.ERRORS, Metric.ERRORS_PER_MILLION)
# Other reasons follow from the spec or the stream: a read-back would have proved nothing.
_FAILED_LOOKS = frozenset({NOT_READ, READ_FAILED, TOO_MANY_HOLES, ErrorClass.PROCESS_DIED})


@dataclass(frozen=True)
class Judgement:
    """A verdict, its CamelCase reason, and a sentence that explains it."""

    verdict: Verdict
    reason: str
    message: str


def failed_workers(workers: Sequence[WorkerResult]) -> Judgement | None:
    """Workers that failed, or ran to the deadline without the log."""
    failed = [w for w in workers if w.outcome is Outcome.FAILED]
    if failed:
        problem = failed[0].problem
        detail = f": {problem.message}" if problem else ""
        reason = problem.reason if problem else "WorkerFailed"
        return Judgement(Verdict.INVALID, reason, f"{failed[0].worker} failed{detail}")
    overdue = [w for w in workers if w.problem and w.problem.reason == "DeadlineExceeded"]
    if overdue:
        message = f"{overdue[0].worker}: {overdue[0].problem.message}" if overdue[0].problem else ""
        return Judgement(Verdict.INVALID, "DeadlineExceeded", message)
    return None


def missing_workers(workers: Sequence[WorkerResult]) -> Judgement | None:
    """Workers that did not run to the end."""
    missing = [w for w in workers if w.outcome is not Outcome.COMPLETED]
    if not missing:
        return None
    whom = named((w.worker, _fate(w)) for w in missing)
    whole, ran = len(workers), len(workers) - len(missing)
    rest = f"the other {ran} ran to the end" if ran else "none ran to the end"
    if all(worker.outcome is Outcome.REJECTED for worker in missing):
        message = f"{len(missing)} of {whole} workers could not take part: {whom}; {rest}"
        return Judgement(Verdict.UNKNOWN, "WorkersRefused", message)
    message = f"{len(missing)} of {whole} workers are missing: {whom}; {rest}"
    return Judgement(Verdict.UNKNOWN, "WorkersLost", message)


def _fate(worker: WorkerResult) -> str:
    return f"{worker.outcome}: {worker.problem.message}" if worker.problem else worker.outcome


def missed_threshold(threshold: ThresholdResult) -> Judgement | None:
    """A threshold that is missed, or undecided."""
    if threshold.verdict is Verdict.VALID:
        return None
    missed = THRESHOLDS_FAILED if threshold.relative_to is None else REGRESSION
    reason = missed if threshold.verdict is Verdict.INVALID else THRESHOLDS_UNDECIDED
    return Judgement(threshold.verdict, reason, threshold_words.sentence(threshold))


def has_budget(thresholds: Sequence[ThresholdResult], workload: WorkloadResult) -> bool:
    """Whether a threshold limits the errors of a workload."""
    return any(t.workload == workload.workload and t.metric in _BUDGETS for t in thresholds)


def lost_messages(workload: WorkloadResult) -> Judgement | None:
    """Acknowledged messages that are lost; no threshold allows them."""
    proved = workload.read_back
    if proved is None or not proved.lost:
        return None
    examples = [e.example for e in workload.errors if e.error_class is ErrorClass.LOST]
    detail = f": {examples[0]}" if examples else ""
    message = (
        f"{workload.workload} lost {proved.lost} of {proved.acknowledged} acknowledged"
        f" messages{detail}"
    )
    return Judgement(Verdict.INVALID, "MessagesLost", message)


def missing_messages(
    workload: WorkloadResult, thresholds: Sequence[ThresholdResult]
) -> Judgement | None:
    """Planned messages that were not done, but for failed ones that a threshold allows."""
    if workload.planned is None or workload.messages == workload.planned:
        return None
    if _is_explained_by_pause(workload):
        return None
    missing = workload.planned - workload.messages
    if missing == workload.failed and has_budget(thresholds, workload):
        return None
    cause = ""
    if workload.errors:
        worst = max(workload.errors, key=_explains)
        cause = f"; {worst.count} times {worst.error_class}: {worst.example}"
    message = f"{workload.workload} did {workload.messages} of {workload.planned} messages{cause}"
    return Judgement(Verdict.INVALID, "Incomplete", message)


def _explains(error: ErrorTally) -> tuple[bool, int]:
    """Return how well an error explains that work is missing: that nothing came is no cause."""
    return error.error_class is not ErrorClass.STARVED, error.count


def unallowed_errors(
    workload: WorkloadResult, thresholds: Sequence[ThresholdResult]
) -> Judgement | None:
    """Errors of a workload, unless a threshold limits them."""
    if not workload.errors or has_budget(thresholds, workload):
        return None
    if _is_explained_by_pause(workload):
        return None
    first = workload.errors[0]
    message = (
        f"{workload.workload} had {workload.error_count} errors,"
        f" first {first.error_class}: {first.example}"
    )
    return Judgement(Verdict.INVALID, "ErrorsOccurred", message)


def failed_read_back(workload: WorkloadResult) -> Judgement | None:
    """A read-back that was needed and failed: it proves nothing."""
    proved = workload.read_back
    failed = [] if proved is None else sorted(_FAILED_LOOKS.intersection(proved.reasons))
    if proved is None or not failed:
        return None
    said = f" ({proved.words})" if proved.words else ""
    message = (
        f"{workload.workload} could not look for {proved.unchecked} of"
        f" {proved.acknowledged} acknowledged messages: {', '.join(failed)}{said}"
    )
    return Judgement(Verdict.UNKNOWN, "ReadBackFailed", message)


def removed_messages(workload: WorkloadResult) -> Judgement | None:
    """Messages that somebody removed while the job ran: they prove nothing."""
    message = removed_words(workload)
    return Judgement(Verdict.UNKNOWN, "MessagesRemoved", message) if message else None


def paused_consumer(
    workload: WorkloadResult, thresholds: Sequence[ThresholdResult]
) -> Judgement | None:
    """A pause that explains missed thresholds or missing messages: they say nothing then."""
    missed = [
        t for t in thresholds if t.workload == workload.workload and t.verdict is not Verdict.VALID
    ]
    words = pause_words(workload)
    if not words or not (missed or _is_explained_by_pause(workload)):
        return None
    detail = "".join(f"; {threshold_words.sentence(threshold)}" for threshold in missed[:5])
    return Judgement(Verdict.UNKNOWN, "ConsumerPaused", f"{workload.workload}: {words}{detail}")


def pause_words(workload: WorkloadResult) -> str:
    """Return which consumer somebody paused during the load, and until when; empty: none."""
    happened = (*workload.errors, *workload.events)
    return next((e.example for e in happened if e.error_class is ErrorClass.CONSUMER_PAUSED), "")


def _is_explained_by_pause(workload: WorkloadResult) -> bool:
    """Whether nothing but a pause of its consumer kept a workload from its messages."""
    return {error.error_class for error in workload.errors} == {ErrorClass.CONSUMER_PAUSED}
