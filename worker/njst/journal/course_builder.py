"""Builds the course of a job from its view, the participants' progress and their windows; pure."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from njst.contract.results.course import (
    Course,
    CourseDocument,
    CourseWindow,
    EventType,
    JobEvent,
    WindowLatency,
    WorkerSoFar,
    WorkloadCourse,
    WorkloadSoFar,
    with_windows,
)
from njst.contract.results.outcome import Outcome
from njst.contract.results.report import Latency, Report, WorkerResult, WorkloadResult
from njst.contract.results.tallies import ErrorClass, WorkloadTally
from njst.contract.results.windows import ErrorCount, ParticipantWindow
from njst.contract.spec.workload import Workload
from njst.journal.report_builder import log_datetime, workload_start_ms
from njst.journal.state.job_store import ProgressEntry
from njst.journal.state.job_view import JobView, ParticipantPhase, TimelineEntry
from njst.stats.course.course_fold import ConnectionEvent, CourseFold, MergedWindow, counts_of
from njst.stats.course.folds import Folds
from njst.stats.offered_load import OfferedLoad

MAX_EVENTS = 500
MOST_NAMES = 5
SECOND_NS = 1_000_000_000
# A worker without windows is one of an older njst once others have some for this long.
SILENT_S = 10

_NONCE = re.compile(r"-[0-9a-f]{6}$")
_OUTCOMES = {
    ParticipantPhase.REJECTED: Outcome.REJECTED,
    ParticipantPhase.LATE: Outcome.LATE,
    ParticipantPhase.LOST: Outcome.LOST,
}
# What happens once the report is written.
_AFTER_REPORT = frozenset({EventType.ENDED, EventType.CLEANED_UP})
_CONNECTION_WORDS = {
    EventType.DISCONNECTED: "{} broke",
    EventType.RECONNECTED: "{} made again",
    EventType.LEADER_CHANGED: "the leader changed for {}",
}


def running_workers(view: JobView) -> tuple[str, ...]:
    """Return the workers whose windows still come."""
    return () if view.ended is not None else view.parts_in(ParticipantPhase.RUNNING)


def course_of(
    view: JobView,
    folds: Folds,
    fold: CourseFold,
    from_s: int = 0,
    *,
    until_s: int,
    histograms: bool = False,
) -> Course:
    """Return windows of one of the folds, from `from_s` to `until_s` s after the common start."""
    return Course(
        window_seconds=fold.width_s,
        until_seconds=until_s,
        omitted=omitted(view, folds.course),
        workloads=[
            _workload_course(view, workload, fold, from_s, until_s, histograms=histograms)
            for workload in view.created.spec.workloads
        ],
    )


def _workload_course(
    view: JobView,
    workload: Workload,
    fold: CourseFold,
    from_s: int,
    until_s: int,
    *,
    histograms: bool,
) -> WorkloadCourse:
    start_ms = workload_start_ms(view, workload)
    offered = None if start_ms is None else OfferedLoad(workload)
    windows = []
    for at_s, merged in fold.windows(workload.name, from_s, until_s):
        from_ns = at_s * SECOND_NS - (start_ms or 0) * 1_000_000
        due = None
        if offered is not None:
            due = offered.between(from_ns, from_ns + fold.width_s * SECOND_NS)
        windows.append(_window(at_s, merged, due, histograms=histograms))
    return WorkloadCourse(workload=workload.name, kind=workload.kind.title, windows=windows)


def _window(at_s: int, merged: MergedWindow, due: int | None, *, histograms: bool) -> CourseWindow:
    return CourseWindow(
        at_seconds=at_s,
        messages=merged.messages,
        bytes=merged.bytes,
        offered=due,
        errors=counts_of(merged.errors),
        events=counts_of(merged.events),
        latency_microseconds=merged.latency("latency"),
        service_microseconds=merged.latency("service"),
        slip_microseconds=merged.latency("slip"),
        stored_microseconds=merged.latency("stored"),
        delivered_microseconds=merged.latency("delivered"),
        histograms=merged.histograms() if histograms else None,
    )


def omitted(view: JobView, fold: CourseFold) -> str:
    """Return which windows are missing, in words; empty if none are."""
    parts = []
    running = set(running_workers(view))
    is_due = fold.newest_s >= max(SILENT_S, 2 * fold.width_s)
    silent = [
        worker
        for worker in view.run
        if worker not in fold.workers and (worker not in running or is_due)
    ]
    if silent and view.start_ns:
        words = "an older njst sends none, and old ones are removed"
        parts.append(f"the windows of {_list(silent)}: {words}")
    gaps = {worker: fold.missing_s(worker) for worker in sorted(fold.workers)}
    short = [worker for worker, missing_s in gaps.items() if missing_s]
    if short:
        seconds = sum(gaps[worker] for worker in short)
        parts.append(f"{seconds} s of windows of {_list(short)}, which did not reach the stream")
    return "; ".join(parts)


def _list(workers: Sequence[str]) -> str:
    more = f" and {len(workers) - MOST_NAMES} more" if len(workers) > MOST_NAMES else ""
    return ", ".join(workers[:MOST_NAMES]) + more


def workers_so_far(
    view: JobView, progress: Mapping[str, ProgressEntry], newest: Mapping[str, ParticipantWindow]
) -> list[WorkerSoFar]:
    """Return what each worker of a job that has not ended did so far."""
    workers = []
    for worker, part in sorted(view.parts.items()):
        seen = progress.get(worker)
        finished = part.finished
        outcome: Outcome | None
        if finished is not None:
            outcome, tallies, cost = finished.outcome, finished.workloads, finished.cost
        else:
            outcome = _OUTCOMES.get(part.state)
            tallies = seen.progress.workloads if seen is not None else []
            cost = seen.progress.cost if seen is not None else None
        window = newest.get(worker) if finished is None else None
        workers.append(
            WorkerSoFar(
                worker=worker,
                name=worker_name(worker),
                outcome=outcome,
                elapsed_seconds=None if seen is None else seen.progress.elapsed_ms // 1000,
                workloads=[_so_far(tally, window) for tally in tallies],
                cost=cost,
            )
        )
    return workers


def workers_of(results: Iterable[WorkerResult]) -> list[WorkerSoFar]:
    """Return what each worker of a job that has ended did."""
    return [
        WorkerSoFar(
            worker=result.worker,
            name=worker_name(result.worker),
            outcome=result.outcome,
            elapsed_seconds=None if result.cost is None else result.cost.elapsed_us // 1_000_000,
            workloads=[_so_far(tally, None) for tally in result.workloads],
            cost=result.cost,
        )
        for result in results
    ]


def worker_name(worker: str) -> str:
    """Return the name in a worker's id, which a nonce of its process follows."""
    return _NONCE.sub("", worker)


