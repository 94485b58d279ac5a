"""What a worker does about a job: a pure function of what it knows, run after every change.

Nothing here asks another worker. A step that one of all workers must take has turns: the workers'
rank for this job says how long each waits before it acts, the log accepts the first, and the
others find the step taken. Waiting too short costs a refused append, never a wrong result.
"""

from collections.abc import Iterable, Iterator

from njst.agent.actions import (
    Action,
    BeginWorkload,
    Cancel,
    Clean,
    EndJob,
    Knowledge,
    ParticipantStage,
    Prepare,
    Refute,
    ReportDone,
    ReportLate,
    StartJob,
    StartLoad,
    StartPhase,
    StopLoad,
    Suspect,
)
from njst.contract.results.outcome import QUEUE_TIMEOUT, START_TIMEOUT
from njst.contract.spec.job import OnWorkerLoss
from njst.journal.state.job_view import JobView, ParticipantPhase, ParticipantState
from njst.journal.state.rendezvous import rank
from njst.verdict.worker_list import UNHEARD, named

MS = 1_000_000

# Progress comes every second; a worker is missed after this much silence.
SILENT_NS = 2_500 * MS
# Accusations must not be further apart than the fold's CHAIN_GAP_NS.
SUSPECT_EVERY_NS = 700 * MS
# How much longer each rank waits: for a step that takes a message, and for the clean-up.
TURN_NS = 25 * MS
CLEAN_TURN_NS = 3_000 * MS
# How much longer than the start time-out a worker is waited for that has not said what keeps it: it
# looks at its clock once in a tick, with a thousand jobs once in ten, and what it says takes time.
SAY_NS = 5_000 * MS
# How long after the deadline a worker that cannot read of the end stops by itself.
OVERDUE_NS = 1_000 * MS
# Workers that do not take part act only when those that do have not.
BYSTANDER_NS = 1_000 * MS


def decide(view: JobView, know: Knowledge) -> tuple[Action, ...]:
    """Return what to do now; each action is safe to do again."""
    return (*_own(view, know), *_shared(view, know))


def _own(view: JobView, know: Knowledge) -> Iterator[Action]:
    """What concerns this worker's own load."""
    part = view.parts.get(know.me)
    if part is None:
        return
    if know.stage is ParticipantStage.IDLE:
        if _may_prepare(view, part, know):
            yield Prepare()
        return
    if know.stage is ParticipantStage.STOPPED:
        return
    if _is_over(view, part):
        yield StopLoad()
        return
    if know.stage is ParticipantStage.PREPARING and _is_late(view, know):
        yield ReportLate()
    if part.state is ParticipantPhase.RUNNING or know.stage is ParticipantStage.READING:
        yield from _go_on(view, part, know)


def _go_on(view: JobView, part: ParticipantState, know: Knowledge) -> Iterator[Action]:
    """What is due while this worker loads or reads."""
    if know.now_ns >= _deadline_ns(view) + OVERDUE_NS:
        yield StopLoad(overdue=True)
    elif know.stage is ParticipantStage.PREPARED:
        yield StartLoad(view.start_ns)
    if know.stage is ParticipantStage.LOADING:
        yield from _proceed(view, part, know)
    if part.suspected_from_ns:
        yield Refute()


def _proceed(view: JobView, part: ParticipantState, know: Knowledge) -> Iterator[Action]:
    """From one workload to those that wait for it."""
    if news := know.done - part.done:
        yield ReportDone(tuple(sorted(news)))
    for workload, at_ns in view.begins_ns.items():
        if workload not in know.begun:
            yield BeginWorkload(workload, at_ns)


def _may_prepare(view: JobView, part: ParticipantState, know: Knowledge) -> bool:
    waiting = not (view.started or view.cancelled or view.ended)
    return waiting and part.state is ParticipantPhase.PREPARING and know.queue_since_ns is not None


def _is_late(view: JobView, know: Knowledge) -> bool:
    since_ns = know.queue_since_ns
    return since_ns is not None and know.now_ns >= _ready_by_ns(view, since_ns)


def _ready_by_ns(view: JobView, since_ns: int) -> int:
    return since_ns + view.created.spec.start_timeout_seconds * 1000 * MS


def _deadline_ns(view: JobView) -> int:
    return view.start_ns + view.created.spec.active_deadline_seconds * 1000 * MS


def _is_over(view: JobView, part: ParticipantState) -> bool:
    if view.cancelled or view.ended or part.gone:
        return True
    if part.state in (ParticipantPhase.LOST, ParticipantPhase.LATE):
        return True
    return part.state is ParticipantPhase.REJECTED


