"""Planner of service."""

from njst.contract.kinds.service import Service, ServicePlan
from njst.planning.client_slot import ClientSlot, WorkloadContext

DEFAULT_NAME, DEFAULT_VERSION = "njst", "1.0.0"


def service_plan(work: WorkloadContext, service: Service, _: str, slot: ClientSlot) -> ServicePlan:
    """Return the plan of a requester or of an instance."""
    return ServicePlan(
        operation=service.operation,
        subject=service.subject,
        payload_bytes=service.payload_bytes,
        window=service.window,
        timeout_ms=service.timeout_seconds * 1000,
        name=service.name or DEFAULT_NAME,
        version=service.version or DEFAULT_VERSION,
        id=f"{work.job}-{work.number}-{slot.index}",
        endpoint=work.workload.name,
        error_percent=service.error_percent,
    )
