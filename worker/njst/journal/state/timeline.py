"""The timeline of a job: what each event of the log meant for it, in words; pure."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from njst.contract.events import (
    Begun,
    Cancelled,
    Cleaned,
    Done,
    Ended,
    Event,
    Finished,
    Ready,
    Refuted,
    SliceRead,
    Started,
    Suspected,
)
from njst.contract.results.course import EventType
from njst.contract.results.outcome import Outcome
from njst.contract.spec.workload import Workload
from njst.journal.state.job_view import (
    JobView,
    ParticipantPhase,
    ParticipantState,
    TimelineEntry,
)

# Entries about workers, of each type: a thousand workers must not crowd out what happened later.
MAX_PER_TYPE = 40


class _What(NamedTuple):
    """An entry without its place in the log; `time_ns` 0: the time of its event."""

    type: EventType
    worker: str = ""
    workload: str = ""
    message: str = ""
    time_ns: int = 0


def created_entry(seq: int, time_ns: int, workers: int) -> TimelineEntry:
    """Return the first entry."""
    words = f"the job was created for {workers} worker{'s' if workers != 1 else ''}"
    return TimelineEntry(seq, time_ns, EventType.CREATED, message=words)


def with_timeline(view: JobView, news: Iterable[_What], seq: int, time_ns: int) -> JobView:
    """Return the view with entries for the event that was stored at `time_ns`."""
    entries = list(view.timeline)
    omitted = 0
    for what in news:
        if what.worker and sum(one.type is what.type for one in entries) >= MAX_PER_TYPE:
            omitted += 1
            continue
        entries.append(
            TimelineEntry(
                seq, what.time_ns or time_ns, what.type, what.worker, what.workload, what.message
            )
        )
    if not omitted and len(entries) == len(view.timeline):
        return view
    return view.replace(timeline=tuple(entries), timeline_omitted=view.timeline_omitted + omitted)


def timeline_entries(
    before: JobView, after: JobView, event: Event | None, worker: str
) -> Iterator[_What]:
    """Yield what an event, of `worker` if it has one, meant that made `after` of `before`."""
    match event:
        case Ready():
            yield from _prepared(before.parts[worker], after.parts[worker])
        case Started():
            for name, part in after.parts.items():
                yield from _prepared(before.parts[name], part)
            yield from _start(after)
        case Begun():
            yield from _begun(before, after)
        case Done():
            yield from _done(before, after)
        case Suspected() | Refuted() | Finished() | SliceRead():
            yield from _went_on(before.parts[worker], after.parts[worker])
        case Cancelled() | Ended() | Cleaned():
            yield _decided(event)
    if after.reading and not before.slices:
        slices = "1 slice" if after.slices == 1 else f"{after.slices} slices"
        words = f"all load is over; what was stored is read back in {slices}"
        yield _What(EventType.READING_BACK, message=words)


def _prepared(before: ParticipantState, after: ParticipantState) -> Iterator[_What]:
    if after.state is before.state:
        return
    why = after.problem.message if after.problem is not None else ""
    if after.state is ParticipantPhase.READY:
        yield _What(EventType.READY, after.worker, message="it is prepared and connected")
    elif after.state is ParticipantPhase.REJECTED:
        yield _What(EventType.REFUSED, after.worker, message=f"it cannot take part: {why}")
    elif after.state is ParticipantPhase.LATE:
        why = why or "it had not reported that it was ready"
        yield _What(EventType.LATE, after.worker, message=f"the job starts without it: {why}")


def _start(after: JobView) -> Iterator[_What]:
    count = len(after.run)
    words = f"the load starts on {count} worker{'s' if count != 1 else ''}"
    yield _What(EventType.STARTED, message=words, time_ns=after.start_ns)
    for workload in after.created.spec.workloads:
        if not workload.after:
            yield _began(workload, after.start_ns)


def _began(workload: Workload, at_ns: int) -> _What:
    at_ns += workload.start_seconds * 1_000_000_000
    waited = ", ".join(workload.after)
    words = f"it begins, after {waited}" if waited else "it begins"
    return _What(EventType.WORKLOAD_BEGAN, workload=workload.name, message=words, time_ns=at_ns)


def _begun(before: JobView, after: JobView) -> Iterator[_What]:
    for workload in after.created.spec.gated:
        at_ns = after.begins_ns.get(workload.name)
        if at_ns is not None and workload.name not in before.begins_ns:
            yield _began(workload, at_ns)


def _decided(event: Cancelled | Ended | Cleaned) -> _What:
    match event:
        case Cancelled():
            why = event.message or event.reason
            return _What(EventType.CANCEL_REQUESTED, message=f"the load is to stop: {why}")
        case Ended():
            report = event.report
            words = f"{report.verdict}: {report.message or report.reason}"
            return _What(EventType.ENDED, message=words)
    left = f"; {len(event.problems)} things are left" if event.problems else ""
    return _What(EventType.CLEANED_UP, message=f"what the job made is removed{left}")


def _done(before: JobView, after: JobView) -> Iterator[_What]:
    for name in sorted(_all_done(after) - _all_done(before)):
        words = "all workers have completed it"
        yield _What(EventType.WORKLOAD_DONE, workload=name, message=words)


def _all_done(view: JobView) -> frozenset[str]:
    running = [part for part in view.parts.values() if part.state is ParticipantPhase.RUNNING]
    if not running:
        return frozenset()
    return frozenset.intersection(*(part.done for part in running))


def _went_on(before: ParticipantState, after: ParticipantState) -> Iterator[_What]:
    if after.state is ParticipantPhase.FINISHED and before.state is ParticipantPhase.RUNNING:
        yield _finished(after)
    elif after.state is ParticipantPhase.LOST and before.state is not ParticipantPhase.LOST:
        words = "nothing was heard of it: it counts as lost"
        yield _What(EventType.WORKER_LOST, after.worker, message=words)
    elif after.gone and not before.gone:
        yield _What(EventType.WORKER_LOST, after.worker, message="it reads back no more")
    elif after.suspected_from_ns and not before.suspected_from_ns:
        yield _What(EventType.WORKER_SUSPECTED, after.worker, message="nothing is heard of it")
    elif before.suspected_from_ns and not after.suspected_from_ns:
        yield _What(EventType.WORKER_BACK, after.worker, message="it is heard of again")


def _finished(part: ParticipantState) -> _What:
    finished = part.finished
    assert finished is not None
    words = {
        Outcome.COMPLETED: "it has completed its load",
        Outcome.STOPPED: "its load was stopped",
    }.get(finished.outcome, f"its load ended: {finished.outcome}")
    if finished.problem is not None:
        words += f": {finished.problem.message}"
    return _What(EventType.WORKER_FINISHED, part.worker, message=words)