def _so_far(tally: WorkloadTally, window: ParticipantWindow | None) -> WorkloadSoFar:
    rate = None
    if window is not None:
        messages = sum(w.messages for w in window.workloads if w.workload == tally.workload)
        rate = messages // window.width_s
    return WorkloadSoFar(
        workload=tally.workload,
        messages=tally.messages,
        bytes=tally.bytes,
        errors=tally.error_count,
        messages_per_second=rate,
    )


def events_of_log(view: JobView, entries: Iterable[TimelineEntry]) -> list[JobEvent]:
    """Return entries of the timeline as events; what was to begin after the load's end did not."""
    end_ns = view.load_end_ns or view.ended_ns
    return [
        _event(view, entry.type, entry.time_ns, entry.worker, entry.workload, entry.message)
        for entry in entries
        if not (entry.type is EventType.WORKLOAD_BEGAN and 0 < end_ns < entry.time_ns)
    ]


def events_of_connections(view: JobView, found: Iterable[ConnectionEvent]) -> list[JobEvent]:
    """Return what befell connections as events."""
    return [
        _event(
            view,
            one.type,
            view.start_ns + one.at_s * SECOND_NS,
            one.worker,
            one.workload,
            _CONNECTION_WORDS[one.type].format(_connections(one.count)),
        )
        for one in sorted(found)
    ]


