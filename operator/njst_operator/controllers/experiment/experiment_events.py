"""Which Kubernetes Events a change of an experiment's status is worth; pure."""

from njst.contract.results.experiments.experiment_status import ExperimentStatus
from njst_operator.controllers.resource.phase_events import of_phase
from njst_operator.kube.kube_event import KubeEvent


def of_experiment(old: ExperimentStatus, new: ExperimentStatus) -> list[KubeEvent]:
    """Return the Events for what is in `new` and not in `old`; trials are in the status."""
    found: list[KubeEvent] = []
    if new.experiment_id and not old.experiment_id:
        words = f"experiment {new.experiment_id} was created"
        found.append(KubeEvent("ExperimentSubmitted", words))
    if new.phase != old.phase:
        found += of_phase(new, "trials are created one after the other")
    return found
