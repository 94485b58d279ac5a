"""An NjstJob as the API server has it, reduced to what decisions need; pure."""

from dataclasses import dataclass
from typing import Any, ClassVar

from njst.contract.names.kubernetes import KIND, PLURAL
from njst.contract.results.job_status import JobStatus
from njst_operator.controllers.resource.log_resource import LogResource, log_fields


@dataclass(frozen=True)
class JobResource(LogResource[JobStatus]):
    """One NjstJob."""

    kind: ClassVar[str] = KIND
    plural: ClassVar[str] = PLURAL
    noun: ClassVar[str] = "job"


def resource_of(body: dict[str, Any]) -> JobResource:
    """Return the NjstJob in an object of the API."""
    return JobResource(**log_fields(body, JobStatus))
