"""Planner of core."""

from njst.contract.fields import Order
from njst.contract.kinds.core import Core, CoreOperation, CorePlan
from njst.planning.client_slot import ClientSlot, WorkloadContext

# Repliers share requests in a queue group in any case.
REPLY_GROUP = "njst"


def core_plan(work: WorkloadContext, core: Core, _: str, slot: ClientSlot) -> CorePlan:
    """Return the plan of a client; the subjects are shared by the clients of all workers."""
    count = core.subjects
    is_subscriber = core.operation is CoreOperation.SUBSCRIBE
    # Each subject has one subscription; of more clients than subjects some have the same.
    first = slot.index % count if is_subscriber else slot.first(count, work.workload.messages)
    group = REPLY_GROUP if core.operation is CoreOperation.REPLY else ""
    return CorePlan(
        operation=core.operation,
        subject=core.subject,
        subject_count=count,
        subject_order=core.subject_order or Order.SEQUENTIAL,
        first_subject=first,
        subject_step=slot.per_stream * slot.streams,
        queue_group=core.queue_group or group,
        payload_bytes=core.payload_bytes,
        window=core.window,
        timeout_ms=core.timeout_seconds * 1000,
    )
