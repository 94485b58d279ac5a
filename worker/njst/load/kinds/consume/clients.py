"""Which client runs a consume plan."""

from njst.contract.plan import ClientPlan
from njst.load.kinds.consume.consumer import ConsumeClient
from njst.load.load_client import LoadClient
from njst.load.recording.recorder import Recorder
from njst.load.recording.shared_records import SharedRecords


def consume_client(
    plan: ClientPlan, inbox: str, recorder: Recorder, shared: SharedRecords
) -> LoadClient:
    assert plan.consume is not None
    consumed = shared.consumer(plan.consume.stream, plan.consume.consumer)
    if plan.consume.is_noted and consumed.noted is None:
        consumed.noted = {}
    return ConsumeClient(plan, inbox, recorder, shared.job, consumed)
