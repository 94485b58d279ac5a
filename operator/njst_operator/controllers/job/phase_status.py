"""What each phase claims: one function for each, read beside kstatus, `kubectl wait` and Argo CD.

kstatus (Flux, Helm) sees Reconciling, Stalled and Ready; `kubectl wait` uses Finished, which is
True at every end, and Succeeded, which is the verdict.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from njst.contract.results.report import Report, Verdict
from njst.contract.spec.job import VerdictPolicy
from njst.journal.report_builder import log_datetime
from njst.journal.state.job_view import JobView, ParticipantPhase, Phase
from njst.journal.state.state_text import state_text
from njst_operator.controllers.job.job_resource import MARK, JobResource
from njst_operator.kube.conditions import FALSE, TRUE, UNKNOWN, DesiredCondition, time_text


@dataclass(frozen=True)
class PhaseStatus:
    """A phase with its reason and message, and how the conditions stand in it."""

    phase: str
    reason: str
    message: str
    claims: tuple[DesiredCondition, ...]


def _claims(reason: str, **said: tuple[str, str]) -> tuple[DesiredCondition, ...]:
    return tuple(
        DesiredCondition(kind, status, reason, words) for kind, (status, words) in said.items()
    )


_NOT_SUSPENDED = (FALSE, "spec.suspend does not hold the job")
_NOT_OVER = (FALSE, "the job is not over")
_NO_VERDICT = (UNKNOWN, "the verdict comes at the end")
_NOT_READY_YET = (UNKNOWN, "known when the job is over")
_NOT_STALLED = (FALSE, "nothing has to be mended")
_AT_REST = (FALSE, "njst has nothing more to do for it")


def waiting(reason: str, message: str) -> PhaseStatus:
    """Not a job yet, and njst will try again."""
    return PhaseStatus(
        "Pending",
        reason,
        message,
        _claims(
            reason,
            Accepted=(FALSE, "the job is not in the job log yet"),
            WorkersReady=(UNKNOWN, "workers are chosen when the job is accepted"),
            Finished=_NOT_OVER,
            Succeeded=_NO_VERDICT,
            Suspended=_NOT_SUSPENDED,
            Reconciling=(TRUE, f"njst tries again: {message}"),
            Stalled=_NOT_STALLED,
            Ready=_NOT_READY_YET,
        ),
    )


def suspended() -> PhaseStatus:
    """Not a job until suspend is false."""
    return _held("Suspended", "set spec.suspend to false to start the job")


def restored(resource: JobResource) -> PhaseStatus:
    """Not a job until somebody says that it shall be one again."""
    where = f"{resource.name} --namespace {resource.namespace}"
    return _held(
        "Restored",
        f"to run it: kubectl annotate njstjob {where} {MARK}-; it is a copy, or was restored from a"
        f" backup, of one that was accepted as {resource.accepted_as}",
    )


def _held(reason: str, message: str) -> PhaseStatus:
    return PhaseStatus(
        "Suspended",
        reason,
        message,
        _claims(
            reason,
            Accepted=(FALSE, "a suspended job is not submitted"),
            WorkersReady=(UNKNOWN, "workers are chosen when the job is accepted"),
            Finished=_NOT_OVER,
            Succeeded=_NO_VERDICT,
            Suspended=(TRUE, message),
            Reconciling=(FALSE, "njst waits until it is no longer suspended"),
            Stalled=_NOT_STALLED,
            # It is as its spec wants it: whoever waits for a rollout need not wait for this.
            Ready=(TRUE, "it is suspended, as its spec wants it"),
        ),
    )


def never_ran(phase: str, reason: str, message: str) -> PhaseStatus:
    """Over before it began, or without a result that can be had."""
    return PhaseStatus(
        phase,
        reason,
        message,
        _claims(
            reason,
            Accepted=(FALSE, "there is no job of this resource in the job log"),
            WorkersReady=(FALSE, "no worker has it"),
            Finished=(TRUE, f"it is over: {phase}"),
            Succeeded=(FALSE, "there is no result"),
            Suspended=_NOT_SUSPENDED,
            Reconciling=_AT_REST,
            Stalled=(TRUE, message),
            Ready=(FALSE, "it did not succeed"),
        ),
    )


def ran_already(view: JobView, within_s: int) -> PhaseStatus:
    """Not a job: an earlier one of the same spec has the result."""
    end = view.ended
    assert end is not None
    passed = view.phase is Phase.SUCCEEDED
    healthy = passed or view.created.spec.verdict_policy is VerdictPolicy.REPORT
    reason = "RanAlready"
    message = (
        f"job {view.id} of this name and spec ended at {time_text(log_datetime(view.ended_ns))}"
        f" ({end.report.reason}): not again within {within_s} s (spec.skipIfRanWithinSeconds)"
    )
    return PhaseStatus(
        str(view.phase),
        reason,
        message,
        _claims(
            reason,
            Accepted=(FALSE, "an earlier job has the result"),
            WorkersReady=(FALSE, "no worker is needed"),
            Finished=(TRUE, message),
            Succeeded=(TRUE if passed else FALSE, f"the earlier job says {end.report.reason}"),
            Suspended=_NOT_SUSPENDED,
            Reconciling=_AT_REST,
            Stalled=_NOT_STALLED if healthy else (TRUE, message),
            Ready=(TRUE, "the earlier job counts") if healthy else (FALSE, "it did not succeed"),
        ),
    )


def of_view(view: JobView, waits_for: Sequence[str] = ()) -> PhaseStatus:
    """What a job's own view says; `waits_for` are the jobs that run before it, in their order."""
    if view.ended is not None:
        report = view.ended.report
        return _ended(view, report.reason, report.message + _tolerated(report))
    reason, message = state_text(view, waits_for)
    return PhaseStatus(
        str(view.phase),
        reason,
        message,
        _accepted(view)
        + _claims(
            reason,
            WorkersReady=_ready(view),
            Finished=_NOT_OVER,
            Succeeded=_NO_VERDICT,
            Suspended=_NOT_SUSPENDED,
            Reconciling=(TRUE, message),
            Stalled=_NOT_STALLED,
            Ready=_NOT_READY_YET,
        ),
    )


