"""What a client of core NATS does."""

from njst.contract.kinds.core import CorePlan
from njst.contract.spec.workload import Workload


def core_plan(workload: Workload) -> CorePlan | None:
    """Return what it does; None where the workload is of another kind."""
    core = workload.core
    if core is None:
        return None
    return CorePlan(
        operation=core.operation,
        subject=core.subject,
        payload_bytes=core.payload_bytes,
        window=core.window,
        timeout_ms=core.timeout_seconds * 1000,
    )
