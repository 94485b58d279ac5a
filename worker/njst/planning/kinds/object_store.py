"""Planner of objectStore."""

from njst.contract.kinds.object_store import ObjectStore, ObjectStorePlan
from njst.contract.names.assets import consumer_name
from njst.contract.names.buckets import OBJECTS
from njst.planning.client_slot import ClientSlot, WorkloadContext


def object_store_plan(
    work: WorkloadContext, store: ObjectStore, stream_name: str, slot: ClientSlot
) -> ObjectStorePlan:
    """Return the plan of a client of an object store."""
    return ObjectStorePlan(
        operation=store.operation,
        job=work.job,
        bucket=stream_name.removeprefix(OBJECTS),
        prefix=str(slot.client),
        consumer=consumer_name(work.job, work.workload, slot.index),
        objects=store.objects,
        object_order=store.object_order,
        object_bytes=store.object_bytes,
        chunk_bytes=store.chunk_bytes,
        window=store.window,
        timeout_ms=store.timeout_seconds * 1000,
    )
