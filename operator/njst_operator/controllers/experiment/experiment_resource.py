"""An NjstExperiment as the API server has it, reduced to what decisions need; pure."""

from dataclasses import dataclass
from typing import Any, ClassVar

from njst.contract.names.kubernetes import EXPERIMENT_KIND, EXPERIMENT_PLURAL
from njst.contract.results.experiments.experiment_status import ExperimentStatus
from njst_operator.controllers.resource.log_resource import LogResource, log_fields


@dataclass(frozen=True)
class ExperimentResource(LogResource[ExperimentStatus]):
    """One NjstExperiment."""

    kind: ClassVar[str] = EXPERIMENT_KIND
    plural: ClassVar[str] = EXPERIMENT_PLURAL
    noun: ClassVar[str] = "experiment"


def experiment_resource_of(body: dict[str, Any]) -> ExperimentResource:
    """Return the NjstExperiment in an object of the API."""
    return ExperimentResource(**log_fields(body, ExperimentStatus))
