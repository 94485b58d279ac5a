"""A cancellation that is reverted too late: accepted, ignored, and reported; pure.

GitOps applies the same file again and again, and so sets `suspend` and `cancel` back to the values
in the file. If they were refused, nothing else in the same set could be applied.
"""

from njst.contract.events import Cancelled
from njst_operator.controllers.resource.log_resource import TERMINAL_PHASES, LogResource, LogStatus
from njst_operator.kube.conditions import SPEC_IGNORED, TRUE, DesiredCondition

# How a `cancelled` event begins that an operator appended for `spec.cancel`.
BY_SPEC = "spec.cancel was set"


def ignored_cancel(
    resource: LogResource[LogStatus], cancelled: Cancelled | None, reason: str
) -> DesiredCondition | None:
    """Return the condition SpecIgnored if `spec.cancel` is false and was true; or None.

    `cancelled` is what the log says, if it still has it; `reason` is the condition's.
    """
    if resource.spec.get("cancel") or not _was_cancelled(resource, cancelled):
        return None
    message = f"spec.cancel is ignored: a cancelled {resource.noun} stays cancelled"
    return DesiredCondition(SPEC_IGNORED, TRUE, reason, message)


def _was_cancelled(resource: LogResource[LogStatus], cancelled: Cancelled | None) -> bool:
    """Whether it was cancelled through the spec, and not through the HTTP API."""
    if cancelled is not None:
        return cancelled.message.startswith(BY_SPEC)
    over = resource.status.phase in TERMINAL_PHASES
    return over and resource.status.message.startswith(BY_SPEC)
