"""The job of a trial: its id and its complete spec."""

import json

from njst.contract.results.trial import TrialPlan
from njst.contract.spec.experiment import ExperimentSpec
from njst.contract.spec.job import JobSpec
from njst.contract.trials.points import document_of, points_of
from njst.contract.trials.rated_job import at_rate


def trial_id(experiment_id: str, number: int) -> str:
    """Return the id of the job of trial `number`, from 0, of an experiment."""
    return f"{experiment_id}-t{number}"


def point_job(spec: ExperimentSpec, point: int) -> JobSpec:
    """Return the template with the values of a point, counted from 0."""
    document = document_of(spec, points_of(spec)[point])
    return JobSpec.model_validate_json(json.dumps(document))


def job_of(spec: ExperimentSpec, plan: TrialPlan) -> JobSpec:
    """Return the complete spec of a trial's job."""
    job = point_job(spec, plan.point)
    if spec.search is None:
        return job
    rate, warmup_s = plan.messages_per_second, spec.search.warmup_seconds
    document = at_rate(job, rate, warmup_s, plan.window_seconds)
    return JobSpec.model_validate_json(json.dumps(document))


def experiment_of(job: str) -> str:
    """Return the id of the experiment whose trial a job could be, by the id of the job."""
    return job.rpartition("-t")[0]
