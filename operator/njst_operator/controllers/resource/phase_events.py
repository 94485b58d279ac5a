"""Which Kubernetes Events a new phase is worth; pure."""

from njst.contract.results.experiments.experiment_status import ExperimentStatus
from njst.contract.results.job_status import JobStatus
from njst_operator.controllers.resource.log_resource import TERMINAL_PHASES, log_id_of
from njst_operator.kube.kube_event import KubeEvent


def of_phase(new: JobStatus | ExperimentStatus, started: str) -> list[KubeEvent]:
    """Return the Event for the phase of a status; `started` is what Running means."""
    if new.phase == "Running":
        return [KubeEvent("Started", started)]
    if new.phase == "Suspended":
        return [KubeEvent("Suspended", new.message)]
    if new.phase == "Pending" and not log_id_of(new):
        return [
            KubeEvent("Waiting", f"{new.reason}: {new.message}", warning=True, about=new.reason)
        ]
    if new.phase in TERMINAL_PHASES:
        words = f"{new.reason}: {new.message}"
        return [KubeEvent(new.phase, words, warning=new.phase == "Failed")]
    return []
