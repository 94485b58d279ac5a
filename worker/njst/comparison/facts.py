"""What must be the same in two sets of runs for their numbers to be comparable."""

import json
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256

from njst.contract.results.comparison import ComparedRun, FactDifference, LeftOutRun
from njst.contract.results.report import Report, Verdict
from njst.contract.results.trial import TrialResult
from njst.contract.spec.job import JobSpec
from njst.contract.trials.template_path import locate, with_value
from njst.verdict.trial_numbers import numbers_of

# The fact that says which load ran: the digest of its spec.
SPEC_FACT = "spec"
# Fields of a spec that say nothing about the load or the target.
_IRRELEVANT = frozenset(
    {
        "description",
        "mesh",
        "priority",
        "thresholds",
        "startTimeoutSeconds",
        "queueTimeoutSeconds",
        "activeDeadlineSeconds",
        "onWorkerLoss",
        "verdictPolicy",
        "suspend",
        "cancel",
        "ttlSecondsAfterFinished",
        "skipIfRanWithinSeconds",
    }
)


def spec_digest(job: JobSpec, factors: Iterable[str] = ()) -> str:
    """Return a digest of the load that a spec describes, 16 hexadecimal digits.

    Args:
        job: The spec of a run.
        factors: Paths of the fields that are compared, which may differ.

    Raises:
        PathError: the spec lacks one of the paths.
    """
    document = job.model_dump(mode="json", by_alias=True, exclude_none=True)
    for path in factors:
        document = with_value(document, locate(job, path), None)
    load = {name: value for name, value in document.items() if name not in _IRRELEVANT}
    return sha256(json.dumps(load, sort_keys=True).encode()).hexdigest()[:16]


def environment_of(report: Report) -> dict[str, str]:
    """Return what a report says about versions and topology, by name; empty: it says nothing."""
    found = report.environment
    if found is None:
        return {}
    facts = {
        "njst": found.njst_versions,
        "cores": found.cores,
        "nats-server": found.server_versions,
        "clusters": found.clusters,
        "domains": found.domains,
        "stream leaders": sorted({place.leader for place in found.streams if place.leader}),
    }
    return {name: ", ".join(values) for name, values in facts.items() if values}


def run_of(
    job_id: str,
    job: JobSpec,
    report: Report,
    environment: Mapping[str, str],
    factors: Iterable[str] = (),
) -> ComparedRun:
    """Return a run as it is compared.

    Args:
        job_id: The id of its job.
        job: The spec of its job.
        report: The report of its job.
        environment: Other facts, by name: versions, the topology of the target
            (`environment_of`), the zones of the workers.
        factors: Paths of the fields that are compared, which may differ.
    """
    tester = report.tester
    return ComparedRun(
        job=job_id,
        verdict=report.verdict,
        is_tester_limited=tester is not None and tester.limited,
        facts={
            **environment,
            SPEC_FACT: spec_digest(job, factors),
            "workers": str(len(report.workers)),
        },
        workloads=[numbers_of(result) for result in report.workloads],
    )


def run_of_trial(result: TrialResult, facts: Mapping[str, str], pair: int | None) -> ComparedRun:
    """Return a trial of an experiment as it is compared.

    Args:
        result: What the trial came to.
        facts: What must be the same in all trials, by name.
        pair: The number of its pair; None: the trials were not interleaved.
    """
    return ComparedRun(
        job=result.job,
        verdict=result.verdict,
        is_tester_limited=result.is_tester_limited,
        facts=dict(facts),
        pair=pair,
        workloads=result.workloads,
    )


def differences(
    first: Sequence[ComparedRun], second: Sequence[ComparedRun]
) -> list[FactDifference]:
    """Return each fact that is not the same in all runs of both sides, by name."""
    names = sorted({name for run in (*first, *second) for name in run.facts})
    found = [
        FactDifference(fact=n, first=_values(first, n), second=_values(second, n)) for n in names
    ]
    return [fact for fact in found if len({*fact.first, *fact.second}) > 1]


def _values(runs: Sequence[ComparedRun], fact: str) -> list[str]:
    return sorted({run.facts.get(fact, "unknown") for run in runs})


def unproven(runs: Iterable[ComparedRun]) -> list[LeftOutRun]:
    """Return the runs whose numbers are not those of the target, and why."""
    reasons = ((run, _why_unproven(run)) for run in runs)
    return [LeftOutRun(job=run.job, reason=reason) for run, reason in reasons if reason]


def _why_unproven(run: ComparedRun) -> str:
    if run.verdict is not Verdict.VALID:
        return f"its verdict is {run.verdict}"
    return "the load tester was the limit" if run.is_tester_limited else ""
