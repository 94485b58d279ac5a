"""Runs the steps of experiments: this worker's turns of what any worker may do."""

import asyncio
import logging
from dataclasses import dataclass, field

from njst.agent.deps import LogTime
from njst.agent.experiments.conclude import concluded_event
from njst.agent.experiments.experiment_decide import (
    CancelTrial,
    Conclude,
    CreateTrial,
    RecordTrial,
    Step,
    Wait,
    decide_experiment,
)
from njst.comparison.facts import environment_of, run_of
from njst.contract.events import EVENT_NAMES, Origin, OriginKind, Payload, TrialEnded
from njst.contract.names.mesh import EventName
from njst.contract.results.report import Report
from njst.contract.results.trial import TrialPlan
from njst.experiments.experiment_state import Conclusion, ExperimentOutcome
from njst.experiments.judge_trial import result_of
from njst.experiments.next_trial import conclude
from njst.journal.course_reader import RunInThread
from njst.journal.interfaces import EventTooLargeError, JournalUnavailableError, Log
from njst.journal.jobs import Jobs, NotEnoughWorkersError, Submission
from njst.journal.log_lines import log_about
from njst.journal.state.experiments.experiment_store import ExperimentStore
from njst.journal.state.experiments.experiment_text import next_job_id
from njst.journal.state.experiments.experiment_view import ExperimentView
from njst.journal.state.job_store import JobStore
from njst.journal.state.job_view import JobView
from njst.journal.state.rendezvous import rank, share

log = logging.getLogger(__name__)

# How much longer each next rank waits for its turn, and workers that were not in the last trial.
RANK_DELAY_S = 0.3
BYSTANDER_S = 1.0
# How long after a failed step the next one is tried.
RETRY_S = 1.0
# How long a report that cannot be read now is asked for again; after that, a shortened one counts.
REPORT_S = 10.0
_SECOND_NS = 1_000_000_000


