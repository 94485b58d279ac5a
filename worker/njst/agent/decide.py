"""Decides what a worker does about a job: a pure function, called after every change.

Workers do not ask each other. If any worker may take a step, their rank for the job says how long
each waits first; the log accepts the first append, and the others find the step taken. A wait that
is too short costs a refused append, never a wrong result.
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

# Progress comes every second; after this long without any, a worker is suspected.
SILENT_NS = 2_500 * MS
# Suspicions must not be further apart than CHAIN_GAP_NS of the projection.
SUSPECT_EVERY_NS = 700 * MS
# How much longer each next rank waits: for a step that is one message, and for the clean-up.
RANK_DELAY_NS = 25 * MS
CLEAN_RANK_DELAY_NS = 3_000 * MS
# How long after the start time-out a worker may still report why it is late: it checks the time
# once per tick, with a thousand jobs once in ten ticks, and its event takes time.
REPORT_LATE_NS = 5_000 * MS
# How long after the deadline a worker that cannot read the log stops by itself.
OVERDUE_NS = 1_000 * MS
# How much longer workers wait that do not take part.
BYSTANDER_NS = 1_000 * MS


def decide(view: JobView, knowledge: Knowledge) -> tuple[Action, ...]:
    """Return what to do now; each action is safe to repeat."""
    return (*_own_load(view, knowledge), *_shared_steps(view, knowledge))


def _own_load(view: JobView, knowledge: Knowledge) -> Iterator[Action]:
    """Actions about this worker's own load."""
    part = view.parts.get(knowledge.me)
    if part is None:
        return
    if knowledge.stage is ParticipantStage.IDLE:
        if _may_prepare(view, part, knowledge):
            yield Prepare()
        return
    if knowledge.stage is ParticipantStage.STOPPED:
        return
    if _is_over(view, part):
        yield StopLoad()
        return
    if knowledge.stage is ParticipantStage.PREPARING and _is_late(view, knowledge):
        yield ReportLate()
    if part.state is ParticipantPhase.RUNNING or knowledge.stage is ParticipantStage.READING:
        yield from _continue(view, part, knowledge)


def _continue(view: JobView, part: ParticipantState, knowledge: Knowledge) -> Iterator[Action]:
    """Actions while this worker runs its load or reads back."""
    if knowledge.now_ns >= _deadline_ns(view) + OVERDUE_NS:
        yield StopLoad(overdue=True)
    elif knowledge.stage is ParticipantStage.PREPARED:
        yield StartLoad(view.start_ns)
    if knowledge.stage is ParticipantStage.LOADING:
        yield from _proceed(view, part, knowledge)
    if part.suspected_from_ns:
        yield Refute()


def _proceed(view: JobView, part: ParticipantState, knowledge: Knowledge) -> Iterator[Action]:
    """Actions from one workload to those that wait for it."""
    if news := knowledge.done - part.done:
        yield ReportDone(tuple(sorted(news)))
    for workload, at_ns in view.begins_ns.items():
        if workload not in knowledge.begun:
            yield BeginWorkload(workload, at_ns)


def _may_prepare(view: JobView, part: ParticipantState, knowledge: Knowledge) -> bool:
    waiting = not (view.started or view.cancelled or view.ended)
    return (
        waiting and part.state is ParticipantPhase.PREPARING and knowledge.admitted_ns is not None
    )


def _is_late(view: JobView, knowledge: Knowledge) -> bool:
    since_ns = knowledge.admitted_ns
    return since_ns is not None and knowledge.now_ns >= _ready_by_ns(view, since_ns)


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


def _shared_steps(view: JobView, knowledge: Knowledge) -> Iterator[Action]:
    """Actions that any worker may take, by rank."""
    if view.ended is not None:
        if not view.closed and _is_my_turn(view, knowledge, view.ended_ns, CLEAN_RANK_DELAY_NS):
            yield Clean()
        return
    if view.settled:
        if _is_my_turn(view, knowledge, view.last_ns):
            yield EndJob()
        return
    if view.started is not None:
        yield from _watch_load(view, knowledge)
    elif knowledge.admitted_ns is not None:
        yield from _before_start(view, knowledge, knowledge.admitted_ns)
    elif _is_my_turn(view, knowledge, view.queue_end_ns):
        yield Cancel(QUEUE_TIMEOUT, _queue_timeout_text(view, knowledge), before_start=True)


