"""What a trial proves about the target, from its evidence.

Held: the thresholds hold, each workload with a steady rate achieved at least 99 % of it and sent
on time, neither latency nor backlog kept rising, and nothing was lost. Breached: the target did not
sustain it. Undecided: the load tester was the limit, or something else than the target ended it.

In order of precedence: messages lost; the tester was the limit; a threshold aborted the job; it
failed for a reason that is not the target's speed; a threshold; the achieved rate; late sends;
rising latency; rising backlog.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from njst.contract.results.outcome import (
    REGRESSION,
    REGRESSION_ABORTED,
    THRESHOLD_ABORTED,
    THRESHOLDS_FAILED,
    THRESHOLDS_UNDECIDED,
)
from njst.contract.results.report import Report, Verdict
from njst.contract.results.trial import TrialJudgement, TrialPlan, TrialResult
from njst.contract.spec.job import JobSpec
from njst.experiments.evidence import (
    BacklogEvidence,
    TrialEvidence,
    WorkloadEvidence,
    evidence_of,
)
from njst.experiments.trend import trend_of
from njst.verdict.trial_numbers import numbers_of

ACHIEVED_PERCENT = 99
# As in the diagnosis of the tester: sends this late (p99) distort every latency.
SLIP_US = 5_000
# A latency that rises by less over a trial is noise to those who use the target.
RISE_PERCENT = 25
RISE_US = 1_000
# A backlog that grows by less of what was published is within what the achieved rate allows.
BACKLOG_PERCENT = 1

# Failures that say that the target was too slow; all others say nothing about it.
_OVERLOAD = frozenset(
    {THRESHOLDS_FAILED, REGRESSION, THRESHOLDS_UNDECIDED, "Incomplete", "ErrorsOccurred"}
)
# The job was stopped before its end, so that other thresholds may be without data.
_ABORTED = frozenset({THRESHOLD_ABORTED, REGRESSION_ABORTED})
NO_DATA = "ThresholdWithoutData"


@dataclass(frozen=True)
class TrialFinding:
    """A judgement, its reason in one CamelCase word, and a sentence."""

    judgement: TrialJudgement
    reason: str
    message: str = ""


def result_of(plan: TrialPlan, job_id: str, job: JobSpec, report: Report) -> TrialResult:
    """Return what the trial of a plan came to; `job` is the spec that it ran."""
    evidence = evidence_of(report, job)
    finding = judge_trial(evidence)
    return TrialResult(
        plan=plan,
        job=job_id,
        judgement=finding.judgement,
        reason=finding.reason,
        message=finding.message,
        verdict=report.verdict,
        lost_messages=evidence.lost,
        is_tester_limited=bool(evidence.tester),
        achieved_messages_per_second=sum(w.achieved for w in evidence.workloads if w.offered),
        p50_microseconds=max(
            (w.p50_us for w in evidence.workloads if w.p50_us is not None), default=None
        ),
        workloads=[numbers_of(result) for result in report.workloads],
    )


def judge_trial(evidence: TrialEvidence) -> TrialFinding:
    """Return the judgement on a trial, with the first reason that applies."""
    for finding in _findings(evidence):
        return finding
    return TrialFinding(TrialJudgement.HELD, "Held")


def _breached(reason: str, message: str) -> TrialFinding:
    return TrialFinding(TrialJudgement.BREACHED, reason, message)


def _undecided(reason: str, message: str) -> TrialFinding:
    return TrialFinding(TrialJudgement.UNDECIDED, reason, message)


def _findings(evidence: TrialEvidence) -> Iterator[TrialFinding]:
    if evidence.lost:
        yield _breached("MessagesLost", f"{evidence.lost} acknowledged messages are missing")
    if evidence.tester:
        yield _undecided("TesterLimited", evidence.tester)
    yield from _verdict(evidence)
    for workload in evidence.workloads:
        yield from _pace(workload)
        yield from _lateness(workload, evidence)
    for workload in evidence.workloads:
        yield from _latency(workload)
    for backlog in evidence.backlogs:
        yield from _backlog(backlog)


def _verdict(evidence: TrialEvidence) -> Iterator[TrialFinding]:
    """Yield what the verdict on the trial's job proves, unless it is Valid."""
    if evidence.reason in _ABORTED:
        yield _breached(evidence.reason, evidence.message)
    for threshold in evidence.thresholds:
        if threshold.value is None and threshold.verdict is Verdict.INVALID:
            yield _undecided(NO_DATA, f"{threshold.workload} has no {threshold.metric}")
    if evidence.verdict is not Verdict.VALID:
        if evidence.reason not in _OVERLOAD:
            yield _undecided(evidence.reason, evidence.message)
        yield _breached(evidence.reason, evidence.message)


def _pace(workload: WorkloadEvidence) -> Iterator[TrialFinding]:
    if workload.is_steady and 100 * workload.achieved < ACHIEVED_PERCENT * workload.offered:
        message = (
            f"{workload.name} achieved {workload.achieved} of {workload.offered} messages per"
            " second"
        )
        yield _breached("RateNotAchieved", message)


def _lateness(workload: WorkloadEvidence, evidence: TrialEvidence) -> Iterator[TrialFinding]:
    """Yield that sends were late; the diagnosis of the tester has found no fault in it by now."""
    slip, service = workload.slip_p99_us, workload.service_p99_us
    # A slow target fills the window, so that sends are as late as its answers.
    if slip is None or slip <= max(SLIP_US, service or 0):
        return
    message = f"messages of {workload.name} left {slip} us after their due time (p99)"
    if evidence.is_tester_known:
        yield _breached("SentLate", message)
    else:
        yield _undecided("SentLate", f"{message}, and nothing says whose fault it was")


def _latency(workload: WorkloadEvidence) -> Iterator[TrialFinding]:
    trend = trend_of(workload.latencies_us)
    if trend is None or not trend.is_rising:
        return
    if trend.growth >= max(RISE_US, RISE_PERCENT / 100 * trend.mean):
        message = (
            f"the median latency of {workload.name} rose by {round(trend.growth)} us within the"
            f" trial, around {round(trend.mean)} us"
        )
        yield _breached("LatencyRising", message)


def _backlog(evidence: BacklogEvidence) -> Iterator[TrialFinding]:
    trend = trend_of(evidence.backlog)
    if trend is None or not trend.is_rising:
        return
    if 100 * trend.growth > BACKLOG_PERCENT * evidence.published:
        message = (
            f"the backlog of {evidence.name} grew by {round(trend.growth)} of"
            f" {evidence.published} messages"
        )
        yield _breached("BacklogRising", message)
