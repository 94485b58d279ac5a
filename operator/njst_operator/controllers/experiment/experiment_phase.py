"""Phase, reason, message and conditions of an NjstExperiment; pure."""

from collections.abc import Sequence

from njst.contract.spec.job import VerdictPolicy
from njst.journal.state.experiments.experiment_text import experiment_text
from njst.journal.state.experiments.experiment_view import ExperimentPhase, ExperimentView
from njst.journal.state.job_view import JobView
from njst_operator.controllers.resource.phase_status import Phases, PhaseStatus
from njst_operator.kube.conditions import FALSE, TRUE

EXPERIMENT = Phases(
    noun="experiment",
    accepted="ExperimentCreated",
    types=(
        *("Accepted", "Finished", "Succeeded"),
        *("Suspended", "Reconciling", "Stalled", "Ready"),
    ),
)


def of_view(
    view: ExperimentView, running: JobView | None, waits_for: Sequence[str] = ()
) -> PhaseStatus:
    """The status of an experiment; `running` and `waits_for` are as of `experiment_text`."""
    reason, message = experiment_text(view, running, waits_for)
    accepted = (TRUE, f"experiment {view.id} is in the job log")
    if view.concluded is not None:
        passed = view.phase is ExperimentPhase.SUCCEEDED
        is_reported = view.created.spec.verdict_policy is VerdictPolicy.REPORT
        return EXPERIMENT.ended(
            str(view.phase),
            reason,
            message,
            passed=passed,
            healthy=passed or is_reported,
            Accepted=accepted,
        )
    special = {"Reconciling": (TRUE, message)}
    if view.phase is ExperimentPhase.SUSPENDED and running is None:
        special = {
            "Reconciling": (FALSE, "njst waits until it is no longer suspended"),
            # It is as its spec wants it: a rollout that waits for Ready need not wait for this.
            "Ready": (TRUE, "it is suspended, as its spec wants it"),
        }
    if view.is_suspended:
        special["Suspended"] = (TRUE, "spec.suspend holds it: no further trial is created")
    usual = EXPERIMENT.running
    return EXPERIMENT.status(str(view.phase), reason, message, usual, Accepted=accepted, **special)
