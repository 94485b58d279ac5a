"""When the messages of one client of an offered rate are due."""

from njst.contract.plan import PacePlan
from njst.contract.spec.workload import Workload
from njst.planning.client_slot import Place
from njst.stats.offered_load import pieces_of


def pace_plan(workload: Workload, place: Place) -> PacePlan | None:
    """Return the instants of a client; None where it is as fast as it can be."""
    pieces = pieces_of(workload)
    if not pieces:
        return None
    return PacePlan(pieces=pieces, parts=place.per_stream * place.streams, index=place.index)
