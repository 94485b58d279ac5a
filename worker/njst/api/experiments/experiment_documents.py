"""The JSON document of an experiment, built from its view and the job of its running trial."""

from typing import Any, Literal

from pydantic import AwareDatetime, Field, JsonValue

from njst.contract.events import Origin
from njst.contract.model import Message
from njst.contract.results.comparison import LevelComparison
from njst.contract.results.report import Verdict
from njst.contract.results.trial import SearchResult, TrialResult
from njst.contract.spec.experiment import ExperimentSpec
from njst.contract.trials.points import points_of
from njst.experiments.search_runs import searches_so_far
from njst.journal.jobs import Jobs, UnknownJobError
from njst.journal.report_builder import log_datetime
from njst.journal.state.experiments.experiment_text import (
    best_rate,
    experiment_text,
    next_job_id,
)
from njst.journal.state.experiments.experiment_view import ExperimentView
from njst.journal.state.job_view import JobView

_MOST_KNOWN = 16


class ExperimentSummary(Message):
    """An experiment in a list."""

    id: str
    name: str
    origin: Origin
    phase: str
    reason: str
    message: str
    create_time: AwareDatetime
    completion_time: AwareDatetime | None = None
    verdict: Verdict | None = None
    # Number of trials that have ended, and the job of the one that runs.
    trial_count: int = 0
    running_job: str | None = None
    # The highest sustained rate of all searches, in messages per second.
    best_messages_per_second: int | None = None


class ExperimentDocument(ExperimentSummary):
    """An experiment with its trials; `points` have the values of the factors by name."""

    points: list[dict[str, JsonValue]] = Field(default_factory=list)
    trials: list[TrialResult] = Field(default_factory=list)
    searches: list[SearchResult] = Field(default_factory=list)
    comparisons: list[LevelComparison] = Field(default_factory=list)
    # Jobs of ended trials that the log does not have any more.
    forgotten_jobs: list[str] = Field(default_factory=list)
    # What was left out of the results because it does not fit into a message.
    omitted: str = ""
    spec: ExperimentSpec


class ExperimentList(Message):
    """A page of experiments, newest first; `next` is the cursor of the following page."""

    items: list[ExperimentSummary]
    next: str | None = None


class ExperimentDryRun(Message):
    """What an experiment would be: its spec with all defaults. Nothing was created."""

    dry_run: Literal[True] = True
    spec: ExperimentSpec


def summary_of(view: ExperimentView, jobs: Jobs) -> ExperimentSummary:
    """Return an experiment as it stands in a list."""
    return ExperimentSummary(**_summary(view, jobs))


class SearchesSoFar:
    """The searches of experiments that run: computed once for each trial, not for each request."""

    def __init__(self) -> None:
        """Know nothing."""
        self._known: dict[str, tuple[int, list[SearchResult]]] = {}

    def of(self, view: ExperimentView) -> list[SearchResult]:
        """Return the searches of an experiment, of one that has ended as they were recorded."""
        if view.concluded is not None:
            self._known.pop(view.id, None)
            return view.concluded.searches
        trials, found = self._known.get(view.id, (-1, []))
        if trials != len(view.trials):
            found = searches_so_far(view.created.spec, view.results)
            if len(self._known) == _MOST_KNOWN:  # some of them may have been deleted
                self._known.clear()
            self._known[view.id] = (len(view.trials), found)
        return found


def document_of(
    view: ExperimentView, jobs: Jobs, searches: SearchesSoFar, from_trial: int = 0
) -> ExperimentDocument:
    """Return an experiment with all that is known of it, but for trials before `from_trial`."""
    end = view.concluded
    return ExperimentDocument(
        **_summary(view, jobs),
        points=[dict(point.values) for point in points_of(view.created.spec)],
        trials=list(view.results[from_trial:]),
        searches=searches.of(view),
        comparisons=[] if end is None else end.comparisons,
        forgotten_jobs=[one.job for one in view.results if not _is_known(jobs, one.job)],
        omitted="" if end is None else end.omitted,
        spec=view.created.spec,
    )


def _summary(view: ExperimentView, jobs: Jobs) -> dict[str, Any]:
    end, running = view.concluded, _running(view, jobs)
    waits_for = () if running is None else jobs.waits_for(running.id)
    reason, message = experiment_text(view, running, waits_for)
    return {
        "id": view.id,
        "name": view.created.origin.name,
        "origin": view.created.origin,
        "phase": str(view.phase),
        "reason": reason,
        "message": message,
        "create_time": log_datetime(view.created_ns),
        "completion_time": None if end is None else log_datetime(view.concluded_ns),
        "verdict": None if end is None else end.verdict,
        "trial_count": len(view.trials),
        "running_job": None if running is None else running.id,
        "best_messages_per_second": best_rate(view),
    }


def _running(view: ExperimentView, jobs: Jobs) -> JobView | None:
    """Return the job of the trial that was created and is not recorded; None: there is none."""
    if view.concluded is not None:
        return None
    try:
        return jobs.get(next_job_id(view))
    except UnknownJobError:
        return None


def _is_known(jobs: Jobs, job: str) -> bool:
    try:
        jobs.get(job)
    except UnknownJobError:
        return False
    return True
