"""What a client of core NATS does."""

from njst.contract.kinds.core import Core, CorePlan
from njst.planning.client_slot import ClientSlot, WorkloadContext


def core_plan(_: WorkloadContext, core: Core, __: str, ___: ClientSlot) -> CorePlan:
    """Return what a client does: the same for each."""
    return CorePlan(
        operation=core.operation,
        subject=core.subject,
        payload_bytes=core.payload_bytes,
        window=core.window,
        timeout_ms=core.timeout_seconds * 1000,
    )
