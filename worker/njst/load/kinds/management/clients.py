"""Which client runs a management plan."""

from njst.contract.plan import ClientPlan
from njst.load.kinds.management.api_calls import _CYCLES, ApiRequests, CycleRequests
from njst.load.kinds.management.asset_requests import assets_of
from njst.load.recording.recorder import Ledger
from njst.load.requests.request_client import CallWorkload


def management_workload(plan: ClientPlan, inbox: str, ledger: Ledger) -> CallWorkload:
    """Return the client of a management plan."""
    management = plan.management
    assert management is not None
    assets = assets_of(management, plan.api_prefix)
    if management.operation in _CYCLES:
        cycles = CycleRequests(management, assets, inbox)
        return CallWorkload(plan, inbox, ledger, cycles, cycles.forget)
    return CallWorkload(plan, inbox, ledger, ApiRequests(management, assets, inbox))
