"""Builds the status of an NjstExperiment from its view; pure, and bounded in size."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any

from njst.contract.results.comparison import LevelComparison
from njst.contract.results.experiments.experiment_status import (
    ComparisonStatus,
    ExperimentStatus,
    SearchStatus,
    TrialStatus,
)
from njst.contract.results.job_status import MAX_BYTES
from njst.contract.results.trial import SearchResult, TrialResult
from njst.contract.spec.experiment import ExperimentSpec
from njst.contract.trials.points import Point, points_of
from njst.experiments.run_order import runs_of
from njst.experiments.search_runs import searches_so_far
from njst.journal.report_builder import log_datetime
from njst.journal.state.experiments.experiment_text import best_rate
from njst.journal.state.experiments.experiment_view import ExperimentPhase, ExperimentView
from njst.journal.state.job_view import JobView
from njst_operator.controllers.experiment.experiment_phase import of_view
from njst_operator.controllers.experiment.experiment_resource import ExperimentResource
from njst_operator.controllers.resource.log_resource import TERMINAL_PHASES
from njst_operator.controllers.resource.status_fields import (
    MAX_MESSAGE,
    describe_target,
    duration_text,
)
from njst_operator.kube.conditions import set_conditions, time_text
from njst_operator.kube.truncate import truncate

# Bytes of the values of a point.
MAX_POINT = 80
# More have no room in any status.
MOST_TRIALS = 32
MOST_SEARCHES = 32
MOST_COMPARISONS = 32


def known_before(spec: ExperimentSpec) -> dict[str, Any]:
    """Return the fields of a status that are known before the experiment is submitted."""
    return {
        "target": describe_target(spec.template.target),
        "point_count": len(points_of(spec)),
        "trial_summary": _summary(spec, 0),
    }


def of_experiment(
    resource: ExperimentResource,
    view: ExperimentView,
    running: JobView | None,
    now: datetime,
    waits_for: Sequence[str] = (),
) -> ExperimentStatus:
    """Return the status of a resource whose experiment is known.

    Args:
        resource: The resource.
        view: The experiment.
        running: The job of the trial that was created and is not recorded; None: there is none.
        now: Log time.
        waits_for: The jobs that run before that, in order.
    """
    spec, end, count = view.created.spec, view.concluded, len(view.trials)
    phase_status = of_view(view, running, waits_for)
    points = points_of(spec)
    ended_at = now if end is None else log_datetime(view.concluded_ns)
    is_cancelled = view.phase is ExperimentPhase.CANCELLED
    is_under_load = end is None and running is not None and running.ended is None
    full = ExperimentStatus(
        observed_generation=resource.generation,
        revision=resource.status.revision,
        phase=phase_status.phase,
        reason=phase_status.reason,
        message=truncate(phase_status.message, MAX_MESSAGE),
        experiment_id=view.id,
        result_ref=f"/api/v1/experiments/{view.id}",
        conditions=set_conditions(
            resource.status.conditions, phase_status.conditions, resource.generation, now
        ),
        submit_time=time_text(log_datetime(view.created_ns)),
        completion_time=None if end is None else time_text(ended_at),
        duration=duration_text((ended_at - log_datetime(view.created_ns)).total_seconds()),
        verdict="" if end is None or is_cancelled else str(end.verdict),
        trial_count=count,
        trial_summary=_summary(spec, count),
        running_job=running.id if is_under_load and running is not None else "",
        best_messages_per_second=best_rate(view),
        target=describe_target(spec.template.target),
        point_count=len(points),
        searches=list(_searches(view, points))[:MOST_SEARCHES],
        comparisons=[] if end is None else list(_comparisons(end.comparisons))[:MOST_COMPARISONS],
        trials=[_trial(trial, points) for trial in view.results[: -MOST_TRIALS - 1 : -1]],
        omitted="" if end is None else end.omitted,
    )
    return fit(full)


def fit(status: ExperimentStatus) -> ExperimentStatus:
    """Return a status of at most MAX_BYTES; details are left out, and it says which."""
    status = _with_trials(status, MOST_TRIALS)
    for cut in _CUTS:
        if len(status.to_json()) <= MAX_BYTES:
            break
        status = cut(status)
    return status


def _with_trials(status: ExperimentStatus, most: int) -> ExperimentStatus:
    trials = status.trials[:most]
    omitted = status.trial_count - len(trials)
    return status.model_copy(update={"trials": trials, "omitted_trials": omitted})


def _without(status: ExperimentStatus, what: str, **fields: Any) -> ExperimentStatus:
    omitted = f"{status.omitted}, {what}" if status.omitted else what
    return status.model_copy(update={**fields, "omitted": omitted})


_CUTS: tuple[Callable[[ExperimentStatus], ExperimentStatus], ...] = (
    lambda s: _with_trials(s, 16),
    lambda s: _with_trials(s, 8),
    lambda s: _with_trials(s, 4),
    lambda s: _without(s, "comparisons after the first 8", comparisons=s.comparisons[:8]),
    lambda s: _without(s, "searches after the first 8", searches=s.searches[:8]),
    lambda s: _with_trials(s, 0),
    lambda s: _without(s, "the comparisons", comparisons=[]),
    lambda s: _without(s, "the searches", searches=[]),
)


def regresses(old: ExperimentStatus, new: ExperimentStatus) -> bool:
    """Whether `new` is a step back from `old`."""
    if old.phase in TERMINAL_PHASES:
        newer = new.observed_generation > old.observed_generation
        return new.phase != old.phase or not newer
    if new.phase in TERMINAL_PHASES or old.experiment_id != new.experiment_id:
        return False
    is_stopping = old.phase == "Cancelling" and new.phase != "Cancelling"
    return is_stopping or new.trial_count < old.trial_count


def changes_more_than_numbers(old: ExperimentStatus, new: ExperimentStatus) -> bool:
    """Whether more than numbers has changed, so that the status is to be written at once."""
    return (
        old.phase != new.phase
        or old.reason != new.reason
        or old.observed_generation != new.observed_generation
        or old.trial_count != new.trial_count
        or old.running_job != new.running_job
        or old.experiment_id != new.experiment_id
    )


def _summary(spec: ExperimentSpec, count: int) -> str:
    return str(count) if spec.search is not None else f"{count}/{len(runs_of(spec))}"


def _point(points: Sequence[Point], number: int) -> str:
    return truncate(str(points[number]), MAX_POINT) if number < len(points) else ""


def _trial(trial: TrialResult, points: Sequence[Point]) -> TrialStatus:
    plan = trial.plan
    return TrialStatus(
        number=plan.number,
        point=_point(points, plan.point),
        purpose=str(plan.purpose),
        messages_per_second=plan.messages_per_second,
        achieved_messages_per_second=trial.achieved_messages_per_second,
        p50_microseconds=trial.p50_microseconds,
        judgement=str(trial.judgement),
        reason=trial.reason,
        verdict=str(trial.verdict),
    )


def _searches(view: ExperimentView, points: Sequence[Point]) -> Iterator[SearchStatus]:
    if view.concluded is not None:
        found = view.concluded.searches
    else:
        found = searches_so_far(view.created.spec, view.results)
    for search in found:
        yield _search(search, points)


def _search(search: SearchResult, points: Sequence[Point]) -> SearchStatus:
    return SearchStatus(
        point=_point(points, search.point),
        repeat=search.repeat,
        outcome=search.outcome,
        trials=search.trials,
        lower_messages_per_second=search.lower_messages_per_second,
        is_lower_confirmed=search.is_lower_confirmed,
        upper_messages_per_second=search.upper_messages_per_second,
    )


def _comparisons(compared: Sequence[LevelComparison]) -> Iterator[ComparisonStatus]:
    for level in compared:
        for metric in level.result.metrics:
            yield ComparisonStatus(
                first=truncate(level.first, MAX_POINT),
                second=truncate(level.second, MAX_POINT),
                others=truncate(level.others, MAX_POINT),
                workload=metric.workload,
                metric=str(metric.metric),
                outcome=str(metric.outcome),
                ratio_per_million=metric.ratio_per_million,
            )
