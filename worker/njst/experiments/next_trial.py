"""The next trial of an experiment: a pure function of its spec and of the trials so far.

Any worker computes the same trial with the same id, so the first append of its job wins and no
leader is needed; when a worker dies, another one goes on from the log.
"""

from collections.abc import Sequence

from njst.contract.results.trial import TrialJudgement, TrialPlan, TrialResult
from njst.contract.spec.experiment import ExperimentSpec
from njst.contract.spec.search import Search
from njst.experiments.experiment_state import (
    Conclusion,
    Experiment,
    ExperimentOutcome,
    RunResult,
    Trial,
    TrialRecord,
    Waiting,
    WaitReason,
)
from njst.experiments.run_order import runs_of
from njst.experiments.search_runs import search_end, search_step, trials_of
from njst.experiments.search_step import SearchStep
from njst.experiments.trial_job import job_of, trial_id

# So many trials in a row that could not be judged end an experiment without a search.
MAX_UNDECIDED = 3
_SECOND_NS = 1_000_000_000


def next_trial(
    experiment: Experiment, trials: Sequence[TrialRecord], now_ns: int
) -> Trial | Waiting | Conclusion:
    """Return what an experiment does next.

    Args:
        experiment: The experiment.
        trials: All trials that were created, in the order of their numbers.
        now_ns: Log time in ns.
    """
    spec = experiment.spec
    if trials and trials[-1].result is None:
        return Waiting(WaitReason.TRIAL_RUNS)
    results = [trial.result for trial in trials if trial.result is not None]
    found = next_plan(spec, results)
    if isinstance(found, TrialPlan):
        found = _stopped(spec, trials, results, now_ns - experiment.suspended_ns) or found
    if isinstance(found, Conclusion):
        return found
    waiting = _waiting(spec, trials, now_ns)
    return waiting or Trial(trial_id(experiment.id, found.number), found, job_of(spec, found))


def next_plan(spec: ExperimentSpec, results: Sequence[TrialResult]) -> TrialPlan | Conclusion:
    """Return the plan of the trial after some that have ended, whatever the time; or the end."""
    if spec.search is None:
        return _sample_plan(spec, results)
    return _search_plan(spec, spec.search, results)


def _stopped(
    spec: ExperimentSpec,
    trials: Sequence[TrialRecord],
    results: Sequence[TrialResult],
    now_ns: int,
) -> Conclusion | None:
    """Return the end of an experiment that has more trials to run, but may not.

    `now_ns` is the log time without the time in suspend, which the deadline does not count.
    """
    deadline_s = spec.active_deadline_seconds
    if spec.cancel:
        outcome, words = ExperimentOutcome.CANCELLED, "the experiment was cancelled"
    elif len(trials) >= spec.max_trials:
        outcome, words = ExperimentOutcome.TIME_OVER, f"all {spec.max_trials} trials are used up"
    elif trials and now_ns >= trials[0].created_ns + deadline_s * _SECOND_NS:
        outcome = ExperimentOutcome.TIME_OVER
        words = f"{deadline_s} s since the first trial are used up"
    else:
        return None
    return conclude(spec, results, outcome, words)


def _waiting(spec: ExperimentSpec, trials: Sequence[TrialRecord], now_ns: int) -> Waiting | None:
    if spec.suspend:
        return Waiting(WaitReason.SUSPENDED)
    ended_ns = trials[-1].ended_ns if trials else None
    if ended_ns is None or not spec.pause_seconds:
        return None
    begin_ns = ended_ns + spec.pause_seconds * _SECOND_NS
    return Waiting(WaitReason.PAUSE, begin_ns) if now_ns < begin_ns else None


def _sample_plan(spec: ExperimentSpec, results: Sequence[TrialResult]) -> TrialPlan | Conclusion:
    """Return the next trial of an experiment without a search: one for each run."""
    runs = runs_of(spec)
    if len(results) == len(runs):
        words = f"all {len(runs)} trials have ended"
        return conclude(spec, results, ExperimentOutcome.COMPLETED, words)
    last = results[-MAX_UNDECIDED:]
    if len(last) == MAX_UNDECIDED and all(map(_has_failed, last)):
        words = f"{MAX_UNDECIDED} trials in a row failed, the last one: {last[-1].message}"
        return conclude(spec, results, ExperimentOutcome.TRIALS_FAILED, words)
    run = runs[len(results)]
    return TrialPlan(number=len(results), point=run.point, repeat=run.repeat)


def _has_failed(result: TrialResult) -> bool:
    """Whether a trial could not be judged; a limit of the tester is a result."""
    return result.judgement is TrialJudgement.UNDECIDED and not result.is_tester_limited


def _search_plan(
    spec: ExperimentSpec, search: Search, results: Sequence[TrialResult]
) -> TrialPlan | Conclusion:
    """Return the next trial of the first search that has not ended."""
    runs = runs_of(spec)
    for run in runs:
        step = search_step(spec, search, run, trials_of(run, results))
        if isinstance(step, SearchStep):
            return TrialPlan(
                number=len(results),
                point=run.point,
                repeat=run.repeat,
                purpose=step.purpose,
                messages_per_second=step.rate,
                window_seconds=step.window_s,
            )
    words = f"all {len(runs)} searches have ended"
    return conclude(spec, results, ExperimentOutcome.COMPLETED, words)


def conclude(
    spec: ExperimentSpec,
    results: Sequence[TrialResult],
    outcome: ExperimentOutcome,
    message: str,
) -> Conclusion:
    """Return the end of an experiment after these trials."""
    runs = []
    for run in runs_of(spec):
        own = trials_of(run, results)
        if own:
            runs.append(RunResult(run, own, search_end(spec, run, own, message)))
    return Conclusion(outcome, message, tuple(runs))
