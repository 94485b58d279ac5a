"""From the participants' results to the verdict on a job, with one reason that names the cause.

Order of precedence, the first that applies: acknowledged messages lost; stopped (cancelled,
deadline, a threshold that aborts the job); nothing ran; a worker failed; counts that contradict
each other; a worker is missing; a workload was skipped; thresholds missed, then those relative to
baselines; thresholds undecided; planned messages missing; errors that no threshold allows;
acknowledged messages that could not be looked for; some that somebody removed; a consumer that
somebody paused, where that explains the missed thresholds and missing messages of its workload. A
lost worker makes the verdict UNKNOWN, and so does a workload for which the target is too old: a
part of the history is missing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from njst.contract.events import Cancelled
from njst.contract.results.outcome import (
    REGRESSION,
    START_TIMEOUT,
    THRESHOLDS_FAILED,
    THRESHOLDS_UNDECIDED,
    Outcome,
)
from njst.contract.results.report import ThresholdResult, Verdict, WorkerResult, WorkloadResult
from njst.contract.spec.job import JobSpec
from njst.verdict import checks
from njst.verdict.checks import Judgement
from njst.verdict.invariants import violations
from njst.verdict.pass_summary import summary
from njst.verdict.worker_list import UNHEARD, named

# In order of precedence: a bound of its own says more than one relative to a baseline.
_THRESHOLD_REASONS = (THRESHOLDS_FAILED, REGRESSION, THRESHOLDS_UNDECIDED)


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


def _first(judgements: Iterable[Judgement | None]) -> Judgement | None:
    return next((judgement for judgement in judgements if judgement is not None), None)


def _lost(history: History) -> Judgement | None:
    return _first(map(checks.lost_messages, history.workloads))


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
    return checks.failed_workers(history.workers)


def _missing_workers(history: History) -> Judgement | None:
    return checks.missing_workers(history.workers)


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
    paused = {w.workload for w in history.workloads if checks.pause_words(w)}
    found = [
        judgement
        for threshold in history.thresholds
        if threshold.workload not in paused
        and (judgement := checks.missed_threshold(threshold)) is not None
    ]
    found.sort(key=lambda judgement: _THRESHOLD_REASONS.index(judgement.reason))
    if not found:
        return None
    first = found[0]
    words = [judgement.message for judgement in found if judgement.verdict is first.verdict]
    return Judgement(first.verdict, first.reason, "; ".join(words[:5]))


def _complete(history: History) -> Judgement | None:
    return _first(checks.missing_messages(w, history.thresholds) for w in history.workloads)


def _errors(history: History) -> Judgement | None:
    return _first(checks.unallowed_errors(w, history.thresholds) for w in history.workloads)


def _unchecked(history: History) -> Judgement | None:
    return _first(map(checks.failed_read_back, history.workloads))


def _removed(history: History) -> Judgement | None:
    return _first(map(checks.removed_messages, history.workloads))


def _paused(history: History) -> Judgement | None:
    return _first(checks.paused_consumer(w, history.thresholds) for w in history.workloads)


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
    _paused,
)
