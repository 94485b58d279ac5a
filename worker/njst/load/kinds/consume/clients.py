"""Which client runs a consume plan."""

from njst.contract.plan import ClientPlan
from njst.load.kinds.consume.consumer import ConsumeWorkload
from njst.load.load_client import Workload
from njst.load.recording.recorder import Ledger
from njst.load.recording.shared_records import Shared


def consume_client(plan: ClientPlan, inbox: str, ledger: Ledger, shared: Shared) -> Workload:
    assert plan.consume is not None
    consumed = shared.consumer(plan.consume.stream, plan.consume.consumer)
    if plan.consume.is_noted and consumed.noted is None:
        consumed.noted = {}
    return ConsumeWorkload(plan, inbox, ledger, shared.job, consumed)
