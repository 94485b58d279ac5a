"""The evidence of a trial: the numbers of its report that say whether the target sustained it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from njst.contract.results.report import (
    Report,
    ThresholdResult,
    Verdict,
    WindowResult,
    WorkloadResult,
)
from njst.contract.spec.job import JobSpec
from njst.contract.spec.workload import Workload
from njst.contract.trials.rated_job import is_measured
from njst.verdict.backlog import receivers
from njst.verdict.tester_diagnosis import TOO_SHORT


@dataclass(frozen=True)
class WorkloadEvidence:
    """One measured workload of a trial.

    Attributes:
        name: Name of the workload.
        offered: Offered messages per second; 0: as fast as possible, or a receiver.
        is_steady: The offered rate is the same in the whole window, and time ends it.
        achieved: Messages per second in its window.
        slip_p99_us: How late sends left, 99th percentile; None without an offered rate.
        service_p99_us: From the send to the answer, 99th percentile; None without an offered rate.
        p50_us: Median latency; None without latencies.
        latencies_us: Median latency of each whole window of the series that lies in the measured
            one.
    """

    name: str
    offered: int = 0
    is_steady: bool = True
    achieved: int = 0
    slip_p99_us: int | None = None
    service_p99_us: int | None = None
    p50_us: int | None = None
    latencies_us: tuple[int, ...] = ()


@dataclass(frozen=True)
class BacklogEvidence:
    """What a receiving workload had not received of what was published.

    Attributes:
        name: Name of the receiving workload.
        backlog: Messages at the end of each window, less what there was before the first one.
        published: Messages that all windows together should have brought it.
    """

    name: str
    backlog: tuple[int, ...]
    published: int


@dataclass(frozen=True)
class TrialEvidence:
    """Everything that the judgement on a trial depends on.

    Attributes:
        verdict: The verdict on the trial's job.
        reason: Its reason.
        message: Its message.
        tester: Why the load tester was the limit; empty: it was not.
        is_tester_known: It is known whether the load tester was the limit.
        lost: Number of acknowledged messages that are missing.
        thresholds: The thresholds, evaluated.
        workloads: The measured workloads.
        backlogs: The backlogs of receivers, where they can be computed.
    """

    verdict: Verdict = Verdict.VALID
    reason: str = "Completed"
    message: str = ""
    tester: str = ""
    is_tester_known: bool = True
    lost: int = 0
    thresholds: tuple[ThresholdResult, ...] = ()
    workloads: tuple[WorkloadEvidence, ...] = ()
    backlogs: tuple[BacklogEvidence, ...] = ()


def evidence_of(report: Report, job: JobSpec) -> TrialEvidence:
    """Return the evidence in the report of a trial whose job was `job`."""
    results = {result.workload: result for result in report.workloads}
    measured = [
        (workload, results[workload.name])
        for workload in job.workloads
        if is_measured(workload) and workload.name in results
    ]
    tester = report.tester
    return TrialEvidence(
        verdict=report.verdict,
        reason=report.reason,
        message=report.message,
        tester=tester.message or tester.reason if tester is not None and tester.limited else "",
        is_tester_known=tester is not None and tester.reason != TOO_SHORT,
        lost=sum(r.read_back.lost for r in report.workloads if r.read_back is not None),
        thresholds=tuple(report.thresholds),
        workloads=tuple(_workload(workload, result) for workload, result in measured),
        backlogs=tuple(_backlogs(job, results, len(report.workers))),
    )


def _workload(workload: Workload, result: WorkloadResult) -> WorkloadEvidence:
    latency, slip, service = (
        result.latency_microseconds,
        result.slip_microseconds,
        result.service_microseconds,
    )
    windows = _windows(workload, result)
    return WorkloadEvidence(
        name=workload.name,
        offered=workload.messages_per_second or 0,
        is_steady=workload.duration_seconds is not None
        and workload.ramp_seconds <= workload.warmup_seconds,
        achieved=result.messages_per_second,
        slip_p99_us=None if slip is None else slip.p99,
        service_p99_us=None if service is None else service.p99,
        p50_us=None if latency is None else latency.p50,
        latencies_us=tuple(
            window.latency_microseconds.p50
            for window in windows
            if window.latency_microseconds is not None
        ),
    )


def _windows(workload: Workload, result: WorkloadResult) -> Sequence[WindowResult]:
    """Return the windows of a series that lie in the measured window, whole."""
    length_s = workload.length_seconds
    if result.series is None or result.start_ms is None or length_s is None:
        return ()
    width_ms = 1000 * result.series.window_seconds
    first_ms = result.start_ms + 1000 * workload.warmup_seconds
    last_ms = result.start_ms + 1000 * length_s
    return result.series.windows[-(-first_ms // width_ms) : last_ms // width_ms]


def _backlogs(
    job: JobSpec, results: dict[str, WorkloadResult], workers: int
) -> Iterator[BacklogEvidence]:
    """Yield the backlog of each receiver, of what is published at an offered rate."""
    for receiver in receivers(job, workers):
        reader, copies = receiver.reader, receiver.copies
        writers = [writer for writer in receiver.writers if writer.is_paced]
        rows = [_counts(workload, results) for workload in (reader, *writers)]
        length = min(map(len, rows))
        if len(rows) < 2 or not length:
            continue
        received, published = rows[0][:length], [sum(row) for row in zip(*rows[1:], strict=False)]
        growth = [copies * sent - got for sent, got in zip(published, received, strict=False)]
        yield BacklogEvidence(reader.name, tuple(accumulate(growth)), copies * sum(published))


def _counts(workload: Workload, results: dict[str, WorkloadResult]) -> list[int]:
    result = results.get(workload.name)
    return [] if result is None else [w.messages for w in _windows(workload, result)]
