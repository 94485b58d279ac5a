"""From the participants' results to the verdict on a job, with one reason that names the cause.

Order of precedence, the first that applies: acknowledged messages lost; stopped (cancelled,
deadline); nothing ran; a worker failed; counts that contradict each other; a worker is missing; a
workload was skipped; thresholds missed; thresholds undecided; planned messages missing; errors that
no threshold allows; acknowledged messages that could not be looked for; some that somebody removed.
A lost worker makes the verdict UNKNOWN, and so does a workload for which the target is too old: a
part of the history is missing.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from njst.contract.events import Cancelled
from njst.contract.results.outcome import START_TIMEOUT, Outcome
from njst.contract.results.readback import NOT_READ, READ_FAILED, TOO_MANY_HOLES
from njst.contract.results.report import ThresholdResult, Verdict, WorkerResult, WorkloadResult
from njst.contract.results.tallies import ErrorClass, ErrorTally
from njst.contract.spec.job import JobSpec
from njst.contract.spec.threshold import Metric
from njst.verdict.invariants import violations
from njst.verdict.pass_summary import summary
from njst.verdict.storage_text import removed_words
from njst.verdict.worker_list import UNHEARD, named


@dataclass(frozen=True)
class Judgement:
    """A verdict, its CamelCase reason, and a sentence that explains it."""

    verdict: Verdict
    reason: str
    message: str


@dataclass(frozen=True)
class History:
    """Everything that the verdict depends on."""

    spec: JobSpec
    workers: Sequence[WorkerResult]
    workloads: Sequence[WorkloadResult]
    thresholds: Sequence[ThresholdResult]
    cancelled: Cancelled | None


def judge(history: History) -> Judgement:
    """Return the verdict on a job whose results are complete."""
    for policy in _POLICIES:
        judgement = policy(history)
        if judgement is not None:
            return judgement
    words = summary(history.workloads, history.thresholds)
    return Judgement(Verdict.VALID, "Completed", words)


def _lost(history: History) -> Judgement | None:
    """Lost acknowledged messages fail every job; no threshold allows them."""
    for workload in history.workloads:
        proved = workload.read_back
        if proved is None or not proved.lost:
            continue
        examples = [e.example for e in workload.errors if e.error_class is ErrorClass.LOST]
        detail = f": {examples[0]}" if examples else ""
        message = (
            f"{workload.workload} lost {proved.lost} of {proved.acknowledged} acknowledged"
            f" messages{detail}"
        )
        return Judgement(Verdict.INVALID, "MessagesLost", message)
    return None


def _stopped(history: History) -> Judgement | None:
    if history.cancelled is None:
        return None
    return Judgement(Verdict.INVALID, history.cancelled.reason, history.cancelled.message)


def _nothing_ran(history: History) -> Judgement | None:
    idle = (Outcome.REJECTED, Outcome.LATE)
    if any(worker.outcome not in idle for worker in history.workers):
        return None
    for worker in history.workers:
        if worker.problem is not None and worker.problem.reason != START_TIMEOUT:
            message = f"{worker.worker}: {worker.problem.message}"
            return Judgement(Verdict.INVALID, worker.problem.reason, message)
    message = f"no worker was ready within {history.spec.start_timeout_seconds} s"
    if history.workers:
        late = ((w.worker, w.problem.message if w.problem else UNHEARD) for w in history.workers)
        message = f"{message}: {named(late)}"
    return Judgement(Verdict.INVALID, START_TIMEOUT, message)


def _failed_workers(history: History) -> Judgement | None:
    failed = [w for w in history.workers if w.outcome is Outcome.FAILED]
    if failed:
        problem = failed[0].problem
        detail = f": {problem.message}" if problem else ""
        reason = problem.reason if problem else "WorkerFailed"
        return Judgement(Verdict.INVALID, reason, f"{failed[0].worker} failed{detail}")
    overdue = [w for w in history.workers if w.problem and w.problem.reason == "DeadlineExceeded"]
    if overdue:
        message = f"{overdue[0].worker}: {overdue[0].problem.message}" if overdue[0].problem else ""
        return Judgement(Verdict.INVALID, "DeadlineExceeded", message)
    return None


def _missing_workers(history: History) -> Judgement | None:
    missing = [w for w in history.workers if w.outcome is not Outcome.COMPLETED]
    if not missing:
        return None
    whom = named((w.worker, _fate(w)) for w in missing)
    whole, ran = len(history.workers), len(history.workers) - len(missing)
    rest = f"the other {ran} ran to the end" if ran else "none ran to the end"
    if all(worker.outcome is Outcome.REJECTED for worker in missing):
        message = f"{len(missing)} of {whole} workers could not take part: {whom}; {rest}"
        return Judgement(Verdict.UNKNOWN, "WorkersRefused", message)
    message = f"{len(missing)} of {whole} workers are missing: {whom}; {rest}"
    return Judgement(Verdict.UNKNOWN, "WorkersLost", message)


def _fate(worker: WorkerResult) -> str:
    return f"{worker.outcome}: {worker.problem.message}" if worker.problem else worker.outcome


def _skipped(history: History) -> Judgement | None:
    """A skipped workload proves nothing, and may be why others are incomplete."""
    skipped = [workload for workload in history.workloads if workload.skipped]
    if not skipped:
        return None
    which = "; ".join(f"{workload.workload}: {workload.skipped}" for workload in skipped[:5])
    message = f"{len(skipped)} of {len(history.workloads)} workloads are skipped: {which}"
    return Judgement(Verdict.UNKNOWN, "WorkloadsSkipped", message)


def _inconsistent(history: History) -> Judgement | None:
    """Contradictory counts prove nothing: they are an error of njst."""
    found = violations(history.workloads)
    if not found:
        return None
    return Judgement(Verdict.UNKNOWN, "CountsInconsistent", "; ".join(found[:5]))


def _thresholds(history: History) -> Judgement | None:
    """A missed threshold fails the job, an undecided one leaves it unknown; neither passes."""
    for verdict, reason in (
        (Verdict.INVALID, "ThresholdsFailed"),
        (Verdict.UNKNOWN, "ThresholdsUndecided"),
    ):
        missed = [t for t in history.thresholds if t.verdict is verdict]
        if missed:
            return Judgement(verdict, reason, "; ".join(map(_miss, missed[:5])))
    return None


def _miss(threshold: ThresholdResult) -> str:
    value = "no data" if threshold.value is None else str(threshold.value)
    if threshold.is_lower_bound:
        value = f"at least {value}, since operations were given up"
    bound = (
        f"at most {threshold.at_most}"
        if threshold.at_most is not None
        else f"at least {threshold.at_least}"
    )
    return f"{threshold.workload} {threshold.metric} is {value}, wanted {bound}"


_BUDGETS = (Metric.ERRORS, Metric.ERRORS_PER_MILLION)


def _has_budget(history: History, workload: WorkloadResult) -> bool:
    """Whether a threshold, which holds at this point, limits the errors of the workload."""
    return any(t.workload == workload.workload and t.metric in _BUDGETS for t in history.thresholds)


def _complete(history: History) -> Judgement | None:
    for workload in history.workloads:
        if workload.planned is None or workload.messages == workload.planned:
            continue
        missing = workload.planned - workload.messages
        if missing == workload.failed and _has_budget(history, workload):
            continue
        cause = ""
        if workload.errors:
            worst = max(workload.errors, key=_explains)
            cause = f"; {worst.count} times {worst.error_class}: {worst.example}"
        message = (
            f"{workload.workload} did {workload.messages} of {workload.planned} messages{cause}"
        )
        return Judgement(Verdict.INVALID, "Incomplete", message)
    return None


def _explains(error: ErrorTally) -> tuple[bool, int]:
    """Return how well an error explains that work is missing: that nothing came is no cause."""
    return error.error_class is not ErrorClass.STARVED, error.count


def _errors(history: History) -> Judgement | None:
    """Errors fail a job unless a threshold allows them."""
    for workload in history.workloads:
        if workload.errors and not _has_budget(history, workload):
            first = workload.errors[0]
            return Judgement(
                Verdict.INVALID,
                "ErrorsOccurred",
                f"{workload.workload} had {workload.error_count} errors,"
                f" first {first.error_class}: {first.example}",
            )
    return None


def _unchecked(history: History) -> Judgement | None:
    """A read-back that was needed and failed proves nothing."""
    for workload in history.workloads:
        proved = workload.read_back
        failed = [] if proved is None else sorted(_FAILED_LOOKS.intersection(proved.reasons))
        if proved is not None and failed:
            said = f" ({proved.words})" if proved.words else ""
            message = (
                f"{workload.workload} could not look for {proved.unchecked} of"
                f" {proved.acknowledged} acknowledged messages: {', '.join(failed)}{said}"
            )
            return Judgement(Verdict.UNKNOWN, "ReadBackFailed", message)
    return None


def _removed(history: History) -> Judgement | None:
    """Messages that somebody removed while the job ran prove nothing."""
    for workload in history.workloads:
        if message := removed_words(workload):
            return Judgement(Verdict.UNKNOWN, "MessagesRemoved", message)
    return None


# Other reasons follow from the spec or the stream: a read-back would have proved nothing.
_FAILED_LOOKS = frozenset({NOT_READ, READ_FAILED, TOO_MANY_HOLES, ErrorClass.PROCESS_DIED})
_POLICIES = (
    _lost,
    _stopped,
    _nothing_ran,
    _failed_workers,
    _inconsistent,
    _missing_workers,
    _skipped,
    _thresholds,
    _complete,
    _errors,
    _unchecked,
    _removed,
)
