"""Planner of consume."""

from njst.contract.kinds.consume import PUSH_HEARTBEAT_MS, Consume, ConsumePlan
from njst.contract.kinds.consume_settings import ConsumeMode
from njst.contract.kinds.publish import Verify
from njst.contract.names.assets import (
    QUEUE_GROUP,
    consumer_name,
    deliver_subject,
    shared_deliver_subject,
)
from njst.contract.priority import PriorityPlan, PriorityPolicy
from njst.planning.client_slot import ClientSlot, StreamState, WorkloadContext

# The bytes that the pulls of a client ask for at a time, where the spec leaves batch open.
PULLED_BYTES = 16 * 1024 * 1024


def consume_plan(
    work: WorkloadContext, consume: Consume, stream_name: str, slot: ClientSlot
) -> ConsumePlan:
    """Return the plan of a consuming client."""
    workload = work.workload
    own = slot.index if consume.has_own_consumers else None
    return ConsumePlan(
        mode=consume.mode,
        stream=stream_name,
        consumer=consume.existing_consumer or consumer_name(work.job, workload, own),
        deliver=_deliver(work, consume, slot),
        deliver_group=QUEUE_GROUP if consume.is_shared_push else "",
        ack=consume.effective_ack,
        batch=_batch(work, consume, stream_name),
        pulls=consume.pulls_at_once,
        max_bytes=consume.max_bytes or 0,
        expires_ms=consume.expires_seconds * 1000,
        heartbeat_ms=_heartbeat_ms(consume),
        ack_wait_ms=consume.first_ack_wait_seconds * 1000,
        nak_percent=consume.nak_percent,
        nak_delay_ms=consume.nak_delay_seconds * 1000,
        terminate_percent=consume.terminate_percent,
        ignore_percent=consume.ignore_percent,
        slow_percent=consume.slow_percent,
        processing_ms=consume.processing_milliseconds,
        priority=_priority(consume, slot),
        idle_timeout_ms=consume.idle_timeout_seconds * 1000,
        verify=consume.verify,
        is_noted=consume.verify and _lets_go(work, stream_name),
    )


def _batch(work: WorkloadContext, consume: Consume, stream_name: str) -> int:
    """Return how many messages a pull asks for.

    Of large messages the default would ask for more bytes than a server keeps for a connection
    before it cuts the client off as a slow consumer (max_pending, 64 MB by default).
    """
    if not consume.leaves_open("batch") or consume.max_bytes is not None:
        return consume.batch
    size = max(1, _message_bytes(work, stream_name))
    batch = max(1, min(consume.batch, PULLED_BYTES // (consume.pulls_at_once * size)))
    if batch < consume.batch:
        why = f"messages of {size} bytes: all pulls of a client ask for at most {PULLED_BYTES}"
        work.adjusted.note(work.workload.name, "consume.batch", batch, why)
    return batch


def _message_bytes(work: WorkloadContext, stream_name: str) -> int:
    """Return the bytes of a large message: of what the job publishes, or what is stored already."""
    published = (
        size
        for workload in work.spec.workloads
        if workload.stream == work.workload.stream
        for _, size in workload.kind.message_sizes(workload.kind_spec)
    )
    stored = work.there.get(stream_name, StreamState()).average_bytes
    return max(stored, *published, 0)


def _lets_go(work: WorkloadContext, stream_name: str) -> bool:
    """Whether messages are read back from a stream that removes them when they are consumed."""
    before = work.there.get(stream_name, StreamState()).before
    return (
        before is not None
        and before.limits.retention != "limits"
        and any(
            other.publish is not None and other.publish.verify is not Verify.NONE
            for other in work.spec.workloads
            if other.stream == work.workload.stream
        )
    )


def _heartbeat_ms(consume: Consume) -> int:
    if consume.mode is ConsumeMode.PUSH and consume.has_own_consumers:
        return PUSH_HEARTBEAT_MS
    return (consume.heartbeat_seconds or 0) * 1000


def _deliver(work: WorkloadContext, consume: Consume, slot: ClientSlot) -> str:
    """Return the deliver subject of a push consumer; empty for a pull consumer."""
    if consume.mode is not ConsumeMode.PUSH:
        return ""
    if consume.is_shared_push:
        return shared_deliver_subject(work.job, work.workload, slot.stream)
    return deliver_subject(work.job, work.workload, slot.index)


def _priority(consume: Consume, slot: ClientSlot) -> PriorityPlan | None:
    """Return the priority of a client; standby clients are spread over all workers."""
    priority = consume.priority
    if priority is None:
        return None
    share = priority.standby_percent
    stands_by = (slot.client + 1) * share // 100 > slot.client * share // 100
    is_prioritized = priority.policy is PriorityPolicy.PRIORITIZED
    return PriorityPlan(
        policy=priority.policy,
        group=QUEUE_GROUP,
        min_pending=(priority.min_pending or 0) if stands_by else 0,
        min_ack_pending=(priority.min_ack_pending or 0) if stands_by else 0,
        level=1 if stands_by and is_prioritized else 0,
    )
