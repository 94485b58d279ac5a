"""Which of several njst installations in one cluster handles a resource; pure.

A resource that names a mesh belongs to that mesh. One that names none belongs to the installation
that accepted it, and before that to the default one, as a volume claim does to the default class.
"""

from dataclasses import dataclass
from typing import Any

from njst_operator.controllers.resource.log_resource import LogResource
from njst_operator.controllers.schedule.schedule_resource import ScheduleResource


@dataclass(frozen=True)
class Ownership:
    """One installation: the name of its mesh, and whether it is the default installation."""

    mesh: str
    is_default: bool = True

    def takes(self, resource: LogResource[Any], *, in_own_log: bool) -> bool:
        """Whether a resource belongs here; `in_own_log`: the job log of this mesh has it."""
        owner = resource.mesh or resource.accepting_mesh
        if owner:
            return owner == self.mesh
        # What an older njst submitted stays here even if another mesh is the default now.
        return self.is_default or in_own_log

    def takes_schedule(self, schedule: ScheduleResource) -> bool:
        """Whether a schedule belongs here, as what it creates then does."""
        return schedule.mesh == self.mesh if schedule.mesh else self.is_default