def _connections(count: int) -> str:
    return "1 connection" if count == 1 else f"{count} connections"


def _event(
    view: JobView, kind: EventType, time_ns: int, worker: str, workload: str, message: str
) -> JobEvent:
    return JobEvent(
        type=kind,
        time=log_datetime(time_ns),
        at_milliseconds=(time_ns - view.start_ns) // 1_000_000 if view.start_ns else None,
        worker=worker or None,
        workload=workload or None,
        message=message,
    )


def all_events(view: JobView, found: Iterable[ConnectionEvent]) -> tuple[list[JobEvent], int]:
    """Return the events of a job by time, at most MAX_EVENTS, and how many there are besides."""
    log_events = events_of_log(view, view.timeline)
    connections = events_of_connections(view, found)
    room = max(0, MAX_EVENTS - len(log_events))
    left_out = view.timeline_omitted + max(0, len(connections) - room)
    return sorted([*log_events, *connections[:room]], key=_time), left_out


def _time(event: JobEvent) -> datetime:
    return event.time


def live_document(
    view: JobView, progress: Mapping[str, ProgressEntry], folds: Folds, course: Course
) -> CourseDocument:
    """Return the course of a job with its workers and events; its report need not have them."""
    events, left_out = all_events(view, folds.course.connection_events)
    return CourseDocument(
        **dict(course),
        job=view.id,
        ended=view.ended is not None,
        workers=workers_now(view, progress, folds),
        events=events,
        events_omitted=left_out,
    )


def workers_now(
    view: JobView, progress: Mapping[str, ProgressEntry], folds: Folds
) -> list[WorkerSoFar]:
    """Return what each worker of a job did, so far or in all."""
    if view.ended is not None:
        return workers_of(view.ended.report.workers)
    return workers_so_far(view, progress, folds.newest_windows())


def course_of_totals(totals: Iterable[WorkloadResult], why: str) -> Course:
    """Return the course that the series of the totals give; `why` there are no windows."""
    totals = [total for total in totals if total.series is not None and total.series.windows]
    width_s = max((total.series.window_seconds for total in totals if total.series), default=1)
    workloads = [
        WorkloadCourse(
            workload=total.workload,
            kind=total.kind,
            windows=[
                CourseWindow(
                    at_seconds=number * width_s,
                    messages=window.messages,
                    bytes=window.bytes,
                    errors=_unnamed(window.errors),
                    latency_microseconds=_percentiles(window.latency_microseconds),
                )
                for number, window in enumerate(total.series.windows)
            ],
        )
        for total in totals
        if total.series is not None and total.series.window_seconds == width_s
    ]
    until_s = width_s * max((len(one.windows) for one in workloads), default=0)
    return Course(window_seconds=width_s, until_seconds=until_s, omitted=why, workloads=workloads)


def _unnamed(count: int) -> list[ErrorCount]:
    return [ErrorCount(error_class=ErrorClass.OTHER, count=count)] if count else []


def _percentiles(latency: Latency | None) -> WindowLatency | None:
    return None if latency is None else WindowLatency(**dict(latency))


def document_of_report(view: JobView, report: Report, from_s: int) -> CourseDocument | None:
    """Return the course of an ended job from its whole report; None: it does not have it."""
    course = report.course
    if course is None:
        return None
    ending = [entry for entry in view.timeline if entry.type in _AFTER_REPORT]
    from_s = from_s // course.window_seconds * course.window_seconds
    course = with_windows(course, lambda window: window if window.at_seconds >= from_s else None)
    return CourseDocument(
        **dict(course),
        job=view.id,
        ended=True,
        workers=workers_of(report.workers),
        events=[*report.events, *events_of_log(view, ending)],
        events_omitted=report.events_omitted,
    )
