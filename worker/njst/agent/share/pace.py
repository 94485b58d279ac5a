"""When the messages of one client of an offered rate are due."""

from collections.abc import Sequence

from njst.agent.share.place import Place
from njst.contract.plan import PacePiece, PacePlan
from njst.contract.shape import Ramp, Stage
from njst.contract.workload import Workload


def pace_plan(workload: Workload, place: Place) -> PacePlan | None:
    """Return the instants of a client; None where it is as fast as it can be."""
    if not workload.is_paced:
        return None
    pieces = _stages(workload.stages) if workload.stages else _one_rate(workload)
    return PacePlan(pieces=pieces, parts=place.per_stream * place.streams, index=place.index)


def _one_rate(workload: Workload) -> list[PacePiece]:
    rate = workload.messages_per_second or 0
    full = PacePiece(begin_per_second=rate, end_per_second=rate)
    if not workload.ramp_seconds:
        return [full]
    ramp_ms = workload.ramp_seconds * 1000
    return [PacePiece(ms=ramp_ms, begin_per_second=0, end_per_second=rate), full]


def _stages(stages: Sequence[Stage]) -> list[PacePiece]:
    pieces = []
    before = 0
    for stage in stages:
        rate = stage.messages_per_second
        pieces.append(
            PacePiece(
                ms=stage.duration_seconds * 1000,
                begin_per_second=before if stage.ramp is Ramp.LINEAR else rate,
                end_per_second=rate,
            )
        )
        before = rate
    return pieces
