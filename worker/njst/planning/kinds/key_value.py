"""Planner of keyValue."""

from njst.contract.kinds.consume import PUSH_HEARTBEAT_MS, ConsumePlan
from njst.contract.kinds.consume_settings import AckPolicy, ConsumeMode
from njst.contract.kinds.key_value import KeyValue, KeyValueOperation, KeyValuePlan
from njst.contract.names.assets import consumer_name, deliver_subject
from njst.contract.names.buckets import bucket_of
from njst.planning.client_slot import ClientSlot, StreamState, WorkloadContext

# Prefix of keys that all clients share; a client's own keys begin with its number.
SHARED_KEYS = "all"
# Operations in which clients are meant to collide: all begin at the same key.
_RACES = (KeyValueOperation.CREATE, KeyValueOperation.UPDATE)


def key_value_plan(
    work: WorkloadContext, key_value: KeyValue, stream_name: str, slot: ClientSlot
) -> KeyValuePlan | ConsumePlan:
    """Return the plan of a client of a bucket."""
    if key_value.watches:
        return _watch(work, key_value, stream_name, slot)
    is_spread = key_value.shared_keys and key_value.operation not in _RACES
    return KeyValuePlan(
        operation=key_value.operation,
        bucket=bucket_of(stream_name),
        prefix=SHARED_KEYS if key_value.shared_keys else str(slot.client),
        keys=key_value.keys,
        key_order=key_value.key_order,
        first_key=slot.first(key_value.keys, work.workload.messages) if is_spread else 0,
        value_bytes=key_value.value_bytes,
        window=key_value.window,
        is_from_leader=_is_from_leader(work, key_value, stream_name),
        timeout_ms=key_value.timeout_seconds * 1000,
    )


def _is_from_leader(work: WorkloadContext, key_value: KeyValue, stream_name: str) -> bool:
    """Whether Get asks the leader, as client libraries do if a bucket allows no direct gets."""
    if key_value.operation is not KeyValueOperation.GET:
        return False
    if work.there.get(stream_name, StreamState()).allows_direct_get:
        return False
    why = f"{stream_name} allows no direct gets (allow_direct is false)"
    work.adjusted.note(work.workload.name, "keyValue.operation", "Get from the leader", why)
    return True


def _watch(
    work: WorkloadContext, key_value: KeyValue, stream_name: str, slot: ClientSlot
) -> ConsumePlan:
    """Return the plan of a watcher: an ordered push consumer (ADR-8)."""
    return ConsumePlan(
        mode=ConsumeMode.ORDERED,
        stream=stream_name,
        consumer=consumer_name(work.job, work.workload, slot.index),
        deliver=deliver_subject(work.job, work.workload, slot.index),
        ack=AckPolicy.NONE,
        batch=1,
        heartbeat_ms=PUSH_HEARTBEAT_MS,
        idle_timeout_ms=key_value.timeout_seconds * 1000,
    )
