"""Spec fields of an NjstJob that come too late: accepted, ignored, and reported; pure."""

from njst.journal.state.job_view import JobView
from njst_operator.controllers.job.job_resource import JobResource
from njst_operator.controllers.resource.ignored_fields import ignored_cancel
from njst_operator.kube.conditions import SPEC_IGNORED, TRUE, DesiredCondition


def ignored(resource: JobResource, view: JobView | None) -> DesiredCondition | None:
    """Return the condition SpecIgnored, or None if nothing is ignored."""
    has_job = view is not None or resource.is_accepted
    if resource.spec.get("suspend") and has_job:
        message = "spec.suspend is ignored: the job has begun; spec.cancel stops it"
        return DesiredCondition(SPEC_IGNORED, TRUE, "JobBegan", message)
    if view is not None and view.cancelled is None:
        return None
    return ignored_cancel(resource, None if view is None else view.cancelled, "JobCancelled")
