"""Due times of one client's messages at an offered rate."""

from njst.contract.plan import ArrivalPlan
from njst.contract.spec.workload import Workload
from njst.planning.client_slot import ClientSlot
from njst.stats.offered_load import pieces_of


def arrival_plan(workload: Workload, slot: ClientSlot) -> ArrivalPlan | None:
    """Return the due times of a client; None for a closed loop."""
    pieces = pieces_of(workload)
    if not pieces:
        return None
    return ArrivalPlan(pieces=pieces, parts=slot.per_stream * slot.streams, index=slot.index)
