"""Which of several njst installations in one Kubernetes takes care of a resource; pure.

A resource that names a mesh is that mesh's. One that names none belongs to whoever accepted it,
and before that to the default installation, as a volume claim belongs to the default class.
"""

from dataclasses import dataclass

from njst_operator.controllers.job.job_resource import JobResource
from njst_operator.controllers.schedule.schedule_resource import ScheduleResource


@dataclass(frozen=True)
class Ownership:
    """One installation: the name of its mesh, and whether it is the default one."""

    mesh: str
    is_default: bool = True

    def takes(self, resource: JobResource, *, in_own_log: bool) -> bool:
        """Whether a resource is this installation's; `in_own_log`: its log has the job."""
        owner = resource.mesh or resource.accepted_by
        if owner:
            return owner == self.mesh
        # A job that an older njst has begun stays where it is when another mesh becomes default.
        return self.is_default or in_own_log

    def takes_schedule(self, schedule: ScheduleResource) -> bool:
        """Whether a schedule is this installation's: it is where its jobs are."""
        return schedule.mesh == self.mesh if schedule.mesh else self.is_default
