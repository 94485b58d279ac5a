"""The projection of events to experiments: pure and total, as that of jobs.

A trial is the one whose number is next, and the first such event counts; one that is repeated or
comes too late changes nothing.
"""

from dataclasses import replace
from typing import Any

from njst.contract.events import (
    Cancelled,
    Concluded,
    Deleted,
    ExperimentCreated,
    Resumed,
    Suspended,
    TrialEnded,
)
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
    if isinstance(entry.event, Deleted):
        return {"deleted": True}
    return {} if view.concluded is not None else _changes_before_the_end(view, entry)


def _changes_before_the_end(view: ExperimentView, entry: LogEntry) -> _Changes:
    match entry.event:
        case Cancelled() as event if view.cancelled is None:
            return {"cancelled": event}
        case Concluded() as event:
            return {"concluded": event, "concluded_ns": entry.time_ns}
        case (Suspended() | Resumed()) as event:
            return _suspension(view, event, entry.time_ns)
        case TrialEnded() as event if _is_next(view, entry, event):
            return {"trials": (*view.trials, event)}
        case _:
            return {}


def _suspension(view: ExperimentView, event: Suspended | Resumed, time_ns: int) -> _Changes:
    if event.generation < view.suspend_generation:
        return {}
    changes: _Changes = {"suspend_generation": event.generation}
    if isinstance(event, Suspended):
        return changes if view.is_suspended else {**changes, "suspended_since_ns": time_ns}
    past_ns = view.suspended_ns(time_ns)
    return {**changes, "suspended_since_ns": 0, "suspended_before_ns": past_ns}


def _is_next(view: ExperimentView, entry: LogEntry, event: TrialEnded) -> bool:
    number = len(view.trials)
    return event.result.plan.number == number and entry.worker == str(number)
