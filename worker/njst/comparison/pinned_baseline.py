"""Takes from baselines what the thresholds of a job need, when the job is submitted.

A baseline may be replaced or removed while the job runs, and workers must agree all the same: so
its numbers go into the job's first event.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from statistics import median

from njst.comparison.facts import SPEC_FACT, spec_digest
from njst.contract.parsing.field_errors import FieldProblem, InvalidDocumentError
from njst.contract.results.comparison import Baseline, PinnedBaseline, PinnedValue
from njst.contract.spec.job import JobSpec
from njst.contract.spec.threshold import Threshold


def baseline_names(jobs: Iterable[JobSpec]) -> list[str]:
    """Return the names of the baselines that thresholds refer to, each once."""
    names = (threshold.relative_to for job in jobs for threshold in job.thresholds)
    return list(dict.fromkeys(name for name in names if name is not None))


def pin(
    jobs: Sequence[JobSpec], baselines: Mapping[str, Baseline], root: str = "spec"
) -> list[PinnedBaseline] | None:
    """Return what the thresholds of jobs need of baselines; None: they need nothing.

    Args:
        jobs: The job, or the jobs of the points of an experiment.
        baselines: The baselines that there are, by name.
        root: The path of a job's spec in the document that is submitted.

    Raises:
        InvalidDocumentError: naming each threshold whose baseline is missing, has runs of another
            spec, or has no such value.
    """
    problems: list[FieldProblem] = []
    pinned: dict[str, dict[tuple[str, str], PinnedValue]] = {}
    for job in jobs:
        digest = spec_digest(job)
        for number, threshold in enumerate(job.thresholds):
            if threshold.relative_to is None:
                continue
            field = f"{root}.thresholds[{number}]"
            baseline = baselines.get(threshold.relative_to)
            problem = _unsuitable(threshold.relative_to, baseline, digest)
            if baseline is None or problem:
                problems.append(FieldProblem(f"{field}.relativeTo", problem))
                continue
            for workload in job.workloads:
                if threshold.applies_to(workload.name):
                    value = _value(baseline, workload.name, threshold)
                    values = pinned.setdefault(baseline.name, {})
                    values[workload.name, threshold.metric] = value
                    problems += _useless(field, baseline.name, value)
    if problems:
        # Of an experiment, many points may have the same problem: the first one explains it.
        raise InvalidDocumentError([*{p.field: p for p in reversed(problems)}.values()][::-1])
    return [_pinned(baselines[name], values) for name, values in pinned.items()] or None


def _pinned(baseline: Baseline, values: Mapping[tuple[str, str], PinnedValue]) -> PinnedBaseline:
    return PinnedBaseline(
        name=baseline.name,
        create_time=baseline.create_time,
        spec=spec_of_runs(baseline),
        values=list(values.values()),
    )


def spec_of_runs(baseline: Baseline) -> str:
    """Return the digest of the spec that the runs of a baseline had; empty: it is not known."""
    return baseline.runs[0].facts.get(SPEC_FACT, "")


def _unsuitable(name: str, baseline: Baseline | None, digest: str) -> str:
    """Return why a baseline says nothing about runs of a spec; empty: it does."""
    if baseline is None:
        return f"there is no baseline {name}; njst baseline list names those that there are"
    had = spec_of_runs(baseline)
    if had == digest:
        return ""
    return (
        f"the runs of baseline {name} had another spec ({had or 'unknown'}, and this one is"
        f" {digest}): save a baseline of runs of this one"
    )


def _value(baseline: Baseline, workload: str, threshold: Threshold) -> PinnedValue:
    found = [
        run.values[workload][threshold.metric]
        for run in baseline.runs
        if threshold.metric in run.values.get(workload, {})
    ]
    return PinnedValue(
        workload=workload,
        metric=threshold.metric,
        runs=len(found),
        median=round(median(found or [0])),
        lowest=min(found, default=0),
        highest=max(found, default=0),
    )


def _useless(field: str, baseline: str, value: PinnedValue) -> Iterator[FieldProblem]:
    what = f"{value.metric} of {value.workload}"
    if not value.runs:
        yield FieldProblem(f"{field}.metric", f"baseline {baseline} has no {what}")
    elif not value.median:
        words = f"the {what} in baseline {baseline} is 0, and so is each percentage of it"
        yield FieldProblem(f"{field}.metric", f"{words}: use atMost or atLeast")
