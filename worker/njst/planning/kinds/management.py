"""Planner of management."""

from njst.contract.kinds.consume_settings import Deliver
from njst.contract.kinds.management import Management, ManagementPlan
from njst.contract.names.assets import asset_prefix
from njst.planning.client_slot import ClientSlot, WorkloadContext


def management_plan(
    work: WorkloadContext, management: Management, stream_name: str, slot: ClientSlot
) -> ManagementPlan:
    """Return the plan of a client that manages assets."""
    return ManagementPlan(
        operation=management.operation,
        job=work.job,
        stream=stream_name,
        prefix=asset_prefix(work.job, work.workload, slot.index),
        assets=management.assets,
        storage=management.storage,
        replicas=management.replicas,
        max_bytes=management.max_bytes,
        deliver=management.deliver or Deliver.ALL,
        start_sequence=management.start_sequence,
        start_time=management.start_time,
        filter_subjects=management.filter_subjects or [],
        window=management.window,
        timeout_ms=management.timeout_seconds * 1000,
    )
