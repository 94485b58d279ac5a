"""Decisions about an NjstExperiment, as tables: the resource, its experiment, and the time."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from njst.contract.events import (
    Cancelled,
    Concluded,
    Event,
    ExperimentCreated,
    Origin,
    OriginKind,
    Suspended,
    TrialEnded,
)
from njst.contract.parsing.experiment import parse_experiment
from njst.contract.results.comparison import (
    ComparisonOutcome,
    ComparisonResult,
    LevelComparison,
    MetricComparison,
)
from njst.contract.results.job_status import MAX_BYTES
from njst.contract.results.outcome import Problem
from njst.contract.results.report import Verdict
from njst.contract.results.trial import SearchResult, TrialJudgement, TrialPlan, TrialResult
from njst.contract.spec.comparison import RatioMetric
from njst.journal.state.experiments.experiment_projection import apply
from njst.journal.state.experiments.experiment_view import ExperimentView
from njst.journal.state.projection import LogEntry
from njst_operator.controllers.experiment import experiment_status_builder
from njst_operator.controllers.experiment.experiment_decide import (
    DELETED,
    TOO_LARGE,
    ObservedExperiment,
    Submit,
    Suspend,
    decide,
)
from njst_operator.controllers.experiment.experiment_events import of_experiment
from njst_operator.controllers.experiment.experiment_resource import (
    ExperimentResource,
    experiment_resource_of,
)
from njst_operator.controllers.resource.actions import (
    AnnotateAccepted,
    Cancel,
    Delete,
    WriteStatus,
)
from njst_operator.controllers.resource.log_resource import ACCEPTED_UID
from njst_operator.kube.conditions import is_true
from tests.unit.contract.parsing.bad_experiments import good_experiment, good_search

NOW = datetime(2026, 1, 1, tzinfo=UTC)
NOW_NS = int(NOW.timestamp()) * 10**9
GRID, SEARCH = good_experiment(), good_search()
END = Concluded(outcome="Completed", verdict=Verdict.VALID, reason="Completed", message="m")


def resource(
    spec: dict[str, Any] | None = None, *, generation: int = 1, mark: str = "u", **status: Any
) -> ExperimentResource:
    """A resource with the uid `u`; `status` are fields of its status."""
    meta = {
        "uid": "u",
        "namespace": "ns",
        "name": "rate",
        "generation": generation,
        "resourceVersion": "1",
        "annotations": {ACCEPTED_UID: mark} if mark else {},
    }
    said = {"observedGeneration": 1, **status}
    return experiment_resource_of({"metadata": meta, "spec": spec or GRID, "status": said})


def accepted(spec: dict[str, Any] | None = None, **changes: Any) -> ExperimentResource:
    """A resource whose status says that it runs."""
    said = {"phase": "Running", "experimentId": "u", **changes}
    return resource(spec, **said)


def trial(number: int, rate: int | None = None, point: int = 0) -> TrialEnded:
    plan = TrialPlan(number=number, point=point, messages_per_second=rate)
    result = TrialResult(
        plan=plan, job=f"u-t{number}", judgement=TrialJudgement.HELD, reason="Held"
    )
    return TrialEnded(result=result, created_ns=NOW_NS, ended_ns=NOW_NS)


def view_of(*events: Event, spec: dict[str, Any] | None = None) -> ExperimentView:
    """The view of the experiment `u` after its creation and these events."""
    created = ExperimentCreated(
        spec=parse_experiment(spec or GRID), origin=Origin(kind=OriginKind.RESOURCE)
    )
    view: ExperimentView | None = None
    number = 0
    for seq, event in enumerate((created, *events), 1):
        token = ""
        if isinstance(event, TrialEnded):
            token, number = str(number), number + 1
        view = apply(view, LogEntry(seq, NOW_NS, "u", token, event))
    assert view is not None
    return view


def acts(one: ExperimentResource, *events: Event, **observed: Any) -> list[object]:
    """All actions but the status."""
    view = view_of(*events) if events or "view" in observed else None
    observed.pop("view", None)
    actions = decide(one, ObservedExperiment(view, **observed), NOW)
    return [action for action in actions if not isinstance(action, WriteStatus)]


def status_of(one: ExperimentResource, observed: ObservedExperiment) -> Any:
    (written,) = (a for a in decide(one, observed, NOW) if isinstance(a, WriteStatus))
    return written.status


def test_new__is_submitted_and_says_nothing_yet() -> None:
    (action,) = decide(resource(mark=""), ObservedExperiment(), NOW)
    assert isinstance(action, Submit)
    assert len(action.spec.factors) == 2


@pytest.mark.parametrize(
    ("one", "observed", "phase", "reason"),
    [
        (resource({**GRID, "suspend": True}, mark=""), {}, "Suspended", "Suspended"),
        (resource({**GRID, "cancel": True}, mark=""), {}, "Cancelled", "Requested"),
        (replace(resource(mark=""), deleting=True), {}, "Cancelled", "ResourceDeleted"),
        (resource(mark="other"), {}, "Suspended", "Restored"),
        (resource(mark="", experimentId="other"), {}, "Suspended", "Restored"),
        (resource({**GRID, "seed": 1}, mark=""), {}, "Failed", "InvalidSpec"),
        (accepted(), {"forgotten": True}, "Failed", "ResultLost"),
        (accepted(), {"silent": True}, "Running", "NATSUnavailable"),
        (
            resource(mark=""),
            {"not_submitted": Problem(reason=TOO_LARGE, message="m")},
            *("Failed", TOO_LARGE),
        ),
        (
            resource(mark=""),
            {"not_submitted": Problem(reason="NATSUnavailable", message="m")},
            *("Pending", "NATSUnavailable"),
        ),
    ],
)
def test_without_experiment__status__has_phase_and_reason(
    one: ExperimentResource, observed: dict[str, Any], phase: str, reason: str
) -> None:
    status = status_of(one, ObservedExperiment(**observed))
    assert (status.phase, status.reason) == (phase, reason)


def test_invalid_spec__that_the_api_server_took__is_quoted_in_the_words_of_the_parser() -> None:
    factor = {"name": "size", "path": "workloads[0].publish.bytes", "values": [1]}
    status = status_of(resource({**GRID, "factors": [factor]}, mark=""), ObservedExperiment())
    assert status.message.startswith("spec.factors[0].path: workloads[0].publish has no bytes")


def test_restored__without_annotation__is_annotated_before_its_status_is_dropped() -> None:
    one = resource(mark="", experimentId="other", phase="Running")
    first, second = decide(one, ObservedExperiment(), NOW)
    assert first == AnnotateAccepted("other")
    assert isinstance(second, WriteStatus)
    assert second.status.experiment_id == ""
    assert "kubectl annotate njstexperiment rate --namespace ns" in second.status.message


@pytest.mark.parametrize(
    ("one", "events", "expected"),
    [
        (accepted(), (trial(0),), []),
        (accepted(mark=""), (trial(0),), [AnnotateAccepted("u")]),
        (accepted({**GRID, "suspend": True}, generation=3), (trial(0),), [Suspend(True, 3)]),
        (accepted({**GRID, "suspend": True}), (Suspended(generation=1),), []),
        (accepted(generation=3), (Suspended(generation=2),), [Suspend(False, 3)]),
        (accepted(generation=1), (Suspended(generation=2),), []),
        (
            accepted({**GRID, "cancel": True}),
            (trial(0),),
            [Cancel("Requested", "spec.cancel was set")],
        ),
        (replace(accepted(), deleting=True), (trial(0),), [Cancel(*DELETED)]),
        (replace(accepted(), deleting=True), (Cancelled(reason="Requested"),), []),
        (replace(accepted(), deleting=True), (END,), []),
    ],
    ids=[
        *("runs", "not annotated", "suspend", "suspended", "resume", "older generation"),
        *("cancel", "deleted", "cancelled already", "over"),
    ],
)
def test_with_experiment__actions(
    one: ExperimentResource, events: tuple[Event, ...], expected: list[object]
) -> None:
    assert acts(one, *events) == expected


@pytest.mark.parametrize(
    ("events", "phase", "true"),
    [
        ((trial(0),), "Running", {"Accepted", "Reconciling"}),
        ((Suspended(),), "Suspended", {"Accepted", "Suspended", "Ready"}),
        ((Cancelled(reason="Requested"),), "Cancelling", {"Accepted", "Reconciling"}),
        ((END,), "Succeeded", {"Accepted", "Finished", "Succeeded", "Ready"}),
        (
            (END.model_copy(update={"verdict": Verdict.INVALID}),),
            *("Failed", {"Accepted", "Finished", "Stalled"}),
        ),
    ],
)
def test_status__of_each_phase__has_its_conditions(
    events: tuple[Event, ...], phase: str, true: set[str]
) -> None:
    status = status_of(accepted(), ObservedExperiment(view_of(*events)))
    assert status.phase == phase
    assert {c.type for c in status.conditions if is_true(status.conditions, c.type)} == true


def test_status__of_a_deleted_one_that_is_held__names_the_deletion_and_has_no_verdict() -> None:
    end = Concluded(outcome="Cancelled", verdict=Verdict.INVALID, reason="Requested")
    cancelled = Cancelled(reason=DELETED[0], message=DELETED[1])
    one = replace(accepted(), deleting=True)
    status = status_of(one, ObservedExperiment(view_of(cancelled, end)))
    assert (status.phase, status.reason, status.verdict) == ("Cancelled", "ResourceDeleted", "")


def test_status__of_a_grid__shows_the_newest_trial_first_and_its_point() -> None:
    view = view_of(trial(0), trial(1, point=3))
    status = status_of(accepted(), ObservedExperiment(view))
    assert (status.trial_count, status.trial_summary, status.point_count) == (2, "2/4", 4)
    assert [(t.number, t.point) for t in status.trials] == [
        (1, "size=1024, copies=3"),
        (0, "size=16, copies=1"),
    ]


def test_status__of_a_search_that_runs__has_its_bounds_so_far() -> None:
    view = view_of(trial(0, rate=400), trial(1, rate=800), spec=SEARCH)
    status = status_of(accepted(SEARCH), ObservedExperiment(view))
    (search,) = status.searches
    assert (search.outcome, search.trials, search.lower_messages_per_second) == (
        *("Running", 2),
        800,
    )
    assert (search.is_lower_confirmed, search.upper_messages_per_second) == (False, None)
    assert status.trial_summary == "2"


def test_status__of_a_search_that_found_a_rate__has_it_as_the_best() -> None:
    found = SearchResult(
        point=0,
        repeat=0,
        outcome="Found",
        lower_messages_per_second=900,
        is_lower_confirmed=True,
        upper_messages_per_second=950,
    )
    end = END.model_copy(update={"searches": [found]})
    status = status_of(accepted(SEARCH), ObservedExperiment(view_of(end, spec=SEARCH)))
    assert (status.best_messages_per_second, status.searches[0].outcome) == (900, "Found")


def test_status__of_very_many_long_parts__fits_and_says_what_is_left_out() -> None:
    factor = {**GRID["factors"][0], "values": list(range(100))}
    spec = {**GRID, "factors": [factor, GRID["factors"][1]], "repeats": 5, "maxTrials": 1000}
    metric = MetricComparison(
        workload="w" * 40,
        metric=RatioMetric.LATENCY_P999,
        outcome=ComparisonOutcome.INCONCLUSIVE,
        message="m" * 400,
        ratio_per_million=10**9,
    )
    long = "\x01€" * 200
    level = LevelComparison(
        factor="f", first=long, second=long, others=long, result=ComparisonResult(metrics=[metric])
    )
    search = SearchResult(point=0, repeat=0, outcome="TesterLimited", message=long)
    end = END.model_copy(
        update={"message": long, "comparisons": 99 * [level], "searches": 99 * [search]}
    )
    view = view_of(*(trial(number) for number in range(500)), end, spec=spec)
    status = status_of(accepted(spec), ObservedExperiment(view))
    assert len(status.to_json()) <= MAX_BYTES
    assert len(status.trials) + status.omitted_trials == status.trial_count == 500
    assert status.omitted.startswith("comparisons after the first 8")


def test_finished__ttl_and_new_generation__delete_and_observe() -> None:
    over = accepted(phase="Succeeded", completionTime="2026-01-01T00:00:00Z")
    ttl = replace(over, spec={**over.spec, "ttlSecondsAfterFinished": 60})
    view = ObservedExperiment(view_of(END))
    assert decide(ttl, view, NOW + timedelta(seconds=59)) == ()
    assert decide(ttl, view, NOW + timedelta(seconds=60)) == (Delete(),)
    assert decide(replace(ttl, deleting=True), view, NOW + timedelta(seconds=60)) == ()
    newer = status_of(replace(over, generation=2), view)
    assert newer.observed_generation == 2


def test_cancel__reverted_too_late__is_reported_as_ignored() -> None:
    view = view_of(Cancelled(reason="Requested", message="spec.cancel was set"))
    status = status_of(accepted(), ObservedExperiment(view))
    (ignored,) = (c for c in status.conditions if c.type == "SpecIgnored")
    assert ignored.reason == "ExperimentCancelled"


def test_regresses__fewer_trials_or_another_end__but_suspended_may_run_again() -> None:
    many, few = (
        status_of(accepted(), ObservedExperiment(view_of(*map(trial, range(n))))) for n in (2, 1)
    )
    held = few.model_copy(update={"phase": "Suspended"})
    over = many.model_copy(update={"phase": "Succeeded"})
    regresses = experiment_status_builder.regresses
    assert regresses(many, few)
    assert not regresses(few, many)
    assert not regresses(held, few)
    assert not regresses(few, held)
    assert regresses(over, many)
    assert regresses(over, over.model_copy(update={"phase": "Failed"}))


def test_events__of_acceptance_and_end() -> None:
    new = status_of(resource(mark="u"), ObservedExperiment(view_of(trial(0))))
    assert [e.reason for e in of_experiment(resource().status, new)] == [
        *("ExperimentSubmitted", "Started")
    ]
    over = status_of(accepted(), ObservedExperiment(view_of(END)))
    assert [e.reason for e in of_experiment(new, over)] == ["Succeeded"]
