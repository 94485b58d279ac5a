"""`ttlSecondsAfterFinished`: when a finished resource has outlived its use."""

from datetime import datetime, timedelta

from njst_operator.controllers.job.job_resource import JobResource
from njst_operator.kube.kube_object import parse_time


def expiry(resource: JobResource) -> datetime | None:
    """Return when its time is over, by the status itself; None for never."""
    ttl_s = resource.spec.get("ttlSecondsAfterFinished")
    if ttl_s is None or resource.status.completion_time is None:
        return None
    return parse_time(resource.status.completion_time) + timedelta(seconds=ttl_s)


def is_over(resource: JobResource, now: datetime) -> bool:
    """Whether the resource is to be deleted now."""
    at = expiry(resource)
    return at is not None and now >= at
