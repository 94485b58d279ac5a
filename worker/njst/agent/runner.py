"""Runs the actions of `decide` for all jobs; its only state is what is under way."""

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from njst.agent import actions as a
from njst.agent import decide as d
from njst.agent.deps import AgentDeps
from njst.agent.end.abort_watch import AbortWatch
from njst.agent.end.final_report import final_report_event
from njst.agent.participant import Participant
from njst.contract.events import (
    EVENT_NAMES,
    Begun,
    Cancelled,
    Cleaned,
    Done,
    Payload,
    Refuted,
    Started,
    Suspected,
)
from njst.contract.names.mesh import EventName
from njst.contract.results.outcome import Problem, SetupError
from njst.journal.interfaces import JournalUnavailableError
from njst.journal.log_lines import log_about
from njst.journal.state.job_view import JobView

log = logging.getLogger(__name__)

# How often time-outs are checked while a job is open; an idle worker sleeps until an event comes.
TICK_S = 0.05
# Jobs examined per tick; beyond this, each at least once every ROUND_TICKS.
JOBS_PER_TICK = 64
ROUND_TICKS = 10
# How often the queue is checked for jobs that have waited for too long.
QUEUE_CHECK_S = 1.0
# How long a worker that stops waits for its load to end and its tallies to be stored.
STOP_S = 5.0
# How long a failed clean-up is retried, and how often.
CLEAN_S = 30.0
CLEAN_RETRY_S = 1.0
# Jobs that are forgotten at once when the log is nearly full.
MOST_FORGOTTEN = 16
# How long a log that refuses an event is left alone.
RETRY_S = 0.5
# Assets that were made less than this before a job's end may have come after its clean-up: more
# than the error of any clock here.
MADE_LATE_NS = 1_000_000_000

WORKER_STOPPED = Problem(reason="WorkerStopped", message="the worker was told to stop")
DEADLINE_EXCEEDED = Problem(
    reason="DeadlineExceeded", message="it ran to its deadline while the job log was out of reach"
)


@dataclass
class _RunningAction:
    """An action under way, or one whose event has not come back through the log yet."""

    task: asyncio.Task[int]


