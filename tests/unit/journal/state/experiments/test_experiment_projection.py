"""The fold of an experiment: whatever comes, and how often, the first that counts stays."""

from typing import Any

import pytest

from njst.contract.events import (
    Cancelled,
    Concluded,
    Deleted,
    Event,
    ExperimentCreated,
    Origin,
    OriginKind,
    Resumed,
    Suspended,
    TrialEnded,
)
from njst.contract.parsing.experiment import parse_experiment
from njst.contract.results.report import Verdict
from njst.contract.results.trial import TrialJudgement, TrialPlan, TrialResult
from njst.journal.state.experiments.experiment_store import ExperimentStore
from njst.journal.state.experiments.experiment_view import ExperimentPhase, ExperimentView
from njst.journal.state.projection import LogEntry
from tests.unit.contract.parsing.bad_experiments import good_experiment

CREATED = ExperimentCreated(
    spec=parse_experiment(good_experiment()), origin=Origin(kind=OriginKind.HTTP)
)
END = Concluded(outcome="Completed", verdict=Verdict.VALID, reason="Completed")


def trial(number: int, job: str = "") -> TrialEnded:
    result = TrialResult(
        plan=TrialPlan(number=number),
        job=job or f"x-t{number}",
        judgement=TrialJudgement.HELD,
        reason="Held",
    )
    return TrialEnded(result=result, created_ns=1, ended_ns=2)


def fold(*events: tuple[Event | None, str] | Event | None, keep: int = 9) -> ExperimentStore:
    """Fold events of the experiment `x`; a pair also has the token after the event's name."""
    store = ExperimentStore(keep=keep)
    for number, one in enumerate(events, 1):
        event, token = one if isinstance(one, tuple) else (one, "")
        store.on_entry(LogEntry(number, number, "x", token, event))
    return store


def view_of(*events: Any) -> ExperimentView:
    view = fold(*events).view("x")
    assert view is not None
    return view


def test_trials__in_order__are_kept() -> None:
    view = view_of(CREATED, (trial(0), "0"), (trial(1), "1"))
    assert [result.job for result in view.results] == ["x-t0", "x-t1"]
    assert view.phase is ExperimentPhase.RUNNING


@pytest.mark.parametrize(
    "event",
    [
        (trial(0, "other"), "0"),
        (trial(2), "2"),
        (trial(1), "2"),
        (trial(2), "1"),
        (trial(1), ""),
        (None, ""),
        CREATED,
    ],
    ids=["repeated", "too early", "wrong subject", "wrong number", "no number", "unknown", "again"],
)
def test_event__that_is_not_the_next__changes_nothing(event: Any) -> None:
    before = view_of(CREATED, (trial(0), "0"))
    after = view_of(CREATED, (trial(0), "0"), event)
    assert after.trials == before.trials
    assert (after.created, after.concluded, after.cancelled) == (CREATED, None, None)


def test_end__first_one__counts_and_nothing_after_it_but_deletion() -> None:
    other = Concluded(outcome="Cancelled", verdict=Verdict.INVALID, reason="Requested")
    late = Cancelled(reason="Requested")
    view = view_of(CREATED, END, other, (trial(0), "0"), late)
    assert (view.concluded, view.concluded_ns) == (END, 2)
    assert (view.trials, view.cancelled, view.phase) == ((), None, ExperimentPhase.SUCCEEDED)
    store = fold(CREATED, END, Deleted())
    assert store.get("x") is None
    assert store.view("x") is not None


def test_cancelled__spec_says_so_and_phases_follow() -> None:
    view = view_of(CREATED, Cancelled(reason="Requested"))
    assert view.spec.cancel
    assert not view.created.spec.cancel
    assert view.phase is ExperimentPhase.CANCELLING
    end = Concluded(outcome="Cancelled", verdict=Verdict.INVALID, reason="Requested")
    assert view_of(CREATED, Cancelled(reason="Requested"), end).phase is ExperimentPhase.CANCELLED


def test_suspended__until_it_is_resumed__spec_and_phase_say_so() -> None:
    view = view_of(CREATED, Suspended(), Suspended())
    assert (view.is_suspended, view.spec.suspend) == (True, True)
    assert view.phase is ExperimentPhase.SUSPENDED
    assert view.suspended_ns(9) == 7, "a second event does not begin anew"
    again = view_of(CREATED, Suspended(), (trial(0), "0"), Resumed(), Suspended())
    assert (len(again.trials), again.suspended_ns(8)) == (1, 2 + 3)
    resumed = view_of(CREATED, Suspended(), Resumed(), Resumed())
    assert (resumed.phase, resumed.suspended_ns(9)) == (ExperimentPhase.RUNNING, 1)
    assert not resumed.spec.suspend


@pytest.mark.parametrize(
    ("events", "is_suspended"),
    [
        ((Suspended(generation=1), Resumed(generation=2), Suspended(generation=1)), False),
        ((Suspended(generation=2), Resumed(generation=1)), True),
        ((Suspended(generation=2), Resumed(generation=2)), False),
        ((Resumed(generation=3), Suspended(generation=2)), False),
    ],
)
def test_suspended__by_an_earlier_generation__is_void(
    events: tuple[Event, ...], is_suspended: bool
) -> None:
    assert view_of(CREATED, *events).is_suspended is is_suspended


def test_events__of_a_job_or_before_the_first__are_of_no_experiment() -> None:
    assert fold((trial(0), "0"), END, Deleted(), None).experiments() == []


def test_entry__delivered_twice__changes_nothing() -> None:
    store = fold(CREATED, (trial(0), "0"))
    before = store.view("x")
    store.on_entry(LogEntry(2, 2, "x", "", Deleted()))
    assert store.view("x") is before


def test_store__more_that_ended_than_it_keeps__drops_the_oldest_and_no_open_one() -> None:
    store = ExperimentStore(keep=1)
    for number, name in enumerate(("a", "b", "c")):
        store.on_entry(LogEntry(10 * number + 1, 1, name, "", CREATED))
    for number, name in enumerate(("c", "a")):
        store.on_entry(LogEntry(100 + number, 1, name, "", END))
    assert [view.id for view in store.experiments()] == ["a", "b"]
    assert [view.id for view in store.open_experiments()] == ["b"]
    assert store.take_dropped() == ["c"]
    assert store.take_dropped() == []
