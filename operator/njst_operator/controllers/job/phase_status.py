"""Phase, reason, message and conditions of an NjstJob; each case is one function here.

kstatus (Flux, Helm) sees Reconciling, Stalled and Ready; `kubectl wait` uses Finished, which is
True at every end, and Succeeded, which is the verdict.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from njst.contract.results.report import Report, Verdict
from njst.contract.spec.job import VerdictPolicy
from njst.journal.report_builder import log_datetime
from njst.journal.state.job_view import JobView, ParticipantPhase, Phase
from njst.journal.state.state_text import state_text
from njst_operator.controllers.job.job_resource import ACCEPTED_UID, JobResource
from njst_operator.kube.conditions import FALSE, TRUE, UNKNOWN, DesiredCondition, time_text


@dataclass(frozen=True)
class PhaseStatus:
    """A phase with its reason and message, and the conditions that go with it."""

    phase: str
    reason: str
    message: str
    conditions: tuple[DesiredCondition, ...]


# The conditions of every status, in their order.
_TYPES = (
    *("Accepted", "WorkersReady", "Finished", "Succeeded"),
    *("Suspended", "Reconciling", "Stalled", "Ready"),
)
# A condition's status and message, by its type: what holds unless a case says otherwise.
_Conditions = Mapping[str, tuple[str, str]]
_OPEN: _Conditions = {
    "WorkersReady": (UNKNOWN, "workers are chosen when the job is accepted"),
    "Finished": (FALSE, "the job is not over"),
    "Succeeded": (UNKNOWN, "the verdict comes at the end"),
    "Suspended": (FALSE, "spec.suspend does not hold the job"),
    "Stalled": (FALSE, "nothing has to be mended"),
    "Ready": (UNKNOWN, "known when the job is over"),
}
_OVER: _Conditions = {
    "Suspended": _OPEN["Suspended"],
    "Reconciling": (FALSE, "njst has nothing more to do for it"),
    "Stalled": _OPEN["Stalled"],
}


def _phase_status(
    phase: str, reason: str, message: str, usual: _Conditions, **special: tuple[str, str]
) -> PhaseStatus:
    """Return a status with the usual conditions, but for the special ones.

    Accepted, once it is True, keeps the reason JobCreated, whatever comes of the job.
    """
    found = {**usual, **special}
    conditions = tuple(
        DesiredCondition(
            kind,
            found[kind][0],
            "JobCreated" if (kind, found[kind][0]) == ("Accepted", TRUE) else reason,
            found[kind][1],
        )
        for kind in _TYPES
    )
    return PhaseStatus(phase, reason, message, conditions)


def waiting(reason: str, message: str) -> PhaseStatus:
    """Not a job yet, and njst will try again."""
    return _phase_status(
        "Pending",
        reason,
        message,
        _OPEN,
        Accepted=(FALSE, "the job is not in the job log yet"),
        Reconciling=(TRUE, f"njst tries again: {message}"),
    )


def suspended() -> PhaseStatus:
    """Not a job until suspend is false."""
    return _held("Suspended", "set spec.suspend to false to start the job")


def restored(resource: JobResource) -> PhaseStatus:
    """Not a job until a person removes the annotation of the job that it once was."""
    where = f"{resource.name} --namespace {resource.namespace}"
    return _held(
        "Restored",
        f"to run it: kubectl annotate njstjob {where} {ACCEPTED_UID}-; it is a copy, or was"
        f" restored from a backup, of one that was accepted as {resource.copied_from_uid}",
    )


def _held(reason: str, message: str) -> PhaseStatus:
    return _phase_status(
        "Suspended",
        reason,
        message,
        _OPEN,
        Accepted=(FALSE, "a suspended job is not submitted"),
        Suspended=(TRUE, message),
        Reconciling=(FALSE, "njst waits until it is no longer suspended"),
        # It is as its spec wants it: a rollout that waits for Ready need not wait for this.
        Ready=(TRUE, "it is suspended, as its spec wants it"),
    )


def never_ran(phase: str, reason: str, message: str) -> PhaseStatus:
    """Over before it began, or its result is lost."""
    return _phase_status(
        phase,
        reason,
        message,
        _OVER,
        Accepted=(FALSE, "there is no job of this resource in the job log"),
        WorkersReady=(FALSE, "no worker has it"),
        Finished=(TRUE, f"it is over: {phase}"),
        Succeeded=(FALSE, "there is no result"),
        Stalled=(TRUE, message),
        Ready=(FALSE, "it did not succeed"),
    )


def ran_already(view: JobView, within_s: int) -> PhaseStatus:
    """Not a job: an earlier one of the same spec has the result."""
    end = view.ended
    assert end is not None
    passed, healthy = _passed(view)
    message = (
        f"job {view.id} of this name and spec ended at {time_text(log_datetime(view.ended_ns))}"
        f" ({end.report.reason}): not again within {within_s} s (spec.skipIfRanWithinSeconds)"
    )
    special = {} if healthy else {"Stalled": (TRUE, message)}
    return _phase_status(
        str(view.phase),
        "RanAlready",
        message,
        _OVER,
        Accepted=(FALSE, "an earlier job has the result"),
        WorkersReady=(FALSE, "no worker is needed"),
        Finished=(TRUE, message),
        Succeeded=(TRUE if passed else FALSE, f"the earlier job says {end.report.reason}"),
        Ready=(TRUE, "the earlier job counts") if healthy else (FALSE, "it did not succeed"),
        **special,
    )


def of_view(view: JobView, waits_for: Sequence[str] = ()) -> PhaseStatus:
    """The status of a job by its view; `waits_for` are the jobs that run before it, in order."""
    if view.ended is not None:
        report = view.ended.report
        return _ended(view, report.reason, report.message + _tolerated(report))
    reason, message = state_text(view, waits_for)
    return _phase_status(
        str(view.phase),
        reason,
        message,
        _OPEN,
        Accepted=_accepted(view),
        WorkersReady=_ready(view),
        Reconciling=(TRUE, message),
    )


def _accepted(view: JobView) -> tuple[str, str]:
    return TRUE, f"job {view.id} is for {len(view.parts)} workers"


def _passed(view: JobView) -> tuple[bool, bool]:
    """Return whether an ended job succeeded, and whether that is fine with its owner.

    A failed test in a chart rolls the release back, unless its verdictPolicy is Report.
    """
    passed = view.phase is Phase.SUCCEEDED
    return passed, passed or view.created.spec.verdict_policy is VerdictPolicy.REPORT


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
    passed, healthy = _passed(view)
    not_ready = "it did not succeed"
    ready = "it succeeded" if passed else f"{not_ready}, and verdictPolicy is Report"
    ran = f"{len(view.run)} of {len(view.parts)} workers ran the load"
    special = {} if healthy else {"Stalled": (TRUE, f"{not_ready}: {message}")}
    return _phase_status(
        str(view.phase),
        reason,
        message,
        _OVER,
        Accepted=_accepted(view),
        WorkersReady=(TRUE, ran) if view.run else (FALSE, "no worker ran the load"),
        Finished=(TRUE, f"it is over: {view.phase}"),
        Succeeded=(TRUE if passed else FALSE, message),
        Ready=(TRUE, ready) if healthy else (FALSE, not_ready),
        **special,
    )
