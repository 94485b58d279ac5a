"""The status of what runs while no replica is connected to the control NATS; pure."""

from datetime import datetime

from njst_operator.controllers.resource.log_resource import LogResource, LogStatus
from njst_operator.kube.conditions import DesiredCondition, set_conditions

# A replica waits this long before it says so: it may reconnect, or another replica that is still
# connected may renew the status.
DISCONNECTED_S = 10.0
REASON = "NATSUnavailable"
MESSAGE = (
    "no operator hears from the control NATS: the load may go on, and the status will catch up;"
    " see that NATS runs and that the operator reaches it"
)
_OPEN = ("WorkersReady", "Finished", "Succeeded", "Reconciling", "Ready")


def disconnected_status_of(resource: LogResource[LogStatus], now: datetime) -> LogStatus:
    """Return the present status, with the reason why nothing newer is known."""
    old = resource.status
    desired = [
        DesiredCondition(
            c.type, c.status, REASON, MESSAGE if c.type == "Reconciling" else c.message
        )
        if c.type in _OPEN
        else DesiredCondition(c.type, c.status, c.reason, c.message)
        for c in old.conditions
    ]
    return old.model_copy(
        update={
            "observed_generation": resource.generation,
            "reason": REASON,
            "message": MESSAGE,
            "conditions": set_conditions(old.conditions, desired, resource.generation, now),
        }
    )
