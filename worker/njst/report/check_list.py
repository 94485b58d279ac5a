"""Every check of a report with its result: each threshold, the workers, and each workload."""

from collections.abc import Iterator
from dataclasses import dataclass

from njst.contract.results.report import Report, ThresholdResult, Verdict, WorkloadResult
from njst.verdict import checks
from njst.verdict.checks import Judgement
from njst.verdict.invariants import violations
from njst.verdict.threshold_words import limit_words

# The subject of checks that belong to no workload; a workload's name has no blank.
JOB = "whole job"


@dataclass(frozen=True)
class Check:
    """One check; `failure` is what is wrong, `skipped` why it could not be made.

    `is_threshold`: the spec asks for it; others are made of every job. `seconds` is how long the
    workload was measured.
    """

    subject: str
    name: str
    failure: Judgement | None = None
    skipped: str = ""
    is_threshold: bool = False
    seconds: float = 0.0


def check_list(report: Report) -> list[Check]:
    """Return all checks; one of them fails exactly when the verdict is not Valid."""
    found = [*_of_workers(report), *_of_thresholds(report)]
    for workload in report.workloads:
        found += _of_workload(workload, report.thresholds)
    return [_of_job(report, found), *found]


def _of_job(report: Report, others: list[Check]) -> Check:
    """The job itself: fails for a reason that no other check has, such as a cancellation."""
    known = {check.failure.reason for check in others if check.failure is not None}
    failure = None
    if report.verdict is not Verdict.VALID and report.reason not in known:
        failure = Judgement(report.verdict, report.reason, report.message)
    return Check(JOB, "ran to its end", failure)


def _of_workers(report: Report) -> Iterator[Check]:
    failure = checks.failed_workers(report.workers) or checks.missing_workers(report.workers)
    yield Check(JOB, "all workers ran to the end", failure)


def _of_thresholds(report: Report) -> Iterator[Check]:
    skipped = {workload.workload: workload.skipped for workload in report.workloads}
    for threshold in report.thresholds:
        why_skipped = skipped.get(threshold.workload, "")
        yield Check(
            threshold.workload,
            f"{threshold.metric} {limit_words(threshold)}",
            None if why_skipped else checks.missed_threshold(threshold),
            why_skipped,
            is_threshold=True,
        )


def _of_workload(workload: WorkloadResult, thresholds: list[ThresholdResult]) -> Iterator[Check]:
    seconds = workload.elapsed_us / 1_000_000
    for name, failure in (
        ("counts agree", _contradiction(workload)),
        ("all planned messages are done", checks.missing_messages(workload, thresholds)),
        ("no errors but allowed ones", checks.unallowed_errors(workload, thresholds)),
        ("no acknowledged message is lost", checks.lost_messages(workload)),
        ("acknowledged messages could be looked for", checks.failed_read_back(workload)),
        ("nobody removed acknowledged messages", checks.removed_messages(workload)),
        ("nobody paused its consumer", checks.paused_consumer(workload, thresholds)),
    ):
        if workload.skipped:
            yield Check(workload.workload, name, None, workload.skipped)
        else:
            yield Check(workload.workload, name, failure, seconds=seconds)


def _contradiction(workload: WorkloadResult) -> Judgement | None:
    found = violations([workload])
    if not found:
        return None
    return Judgement(Verdict.UNKNOWN, "CountsInconsistent", "; ".join(found))
