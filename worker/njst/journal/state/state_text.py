"""Reason and message of a job that has not ended: the same in the API, the CLI and the status."""

from collections.abc import Sequence
from typing import NamedTuple

from njst.journal.state.job_view import JobView, ParticipantPhase


class StateText(NamedTuple):
    """A CamelCase reason for programs, and a message for people."""

    reason: str
    message: str


def state_text(view: JobView, waits_for: Sequence[str] | None = None) -> StateText:
    """Return reason and message of a job that has not ended.

    Args:
        view: the job.
        waits_for: the jobs that run before it, in order; None: unknown.
    """
    wanted = view.wanted
    if view.cancelled is not None:
        words = view.cancelled.message or "it was cancelled"
        return StateText(view.cancelled.reason, f"{words}; {_end_words(view)}")
    if waits_for:
        return StateText("WorkersBusy", _queue_words(waits_for))
    if view.reading:
        return StateText("ReadingBack", view.reading_words)
    if view.started is not None:
        return StateText("LoadRunning", _running_words(view))
    unless = ", or wait for earlier jobs" if waits_for is None else ""
    preparing = len(view.parts) if wanted == len(view.parts) else f"{len(view.parts)} of {wanted}"
    return StateText("WorkersPreparing", f"{preparing} workers prepare{unless}")


def _end_words(view: JobView) -> str:
    """Return what the end of a cancelled job waits for."""
    running = len(view.parts_in(ParticipantPhase.RUNNING))
    if running:
        return f"{running} of {len(view.run)} workers have not stopped their load yet"
    return "its report is being written"


def _running_words(view: JobView) -> str:
    """Return how many workers run the load, and how many are done or do not take part."""
    others = {
        "finished": view.parts_in(ParticipantPhase.FINISHED),
        "lost": view.parts_in(ParticipantPhase.LOST),
        "late": view.parts_in(ParticipantPhase.LATE),
        "refused by the target": view.parts_in(ParticipantPhase.REJECTED),
    }
    words = [
        f"{len(view.parts_in(ParticipantPhase.RUNNING))} of {len(view.parts)} workers run the load"
    ]
    return ", ".join([*words, *(f"{len(some)} {what}" for what, some in others.items() if some)])


def _queue_words(waits_for: Sequence[str]) -> str:
    more = f" and {len(waits_for) - 1} more" if len(waits_for) > 1 else ""
    return f"number {len(waits_for)} in the queue, behind job {waits_for[0]}{more}"
