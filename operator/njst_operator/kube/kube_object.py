"""What all kinds have in common: one version of a resource; pure."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, ClassVar, Generic, Self, TypeVar

from pydantic import ValidationError

from njst.contract.results.experiments.experiment_status import ExperimentStatus
from njst.contract.results.job_status import JobStatus
from njst.contract.results.schedule_status import ScheduleStatus

Status = TypeVar("Status", JobStatus, ScheduleStatus, ExperimentStatus)


@dataclass(frozen=True)
class KubeObject(Generic[Status]):
    """One resource; `status` is what njst last wrote, or the schema's default."""

    kind: ClassVar[str]
    plural: ClassVar[str]

    uid: str
    namespace: str
    name: str
    generation: int
    resource_version: str
    spec: dict[str, Any]
    status: Status
    # Its deletion was requested; a finalizer may still hold it.
    deleting: bool = field(default=False, kw_only=True)

    def is_newer_than(self, other: Self) -> bool:
        """Whether this is a later version of the same resource.

        Versions are growing numbers: the API conventions guarantee it since Kubernetes 1.35.
        """
        return int(self.resource_version) > int(other.resource_version)

    def as_oldest(self) -> Self:
        """Return the resource with a version that any other version is newer than."""
        return replace(self, resource_version="0")

    def is_equivalent_to(self, other: Self) -> bool:
        """Whether nothing differs that njst acts on."""
        return (self.generation, self.status, self.deleting) == (
            other.generation,
            other.status,
            other.deleting,
        )


def common_fields(body: dict[str, Any], status: type[Status]) -> dict[str, Any]:
    """Return the fields of `KubeObject` in an object of the API.

    A status that cannot be parsed counts as empty.
    """
    meta = body["metadata"]
    try:
        found = status.model_validate(body.get("status") or {})
    except ValidationError:
        found = status()
    if found.observed_generation < 0:
        # Defaults of the CRD, for people, until njst writes its own.
        fields = {"phase", "reason", "message"} & status.model_fields.keys()
        found = found.model_copy(update=dict.fromkeys(fields, ""))
    return {
        "uid": meta["uid"],
        "namespace": meta["namespace"],
        "name": meta["name"],
        "generation": meta.get("generation", 0),
        "resource_version": meta["resourceVersion"],
        "spec": dict(body.get("spec") or {}),
        "status": found,
        "deleting": "deletionTimestamp" in meta,
    }


def parse_time(text: str) -> datetime:
    """Parse a time of a status.

    Raises:
        ValueError: it is not a time.
    """
    return datetime.fromisoformat(text)
