"""From the end of an experiment to its last event: verdict, searches and comparisons. Pure.

Verdict of an experiment without a search: that of its trials. Of one with a search: Valid if each
search found a rate, Invalid if the target is why one did not, Unknown if nothing is proven.
"""

from collections.abc import Sequence

from njst.comparison.compare_levels import compare_levels
from njst.contract.events import Concluded, TrialEnded
from njst.contract.results.outcome import (
    REGRESSION,
    REGRESSION_ABORTED,
    THRESHOLD_ABORTED,
    THRESHOLDS_FAILED,
)
from njst.contract.results.report import Verdict
from njst.contract.results.trial import SearchResult, TrialResult
from njst.contract.spec.experiment import ExperimentSpec
from njst.experiments.experiment_state import Conclusion, ExperimentOutcome, RunResult
from njst.experiments.search_end import SearchOutcome
from njst.experiments.search_runs import search_result

_REGRESSIONS = {REGRESSION, REGRESSION_ABORTED}
_THRESHOLDS = {THRESHOLDS_FAILED, THRESHOLD_ABORTED}
_FOUND = (SearchOutcome.FOUND, SearchOutcome.LOWER_BOUND)
_TARGET_IS_WHY = (SearchOutcome.NOT_FOUND, SearchOutcome.UNSTABLE)
# As of a job that was cancelled.
_REASONS = {
    ExperimentOutcome.CANCELLED: (Verdict.INVALID, "Requested"),
    ExperimentOutcome.TIME_OVER: (Verdict.UNKNOWN, "TimeOver"),
    ExperimentOutcome.TRIALS_FAILED: (Verdict.INVALID, "TrialsFailed"),
}


def concluded_event(
    spec: ExperimentSpec, trials: Sequence[TrialEnded], end: Conclusion, limit_bytes: int
) -> Concluded:
    """Return the last event of an experiment, of at most `limit_bytes`."""
    searches = [found for run in end.runs if (found := _search(run)) is not None]
    results = [trial.result for trial in trials]
    verdict, reason, message = _verdict(end, results)
    event = Concluded(
        outcome=str(end.outcome),
        verdict=verdict,
        reason=reason,
        message=message,
        searches=searches,
        comparisons=compare_levels(
            spec,
            results,
            {(one.point, one.repeat): rate for one in searches if (rate := _sustained(one))},
            {trial.result.job: trial.facts for trial in trials},
        ),
    )
    return _fitted(event, limit_bytes)


def _fitted(event: Concluded, limit_bytes: int) -> Concluded:
    """Return the event without its largest parts, until it fits; the verdict always stays."""
    smaller = (
        {"comparisons": [], "omitted": "the comparisons"},
        {
            "searches": [one.model_copy(update={"message": ""}) for one in event.searches],
            "omitted": "the comparisons, and the messages of searches",
        },
        {"searches": [], "omitted": "the comparisons and the searches"},
    )
    for changes in smaller:
        if len(event.to_json()) <= limit_bytes:
            break
        event = event.model_copy(update=changes)
    return event


def _sustained(search: SearchResult) -> int | None:
    """Return the rate to compare: where only a bound of it is known, it would seem to be equal."""
    return search.lower_messages_per_second if search.outcome == SearchOutcome.FOUND else None


def _search(run: RunResult) -> SearchResult | None:
    end = run.search
    if end is None:
        return None
    return search_result(run.run, len(run.trials), end)


def _verdict(end: Conclusion, results: Sequence[TrialResult]) -> tuple[Verdict, str, str]:
    if end.outcome is not ExperimentOutcome.COMPLETED:
        verdict, reason = _REASONS[end.outcome]
        return verdict, reason, end.message
    outcomes = [run.search for run in end.runs if run.search is not None]
    if not outcomes:
        return _verdict_of_trials(end, results)
    for search in sorted(outcomes, key=lambda one: one.outcome not in _TARGET_IS_WHY):
        if search.outcome not in _FOUND:
            is_target = search.outcome in _TARGET_IS_WHY
            verdict = Verdict.INVALID if is_target else Verdict.UNKNOWN
            return verdict, str(search.outcome), search.message
    if len(outcomes) == 1:
        return Verdict.VALID, str(outcomes[0].outcome), outcomes[0].message
    return Verdict.VALID, "Completed", end.message


def _together(reasons: set[str]) -> str:
    """Return the reason of trials that all missed thresholds; empty: something else failed too."""
    if reasons <= _REGRESSIONS:
        return REGRESSION
    return THRESHOLDS_FAILED if reasons <= _REGRESSIONS | _THRESHOLDS else ""


def _verdict_of_trials(end: Conclusion, results: Sequence[TrialResult]) -> tuple[Verdict, str, str]:
    for verdict, name in (
        (Verdict.INVALID, "TrialsFailed"),
        (Verdict.UNKNOWN, "TrialsUndecided"),
    ):
        some = [result for result in results if result.verdict is verdict]
        if some:
            reasons = {result.reason for result in some}
            first, words = some[0], f"{len(some)} of {len(results)} trials are {verdict}"
            message = f"{words}, the first one, {first.job}: {first.message or first.reason}"
            return verdict, _together(reasons) or name, message
    return Verdict.VALID, "Completed", end.message
