"""Which client runs a management plan."""

from njst.contract.plan import ClientPlan
from njst.load.kinds.management.api_calls import _CYCLES, ApiCallCodec, AssetCycleCodec
from njst.load.kinds.management.asset_requests import assets_of
from njst.load.recording.recorder import Recorder
from njst.load.recording.shared_records import SharedRecords
from njst.load.requests.client_factory import request_client
from njst.load.requests.request_client import RequestClient


def management_client(
    plan: ClientPlan, inbox: str, recorder: Recorder, _: SharedRecords
) -> RequestClient:
    """Return the client of a management plan."""
    management = plan.management
    assert management is not None
    assets = assets_of(management, plan.api_prefix)
    if management.operation in _CYCLES:
        return request_client(plan, inbox, recorder, AssetCycleCodec(management, assets, inbox))
    return request_client(plan, inbox, recorder, ApiCallCodec(management, assets, inbox))