def _shared(view: JobView, know: Knowledge) -> Iterator[Action]:
    """What any worker may do, each in its turn."""
    if view.ended is not None:
        if not view.closed and _turn(view, know, view.ended_ns, CLEAN_TURN_NS):
            yield Clean()
        return
    if view.settled:
        if _turn(view, know, view.last_ns):
            yield EndJob()
        return
    if view.started is not None:
        yield from _watch(view, know)
    elif know.queue_since_ns is not None:
        yield from _gather(view, know, know.queue_since_ns)
    elif _turn(view, know, view.queue_end_ns):
        yield Cancel(QUEUE_TIMEOUT, _queued_words(view, know), before_start=True)


def _turn(view: JobView, know: Knowledge, since_ns: int, turn_ns: int = TURN_NS) -> bool:
    """Whether it is this worker's turn for a step that became due at `since_ns`."""
    wait_ns = rank(view.id, know.me, view.parts) * turn_ns
    if know.me not in view.parts:
        wait_ns += BYSTANDER_NS
    return know.now_ns >= since_ns + wait_ns


def _gather(view: JobView, know: Knowledge, since_ns: int) -> Iterator[Action]:
    """Before the start: wait for all, or for those who come in time."""
    missing = view.parts_in(ParticipantPhase.PREPARING)
    late = view.parts_in(ParticipantPhase.PREPARING, ParticipantPhase.LATE)
    unfit = view.parts_in(ParticipantPhase.REJECTED)
    strict = view.created.spec.on_worker_loss is OnWorkerLoss.FAIL
    if unfit and strict:
        problem = view.parts[unfit[0]].problem
        if problem is not None and _turn(view, know, view.last_ns):
            message = f"{unfit[0]}: {problem.message}"
            yield Cancel(problem.reason, message, before_start=True)
        return
    give_up_ns = _ready_by_ns(view, since_ns) + SAY_NS if missing else 0
    if not _turn(view, know, max(give_up_ns, view.last_ns)):
        return
    if late and strict:
        yield Cancel(START_TIMEOUT, _late_words(view, late), before_start=True)
    else:
        yield StartJob(view.parts_in(ParticipantPhase.READY))


def _queued_words(view: JobView, know: Knowledge) -> str:
    behind = f": it stood behind job {know.waits_for[0]}" if know.waits_for else ""
    return f"it did not get its workers within {view.created.spec.queue_timeout_seconds} s{behind}"


def _late_words(view: JobView, late: Iterable[str]) -> str:
    problems = ((worker, view.parts[worker].problem) for worker in late)
    whom = named((worker, p.message if p else UNHEARD) for worker, p in problems)
    return f"not ready within {view.created.spec.start_timeout_seconds} s: {whom}"


def _watch(view: JobView, know: Knowledge) -> Iterator[Action]:
    """While load runs or is read back: the deadline, and the silence of others."""
    spec = view.created.spec
    if view.cancelled is None:
        lost = view.parts_in(ParticipantPhase.LOST)
        if _turn(view, know, _deadline_ns(view)):
            yield Cancel("DeadlineExceeded", f"it ran longer than {spec.active_deadline_seconds} s")
        elif lost and spec.on_worker_loss is OnWorkerLoss.FAIL and _turn(view, know, view.last_ns):
            yield Cancel("WorkersLost", f"lost: {', '.join(lost)}")
        elif (ready := view.may_begin) and _turn(view, know, view.last_ns):
            yield StartPhase(ready)
    for worker in view.watched:
        if worker != know.me:
            yield from _miss(view, know, view.parts[worker])


def _miss(view: JobView, know: Knowledge, part: ParticipantState) -> Iterator[Action]:
    heard_ns = max(know.heard_ns.get(part.worker, 0), view.start_ns)
    silent_ns = know.now_ns - heard_ns
    if silent_ns < SILENT_NS or _is_deaf(view, know):
        return
    if _turn(view, know, max(heard_ns + SILENT_NS, part.suspected_until_ns + SUSPECT_EVERY_NS)):
        yield Suspect(part.worker, silent_ns // MS)


def _is_deaf(view: JobView, know: Knowledge) -> bool:
    """Whether this worker does not even hear itself: then silence says nothing of others."""
    own = view.parts.get(know.me)
    speaks = know.stage is ParticipantStage.READING or (
        own and own.state is ParticipantPhase.RUNNING
    )
    if own is None or not speaks:
        return False
    return know.now_ns - max(know.heard_ns.get(know.me, 0), view.start_ns) >= SILENT_NS