@dataclass
class Experimenter:
    """One worker's part in all experiments; `run` returns after `stop` is set."""

    me: str
    log: Log
    jobs: Jobs
    job_store: JobStore
    store: ExperimentStore
    time: LogTime
    run_in_thread: RunInThread
    _tasks: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    # The last warning about each experiment, so that each is logged once.
    _warned: dict[str, str] = field(default_factory=dict)

    async def run(self, stop: asyncio.Event) -> None:
        """Drive each experiment until it has ended."""
        stop_listening = self.store.listen(self._begin)
        try:
            for view in self.store.open_experiments():
                self._begin(view.id)
            await stop.wait()
        finally:
            stop_listening()
            tasks = [*self._tasks.values()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _begin(self, experiment: str) -> None:
        """Drive an experiment, unless that goes on already."""
        view = self.store.view(experiment)
        if experiment in self._tasks or view is None or view.concluded is not None:
            return
        task = asyncio.create_task(
            self._drive(experiment, view.created.origin), name=f"experiment {experiment}"
        )
        self._tasks[experiment] = task
        task.add_done_callback(lambda _: self._tasks.pop(experiment, None))

    async def _drive(self, experiment: str, origin: Origin) -> None:
        log_about(experiment, origin)
        changed = asyncio.Event()

        def on_change(name: str) -> None:
            if name.startswith(experiment):
                changed.set()

        endings = [self.store.listen(on_change), self.job_store.listen(on_change)]
        try:
            while True:
                changed.clear()
                view = self.store.view(experiment)
                if view is None or view.concluded is not None:
                    break
                try:
                    await self._advance(view, changed)
                except Exception:
                    # A spec of another version, of which this one cannot make a trial.
                    log.exception("experiment %s: its next step is not known", experiment)
                    await changed.wait()
        finally:
            for end in endings:
                end()
        self._warned.pop(experiment, None)
        await self._forget_dropped()

    async def _advance(self, view: ExperimentView, changed: asyncio.Event) -> None:
        """Take the next step when this worker's turn comes, or wait until there is one."""
        step = self._decide(view)
        if isinstance(step, Wait):
            await self._wait(changed, step)
        elif await self._has_turn(view, step):
            await self._try(view, step)

    def _decide(self, view: ExperimentView) -> Step:
        job = self.job_store.view(next_job_id(view))
        return decide_experiment(view, job, self.time.now_ns())

    async def _wait(self, changed: asyncio.Event, step: Wait) -> None:
        timeout_s = None
        if step.until_ns is not None:
            timeout_s = max(0.0, (step.until_ns - self.time.now_ns()) / 1e9)
        try:
            async with asyncio.timeout(timeout_s):
                await changed.wait()
        except TimeoutError:
            return

    async def _has_turn(self, view: ExperimentView, step: Step) -> bool:
        """Wait for this worker's turn; return whether the step is still to be taken then."""
        await asyncio.sleep(self.turn_s(view))
        latest = self.store.view(view.id)
        if latest is None or latest.concluded is not None:
            return False
        return len(latest.trials) == len(view.trials) and self._decide(latest) == step

    def turn_s(self, view: ExperimentView) -> float:
        """Return how long this worker waits: those of the last trial go first, in their order."""
        workers = self._last_workers(view)
        if self.me not in workers:
            return share(view.id, self.me) * BYSTANDER_S + RANK_DELAY_S * len(workers)
        return RANK_DELAY_S * rank(view.id, self.me, workers)

    def _last_workers(self, view: ExperimentView) -> list[str]:
        """Return the participants of the trial that runs, or of the last one; empty: not known."""
        job = self.job_store.view(next_job_id(view))
        if job is None and view.trials:
            job = self.job_store.view(view.trials[-1].result.job)
        return [] if job is None else sorted(job.parts)

    async def _try(self, view: ExperimentView, step: Step) -> None:
        try:
            await self._perform(view, step)
        except (JournalUnavailableError, NotEnoughWorkersError) as error:
            if self._warned.get(view.id) != str(error):
                self._warned[view.id] = str(error)
                log.warning("experiment %s: %s", view.id, error)
            await asyncio.sleep(RETRY_S)
        except Exception:
            log.exception("experiment %s: %s failed", view.id, type(step).__name__)
            await asyncio.sleep(RETRY_S)

    async def _perform(self, view: ExperimentView, step: Step) -> None:
        match step:
            case CreateTrial():
                await self._create(view, step)
            case RecordTrial(plan, job):
                await self._record(view, plan, job)
            case CancelTrial(job):
                await self.jobs.cancel(job, "Requested", "the experiment was cancelled")
            case Conclude(conclusion):
                await self._conclude(view, conclusion)

    async def _create(self, view: ExperimentView, step: CreateTrial) -> None:
        trial = step.trial
        waited_s = max(0.0, (self.time.now_ns() - _due_ns(view)) / 1e9)
        name = view.created.origin.name or view.id
        submission = Submission(
            id=trial.job,
            spec=trial.spec,
            origin=Origin(kind=OriginKind.HTTP, name=f"{name} trial {trial.plan.number}"),
            settings=trial.plan.to_json().decode(),
            baselines=view.created.baselines,
            waited_ms=round(1000 * waited_s),
        )
        try:
            await self.jobs.submit(submission)
        except NotEnoughWorkersError as error:
            limit_s = trial.spec.queue_timeout_seconds
            if waited_s < limit_s:
                raise
            words = f"trial {trial.plan.number} did not get its workers within {limit_s} s: {error}"
            await self._give_up(view, words)
        except EventTooLargeError as error:
            await self._give_up(view, f"trial {trial.plan.number} cannot be created: {error}")

    async def _give_up(self, view: ExperimentView, words: str) -> None:
        """End an experiment whose next trial can never be created."""
        failed = ExperimentOutcome.TRIALS_FAILED
        await self._conclude(view, conclude(view.spec, view.results, failed, words))

    async def _record(self, view: ExperimentView, plan: TrialPlan, job: str) -> None:
        ended = self.job_store.view(job)
        if ended is None or ended.ended is None:
            return
        report = await self._report(ended)
        spec = ended.created.spec
        paths = [factor.path for factor in view.created.spec.factors]
        run = run_of(job, spec, report, environment_of(report), paths)
        event = TrialEnded(
            result=result_of(plan, job, spec, report),
            created_ns=ended.created_ns,
            ended_ns=ended.ended_ns,
            facts=run.facts,
        )
        await self._append(view.id, event, str(plan.number))

    async def _report(self, view: JobView) -> Report:
        """Return a whole report: a trial is judged by its course, which the log may lack."""
        loop = asyncio.get_running_loop()
        give_up_s = loop.time() + REPORT_S
        while True:
            try:
                return await self.jobs.stored_report(view)
            except JournalUnavailableError:
                if loop.time() >= give_up_s:
                    return await self.jobs.whole_report(view)
                await asyncio.sleep(RETRY_S)

    async def _conclude(self, view: ExperimentView, conclusion: Conclusion) -> None:
        limit_bytes = self.log.max_event_bytes // 2
        spec = view.created.spec
        event = await self.run_in_thread(
            lambda: concluded_event(spec, view.trials, conclusion, limit_bytes)
        )
        await self._append(view.id, event)

    async def _append(self, experiment: str, payload: Payload, number: str = "") -> None:
        """Append an event and wait until it, or the one that was there first, has come back."""
        name = EventName(experiment, EVENT_NAMES[type(payload)], number)
        before = self.store.view(experiment)
        changed = asyncio.Event()
        stop_listening = self.store.listen(lambda _: changed.set())
        try:
            await self.log.append(name, payload)
            async with asyncio.timeout(RETRY_S):
                while self.store.view(experiment) is before:
                    changed.clear()
                    await changed.wait()
        except TimeoutError:
            # The log is slow: the next decision finds the event, or appends in vain.
            return
        finally:
            stop_listening()

    async def _forget_dropped(self) -> None:
        for dropped in self.store.take_dropped():
            try:
                await self.log.forget(dropped)
            except JournalUnavailableError as error:
                log.warning("experiment %s is not removed from the log: %s", dropped, error)


def _due_ns(view: ExperimentView) -> int:
    """Return since when the next trial may be created, log time in ns."""
    if not view.trials:
        return view.created_ns
    return view.last_ns + view.created.spec.pause_seconds * _SECOND_NS
