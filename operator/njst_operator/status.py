"""The status of a resource, built from a job's view and report; pure, and bounded in size."""

from collections.abc import Callable, Sequence
from datetime import datetime

from njst.contract.result import (
    Diagnosis,
    Latency,
    ReadBack,
    Report,
    ThresholdResult,
    WorkloadResult,
)
from njst.contract.status import (
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
from njst.journal.summary import log_datetime
from njst.journal.view import JobView, PartState
from njst_operator.brief import brief
from njst_operator.conditions import FALSE, set_conditions, time_text
from njst_operator.held import parse_time
from njst_operator.phases import Saying, of_view
from njst_operator.resource import TERMINAL_PHASES, Resource, describe_target

# In bytes, but for the number of lost workers.
MAX_MESSAGE = 400
MAX_TARGET = 200
MAX_NAME = 64
MAX_LOST = 5
# How far a phase is; a status never goes back.
_ORDER = {"": 0, "Suspended": 1, "Pending": 2, "Running": 3, "Cancelling": 4}


def without_job(resource: Resource, saying: Saying, now: datetime) -> JobStatus:
    """Return the status of a resource that has no job; what an earlier one said is kept."""
    over = saying.phase in TERMINAL_PHASES
    return resource.status.model_copy(
        update={
            "observed_generation": resource.generation,
            "phase": saying.phase,
            "reason": saying.reason,
            "message": brief(saying.message, MAX_MESSAGE),
            "completion_time": time_text(now) if over else None,
            "conditions": set_conditions(
                resource.status.conditions, saying.claims, resource.generation, now
            ),
        }
    )


def observed(resource: Resource) -> JobStatus:
    """Return the status as it is, for the generation that is there now."""
    generation = resource.generation
    conditions = [
        condition.model_copy(update={"observed_generation": generation})
        for condition in resource.status.conditions
    ]
    return resource.status.model_copy(
        update={"observed_generation": generation, "conditions": conditions}
    )


def of_job(resource: Resource, view: JobView, report: Report, now: datetime) -> JobStatus:
    """Return the status of a resource whose job is known."""
    saying = of_view(view)
    ended = view.ended is not None
    end = report.completion_time if ended else now
    first = report.workloads[0] if report.workloads else WorkloadResult(workload="", kind="")
    with_latency = [w for w in report.workloads if w.latency_microseconds is not None]
    full = JobStatus(
        observed_generation=resource.generation,
        revision=resource.status.revision,
        phase=saying.phase,
        reason=saying.reason,
        message=brief(saying.message, MAX_MESSAGE),
        job_id=view.id,
        result_ref=f"/api/v1/jobs/{view.id}/report" if ended else "",
        conditions=set_conditions(
            resource.status.conditions, saying.claims, resource.generation, now
        ),
        submit_time=time_text(log_datetime(view.created_ns)),
        start_time=time_text(log_datetime(view.start_ns)) if view.run else None,
        completion_time=time_text(end) if ended else None,
        duration=_duration((end - log_datetime(view.start_ns)).total_seconds()) if view.run else "",
        verdict=str(report.verdict) if ended else "",
        workers=_workers(view),
        lost_workers=lost_workers(view),
        rate=f"{first.messages_per_second:,}/s" if first.elapsed_us else "",
        throughput=f"{first.bytes_per_second / 1_048_576:.1f}MiB/s" if first.elapsed_us else "",
        p99=_p99(with_latency),
        error_count=sum(workload.error_count for workload in report.workloads),
        tester_limited=report.tester is not None and report.tester.limited,
        tester_advice=_advice(report.tester),
        target=brief(describe_target(view.created.spec.target), MAX_TARGET),
        workloads=[_workload(workload) for workload in report.workloads],
        thresholds=[_threshold(threshold) for threshold in _worst_first(report.thresholds)],
    )
    return fit(full)


def fit(status: JobStatus) -> JobStatus:
    """Return a status of at most MAX_BYTES: details go first, and it says which."""
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
    ("examples of errors", _without_examples),
    ("errors by class", lambda s: _each(s, errors=[])),
    ("latencies by workload", lambda s: _each(s, latency_microseconds=None)),
    ("workloads after the first 8", lambda s: s.model_copy(update={"workloads": s.workloads[:8]})),
    ("workloads after the first 2", lambda s: s.model_copy(update={"workloads": s.workloads[:2]})),
)


def lost_workers(view: JobView) -> list[str]:
    """Return the first few workers that the job does without."""
    lost = view.parts_in(PartState.LOST, PartState.LATE, PartState.UNFIT)
    return [brief(worker, MAX_NAME) for worker in list(lost)[:MAX_LOST]]


