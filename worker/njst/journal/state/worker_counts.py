"""How many participants of a job are in which state."""

from njst.contract.model import Message
from njst.journal.state.job_view import JobView, ParticipantPhase


class WorkerCounts(Message):
    """How far the participants are; `summary` is what fits a column: ready or more, of all."""

    wanted: int
    ready: int
    running: int
    finished: int
    lost: int
    refused: int = 0
    summary: str


def worker_counts(view: JobView) -> WorkerCounts:
    """Return the counts for API documents and for the status of a resource."""

    def count(*states: ParticipantPhase) -> int:
        return len(view.parts_in(*states))

    lost = count(ParticipantPhase.LOST, ParticipantPhase.LATE)
    refused = count(ParticipantPhase.REJECTED)
    ready = len(view.parts) - lost - refused - count(ParticipantPhase.PREPARING)
    return WorkerCounts(
        wanted=len(view.parts),
        ready=ready,
        running=count(ParticipantPhase.RUNNING),
        finished=count(ParticipantPhase.FINISHED),
        lost=lost,
        refused=refused,
        summary=f"{ready}/{len(view.parts)}",
    )
