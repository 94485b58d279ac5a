"""Carries out what `decide` says, for all jobs; its only state is what is under way."""

import asyncio
import logging
from dataclasses import dataclass, field
from typing import Any

from njst.agent import actions as a
from njst.agent import decide as d
from njst.agent.deps import AgentDeps
from njst.agent.final_report import final_report_event
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
from njst.journal.log_lines import current_job
from njst.journal.state.job_view import JobView

log = logging.getLogger(__name__)

# Time-outs, silences and turns are looked at this often while a job is open; an idle worker
# sleeps until the log speaks.
TICK_S = 0.05
# So many jobs are looked at in each tick; of more each at least once in so many ticks.
LOOKS = 64
ROUND_TICKS = 10
# The queue is looked at so often for jobs that have waited for too long.
QUEUE_LOOK_S = 1.0
# How long a worker that is told to stop waits for its load to end and its tallies to be stored.
LEAVE_S = 5.0
# How long a clean-up is tried, and how often.
CLEAN_S = 30.0
CLEAN_AGAIN_S = 1.0
# How long a log that refuses an event is left alone.
RETRY_S = 0.5
# What was made less than this before a job's end may have been made after its clean-up: more than
# the error of any clock here.
MADE_LATE_NS = 1_000_000_000

WORKER_STOPPED = Problem(reason="WorkerStopped", message="the worker was told to stop")
DEADLINE_EXCEEDED = Problem(
    reason="DeadlineExceeded", message="it ran to its deadline while the job log was out of reach"
)


@dataclass
class _Step:
    """An action under way; afterwards, until the log has shown its event."""

    task: asyncio.Task[int]