def _accepted(view: JobView) -> tuple[DesiredCondition, ...]:
    words = f"job {view.id} is for {len(view.parts)} workers"
    return _claims("JobCreated", Accepted=(TRUE, words))


def _ready(view: JobView) -> tuple[str, str]:
    wanted = len(view.parts)
    if view.started is not None:
        return TRUE, f"{len(view.run)} of {wanted} workers began the load"
    return FALSE, f"{len(view.parts_in(ParticipantPhase.READY))} of {wanted} workers are ready"


def _tolerated(report: Report) -> str:
    """Say why a job has errors, and succeeded all the same."""
    errors = sum(workload.error_count for workload in report.workloads)
    if report.verdict is not Verdict.VALID or not errors:
        return ""
    return f"; its {errors} errors are no more than thresholds on Errors allow"


def _ended(view: JobView, reason: str, message: str) -> PhaseStatus:
    passed = view.phase is Phase.SUCCEEDED
    # A failed test in a chart rolls the release back, unless its owner only wants to know.
    healthy = passed or view.created.spec.verdict_policy is VerdictPolicy.REPORT
    stalled, not_ready = f"it did not succeed: {message}", "it did not succeed"
    ready = "it succeeded" if passed else f"{not_ready}, and verdictPolicy is Report"
    ran = f"{len(view.run)} of {len(view.parts)} workers ran the load"
    return PhaseStatus(
        str(view.phase),
        reason,
        message,
        _accepted(view)
        + _claims(
            reason,
            WorkersReady=(TRUE, ran) if view.run else (FALSE, "no worker ran the load"),
            Finished=(TRUE, f"it is over: {view.phase}"),
            Succeeded=(TRUE if passed else FALSE, message),
            Suspended=_NOT_SUSPENDED,
            Reconciling=_AT_REST,
            Stalled=_NOT_STALLED if healthy else (TRUE, stalled),
            Ready=(TRUE, ready) if healthy else (FALSE, not_ready),
        ),
    )
