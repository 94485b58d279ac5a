"""Which client runs a core plan."""

from njst.contract.kinds.core import CoreOperation
from njst.contract.plan import ClientPlan
from njst.load.kinds.core.core_publish import CorePublishWorkload
from njst.load.kinds.core.core_request import CoreRequests
from njst.load.kinds.core.core_subscribe import CoreReceiveWorkload
from njst.load.load_client import Workload
from njst.load.protocol import stamp
from njst.load.recording.integrity import Consumed, Inspector
from njst.load.recording.recorder import Ledger
from njst.load.recording.shared_records import Shared
from njst.load.requests.client_factory import call_workload


def core_client(plan: ClientPlan, inbox: str, ledger: Ledger, shared: Shared) -> Workload:
    consumed = shared.consumer(plan.workload, str(plan.index))
    return core_workload(plan, inbox, ledger, shared.job, consumed)


def core_workload(
    plan: ClientPlan, inbox: str, ledger: Ledger, job: str, consumed: Consumed
) -> Workload:
    """Return the client of a core plan."""
    core = plan.core
    assert core is not None
    if core.operation is CoreOperation.PUBLISH:
        return CorePublishWorkload(plan, ledger, job)
    if core.operation is CoreOperation.REQUEST:
        return call_workload(plan, inbox, ledger, CoreRequests(plan, inbox, job))
    is_ordered = core.operation is not CoreOperation.REPLY
    inspector = Inspector(stamp.job_code(job), ledger, consumed, is_ordered=is_ordered)
    return CoreReceiveWorkload(plan, ledger, inspector)