@dataclass
class Agent:
    """One worker's agent; `run` returns after `stop` is set and its own loads have ended."""

    deps: AgentDeps
    _participants: dict[str, Participant] = field(default_factory=dict)
    _tasks: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _running: dict[tuple[str, a.Action], _RunningAction] = field(default_factory=dict)
    _cleaning: set[asyncio.Task[list[str]]] = field(default_factory=set)
    # Jobs that this worker took part in, and after which it did not get ready for the next one.
    _to_warm_up: set[str] = field(default_factory=set)
    # The last warning about a job whose events the log does not take.
    _warned: dict[str, str] = field(default_factory=dict)
    # Jobs that changed and were not examined yet, and where the next round begins.
    _changed: set[str] = field(default_factory=set)
    _next_in_round: int = 0
    # The jobs that have waited for too long, and when the queue is checked again (loop time).
    _overdue: set[str] = field(default_factory=set)
    _queue_check_s: float = 0.0

    def __post_init__(self) -> None:
        """Make the parts."""
        deps = self.deps
        self._abort_watch = AbortWatch(deps.me, deps.job_store, deps.run_in_thread)

    @property
    def current_job(self) -> str:
        """The job that this worker prepares or runs; empty if it is idle."""
        for job, part in self._participants.items():
            if part.stage is not a.ParticipantStage.STOPPED:
                return job
        return ""

    async def run(self, stop: asyncio.Event) -> None:
        """Act on every change of the job store, and at each tick while a job is open."""
        changed = asyncio.Event()

        def on_change(job: str) -> None:
            self._changed.add(job)
            changed.set()

        stop_listening = self.deps.job_store.listen(on_change)
        stopping = asyncio.create_task(stop.wait())
        now_s = asyncio.get_running_loop().time
        is_open, tick_s = True, now_s()
        try:
            while not stop.is_set():
                changed.clear()
                # A job that has ended may have freed workers for others.
                is_open = self._act_on_changes() or is_open
                if is_open and now_s() >= tick_s:
                    is_open = self._act_on_time()
                    tick_s = now_s() + TICK_S
                waking = asyncio.create_task(changed.wait())
                await asyncio.wait(
                    {waking, stopping},
                    timeout=max(0.0, tick_s - now_s()) if is_open else None,
                    return_when=asyncio.FIRST_COMPLETED,
                )
                waking.cancel()
        finally:
            stop_listening()
            stopping.cancel()
            await self._stop()

    def _act_on_changes(self) -> bool:
        """Act on each changed job; return whether there was one."""
        changed_jobs, self._changed = self._changed, set()
        for job in changed_jobs:
            # Before a job that waited for this one to close takes its processes.
            self._warm_up(job)
        for job in changed_jobs:
            view = self.deps.job_store.view(job)
            if view is not None and self.deps.job_store.is_active(view):
                self._decide_and_act(view)
        return bool(changed_jobs)

    def _act_on_time(self) -> bool:
        """Act on what time alone changes; return whether a job is open.

        Of a thousand running jobs, each is examined in every tenth tick.
        """
        active = self.deps.job_store.active_jobs()
        overdue = self._act_on_overdue()
        count = max(JOBS_PER_TICK, -(-len(active) // ROUND_TICKS))
        first = self._next_in_round if self._next_in_round < len(active) else 0
        for view in active[first : first + count]:
            self._decide_and_act(view)
        self._next_in_round = first + count
        self._forget({view.id for view in active} | overdue)
        return bool(active or self._tasks)

    def _act_on_overdue(self) -> set[str]:
        """Act on jobs that have waited for too long; return their ids."""
        if (now_s := asyncio.get_running_loop().time()) >= self._queue_check_s:
            self._queue_check_s = now_s + QUEUE_CHECK_S
            self._overdue = {
                view.id for view in self.deps.job_store.overdue(self.deps.time.now_ns())
            }
            for job in self._overdue:
                if (view := self.deps.job_store.view(job)) is not None:
                    self._decide_and_act(view)
        return self._overdue

    def _decide_and_act(self, view: JobView) -> None:
        for action in d.decide(view, self._knowledge(view)):
            self._act(view, action)

    def _knowledge(self, view: JobView) -> a.Knowledge:
        part = self._participants.get(view.id)
        since_ns = self.deps.job_store.admitted_ns(view)
        now_ns = self.deps.time.now_ns()
        return a.Knowledge(
            me=self.deps.me,
            stage=a.ParticipantStage.IDLE if part is None else part.stage,
            now_ns=now_ns,
            admitted_ns=since_ns,
            heard_ns={w: seen.time_ns for w, seen in self.deps.job_store.progress(view.id).items()},
            done=frozenset() if part is None else part.done,
            begun=frozenset() if part is None else frozenset(part.begun),
            waits_for=() if since_ns is not None else tuple(self.deps.job_store.waits_for(view.id)),
            abort=self._abort_watch.look(view, now_ns),
        )

    def _act(self, view: JobView, action: a.Action) -> None:
        part = self._participants.get(view.id)
        match action:
            case a.Prepare():
                part = self._participants[view.id] = Participant(self.deps, view)
                task = asyncio.create_task(part.run(), name=f"job {view.id}")
                task.add_done_callback(_log_failure)
                task.add_done_callback(lambda _: self._warm_up(view.id))
                self._tasks[view.id] = task
                self._to_warm_up.add(view.id)
            case a.ReportLate() if part is not None:
                part.report_late()
            case a.StartLoad(at_ns) if part is not None:
                part.start_load(at_ns)
            case a.BeginWorkload(workload, at_ns) if part is not None:
                part.begin(workload, at_ns)
            case a.StopLoad(overdue) if part is not None:
                part.stop(DEADLINE_EXCEEDED if overdue else None)
            case _:
                self._start_action(view, action)

    def _warm_up(self, job: str) -> None:
        """Get ready for the next job once this one is closed, unless another one loads.

        Not sooner: on a small host, processes that start delay its report and its clean-up.
        """
        view, task = self.deps.job_store.view(job), self._tasks.get(job)
        if job not in self._to_warm_up or view is None or task is None:
            return
        if view.closed and task.done():
            self._to_warm_up.discard(job)
            if not self.current_job:
                self.deps.warm_up()

    def _start_action(self, view: JobView, action: a.Action) -> None:
        """Start an action that ends in an append, unless the same one is under way."""
        key = (view.id, _key_of(action))
        running = self._running.get(key)
        if running is not None:
            done = running.task.done() and not running.task.cancelled()
            if not done or self.deps.job_store.last_seq < running.task.result():
                return
        self._running[key] = _RunningAction(asyncio.create_task(self._run_action(view, action)))

    async def _run_action(self, view: JobView, action: a.Action) -> int:
        """Append the event of an action; return the sequence to wait for, 0 for none."""
        log_about(view.id, view.created.origin)
        try:
            payload = await self._payload(view, action)
            name = EventName(view.id, EVENT_NAMES[type(payload)], self._event_worker(action))
            appended = await self.deps.log.append(name, payload)
            if isinstance(payload, Cleaned):
                await self._make_room()
        except JournalUnavailableError as error:
            self._warn(view.id, str(error))
            # Another worker may succeed; a log that refuses is not to be asked in each tick.
            await asyncio.sleep(RETRY_S)
            return 0
        except Exception:
            log.exception("%s failed", action)
            await asyncio.sleep(RETRY_S)
            return 0
        self._warned.pop(view.id, None)
        return appended.seq if appended.stored else 0

    async def _make_room(self) -> None:
        """Let the log forget jobs that were dropped here, and while it is nearly full more of them.

        These are jobs that have ended, the oldest first; those that run are kept.
        """
        for job in self.deps.job_store.take_dropped():
            await self._drop_history(job)
        for _ in range(MOST_FORGOTTEN):
            if not await self.deps.log.is_crowded():
                return
            if (oldest := self.deps.job_store.drop_oldest()) is None:
                return
            await self._drop_history(oldest)

    async def _drop_history(self, job: str) -> None:
        await self.deps.log.forget(job)
        # Windows that stay are bounded by their age and bytes.
        with suppress(JournalUnavailableError):
            await self.deps.windows.remove(job)

    def _warn(self, job: str, words: str) -> None:
        """Log why the log takes no events of a job, once for each reason."""
        if self._warned.get(job) != words:
            self._warned[job] = words
            log.warning("%s", words)

    def _event_worker(self, action: a.Action) -> str:
        """Return whose event it is: the suspected worker's, this worker's, or no worker's."""
        if isinstance(action, a.Suspect):
            return action.worker
        return self.deps.me if isinstance(action, a.Refute | a.ReportDone | a.StartPhase) else ""

    async def _payload(self, view: JobView, action: a.Action) -> Payload:
        match action:
            case a.Clean():
                return Cleaned(problems=await self._clean(view))
            case a.EndJob():
                return await final_report_event(self.deps, view)
        return _event_of(action)

    async def _clean(self, view: JobView) -> list[str]:
        """Remove what the job made on its target; return what is left, and why.

        An unreachable target is retried for a while, if anything can have been made there.
        """
        log_about(view.id, view.created.origin)
        give_up_s = asyncio.get_running_loop().time() + (CLEAN_S if view.made_anything else 0.0)
        spec = view.created.spec
        while True:
            try:
                problems = await self.deps.teardown(
                    view.id, spec, self.deps.connection_to(spec.target)
                )
            except SetupError as error:
                problems = [error.message] if view.made_anything else []
            if not problems or asyncio.get_running_loop().time() >= give_up_s:
                return problems
            await asyncio.sleep(CLEAN_RETRY_S)

    def _forget(self, open_ids: set[str]) -> None:
        self._abort_watch.forget(open_ids)
        for key in [key for key in self._running if key[0] not in open_ids]:
            del self._running[key]
        for job in self._warned.keys() - open_ids:
            del self._warned[job]
        for job, task in [*self._tasks.items()]:
            if job in open_ids:
                continue
            # A worker that was cut off reads of the end and the clean-up at once.
            self._participants[job].stop()
            if task.done():
                self._warm_up(job)
                self._to_warm_up.discard(job)
                del self._tasks[job]
                self._clean_up_again(self._participants.pop(job))

    def _clean_up_again(self, part: Participant) -> None:
        """Clean up again if this worker made something too late for the clean-up."""
        view = self.deps.job_store.view(part.view.id)
        if view is None or part.made_ns < view.ended_ns - MADE_LATE_NS:
            return
        task = asyncio.create_task(self._clean(view), name=f"job {view.id}: clean-up")
        task.add_done_callback(_log_failure)
        task.add_done_callback(self._cleaning.discard)
        self._cleaning.add(task)

    async def _stop(self) -> None:
        """Stop own loads, and publish their tallies if the log answers."""
        for part in self._participants.values():
            part.stop(WORKER_STOPPED)
        tasks = [*self._tasks.values()]
        if tasks:
            await asyncio.wait(tasks, timeout=STOP_S)
        self._forget({view.id for view in self.deps.job_store.active_jobs()})
        self._abort_watch.forget(set())
        if self._cleaning:
            await asyncio.wait(self._cleaning, timeout=STOP_S)
        for task in (
            *tasks,
            *(running.task for running in self._running.values()),
            *self._cleaning,
        ):
            task.cancel()


def _event_of(action: a.Action) -> Payload:
    """Return the event of an action that has all its fields."""
    match action:
        case a.StartJob(run, lead_ms):
            return Started(run=list(run), lead_ms=lead_ms)
        case a.ReportDone(workloads):
            return Done(workloads=list(workloads))
        case a.StartPhase(workloads, lead_ms):
            return Begun(workloads=list(workloads), lead_ms=lead_ms)
        case a.Cancel(reason, message, before_start):
            return Cancelled(reason=reason, message=message, before_start=before_start)
        case a.Suspect(_, silent_ms):
            return Suspected(silent_ms=silent_ms)
        case a.Refute():
            return Refuted()
    raise AssertionError(action)


def _key_of(action: a.Action) -> a.Action:
    """Return what makes two actions the same: the suspected worker, not how long it is silent."""
    return a.Suspect(action.worker, 0) if isinstance(action, a.Suspect) else action


def _log_failure(task: asyncio.Task[Any]) -> None:
    if not task.cancelled() and task.exception() is not None:
        log.error("%s failed", task.get_name(), exc_info=task.exception())
