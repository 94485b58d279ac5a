"""The parts of a status that kinds have in common; pure."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from njst.contract.spec.target import Target
from njst_operator.controllers.resource.log_resource import (
    TERMINAL_PHASES,
    LogResource,
    LogStatus,
    log_id_of,
)
from njst_operator.controllers.resource.phase_status import PhaseStatus
from njst_operator.kube.conditions import (
    FALSE,
    SPEC_IGNORED,
    DesiredCondition,
    set_conditions,
    time_text,
)
from njst_operator.kube.kube_object import parse_time
from njst_operator.kube.truncate import truncate

# In bytes.
MAX_MESSAGE = 400
MAX_TARGET = 200


def without_log(
    resource: LogResource[LogStatus], phase_status: PhaseStatus, now: datetime, **changes: Any
) -> LogStatus:
    """Return the status of a resource that is not in the log; other fields of it are kept."""
    over = phase_status.phase in TERMINAL_PHASES
    return resource.status.model_copy(
        update={
            "observed_generation": resource.generation,
            "phase": phase_status.phase,
            "reason": phase_status.reason,
            "message": truncate(phase_status.message, MAX_MESSAGE),
            **changes,
            "completion_time": time_text(now) if over else None,
            "conditions": set_conditions(
                resource.status.conditions, phase_status.conditions, resource.generation, now
            ),
        }
    )


def restored(
    resource: LogResource[LogStatus], phase_status: PhaseStatus, now: datetime
) -> LogStatus:
    """Return the status of a restored resource: the status that it came with is dropped."""
    old = resource.status
    if log_id_of(old):
        old = type(old)(revision=old.revision)
    return without_log(replace(resource, status=old), phase_status, now)


def with_ignored(
    status: LogStatus,
    resource: LogResource[LogStatus],
    condition: DesiredCondition | None,
    now: datetime,
) -> LogStatus:
    """Return a status with the condition SpecIgnored, or without it."""
    kept = [one for one in status.conditions if one.type != SPEC_IGNORED]
    if condition is not None:
        old = resource.status.conditions
        kept += set_conditions(old, [condition], resource.generation, now)
    return status.model_copy(update={"conditions": kept})


def observed(resource: LogResource[LogStatus]) -> LogStatus:
    """Return the present status, marked as observed for the present generation."""
    generation = resource.generation
    conditions = [
        condition.model_copy(update={"observed_generation": generation})
        for condition in resource.status.conditions
    ]
    return resource.status.model_copy(
        update={"observed_generation": generation, "conditions": conditions}
    )


def waited_ms(resource: LogResource[LogStatus], now: datetime) -> int:
    """Return for how long a resource has waited for its acceptance, according to its status.

    A suspended resource does not wait, and one without a status has not waited yet.
    """
    if resource.status.phase != "Pending":
        return 0
    since = next((c for c in resource.status.conditions if c.type == "Suspended"), None)
    if since is None or since.status != FALSE:
        return 0
    return max(0, int((now - parse_time(since.last_transition_time)).total_seconds() * 1000))


def describe_target(target: Target) -> str:
    """Return what is under test in a few words."""
    words = ", ".join(target.servers[:3]) or "control NATS"
    return truncate(f"context {target.context}" if target.context else words, MAX_TARGET)


def duration_text(seconds: float) -> str:
    """Return a duration as kubectl prints ages, with tenths below a minute."""
    seconds = max(0.0, seconds)
    if seconds < 60:
        return f"{seconds:.1f}s"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes}m" if hours else f"{minutes}m{rest}s"
