"""The projection of events to experiments: pure and total, as that of jobs.

A trial is the one whose number is next, and the first such event counts; one that is repeated or
comes too late changes nothing.
"""

from dataclasses import replace
from typing import Any

from njst.contract.events import Cancelled, Concluded, Deleted, ExperimentCreated, TrialEnded
from njst.journal.state.experiments.experiment_view import ExperimentView
from njst.journal.state.projection import LogEntry

_Changes = dict[str, Any]


def apply(view: ExperimentView | None, entry: LogEntry) -> ExperimentView | None:
    """Return the view after `entry`; None if it is of no experiment."""
    if view is None:
        if not isinstance(entry.event, ExperimentCreated):
            return None
        return ExperimentView(
            id=entry.job,
            seq=entry.seq,
            created=entry.event,
            created_ns=entry.time_ns,
            last_seq=entry.seq,
            last_ns=entry.time_ns,
        )
    if entry.seq <= view.last_seq:
        return view
    changes = _changes(view, entry)
    return replace(view, last_seq=entry.seq, last_ns=entry.time_ns, **changes)


def _changes(view: ExperimentView, entry: LogEntry) -> _Changes:
    event = entry.event
    if isinstance(event, Deleted):
        return {"deleted": True}
    if view.concluded is not None:
        return {}
    if isinstance(event, Cancelled) and view.cancelled is None:
        return {"cancelled": event}
    if isinstance(event, Concluded):
        return {"concluded": event, "concluded_ns": entry.time_ns}
    if isinstance(event, TrialEnded) and _is_next(view, entry, event):
        return {"trials": (*view.trials, event)}
    return {}


def _is_next(view: ExperimentView, entry: LogEntry, event: TrialEnded) -> bool:
    number = len(view.trials)
    return event.result.plan.number == number and entry.worker == str(number)