def _is_my_turn(
    view: JobView, knowledge: Knowledge, since_ns: int, rank_delay_ns: int = RANK_DELAY_NS
) -> bool:
    """Whether this worker may take a step that became due at `since_ns`."""
    wait_ns = rank(view.id, knowledge.me, view.parts) * rank_delay_ns
    if knowledge.me not in view.parts:
        wait_ns += BYSTANDER_NS
    return knowledge.now_ns >= since_ns + wait_ns


def _before_start(view: JobView, knowledge: Knowledge, since_ns: int) -> Iterator[Action]:
    """Before the start: wait for all participants, or for those that are ready in time."""
    missing = view.parts_in(ParticipantPhase.PREPARING)
    late = view.parts_in(ParticipantPhase.PREPARING, ParticipantPhase.LATE)
    unfit = view.parts_in(ParticipantPhase.REJECTED)
    strict = view.created.spec.on_worker_loss is OnWorkerLoss.FAIL
    if unfit and strict:
        problem = view.parts[unfit[0]].problem
        if problem is not None and _is_my_turn(view, knowledge, view.last_ns):
            message = f"{unfit[0]}: {problem.message}"
            yield Cancel(problem.reason, message, before_start=True)
        return
    give_up_ns = _ready_by_ns(view, since_ns) + REPORT_LATE_NS if missing else 0
    if not _is_my_turn(view, knowledge, max(give_up_ns, view.last_ns)):
        return
    if late and strict:
        yield Cancel(START_TIMEOUT, _late_text(view, late), before_start=True)
    else:
        yield StartJob(view.parts_in(ParticipantPhase.READY))


def _queue_timeout_text(view: JobView, knowledge: Knowledge) -> str:
    behind = f": it stood behind job {knowledge.waits_for[0]}" if knowledge.waits_for else ""
    return f"it did not get its workers within {view.created.spec.queue_timeout_seconds} s{behind}"


def _late_text(view: JobView, late: Iterable[str]) -> str:
    problems = ((worker, view.parts[worker].problem) for worker in late)
    whom = named((worker, p.message if p else UNHEARD) for worker, p in problems)
    return f"not ready within {view.created.spec.start_timeout_seconds} s: {whom}"


def _watch_load(view: JobView, knowledge: Knowledge) -> Iterator[Action]:
    """During load and read-back: the deadline, and failure detection."""
    spec = view.created.spec
    if view.cancelled is None:
        lost = view.parts_in(ParticipantPhase.LOST)
        if _is_my_turn(view, knowledge, _deadline_ns(view)):
            yield Cancel("DeadlineExceeded", f"it ran longer than {spec.active_deadline_seconds} s")
        elif (
            lost
            and spec.on_worker_loss is OnWorkerLoss.FAIL
            and _is_my_turn(view, knowledge, view.last_ns)
        ):
            yield Cancel("WorkersLost", f"lost: {', '.join(lost)}")
        elif knowledge.abort is not None and view.loading:
            yield Cancel(knowledge.abort.reason, knowledge.abort.message)
        elif (ready := view.may_begin) and _is_my_turn(view, knowledge, view.last_ns):
            yield StartPhase(ready)
    for worker in view.watched:
        if worker != knowledge.me:
            yield from _suspect_if_silent(view, knowledge, view.parts[worker])


def _suspect_if_silent(
    view: JobView, knowledge: Knowledge, part: ParticipantState
) -> Iterator[Action]:
    heard_ns = max(knowledge.heard_ns.get(part.worker, 0), view.start_ns)
    silent_ns = knowledge.now_ns - heard_ns
    if silent_ns < SILENT_NS or _is_cut_off(view, knowledge):
        return
    if _is_my_turn(
        view, knowledge, max(heard_ns + SILENT_NS, part.suspected_until_ns + SUSPECT_EVERY_NS)
    ):
        yield Suspect(part.worker, silent_ns // MS)


def _is_cut_off(view: JobView, knowledge: Knowledge) -> bool:
    """Whether this worker does not even receive its own progress, and so cannot suspect others."""
    own = view.parts.get(knowledge.me)
    sends_progress = knowledge.stage is ParticipantStage.READING or (
        own and own.state is ParticipantPhase.RUNNING
    )
    if own is None or not sends_progress:
        return False
    return (
        knowledge.now_ns - max(knowledge.heard_ns.get(knowledge.me, 0), view.start_ns) >= SILENT_NS
    )
