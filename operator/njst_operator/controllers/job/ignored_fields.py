"""Spec fields that come too late: accepted by the API server, ignored, and reported; pure.

GitOps applies the same file again and again, and so sets `suspend` and `cancel` back to the values
in the file. If they were refused, nothing else in the same set could be applied.
"""

from njst.journal.state.job_view import JobView
from njst_operator.controllers.job.job_resource import TERMINAL_PHASES, JobResource
from njst_operator.kube.conditions import SPEC_IGNORED, TRUE, DesiredCondition

# How a `cancelled` event begins that an operator appended for `spec.cancel`.
BY_SPEC = "spec.cancel was set"


def ignored(resource: JobResource, view: JobView | None) -> DesiredCondition | None:
    """Return the condition SpecIgnored, or None if nothing is ignored."""
    has_job = view is not None or resource.has_job
    if resource.spec.get("suspend") and has_job:
        message = "spec.suspend is ignored: the job has begun; spec.cancel stops it"
        return DesiredCondition(SPEC_IGNORED, TRUE, "JobBegan", message)
    if not resource.spec.get("cancel") and _was_cancelled(resource, view):
        message = "spec.cancel is ignored: a cancelled job stays cancelled"
        return DesiredCondition(SPEC_IGNORED, TRUE, "JobCancelled", message)
    return None


def _was_cancelled(resource: JobResource, view: JobView | None) -> bool:
    """Whether the job was cancelled through the spec, and not through the HTTP API."""
    if view is not None:
        return view.cancelled is not None and view.cancelled.message.startswith(BY_SPEC)
    over = resource.status.phase in TERMINAL_PHASES
    return over and resource.status.message.startswith(BY_SPEC)
