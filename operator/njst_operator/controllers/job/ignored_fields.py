"""What a spec says that can no longer be: accepted by the API server, ignored, and told; pure.

Whoever applies a file again and again, as GitOps does, sets `suspend` and `cancel` back to what the
file says. A refusal would hold up all else in the same set.
"""

from njst.journal.state.job_view import JobView
from njst_operator.controllers.job.job_resource import TERMINAL_PHASES, JobResource
from njst_operator.kube.conditions import SPEC_IGNORED, TRUE, DesiredCondition

# How a `cancelled` event begins that an operator appended for `spec.cancel`.
BY_SPEC = "spec.cancel was set"


def ignored(resource: JobResource, view: JobView | None) -> DesiredCondition | None:
    """Return the condition about what is ignored, or None."""
    has_job = view is not None or resource.has_job
    if resource.spec.get("suspend") and has_job:
        message = "spec.suspend is ignored: the job has begun; spec.cancel stops it"
        return DesiredCondition(SPEC_IGNORED, TRUE, "JobBegan", message)
    if not resource.spec.get("cancel") and _was_cancelled(resource, view):
        message = "spec.cancel is ignored: a cancelled job stays cancelled"
        return DesiredCondition(SPEC_IGNORED, TRUE, "JobCancelled", message)
    return None


def _was_cancelled(resource: JobResource, view: JobView | None) -> bool:
    """Whether the spec said so once, and not somebody at the HTTP API."""
    if view is not None:
        return view.cancelled is not None and view.cancelled.message.startswith(BY_SPEC)
    over = resource.status.phase in TERMINAL_PHASES
    return over and resource.status.message.startswith(BY_SPEC)
