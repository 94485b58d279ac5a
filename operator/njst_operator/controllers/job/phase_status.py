"""Phase, reason, message and conditions of an NjstJob; each case is one function here."""

from collections.abc import Sequence

from njst.contract.results.report import Report, Verdict
from njst.contract.spec.job import VerdictPolicy
from njst.journal.report_builder import log_datetime
from njst.journal.state.job_view import JobView, ParticipantPhase, Phase
from njst.journal.state.state_text import state_text
from njst_operator.controllers.resource.phase_status import Phases, PhaseStatus
from njst_operator.kube.conditions import FALSE, TRUE, time_text

JOB = Phases(
    noun="job",
    accepted="JobCreated",
    types=(
        *("Accepted", "WorkersReady", "Finished", "Succeeded"),
        *("Suspended", "Reconciling", "Stalled", "Ready"),
    ),
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
    return JOB.status(
        str(view.phase),
        "RanAlready",
        message,
        JOB.over,
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
    return JOB.status(
        str(view.phase),
        reason,
        message,
        JOB.running,
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
    ran = f"{len(view.run)} of {len(view.parts)} workers ran the load"
    return JOB.ended(
        str(view.phase),
        reason,
        message,
        passed=passed,
        healthy=healthy,
        Accepted=_accepted(view),
        WorkersReady=(TRUE, ran) if view.run else (FALSE, "no worker ran the load"),
    )
