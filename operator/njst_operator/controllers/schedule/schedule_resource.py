"""An NjstSchedule as the API server has it; pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from njst.contract.names.kubernetes import SCHEDULE_KIND, SCHEDULE_PLURAL
from njst.contract.results.schedule_status import ScheduleStatus
from njst_operator.kube.kube_object import KubeObject, common_fields, parse_time


@dataclass(frozen=True)
class ScheduleResource(KubeObject[ScheduleStatus]):
    """One NjstSchedule."""

    kind: ClassVar[str] = SCHEDULE_KIND
    plural: ClassVar[str] = SCHEDULE_PLURAL

    created: datetime

    @property
    def mesh(self) -> str:
        """The mesh that its template names, or empty."""
        template = self.spec.get("jobTemplate") or self.spec.get("experimentTemplate") or {}
        mesh = (template.get("spec") or {}).get("mesh")
        # The API server checks no field of an experiment's spec in a template.
        return mesh if isinstance(mesh, str) else ""


def schedule_of(body: dict[str, Any]) -> ScheduleResource:
    """Return the NjstSchedule in an object of the API."""
    created = parse_time(body["metadata"]["creationTimestamp"])
    return ScheduleResource(**common_fields(body, ScheduleStatus), created=created)
