"""Builds the report of a job, final or so far, from its view and the participants' progress."""

from collections.abc import Mapping
from datetime import UTC, datetime

from njst.contract.kinds.publish import Verify
from njst.contract.results.outcome import Outcome, Problem
from njst.contract.results.preparation import TargetSession
from njst.contract.results.readback import NOT_READ, STOPPED
from njst.contract.results.report import Report, Verdict, WorkerResult, WorkloadResult
from njst.contract.results.tallies import WorkloadTally
from njst.contract.spec.workload import Workload
from njst.journal.preparation_summary import adjusted, environment
from njst.journal.state.job_store import ProgressEntry
from njst.journal.state.job_view import JobView, ParticipantPhase, ParticipantState
from njst.stats.offered_load import planned_messages
from njst.stats.start_skew import start_skew_us
from njst.stats.tally_merge import check, totals
from njst.verdict.abort import SoFar
from njst.verdict.backlog import with_backlogs
from njst.verdict.judge import History, judge
from njst.verdict.tester_diagnosis import diagnose
from njst.verdict.thresholds import evaluate
from njst.verification.checker import prove, with_proof
from njst.verification.receipt_budget import of_lost_worker

_OUTCOMES = {
    ParticipantPhase.REJECTED: Outcome.REJECTED,
    ParticipantPhase.LATE: Outcome.LATE,
    ParticipantPhase.LOST: Outcome.LOST,
}
# Adjustments of a report, of all workloads.
MOST_ADJUSTED = 64


