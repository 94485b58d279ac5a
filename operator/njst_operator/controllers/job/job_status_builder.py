"""Builds the status of an NjstJob from the job's view and report; pure, and bounded in size."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, TypeVar

from njst.contract.model import Message
from njst.contract.results.job_status import (
    MAX_BYTES,
    MAX_ERRORS,
    MAX_EXAMPLE,
    ErrorStatus,
    JobStatus,
    LatencyStatus,
    ReadBackStatus,
    ThresholdStatus,
    WorkersStatus,
    WorkloadStatus,
)
from njst.contract.results.report import Diagnosis, Report, ThresholdResult, WorkloadResult
from njst.contract.spec.job import JobSpec
from njst.journal.report_builder import log_datetime
from njst.journal.state.job_view import USER_CANCEL_REASONS, JobView, ParticipantPhase
from njst.journal.state.worker_counts import worker_counts
from njst_operator.controllers.job.job_resource import JobResource
from njst_operator.controllers.job.phase_status import of_view
from njst_operator.controllers.resource.log_resource import TERMINAL_PHASES
from njst_operator.controllers.resource.phase_status import PhaseStatus
from njst_operator.controllers.resource.status_fields import (
    MAX_MESSAGE,
    describe_target,
    duration_text,
    without_log,
)
from njst_operator.kube.conditions import set_conditions, time_text
from njst_operator.kube.truncate import truncate

Part = TypeVar("Part", bound=Message)

# Bytes; MAX_LOST is a number of workers, MAX_ADJUSTED one of fields, MAX_LEFT one of assets.
MAX_NAME = 64
MAX_LOST = 5
MAX_ADJUSTED = 5
MAX_LEFT = 5
# Phases in their order: a status never goes back to an earlier one.
_ORDER = {"": 0, "Suspended": 1, "Pending": 2, "Running": 3, "Cancelling": 4}


def without_job(
    resource: JobResource, phase_status: PhaseStatus, now: datetime, spec: JobSpec | None = None
) -> JobStatus:
    """Return the status of a resource without a job; other fields of its old status are kept.

    `spec` is the spec of the future job, if it is known.
    """
    known = {} if spec is None else known_before(spec)
    return without_log(resource, phase_status, now, **known)


def known_before(spec: JobSpec) -> dict[str, Any]:
    """Return the fields of a status that are known before the job is submitted."""
    return {"target": describe_target(spec.target), "workers": _wanted(spec)}


def of_earlier(
    resource: JobResource, phase_status: PhaseStatus, view: JobView, now: datetime
) -> JobStatus:
    """Return the status of a resource that repeats the result of an earlier job."""
    assert view.ended is not None
    status = without_job(resource, phase_status, now)
    result = {"verdict": str(view.ended.report.verdict), "result_ref": _result_ref(view)}
    return status.model_copy(update=result)


def _result_ref(view: JobView) -> str:
    return f"/api/v1/jobs/{view.id}/report"


def of_job(
    resource: JobResource,
    view: JobView,
    report: Report,
    now: datetime,
    waits_for: Sequence[str] = (),
) -> JobStatus:
    """Return the status of a resource whose job is known.

    `waits_for` are the jobs that run before it, by the names that people know, in order.
    """
    phase_status = of_view(view, waits_for)
    ended = view.ended is not None
    end = report.completion_time if ended else now
    counted = [workload for workload in report.workloads if workload.elapsed_us]
    full = JobStatus(
        observed_generation=resource.generation,
        revision=resource.status.revision,
        phase=phase_status.phase,
        reason=phase_status.reason,
        message=truncate(phase_status.message, MAX_MESSAGE),
        job_id=view.id,
        result_ref=_result_ref(view) if ended else "",
        conditions=set_conditions(
            resource.status.conditions, phase_status.conditions, resource.generation, now
        ),
        submit_time=time_text(log_datetime(view.created_ns)),
        start_time=time_text(log_datetime(view.start_ns)) if view.run else None,
        completion_time=time_text(end) if ended else None,
        duration=_load_duration(view, end),
        verdict=_verdict(report) if ended else "",
        workers=_copied(WorkersStatus, worker_counts(view)),
        lost_workers=lost_workers(view),
        refused_workers=refused_workers(view),
        messages_per_second=_sum(w.messages_per_second for w in counted),
        bytes_per_second=_sum(w.bytes_per_second for w in counted),
        p99_microseconds=_p99(report.workloads),
        error_count=sum(workload.error_count for workload in report.workloads),
        tester_limited=report.tester is not None and report.tester.limited,
        tester_advice=_advice(report.tester),
        adjusted=_adjusted(report),
        left_behind=_left_behind(report.left_behind),
        target=describe_target(view.created.spec.target),
        workloads=[_workload(workload) for workload in report.workloads],
        thresholds=[_threshold(threshold) for threshold in _worst_first(report.thresholds)],
    )
    return fit(full)


def with_left_behind(status: JobStatus, problems: Sequence[str]) -> JobStatus:
    """Return a final status with what the clean-up, which follows it, could not remove."""
    return status.model_copy(update={"left_behind": _left_behind(problems)})


def fit(status: JobStatus) -> JobStatus:
    """Return a status of at most MAX_BYTES; details are left out, and `omitted` names them."""
    for what, cut in _CUTS:
        if len(status.to_json()) <= MAX_BYTES:
            return status
        status = cut(status).model_copy(update={"omitted": f"{what}: see resultRef"})
    return status


def _each(status: JobStatus, **update: object) -> JobStatus:
    workloads = [workload.model_copy(update=update) for workload in status.workloads]
    return status.model_copy(update={"workloads": workloads})


def _without_examples(status: JobStatus) -> JobStatus:
    workloads = [
        workload.model_copy(
            update={"errors": [e.model_copy(update={"example": ""}) for e in workload.errors]}
        )
        for workload in status.workloads
    ]
    return status.model_copy(update={"workloads": workloads})


_CUTS: tuple[tuple[str, Callable[[JobStatus], JobStatus]], ...] = (
    (
        "thresholds after the worst 8",
        lambda s: s.model_copy(update={"thresholds": s.thresholds[:8]}),
    ),
    ("adjusted defaults", lambda s: s.model_copy(update={"adjusted": []})),
    ("examples of errors", _without_examples),
    ("errors by class", lambda s: _each(s, errors=[])),
    ("latencies by workload", lambda s: _each(s, latency_microseconds=None)),
    ("what is left behind", lambda s: s.model_copy(update={"left_behind": s.left_behind[:1]})),
    ("workloads after the first 8", lambda s: s.model_copy(update={"workloads": s.workloads[:8]})),
    ("workloads after the first 2", lambda s: s.model_copy(update={"workloads": s.workloads[:2]})),
)


def lost_workers(view: JobView) -> list[str]:
    """Return the first few lost workers."""
    lost = view.parts_in(ParticipantPhase.LOST, ParticipantPhase.LATE)
    return [truncate(worker, MAX_NAME) for worker in lost[:MAX_LOST]]


def refused_workers(view: JobView) -> list[str]:
    """Return the first few workers that cannot run the job, each with its reason."""
    return [
        f"{truncate(worker, MAX_NAME)}: {truncate(_why(view, worker), MAX_EXAMPLE)}"
        for worker in view.parts_in(ParticipantPhase.REJECTED)[:MAX_LOST]
    ]


def _why(view: JobView, worker: str) -> str:
    problem = view.parts[worker].problem
    return "it did not say why" if problem is None else problem.message or problem.reason


def regresses(old: JobStatus, new: JobStatus) -> bool:
    """Whether `new` is a step back from `old`."""
    if old.phase in TERMINAL_PHASES:
        newer = new.observed_generation > old.observed_generation
        cleaned = bool(new.left_behind) and not old.left_behind
        return new.phase != old.phase or not (newer or cleaned)
    if new.phase in TERMINAL_PHASES or old.job_id != new.job_id:
        return False
    if _ORDER.get(new.phase, 0) != _ORDER.get(old.phase, 0):
        return _ORDER.get(new.phase, 0) < _ORDER.get(old.phase, 0) and old.phase != "Suspended"
    return _done(new) < _done(old)


def changes_more_than_numbers(old: JobStatus, new: JobStatus) -> bool:
    """Whether more than numbers has changed, so that the status is to be written at once."""
    return (
        old.phase != new.phase
        or old.reason != new.reason
        or old.observed_generation != new.observed_generation
        or old.lost_workers != new.lost_workers
        or old.refused_workers != new.refused_workers
        or old.left_behind != new.left_behind
        or old.job_id != new.job_id
    )


def _done(status: JobStatus) -> int:
    return sum(workload.messages for workload in status.workloads)


def _wanted(spec: JobSpec) -> WorkersStatus:
    """Return how many workers a future job will have."""
    return WorkersStatus(wanted=spec.workers, summary=f"0/{spec.workers or 'all'}")


def _verdict(report: Report) -> str:
    """Return the verdict; a job that its user cancelled has none."""
    return "" if report.reason in USER_CANCEL_REASONS else str(report.verdict)


def _workload(workload: WorkloadResult) -> WorkloadStatus:
    worst = sorted(workload.errors, key=lambda error: error.count, reverse=True)
    errors = [
        ErrorStatus(
            error_class=str(error.error_class),
            count=error.count,
            example=truncate(error.example, MAX_EXAMPLE),
        )
        for error in worst[:MAX_ERRORS]
    ]
    proved, latency = workload.read_back, workload.latency_microseconds
    return _copied(
        WorkloadStatus,
        workload,
        name=workload.workload,
        skipped=truncate(workload.skipped, MAX_EXAMPLE),
        given_up=workload.censored_count,
        latency_microseconds=latency and _copied(LatencyStatus, latency),
        read_back=proved and _copied(ReadBackStatus, proved),
        errors=errors,
    )


def _copied(kind: type[Part], source: Message, **changed: object) -> Part:
    """Return a part of a status with the fields of the same names, but for the changed ones."""
    same = {name: getattr(source, name) for name in kind.model_fields if name not in changed}
    return kind.model_validate({**same, **changed})


def _advice(tester: Diagnosis | None) -> str:
    if tester is None or not tester.limited:
        return ""
    return truncate(f"{tester.reason}: {tester.message}", MAX_MESSAGE)


def _adjusted(report: Report) -> list[str]:
    """Return the first few adjustments of defaults."""
    return [
        truncate(f"{a.workload} {a.field} {a.value}: {a.why}", MAX_EXAMPLE)
        for a in report.adjusted[:MAX_ADJUSTED]
    ]


def _left_behind(problems: Sequence[str]) -> list[str]:
    """Return the first few assets that could not be removed."""
    return [truncate(problem, MAX_EXAMPLE) for problem in problems[:MAX_LEFT]]


def _worst_first(thresholds: Sequence[ThresholdResult]) -> list[ThresholdResult]:
    return sorted(thresholds, key=lambda threshold: threshold.verdict == "Valid")[:32]


def _threshold(threshold: ThresholdResult) -> ThresholdStatus:
    metric, verdict = str(threshold.metric), str(threshold.verdict)
    return _copied(ThresholdStatus, threshold, metric=metric, verdict=verdict)


def _sum(values: Iterable[int]) -> int | None:
    """Return the sum; None, not 0, if there are no values."""
    found = list(values)
    return sum(found) if found else None


def _p99(workloads: Sequence[WorkloadResult]) -> int | None:
    found = (w.latency_microseconds for w in workloads)
    return max((latency.p99 for latency in found if latency is not None), default=None)


def _load_duration(view: JobView, end: datetime) -> str:
    """Return how long the load has run; reading back stored messages does not count."""
    if not view.run:
        return ""
    if view.load_end_ns:
        end = log_datetime(view.load_end_ns)
    return duration_text((end - log_datetime(view.start_ns)).total_seconds())
