"""Which client runs a core plan."""

from njst.contract.kinds.core import CoreOperation
from njst.contract.plan import ClientPlan
from njst.load.kinds.core.core_publish import CorePublisher
from njst.load.kinds.core.core_request import CoreRequestCodec
from njst.load.kinds.core.core_subscribe import CoreSubscriber
from njst.load.load_client import LoadClient
from njst.load.protocol import stamp
from njst.load.recording.integrity import ConsumedMessages, IntegrityInspector
from njst.load.recording.recorder import Recorder
from njst.load.recording.shared_records import SharedRecords
from njst.load.requests.client_factory import request_client


def core_client(
    plan: ClientPlan, inbox: str, recorder: Recorder, shared: SharedRecords
) -> LoadClient:
    # What one member of a queue group has had, no other member may get.
    is_group = plan.core is not None and bool(plan.core.queue_group)
    consumed = shared.consumer(plan.workload, "" if is_group else str(plan.index))
    return core_client_of(plan, inbox, recorder, shared.job, consumed)


def core_client_of(
    plan: ClientPlan, inbox: str, recorder: Recorder, job: str, consumed: ConsumedMessages
) -> LoadClient:
    """Return the client of a core plan."""
    core = plan.core
    assert core is not None
    if core.operation is CoreOperation.PUBLISH:
        return CorePublisher(plan, recorder, job)
    if core.operation is CoreOperation.REQUEST:
        return request_client(plan, inbox, recorder, CoreRequestCodec(plan, inbox, job))
    inspector = IntegrityInspector(
        stamp.job_code(job), recorder, consumed, is_ordered=not core.queue_group
    )
    return CoreSubscriber(plan, recorder, inspector)