def log_datetime(time_ns: int) -> datetime:
    """Return a log time as a UTC datetime, in microseconds."""
    return datetime.fromtimestamp(time_ns // 1000 / 1_000_000, UTC)


def worker_results(view: JobView, progress: Mapping[str, ProgressEntry]) -> list[WorkerResult]:
    """Return the result of each participant, by worker; one that still runs counts as lost."""
    return [
        _worker_result(view.parts[worker], progress.get(worker)) for worker in sorted(view.parts)
    ]


def _worker_result(part: ParticipantState, seen: ProgressEntry | None) -> WorkerResult:
    if part.finished is not None:
        return WorkerResult(
            worker=part.worker,
            outcome=part.finished.outcome,
            problem=part.finished.problem,
            workloads=part.finished.workloads,
            cost=part.finished.cost,
            control=part.finished.control,
            clock_error_us=part.finished.clock_error_us,
            target=_session(part),
        )
    return WorkerResult(
        worker=part.worker,
        outcome=_OUTCOMES.get(part.state, Outcome.LOST),
        problem=part.problem,
        workloads=_last_of(part, seen) if seen else [],
        cost=seen.progress.cost if seen else None,
        target=_session(part),
    )


def _session(part: ParticipantState) -> TargetSession | None:
    return None if part.preparation is None else part.preparation.session


def _last_of(part: ParticipantState, seen: ProgressEntry) -> list[WorkloadTally]:
    """Return a participant's last tallies; of a lost one with the series of its progress."""
    tallies = seen.progress.workloads
    if part.state is not ParticipantPhase.LOST:
        return tallies
    return [
        tally.model_copy(update={"series": seen.series.series(tally.workload)}) for tally in tallies
    ]


def _readable(result: WorkerResult) -> WorkerResult:
    """Return a result; if its histograms are damaged, a failure without numbers.

    The log cannot be repaired, so the job must be able to end all the same.
    """
    try:
        for tally in result.workloads:
            check(tally)
    except ValueError as error:
        return _unreadable(result, error)
    return result


def _unreadable(result: WorkerResult, error: ValueError) -> WorkerResult:
    problem = Problem(reason="ResultUnreadable", message=f"its result cannot be read: {error}")
    return WorkerResult(worker=result.worker, outcome=Outcome.FAILED, problem=problem)


def _results(
    view: JobView, progress: Mapping[str, ProgressEntry]
) -> tuple[list[WorkerResult], list[WorkloadResult]]:
    """Return the results by participant, and the totals."""
    workers = _proved(view, worker_results(view, progress))
    try:
        return workers, workload_results(view, workers)
    except ValueError:
        # Only now, because checking all of them costs as much as merging them.
        workers = [_readable(worker) for worker in workers]
        return workers, workload_results(view, workers)


def _proved(view: JobView, workers: list[WorkerResult]) -> list[WorkerResult]:
    """Return the results with those of the read-back, once it is over."""
    if not view.settled:
        return workers
    missing = NOT_READ if view.cancelled is None else STOPPED
    proofs = prove(view.receipts, view.slices, view.seen, missing, view.consumed)
    sought = {
        workload.name
        for workload in view.created.spec.workloads
        if workload.publish is not None and workload.publish.verify is not Verify.NONE
    }
    proved = []
    for worker in workers:
        tallies = with_proof(worker.workloads, proofs.get(worker.worker, []))
        if worker.outcome is Outcome.LOST:
            tallies = [of_lost_worker(t) if t.workload in sought else t for t in tallies]
        proved.append(worker.model_copy(update={"workloads": tallies}))
    return proved


def workload_results(view: JobView, workers: list[WorkerResult]) -> list[WorkloadResult]:
    """Return the totals of each workload, in the order of the spec.

    `planned` counts all that the spec asks for, also the share of missing participants.
    """
    results = []
    for workload in view.created.spec.workloads:
        tallies: list[WorkloadTally] = [
            tally
            for worker in workers
            for tally in worker.workloads
            if tally.workload == workload.name
        ]
        start_ms = workload_start_ms(view, workload)
        window_us = _window_us(view, workload) if start_ms is not None else 0
        total = totals(workload.name, workload.kind.title, tallies, window_us)
        planned = planned_messages(workload)
        results.append(total.model_copy(update={"planned": planned, "start_ms": start_ms}))
    return with_backlogs(view.created.spec, results, len(workers))


def workload_start_ms(view: JobView, workload: Workload) -> int | None:
    """Return when a workload starts, in ms after the common start; None: that is not known."""
    at_ns = view.begins_ns.get(workload.name, 0) if workload.after else view.start_ns
    if not at_ns or not view.run:
        return None
    return (at_ns - view.start_ns) // 1_000_000 + workload.start_seconds * 1000


def _window_us(view: JobView, workload: Workload) -> int:
    """Return the length of a workload with a duration: all of it unless the job was cancelled."""
    length_s = workload.length_seconds
    if length_s is None or not view.settled or view.cancelled is not None:
        return 0
    return 1_000_000 * (length_s - workload.warmup_seconds)


def final_report(view: JobView, progress: Mapping[str, ProgressEntry], now_ns: int) -> Report:
    """Return the final report of a settled job; `now_ns` is the log's time."""
    spec = view.created.spec
    workers, workloads = _results(view, progress)
    thresholds = evaluate(spec.thresholds, workloads, view.created.baselines or ())
    judgement = judge(History(spec, workers, workloads, thresholds, view.cancelled))
    return Report(
        verdict=judgement.verdict,
        reason=judgement.reason,
        message=judgement.message + _fewer_words(view),
        create_time=log_datetime(view.created_ns),
        start_time=log_datetime(view.start_ns) if view.run else None,
        start_skew_microseconds=start_skew_us(workers),
        completion_time=log_datetime(now_ns),
        # The totals have the histograms of all workers; those of each would fill the log.
        workers=[_without_histograms(worker) for worker in workers],
        workloads=workloads,
        thresholds=thresholds,
        tester=diagnose([worker.cost for worker in workers], workloads),
        adjusted=adjusted(view),
        environment=environment(view),
    )


def _fewer_words(view: JobView) -> str:
    """Return a remark if a job had fewer workers than were expected."""
    if view.wanted == len(view.parts):
        return ""
    return f"; {len(view.parts)} of {view.wanted} workers were there"


def measured_so_far(view: JobView, progress: Mapping[str, ProgressEntry], now_ns: int) -> SoFar:
    """Return what a running job has measured; `now_ns` is the log's time."""
    workers, workloads = _results(view, progress)
    return SoFar(
        elapsed_ms=max(0, now_ns - view.start_ns) // 1_000_000,
        totals=workloads,
        tallies=[tally for worker in workers for tally in worker.workloads],
    )


def report_so_far(view: JobView, progress: Mapping[str, ProgressEntry], now_ns: int) -> Report:
    """Return the final report of an ended job, or the report so far of a running one."""
    if view.ended is not None:
        return view.ended.report
    workers, workloads = _results(view, progress)
    return Report(
        verdict=Verdict.UNKNOWN,
        reason=str(view.phase),
        create_time=log_datetime(view.created_ns),
        start_time=log_datetime(view.start_ns) if view.run else None,
        completion_time=log_datetime(now_ns),
        workers=[_without_histograms(worker) for worker in workers],
        workloads=workloads,
        tester=diagnose([worker.cost for worker in workers], workloads),
        adjusted=adjusted(view),
        environment=environment(view),
    )


def _without_histograms(worker: WorkerResult) -> WorkerResult:
    nothing = {
        "latency": "",
        "censored": "",
        "service": "",
        "slip": "",
        "stored": "",
        "delivered": "",
        "series": None,
    }
    tallies = [tally.model_copy(update=nothing) for tally in worker.workloads]
    return worker.model_copy(update={"workloads": tallies})
