"""Planner of core."""

from njst.contract.kinds.core import Core, CorePlan
from njst.planning.client_slot import ClientSlot, WorkloadContext


def core_plan(_: WorkloadContext, core: Core, __: str, ___: ClientSlot) -> CorePlan:
    """Return the plan of a client: the same for all clients."""
    return CorePlan(
        operation=core.operation,
        subject=core.subject,
        payload_bytes=core.payload_bytes,
        window=core.window,
        timeout_ms=core.timeout_seconds * 1000,
    )