def waited_ms(resource: Resource, now: datetime) -> int:
    """Return for how long a resource has waited for its job, by the status; suspended, it does not.

    What nobody has said yet is no time.
    """
    if resource.status.phase != "Pending":
        return 0
    since = next((c for c in resource.status.conditions if c.type == "Suspended"), None)
    if since is None or since.status != FALSE:
        return 0
    return max(0, int((now - parse_time(since.last_transition_time)).total_seconds() * 1000))


def regresses(old: JobStatus, new: JobStatus) -> bool:
    """Whether writing `new` over `old` would take back what was already said."""
    if old.phase in TERMINAL_PHASES:
        newer = new.observed_generation > old.observed_generation
        return new.phase != old.phase or not newer
    if new.phase in TERMINAL_PHASES or old.job_id != new.job_id:
        return False
    if _ORDER.get(new.phase, 0) != _ORDER.get(old.phase, 0):
        return _ORDER.get(new.phase, 0) < _ORDER.get(old.phase, 0) and old.phase != "Suspended"
    return _done(new) < _done(old)


def says_more_than(old: JobStatus, new: JobStatus) -> bool:
    """Whether more than numbers has changed: such a status is written at once."""
    return (
        old.phase != new.phase
        or old.reason != new.reason
        or old.observed_generation != new.observed_generation
        or old.lost_workers != new.lost_workers
        or old.job_id != new.job_id
    )


def _done(status: JobStatus) -> int:
    return sum(workload.messages for workload in status.workloads)


def _workers(view: JobView) -> WorkersStatus:
    lost = len(view.parts_in(PartState.LOST, PartState.LATE, PartState.UNFIT))
    ready = len(view.parts) - lost - len(view.parts_in(PartState.PREPARING))
    return WorkersStatus(
        wanted=len(view.parts),
        ready=ready,
        running=len(view.parts_in(PartState.RUNNING)),
        finished=len(view.parts_in(PartState.FINISHED)),
        lost=lost,
        summary=f"{ready}/{len(view.parts)}",
    )


def _workload(workload: WorkloadResult) -> WorkloadStatus:
    worst = sorted(workload.errors, key=lambda error: error.count, reverse=True)
    return WorkloadStatus(
        name=workload.workload,
        kind=workload.kind,
        skipped=brief(workload.skipped, MAX_EXAMPLE),
        planned=workload.planned,
        messages=workload.messages,
        bytes=workload.bytes,
        redelivered=workload.redelivered,
        duplicates=workload.duplicates,
        terminated=workload.terminated,
        reconnects=workload.reconnects,
        longest_outage_us=workload.longest_outage_us,
        messages_per_second=workload.messages_per_second,
        bytes_per_second=workload.bytes_per_second,
        latency_microseconds=_latency(workload.latency_microseconds),
        read_back=_read_back(workload.read_back),
        error_count=workload.error_count,
        errors=[
            ErrorStatus(
                error_class=str(error.error_class),
                count=error.count,
                example=brief(error.example, MAX_EXAMPLE),
            )
            for error in worst[:MAX_ERRORS]
        ],
    )


def _read_back(proved: ReadBack | None) -> ReadBackStatus | None:
    if proved is None:
        return None
    return ReadBackStatus(
        acknowledged=proved.acknowledged,
        found=proved.found,
        lost=proved.lost,
        unchecked=proved.unchecked,
    )


def _advice(tester: Diagnosis | None) -> str:
    if tester is None or not tester.limited:
        return ""
    return brief(f"{tester.reason}: {tester.message}", MAX_MESSAGE)


def _latency(latency: Latency | None) -> LatencyStatus | None:
    return None if latency is None else LatencyStatus(**latency.model_dump(by_alias=False))


def _worst_first(thresholds: Sequence[ThresholdResult]) -> list[ThresholdResult]:
    return sorted(thresholds, key=lambda threshold: threshold.verdict == "Valid")[:32]


def _threshold(threshold: ThresholdResult) -> ThresholdStatus:
    return ThresholdStatus(
        workload=threshold.workload,
        metric=str(threshold.metric),
        at_most=threshold.at_most,
        at_least=threshold.at_least,
        value=threshold.value,
        verdict=str(threshold.verdict),
    )


def _p99(workloads: Sequence[WorkloadResult]) -> str:
    if not workloads or workloads[0].latency_microseconds is None:
        return ""
    return f"{workloads[0].latency_microseconds.p99 / 1000:.3g}ms"


def _duration(seconds: float) -> str:
    """Return a duration as kubectl prints ages, with tenths below a minute."""
    seconds = max(0.0, seconds)
    if seconds < 60:
        return f"{seconds:.1f}s"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes}m" if hours else f"{minutes}m{rest}s"
