"""The kinds of resources that a schedule creates, each a row; pure.

What a schedule has created are its children, whichever kind they are. They differ in nothing else
than in what stands here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from njst.contract.spec.schedule import ExperimentTemplate, JobTemplate, ScheduleSpec
from njst_operator.controllers.experiment.experiment_resource import (
    ExperimentResource,
    experiment_resource_of,
)
from njst_operator.controllers.job.job_resource import JobResource, resource_of
from njst_operator.controllers.resource.log_resource import LogResource
from njst_operator.controllers.schedule.schedule_reason import ScheduleReason

Child = LogResource[Any]


@dataclass(frozen=True)
class ChildKind:
    """One kind of children.

    Attributes:
        resource: Their type, which has the names of the kind.
        template: The field of the schedule's spec that they are created from.
        read: Returns a child in an object of the API.
        waits: Reason of a schedule whose next child waits for an earlier one.
        refused: Reason of a schedule whose child the API server refuses.
    """

    resource: type[Child]
    template: str
    read: Callable[[dict[str, Any]], Child]
    waits: ScheduleReason
    refused: ScheduleReason

    @property
    def noun(self) -> str:
        """What a child is in a sentence."""
        return self.resource.noun


JOBS = ChildKind(
    JobResource,
    "jobTemplate",
    resource_of,
    ScheduleReason.JOB_ACTIVE,
    ScheduleReason.JOB_REFUSED,
)
EXPERIMENTS = ChildKind(
    ExperimentResource,
    "experimentTemplate",
    experiment_resource_of,
    ScheduleReason.EXPERIMENT_ACTIVE,
    ScheduleReason.EXPERIMENT_REFUSED,
)


def kind_and_template(spec: ScheduleSpec) -> tuple[ChildKind, JobTemplate | ExperimentTemplate]:
    """Return what a schedule creates, and from which template.

    Raises:
        ValueError: the spec has no template, which the contract refuses.
    """
    if spec.job_template is not None:
        return JOBS, spec.job_template
    if spec.experiment_template is not None:
        return EXPERIMENTS, spec.experiment_template
    raise ValueError("the spec has no template")