@dataclass
class Agent:
    """One worker's agent; `run` returns after `stop` is set and own loads have ended."""

    deps: AgentDeps
    _parts: dict[str, Participant] = field(default_factory=dict)
    _tasks: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _steps: dict[tuple[str, a.Action], _Step] = field(default_factory=dict)
    _tidying: set[asyncio.Task[list[str]]] = field(default_factory=set)
    # What was logged last of a job whose events the log does not take.
    _complaints: dict[str, str] = field(default_factory=dict)
    # Jobs that changed and were not looked at yet, and where the next look around begins.
    _news: set[str] = field(default_factory=set)
    _round: int = 0
    # The jobs that have waited for too long, and when the queue is looked at again.
    _overdue: set[str] = field(default_factory=set)
    _queue_look_s: float = 0.0

    @property
    def current_job(self) -> str:
        """The job that this worker prepares or runs; empty when it is idle."""
        for job, part in self._parts.items():
            if part.stage is not a.ParticipantStage.STOPPED:
                return job
        return ""

    async def run(self, stop: asyncio.Event) -> None:
        """Act on every change of the job store, and at each tick while a job is open."""
        changed = asyncio.Event()

        def hear(job: str) -> None:
            self._news.add(job)
            changed.set()

        stop_listening = self.deps.job_store.listen(hear)
        stopping = asyncio.create_task(stop.wait())
        now_s = asyncio.get_running_loop().time
        is_open, tick_s = True, now_s()
        try:
            while not stop.is_set():
                changed.clear()
                # What ends may have let others begin.
                is_open = self._look_at_news() or is_open
                if is_open and now_s() >= tick_s:
                    is_open = self._look_around()
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
            await self._leave()

    def _look_at_news(self) -> bool:
        """Act on each job that changed; return whether there was one."""
        news, self._news = self._news, set()
        for job in news:
            view = self.deps.job_store.view(job)
            if view is not None and self.deps.job_store.is_active(view):
                self._look(view)
        return bool(news)

    def _look_around(self) -> bool:
        """Act on what time alone has changed; return whether a job is open.

        Of a thousand jobs that run at once each is looked at in every tenth tick.
        """
        active = self.deps.job_store.active_jobs()
        overdue = self._look_at_the_queue()
        count = max(LOOKS, -(-len(active) // ROUND_TICKS))
        first = self._round if self._round < len(active) else 0
        for view in active[first : first + count]:
            self._look(view)
        self._round = first + count
        self._forget({view.id for view in active} | overdue)
        return bool(active or self._tasks)

    def _look_at_the_queue(self) -> set[str]:
        """Act on the jobs that have waited for too long; return their ids."""
        if (now_s := asyncio.get_running_loop().time()) >= self._queue_look_s:
            self._queue_look_s = now_s + QUEUE_LOOK_S
            self._overdue = {
                view.id for view in self.deps.job_store.overdue(self.deps.time.now_ns())
            }
            for job in self._overdue:
                if (view := self.deps.job_store.view(job)) is not None:
                    self._look(view)
        return self._overdue

    def _look(self, view: JobView) -> None:
        for action in d.decide(view, self._knowledge(view)):
            self._act(view, action)

    def _knowledge(self, view: JobView) -> a.Knowledge:
        part = self._parts.get(view.id)
        since_ns = self.deps.job_store.queue_since_ns(view)
        return a.Knowledge(
            me=self.deps.me,
            stage=a.ParticipantStage.IDLE if part is None else part.stage,
            now_ns=self.deps.time.now_ns(),
            queue_since_ns=since_ns,
            heard_ns={w: seen.time_ns for w, seen in self.deps.job_store.progress(view.id).items()},
            done=frozenset() if part is None else part.done,
            begun=frozenset() if part is None else frozenset(part.begun),
            waits_for=() if since_ns is not None else tuple(self.deps.job_store.waits_for(view.id)),
        )

    def _act(self, view: JobView, action: a.Action) -> None:
        part = self._parts.get(view.id)
        match action:
            case a.Prepare():
                part = self._parts[view.id] = Participant(self.deps, view)
                task = asyncio.create_task(part.run(), name=f"job {view.id}")
                task.add_done_callback(_log_failure)
                self._tasks[view.id] = task
            case a.ReportLate() if part is not None:
                part.give_up()
            case a.StartLoad(at_ns) if part is not None:
                part.load(at_ns)
            case a.BeginWorkload(workload, at_ns) if part is not None:
                part.begin(workload, at_ns)
            case a.StopLoad(overdue) if part is not None:
                part.release(DEADLINE_EXCEEDED if overdue else None)
            case _:
                self._step(view, action)

    def _step(self, view: JobView, action: a.Action) -> None:
        """Begin a step that ends in an append, unless the same is still under way."""
        key = (view.id, _kind_of(action))
        step = self._steps.get(key)
        if step is not None:
            done = step.task.done() and not step.task.cancelled()
            if not done or self.deps.job_store.last_seq < step.task.result():
                return
        self._steps[key] = _Step(asyncio.create_task(self._take(view, action)))

    async def _take(self, view: JobView, action: a.Action) -> int:
        """Append what the action says; return the sequence to wait for, 0 for none."""
        current_job.set(view.id)
        try:
            payload = await self._payload(view, action)
            name = EventName(view.id, EVENT_NAMES[type(payload)], self._speaker(action))
            appended = await self.deps.log.append(name, payload)
            if isinstance(payload, Cleaned):
                for job in self.deps.job_store.take_dropped():
                    await self.deps.log.forget(job)
        except JournalUnavailableError as error:
            self._complain(view.id, str(error))
            # Others may be asked the same; a log that refuses is not to be asked in each tick.
            await asyncio.sleep(RETRY_S)
            return 0
        except Exception:
            log.exception("%s failed", action)
            await asyncio.sleep(RETRY_S)
            return 0
        self._complaints.pop(view.id, None)
        return appended.seq if appended.stored else 0

    def _complain(self, job: str, words: str) -> None:
        """Log what keeps a job's events from the log, once for each reason."""
        if self._complaints.get(job) != words:
            self._complaints[job] = words
            log.warning("%s", words)

    def _speaker(self, action: a.Action) -> str:
        """Return whose event it is: that of the accused, my own, or nobody's."""
        if isinstance(action, a.Suspect):
            return action.worker
        return self.deps.me if isinstance(action, a.Refute | a.ReportDone | a.StartPhase) else ""

    async def _payload(self, view: JobView, action: a.Action) -> Payload:
        match action:
            case a.Clean():
                return Cleaned(problems=await self._clean(view))
            case a.EndJob():
                return await final_report_event(self.deps, view)
        return _word_of(action)

    async def _clean(self, view: JobView) -> list[str]:
        """Remove what the job made; return what stays, and why.

        A target that is away for a moment is waited for, if anything can have been made there.
        """
        current_job.set(view.id)
        give_up_s = asyncio.get_running_loop().time() + (CLEAN_S if view.made_anything else 0.0)
        spec = view.created.spec
        while True:
            try:
                problems = await self.deps.remove(view.id, spec, self.deps.reach(spec.target))
            except SetupError as error:
                problems = [error.message] if view.made_anything else []
            if not problems or asyncio.get_running_loop().time() >= give_up_s:
                return problems
            await asyncio.sleep(CLEAN_AGAIN_S)

    def _forget(self, open_ids: set[str]) -> None:
        for key in [key for key in self._steps if key[0] not in open_ids]:
            del self._steps[key]
        for job in self._complaints.keys() - open_ids:
            del self._complaints[job]
        for job, task in [*self._tasks.items()]:
            if job in open_ids:
                continue
            # A worker that was cut off reads of the end and the clean-up in one go.
            self._parts[job].release()
            if task.done():
                del self._tasks[job]
                self._tidy_up(self._parts.pop(job))

    def _tidy_up(self, part: Participant) -> None:
        """Clean up again what this worker made so late that others may have missed it."""
        view = self.deps.job_store.view(part.view.id)
        if view is None or part.made_ns < view.ended_ns - MADE_LATE_NS:
            return
        task = asyncio.create_task(self._clean(view), name=f"job {view.id}: clean-up")
        task.add_done_callback(_log_failure)
        task.add_done_callback(self._tidying.discard)
        self._tidying.add(task)

    async def _leave(self) -> None:
        """Stop own loads, and say what they did as long as the log listens."""
        for part in self._parts.values():
            part.release(WORKER_STOPPED)
        tasks = [*self._tasks.values()]
        if tasks:
            await asyncio.wait(tasks, timeout=LEAVE_S)
        self._forget({view.id for view in self.deps.job_store.active_jobs()})
        if self._tidying:
            await asyncio.wait(self._tidying, timeout=LEAVE_S)
        for task in (*tasks, *(step.task for step in self._steps.values()), *self._tidying):
            task.cancel()


def _word_of(action: a.Action) -> Payload:
    """Return the event of an action that says all that is in it."""
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


def _kind_of(action: a.Action) -> a.Action:
    """Return what makes two steps the same: whom they accuse, but not how long ago."""
    return a.Suspect(action.worker, 0) if isinstance(action, a.Suspect) else action


def _log_failure(task: asyncio.Task[Any]) -> None:
    if not task.cancelled() and task.exception() is not None:
        log.error("%s failed", task.get_name(), exc_info=task.exception())
