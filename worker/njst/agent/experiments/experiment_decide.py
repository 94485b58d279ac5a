"""Decides what a worker does about an experiment: a pure function of what the log says.

As with jobs, any worker may take a step, and the log accepts the first append. A worker that waits
for its turn decides again before it acts.
"""

from dataclasses import dataclass

from pydantic import ValidationError

from njst.contract.results.trial import TrialPlan
from njst.experiments.experiment_state import Conclusion, Experiment, Trial, TrialRecord, Waiting
from njst.experiments.next_trial import next_plan, next_trial
from njst.journal.state.experiments.experiment_view import ExperimentView
from njst.journal.state.job_view import JobView


@dataclass(frozen=True)
class CreateTrial:
    """Create the job of a trial."""

    trial: Trial


@dataclass(frozen=True)
class RecordTrial:
    """Say what an ended trial came to."""

    plan: TrialPlan
    job: str


@dataclass(frozen=True)
class CancelTrial:
    """Cancel the running trial of a cancelled experiment."""

    job: str


@dataclass(frozen=True)
class Conclude:
    """End the experiment."""

    conclusion: Conclusion


@dataclass(frozen=True)
class Wait:
    """Nothing to do until something changes, or until a log time in ns."""

    until_ns: int | None = None


Step = CreateTrial | RecordTrial | CancelTrial | Conclude | Wait


def decide_experiment(view: ExperimentView, job: JobView | None, now_ns: int) -> Step:
    """Return the next step of an experiment.

    Args:
        view: The experiment.
        job: The job of the trial that runs, or comes next (`next_job_id`); None: there is none.
        now_ns: Log time in ns.
    """
    if view.concluded is not None:
        return Wait()
    if job is not None:
        return _watch(view, job)
    experiment = Experiment(view.id, view.spec, view.suspended_ns(now_ns))
    step = next_trial(experiment, records_of(view), now_ns)
    if isinstance(step, Trial):
        return CreateTrial(step)
    return Conclude(step) if isinstance(step, Conclusion) else _wait(step)


def _wait(waiting: Waiting) -> Wait:
    return Wait(waiting.until_ns)


def _watch(view: ExperimentView, job: JobView) -> Step:
    if job.ended is not None:
        return RecordTrial(plan_of(view, job), job.id)
    if view.cancelled is not None and job.cancelled is None:
        return CancelTrial(job.id)
    return Wait()


def records_of(view: ExperimentView) -> list[TrialRecord]:
    """Return the trials that have ended."""
    return [
        TrialRecord(trial.result.plan, trial.created_ns, trial.ended_ns, trial.result)
        for trial in view.trials
    ]


def plan_of(view: ExperimentView, job: JobView) -> TrialPlan:
    """Return the plan of the trial that runs: its job has it, whichever version chose it."""
    number = len(view.trials)
    try:
        plan = TrialPlan.model_validate_json(job.created.settings)
    except ValidationError:
        plan = TrialPlan(number=number)
        chosen = next_plan(view.created.spec, view.results)
        if isinstance(chosen, TrialPlan):
            plan = chosen
    return plan.model_copy(update={"number": number})
