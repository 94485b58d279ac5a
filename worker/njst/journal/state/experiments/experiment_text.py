"""What an experiment does, in words: the same in the API, the CLI and the status."""

from collections.abc import Sequence

from njst.experiments.trial_job import trial_id
from njst.journal.state.experiments.experiment_view import ExperimentPhase, ExperimentView
from njst.journal.state.job_view import JobView
from njst.journal.state.state_text import StateText, state_text


def next_job_id(view: ExperimentView) -> str:
    """Return the id of the job of the trial that runs, or comes next."""
    return trial_id(view.id, len(view.trials))


def experiment_text(
    view: ExperimentView, running: JobView | None, waits_for: Sequence[str] = ()
) -> StateText:
    """Return reason and message of an experiment.

    Args:
        view: The experiment.
        running: The job of the trial that was created and is not recorded; None: there is none.
        waits_for: The jobs that run before that, in order.
    """
    if view.concluded is not None:
        end = view.concluded
        if view.phase is ExperimentPhase.CANCELLED and view.cancelled is not None:
            return StateText(view.cancelled.reason, view.cancelled.message or end.message)
        return StateText(end.reason, end.message)
    number = len(view.trials)
    if running is None:
        if view.is_suspended:
            return StateText("Suspended", f"trial {number} comes next, once it is resumed")
        return StateText("BetweenTrials", f"trial {number} comes next")
    if running.ended is not None:
        return StateText("TrialEnded", f"trial {number} has ended")
    state = state_text(running, waits_for)
    words = f"trial {number} is {running.phase}: {state.message or state.reason}"
    if view.is_suspended:
        words = f"{words}; it is suspended, and that trial is the last one until it is resumed"
    return StateText("TrialRuns", words)


def best_rate(view: ExperimentView) -> int | None:
    """Return the highest rate that a search confirmed, in messages per second; None: none yet."""
    if view.concluded is None:
        return None
    rates = [
        search.lower_messages_per_second
        for search in view.concluded.searches
        if search.is_lower_confirmed and search.lower_messages_per_second is not None
    ]
    return max(rates, default=None)
