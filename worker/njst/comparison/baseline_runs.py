"""Which runs may be a baseline: proven ones, all of one spec."""

from collections.abc import Sequence

from njst.comparison.facts import SPEC_FACT, environment_of, run_of, unproven
from njst.contract.parsing.field_errors import FieldProblem
from njst.contract.results.comparison import BaselineRun
from njst.contract.results.report import Report
from njst.contract.spec.job import JobSpec
from njst.verdict.thresholds import exact_values


def baseline_run_of(job_id: str, job: JobSpec, report: Report) -> BaselineRun:
    """Return a job that has ended as a run of a baseline."""
    run = run_of(job_id, job, report, environment_of(report))
    values = {result.workload: exact_values(result) for result in report.workloads}
    return BaselineRun(**dict(run), values={name: some for name, some in values.items() if some})


def run_problems(
    runs: Sequence[BaselineRun], field: str, *, with_unproven: bool
) -> list[FieldProblem]:
    """Return what is wrong with runs as a baseline, each at its entry of the list `field`."""
    reasons = {} if with_unproven else {one.job: one.reason for one in unproven(runs)}
    problems, first = [], runs[0].facts.get(SPEC_FACT, "")
    for number, run in enumerate(runs):
        spec = run.facts.get(SPEC_FACT, "")
        if spec != first:
            words = f"its spec ({spec}) is another one than that of the first run ({first})"
            problems.append(FieldProblem(f"{field}[{number}]", words))
        elif reason := reasons.get(run.job):
            words = f"{reason}; withUnproven takes it all the same"
            problems.append(FieldProblem(f"{field}[{number}]", words))
    return problems
