"""The searches of an experiment: one for each run, each with its own part of the trials.

They are kept at the end of the experiment, and shown before it as they stand.
"""

from collections.abc import Sequence

from njst.contract.results.trial import SearchResult, TrialPurpose, TrialResult
from njst.contract.spec.experiment import ExperimentSpec
from njst.contract.spec.job import JobSpec
from njst.contract.spec.search import Search
from njst.contract.trials.rated_job import highest_rate, lowest_rate, offered_rate
from njst.experiments.rate_evidence import fold
from njst.experiments.run_order import Run, runs_of
from njst.experiments.search_bounds import SearchRange, confirmation_of
from njst.experiments.search_end import SearchEnd, SearchOutcome
from njst.experiments.search_step import SearchStep, bounds_so_far, next_step
from njst.experiments.trial_job import point_job

# In the place of an outcome, until there is one.
RUNNING = "Running"


def trials_of(run: Run, results: Sequence[TrialResult]) -> tuple[TrialResult, ...]:
    """Return the trials of one run."""
    return tuple(r for r in results if (r.plan.point, r.plan.repeat) == (run.point, run.repeat))


def search_step(
    spec: ExperimentSpec, search: Search, run: Run, own: Sequence[TrialResult]
) -> SearchStep | SearchEnd:
    """Return the next trial of a run's search, or how it ended; `own` are the run's trials."""
    limits = _range(point_job(spec, run.point), search, own)
    return next_step(search, limits, fold(own, confirmation_of(search)))


def search_end(
    spec: ExperimentSpec, run: Run, own: Sequence[TrialResult], message: str
) -> SearchEnd | None:
    """Return how a run's search ended, or its bounds if `message` ended it before.

    None: the experiment has no search.
    """
    search = spec.search
    if search is None:
        return None
    step = search_step(spec, search, run, own)
    if isinstance(step, SearchEnd):
        return step
    limits = _range(point_job(spec, run.point), search, own)
    return bounds_so_far(search, limits, fold(own, confirmation_of(search)), message)


def search_result(run: Run, trials: int, end: SearchEnd) -> SearchResult:
    """Return the search of a run that has had so many trials."""
    return SearchResult(
        point=run.point,
        repeat=run.repeat,
        outcome=str(end.outcome),
        message=end.message,
        trials=trials,
        lower_messages_per_second=end.lower,
        is_lower_confirmed=end.is_lower_confirmed,
        upper_messages_per_second=end.upper,
    )


def searches_so_far(spec: ExperimentSpec, results: Sequence[TrialResult]) -> list[SearchResult]:
    """Return the searches that have begun; one that goes on is RUNNING, with its bounds so far."""
    if spec.search is None:
        return []
    found = []
    for run in runs_of(spec):
        own = trials_of(run, results)
        end = search_end(spec, run, own, "") if own else None
        if end is None:
            continue
        result = search_result(run, len(own), end)
        # Before the end of the experiment, no search has run out of time: it goes on.
        if end.outcome is SearchOutcome.TIME_OVER:
            result = result.model_copy(update={"outcome": RUNNING})
        found.append(result)
    return found


def _range(job: JobSpec, search: Search, own: Sequence[TrialResult]) -> SearchRange:
    return SearchRange(
        low=lowest_rate(job, search), high=highest_rate(job, search), guess=_guess(job, own)
    )


def _guess(job: JobSpec, own: Sequence[TrialResult]) -> int | None:
    """Return the total rate at which the slowest workload has what it had in the probe."""
    probe = next((r for r in own if r.plan.purpose is TrialPurpose.PROBE), None)
    if probe is None:
        return None
    had = {workload.workload: workload.messages_per_second for workload in probe.workloads}
    whole = offered_rate(job)
    guesses = [
        had.get(workload.name, 0) * whole // workload.messages_per_second
        for workload in job.workloads
        if workload.messages_per_second
    ]
    return min(guesses) or None
