"""Which client runs a service plan."""

from njst.contract.kinds.core import CoreOperation, CorePlan
from njst.contract.kinds.service import ServiceOperation
from njst.contract.plan import ClientPlan
from njst.load.kinds.service.micro_protocol import QUEUE_GROUP
from njst.load.kinds.service.service_instance import ServiceInstance
from njst.load.kinds.service.service_request import ServiceRequestCodec
from njst.load.load_client import LoadClient
from njst.load.protocol import stamp
from njst.load.recording.integrity import IntegrityInspector
from njst.load.recording.recorder import Recorder
from njst.load.recording.shared_records import SharedRecords
from njst.load.requests.client_factory import request_client


def service_client(
    plan: ClientPlan, inbox: str, recorder: Recorder, shared: SharedRecords
) -> LoadClient:
    """Return the client of a service plan: one of core NATS that knows the micro protocol."""
    service = plan.service
    assert service is not None
    is_request = service.operation is ServiceOperation.REQUEST
    core = CorePlan(
        operation=CoreOperation.REQUEST if is_request else CoreOperation.REPLY,
        subject=service.subject,
        queue_group="" if is_request else QUEUE_GROUP,
        payload_bytes=service.payload_bytes,
        window=service.window,
        timeout_ms=service.timeout_ms,
    )
    as_core = plan.model_copy(update={"core": core, "service": None})
    if is_request:
        codec = ServiceRequestCodec(as_core, inbox, shared.job)
        return request_client(as_core, inbox, recorder, codec)
    consumed = shared.consumer(plan.workload, str(plan.index))
    job = stamp.job_code(shared.job)
    inspector = IntegrityInspector(job, recorder, consumed, is_ordered=False)
    return ServiceInstance(service, as_core, recorder, inspector, shared.job)
