"""When the messages of one client of an offered rate are due."""

from njst.contract.plan import ArrivalPlan
from njst.contract.spec.workload import Workload
from njst.planning.client_slot import ClientSlot
from njst.stats.offered_load import pieces_of


def arrival_plan(workload: Workload, place: ClientSlot) -> ArrivalPlan | None:
    """Return the instants of a client; None where it is as fast as it can be."""
    pieces = pieces_of(workload)
    if not pieces:
        return None
    return ArrivalPlan(pieces=pieces, parts=place.per_stream * place.streams, index=place.index)
