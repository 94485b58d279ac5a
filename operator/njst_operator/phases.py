"""What each phase claims: one function for each, read beside kstatus, `kubectl wait` and Argo CD.

kstatus (Flux, Helm) sees Reconciling, Stalled and Ready; `kubectl wait` uses Finished, which is
True at every end, and Succeeded, which is the verdict.
"""

from dataclasses import dataclass

from njst.contract.job import VerdictPolicy
from njst.journal.standing import standing_of
from njst.journal.summary import log_datetime
from njst.journal.view import JobView, Phase
from njst_operator.conditions import FALSE, TRUE, UNKNOWN, Claim, time_text
from njst_operator.resource import MARK, Resource


@dataclass(frozen=True)
class Saying:
    """A phase with its reason and message, and how the conditions stand in it."""

    phase: str
    reason: str
    message: str
    claims: tuple[Claim, ...]


def _claims(reason: str, message: str, **status: str) -> tuple[Claim, ...]:
    return tuple(Claim(kind, value, reason, message) for kind, value in status.items())


def waiting(reason: str, message: str) -> Saying:
    """Not a job yet, and njst will try again."""
    return Saying(
        "Pending",
        reason,
        message,
        _claims(
            reason,
            message,
            Accepted=FALSE,
            WorkersReady=UNKNOWN,
            Finished=FALSE,
            Succeeded=UNKNOWN,
            Suspended=FALSE,
            Reconciling=TRUE,
            Stalled=FALSE,
            Ready=UNKNOWN,
        ),
    )


def suspended() -> Saying:
    """Not a job until suspend is false."""
    return _held("Suspended", "set spec.suspend to false to start the job")


def restored(resource: Resource) -> Saying:
    """Not a job until somebody says that it shall be one again."""
    where = f"{resource.name} --namespace {resource.namespace}"
    return _held(
        "Restored",
        f"to run it: kubectl annotate njstjob {where} {MARK}-; it is a copy, or was restored from a"
        f" backup, of one that was accepted as {resource.accepted_as}",
    )


def _held(reason: str, message: str) -> Saying:
    return Saying(
        "Suspended",
        reason,
        message,
        _claims(
            reason,
            message,
            Accepted=FALSE,
            WorkersReady=UNKNOWN,
            Finished=FALSE,
            Succeeded=UNKNOWN,
            Suspended=TRUE,
            Reconciling=FALSE,
            Stalled=FALSE,
            # It is as its spec wants it: whoever waits for a rollout need not wait for this.
            Ready=TRUE,
        ),
    )


def never_ran(phase: str, reason: str, message: str) -> Saying:
    """Over before it began, or without a result that can be had."""
    return Saying(
        phase,
        reason,
        message,
        _claims(
            reason,
            message,
            Accepted=FALSE,
            WorkersReady=FALSE,
            Finished=TRUE,
            Succeeded=FALSE,
            Suspended=FALSE,
            Reconciling=FALSE,
            Stalled=TRUE,
            Ready=FALSE,
        ),
    )


def ran_already(view: JobView, within_s: int) -> Saying:
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
    return Saying(
        str(view.phase),
        reason,
        message,
        _claims(
            reason,
            message,
            Accepted=FALSE,
            WorkersReady=FALSE,
            Finished=TRUE,
            Succeeded=TRUE if passed else FALSE,
            Suspended=FALSE,
            Reconciling=FALSE,
            Stalled=FALSE if healthy else TRUE,
            Ready=TRUE if healthy else FALSE,
        ),
    )


def of_view(view: JobView) -> Saying:
    """What a job's own view says."""
    if view.ended is not None:
        return _ended(view, view.ended.report.reason, view.ended.report.message)
    ready = view.started is not None
    wanted = len(view.parts)
    reason, message = standing_of(view)
    return Saying(
        str(view.phase),
        reason,
        message,
        (
            Claim("Accepted", TRUE, "JobCreated", f"job {view.id} for {wanted} workers"),
            Claim("WorkersReady", TRUE if ready else FALSE, reason, message),
            *_claims(
                reason,
                message,
                Finished=FALSE,
                Succeeded=UNKNOWN,
                Suspended=FALSE,
                Reconciling=TRUE,
                Stalled=FALSE,
                Ready=UNKNOWN,
            ),
        ),
    )


def _ended(view: JobView, reason: str, message: str) -> Saying:
    passed = view.phase is Phase.SUCCEEDED
    # A failed test in a chart rolls the release back, unless its owner only wants to know.
    healthy = passed or view.created.spec.verdict_policy is VerdictPolicy.REPORT
    yes, no = (TRUE, FALSE) if healthy else (FALSE, TRUE)
    ran = TRUE if view.run else FALSE
    return Saying(
        str(view.phase),
        reason,
        message,
        (
            Claim("Accepted", TRUE, "JobCreated", f"job {view.id} for {len(view.parts)} workers"),
            Claim("WorkersReady", ran, reason, message),
            *_claims(
                reason,
                message,
                Finished=TRUE,
                Succeeded=TRUE if passed else FALSE,
                Suspended=FALSE,
                Reconciling=FALSE,
                Stalled=no,
                Ready=yes,
            ),
        ),
    )
