"""The projection of events to views: pure and total, so that all readers of a log agree.

Time is what the log has stored. Any event, also a repeated, late, unknown or hostile one, leads to
a valid view; an event that comes too late changes nothing.

Failure detection: a worker counts as lost after an unbroken chain of suspicions, because a single
one proves nothing: the worker that suspects may be cut off itself. Suspicions are repeated. If
consecutive `lost.<w>` events are never further apart than CHAIN_GAP_NS and span LOST_AFTER_NS, and
the suspected worker, which reads them too, has not refuted them with `alive`, then it is lost. An
outage of the log breaks the chain, so that nobody is lost by it. A worker that has finished its
load and is to read back is watched likewise; if it is lost then, others read in its place, and its
load stays finished.
"""

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from njst.contract.events import (
    Begun,
    Cancelled,
    Cleaned,
    Created,
    Deleted,
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
from njst.contract.results.outcome import START_TIMEOUT, Outcome
from njst.journal.state.job_view import (
    JobView,
    ParticipantPhase,
    ParticipantState,
    are_loading,
    plain_part,
)
from njst.journal.state.timeline import created_entry, timeline_entries, with_timeline
from njst.verification.slices import slice_count

# What an event changes in a view, by field.
Changes = dict[str, Any]

# At most this many workers read back: more are no faster than the server sends, and each result in
# the log has a part for every producer.
READERS = 8

CHAIN_GAP_NS = 2_000_000_000
LOST_AFTER_NS = 3_000_000_000


@dataclass(frozen=True)
class LogEntry:
    """An event with its place in the log; `worker` is empty unless the event is a worker's.

    `event` is None if the name is unknown or the payload cannot be parsed: such an entry is
    counted, and changes nothing.
    """

    seq: int
    time_ns: int
    job: str
    worker: str
    event: Event | None


def apply(view: JobView | None, entry: LogEntry) -> JobView | None:
    """Return the view after `entry`; None if the job has not been created yet."""
    if view is None:
        if isinstance(entry.event, Created):
            return _create(entry, entry.event)
        return None
    if entry.seq <= view.last_seq:
        return view
    rule = _RULES.get(type(entry.event))
    changes = rule(view, entry, entry.event) if rule is not None else None
    if changes is None:
        void_count = view.void_count + 1
        return view.replace(last_seq=entry.seq, last_ns=entry.time_ns, void_count=void_count)
    after = view.replace(last_seq=entry.seq, last_ns=entry.time_ns, **changes)
    news = timeline_entries(view, after, entry.event, entry.worker)
    return with_timeline(after, news, entry.seq, entry.time_ns)


def _create(entry: LogEntry, event: Created) -> JobView:
    workers = sorted(set(event.participants))
    return JobView(
        id=entry.job,
        seq=entry.seq,
        created=event,
        created_ns=entry.time_ns,
        parts=MappingProxyType(
            {worker: plain_part(worker, ParticipantPhase.PREPARING) for worker in workers}
        ),
        last_seq=entry.seq,
        last_ns=entry.time_ns,
        timeline=(created_entry(entry.seq, entry.time_ns, len(workers)),),
    )


def _with_part(view: JobView, part: ParticipantState) -> Changes:
    return {"parts": MappingProxyType(view.parts | {part.worker: part})}


def _ready(view: JobView, entry: LogEntry, event: Ready) -> Changes | None:
    part = view.parts.get(entry.worker)
    if view.started or view.cancelled or view.ended or part is None:
        return None
    if part.state is not ParticipantPhase.PREPARING:
        return None
    if event.problem is None and event.preparation is None:
        return _with_part(view, plain_part(part.worker, ParticipantPhase.READY))
    if event.problem is None:
        ready = part.replace(state=ParticipantPhase.READY, preparation=event.preparation)
        return _with_part(view, ready)
    is_late = event.problem.reason == START_TIMEOUT
    state = ParticipantPhase.LATE if is_late else ParticipantPhase.REJECTED
    return _with_part(view, part.replace(state=state, problem=event.problem))


def _started(view: JobView, entry: LogEntry, event: Started) -> Changes | None:
    if view.started or view.cancelled or view.ended:
        return None
    run = set(event.run)
    parts: dict[str, ParticipantState] = {}
    for worker, part in view.parts.items():
        if part.state is ParticipantPhase.READY and worker in run:
            parts[worker] = _running(part)
        elif part.state in (ParticipantPhase.REJECTED, ParticipantPhase.LATE):
            parts[worker] = part
        else:
            parts[worker] = plain_part(worker, ParticipantPhase.LATE)
    return {
        "started": event,
        "start_ns": entry.time_ns + event.lead_ms * 1_000_000,
        "parts": MappingProxyType(parts),
    }


def _running(part: ParticipantState) -> ParticipantState:
    if part.preparation is None:
        return plain_part(part.worker, ParticipantPhase.RUNNING)
    return part.replace(state=ParticipantPhase.RUNNING)


def _cancelled(view: JobView, entry: LogEntry, event: Cancelled) -> Changes | None:
    # The report of a settled job may already be on its way: nothing may change any more.
    if view.cancelled or view.settled or view.ended:
        return None
    if view.started and event.before_start:
        return None
    return {"cancelled": event, "cancelled_ns": entry.time_ns}


def _running_part(view: JobView, entry: LogEntry) -> ParticipantState | None:
    part = view.parts.get(entry.worker)
    if view.ended or part is None or part.state is not ParticipantPhase.RUNNING:
        return None
    return part


def _done(view: JobView, entry: LogEntry, event: Done) -> Changes | None:
    part = _running_part(view, entry)
    if part is None:
        return None
    done = part.done | (view.created.spec.awaited & set(event.workloads))
    return None if done == part.done else _with_part(view, part.replace(done=done))


def _begun(view: JobView, entry: LogEntry, event: Begun) -> Changes | None:
    """The first event about a workload counts: several workers may append one."""
    if view.started is None or view.cancelled or view.ended:
        return None
    gated = {workload.name for workload in view.created.spec.gated}
    news = (gated & set(event.workloads)) - view.begins_ns.keys()
    if not news:
        return None
    at_ns = entry.time_ns + max(0, event.lead_ms) * 1_000_000
    begins_ns = {**view.begins_ns, **dict.fromkeys(sorted(news), at_ns)}
    return {"begins_ns": MappingProxyType(begins_ns)}


def _finished(view: JobView, entry: LogEntry, event: Finished) -> Changes | None:
    part = _running_part(view, entry)
    if part is None:
        return None
    done = ParticipantState(
        worker=part.worker,
        state=ParticipantPhase.FINISHED,
        problem=event.problem,
        finished=event,
        preparation=part.preparation,
        done=part.done,
    )
    return _when_all_load_is_over(view, entry, _with_part(view, done))


def _when_all_load_is_over(view: JobView, entry: LogEntry, changes: Changes) -> Changes:
    """Begin the read-back once all participants have finished or are lost."""
    if are_loading(changes["parts"]):
        return changes
    after = view.replace(**changes)
    readers = sorted(part.worker for part in after.parts.values() if _may_read(part))
    told = [some for receipts in after.receipts.values() for some in receipts]
    slices = slice_count(told, min(READERS, len(readers)))
    return {
        **changes,
        "load_end_ns": entry.time_ns,
        "readers": tuple(readers),
        "slices": slices,
    }


def _may_read(part: ParticipantState) -> bool:
    """Whether a participant is there after its load, and its version can read back for others."""
    finished = part.finished
    if finished is None or finished.receipts is None or part.gone:
        return False
    return finished.outcome is not Outcome.STOPPED


def _seen(view: JobView, entry: LogEntry, event: SliceRead) -> Changes | None:
    part = view.parts.get(entry.worker)
    if view.ended or view.settled or part is None or part.gone:
        return None
    if part.state is not ParticipantPhase.FINISHED:
        return None
    if event.sight is None:
        return _with_part(view, part.replace(gone=True))
    is_asked = part.worker in view.readers and 0 <= event.slice < view.slices
    if not is_asked or event.slice in view.seen:
        return None
    return {"seen": MappingProxyType({**view.seen, event.slice: (part.worker, event.sight)})}


def _watched_part(view: JobView, entry: LogEntry) -> ParticipantState | None:
    if view.ended or entry.worker not in view.watched:
        return None
    return view.parts[entry.worker]


def _lost(view: JobView, entry: LogEntry, _: Suspected) -> Changes | None:
    part = _watched_part(view, entry)
    if part is None:
        return None
    now_ns = entry.time_ns
    # Before the start instant no progress is due.
    # After the log's clock was set back, a new chain begins.
    unbroken = (
        part.suspected_from_ns >= view.start_ns
        and 0 <= now_ns - part.suspected_until_ns <= CHAIN_GAP_NS
    )
    since_ns = part.suspected_from_ns if unbroken else now_ns
    part = part.replace(suspected_from_ns=since_ns, suspected_until_ns=now_ns)
    if not unbroken or now_ns - since_ns < LOST_AFTER_NS:
        return _with_part(view, part)
    if part.state is ParticipantPhase.FINISHED:
        return _with_part(view, part.replace(gone=True))
    return _when_all_load_is_over(
        view, entry, _with_part(view, part.replace(state=ParticipantPhase.LOST))
    )


def _alive(view: JobView, entry: LogEntry, _: Refuted) -> Changes | None:
    part = _watched_part(view, entry)
    if part is None or part.suspected_from_ns == 0:
        return None
    return _with_part(view, part.replace(suspected_from_ns=0, suspected_until_ns=0))


def _ended(view: JobView, entry: LogEntry, event: Ended) -> Changes | None:
    if view.ended:
        return None
    return {"ended": event, "ended_ns": entry.time_ns}


def _cleaned(view: JobView, entry: LogEntry, event: Cleaned) -> Changes | None:
    if view.ended is None or view.cleaned:
        return None
    parts = {worker: _remains(part) for worker, part in view.parts.items()}
    return {
        "cleaned": event,
        "closed_ns": entry.time_ns,
        "parts": MappingProxyType(parts),
        "seen": MappingProxyType({}),
        # The report has what happened to each of them.
        "timeline": tuple(entry for entry in view.timeline if not entry.worker),
    }


def _remains(part: ParticipantState) -> ParticipantState:
    """Return a participant of a closed job without its tallies, which are in the report."""
    if part.problem is None:
        return plain_part(part.worker, part.state)
    return ParticipantState(part.worker, part.state, part.problem)


def _deleted(view: JobView, _: LogEntry, __: Deleted) -> Changes | None:
    return None if view.deleted else {"deleted": True}


# One rule per event; a rule returns None if the event is void. `created` of a known job has no
# rule, and so is void.
_RULES: dict[type[Any], Callable[[JobView, LogEntry, Any], Changes | None]] = {
    Ready: _ready,
    Started: _started,
    Done: _done,
    Begun: _begun,
    Cancelled: _cancelled,
    Finished: _finished,
    SliceRead: _seen,
    Suspected: _lost,
    Refuted: _alive,
    Ended: _ended,
    Cleaned: _cleaned,
    Deleted: _deleted,
}
