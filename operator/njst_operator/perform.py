"""Carries out what `reconcile` says, for every resource that is seen. All copies do the same."""

import asyncio
import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime

from njst.contract.events import Origin, OriginKind
from njst.contract.job import JobSpec
from njst.contract.result import Problem
from njst.journal.book import Book
from njst.journal.jobs import Jobs, NotEnoughWorkersError, Submission
from njst.journal.logclock import LogClock
from njst.journal.port import JournalUnavailableError
from njst.journal.summary import log_datetime
from njst_operator import phases, status, ttl
from njst_operator import reconcile as r
from njst_operator.api import ConflictError, GoneError, KubeError
from njst_operator.config import Config
from njst_operator.counts import Counts
from njst_operator.gone import Gone
from njst_operator.kube import Kube
from njst_operator.pulse import Pulse
from njst_operator.reflector import Reflector
from njst_operator.resource import Resource
from njst_operator.scheduler import Scheduler
from njst_operator.seen import RETRY_S, Seen, now_s, turn
from njst_operator.silence import SILENT_S
from njst_operator.writer import StatusWriter

log = logging.getLogger(__name__)

# A single job is submitted by all copies at once, and the first one wins. Of many, each copy begins
# with other ones: so much time for each, and not more in all.
SUBMIT_S = 0.02
SUBMIT_WINDOW_S = 2.0
# `--once` looks again as long as a look has led to something, but not for ever.
MOST_LOOKS_ONCE = 4


@dataclass
class Performer:
    """One copy of the operator."""

    config: Config
    kube: Kube
    jobs: Jobs
    book: Book
    clock: LogClock
    counts: Counts = field(default_factory=Counts)
    pulse: Pulse = field(default_factory=Pulse)
    _seen: dict[str, Seen] = field(default_factory=dict)
    # Deleted resources, so that an older list cannot bring one back.
    _gone: Gone = field(default_factory=Gone)
    # Whether the control NATS is connected.
    connected: Callable[[], bool] = lambda: True
    _cancelling: set[asyncio.Task[None]] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Make the parts."""
        self._writer = StatusWriter(self.config.copy, self.kube, self.counts)
        self._reflector = Reflector(self.config, self.kube, self.counts, self.pulse, self)
        self.scheduler = Scheduler(
            self.config.copy, self.kube, self.counts, self._now, self.config.grace_s
        )

    def resources(self) -> list[Resource]:
        """Return all resources that are there, as they were last seen."""
        return [seen.resource for seen in self._seen.values()]

    def get(self, uid: str) -> Resource | None:
        """Return a resource as it was last seen, or None."""
        seen = self._seen.get(uid)
        return None if seen is None else seen.resource

    def keys(self) -> set[str]:
        """Return the uid of each resource that was seen, or has an open job."""
        origins = {view.id: view.created.origin for view in self.book.open_jobs()}
        return self._seen.keys() | {
            job
            for job, origin in origins.items()
            if origin.kind is OriginKind.RESOURCE
            and origin.cluster == self.config.cluster
            and self.config.namespace in ("", origin.namespace)
        }

    def on_watched(self, resource: Resource) -> None:
        """Take a resource as the watch shows it; what only others write into it wakes nobody."""
        if resource.uid not in self._gone:
            self.pulse.delivered(resource.uid, resource.resource_version)
        if self._is_news(resource):
            self._wake(self._seen[resource.uid])

    def on_listed(self, resource: Resource) -> None:
        """Take a resource as a list shows it; only one that is over needs no look in any case."""
        news, seen = self._is_news(resource), self._seen.get(resource.uid)
        if seen is not None and (news or not seen.resource.settled):
            self._wake(seen)

    def _is_news(self, resource: Resource) -> bool:
        """Take a resource, unless it is an older version; return whether there is more to it."""
        if resource.uid in self._gone:
            return False
        seen, news = self._seen.get(resource.uid), False
        if seen is None:
            seen = self._seen[resource.uid] = Seen(resource)
            self._wake(seen)
        elif resource.is_newer_than(seen.resource):
            news = not resource.says_as_much_as(seen.resource)
            if seen.resource.status != resource.status:
                seen.written_s = now_s()
            if news:
                seen.failures = 0
            seen.resource = resource
        self._writer.note(seen.resource)
        self.scheduler.on_job(seen.resource)
        return news

    def on_deleted(self, uid: str) -> None:
        """Take note that a resource is gone; its job is stopped meanwhile."""
        self._gone.add(uid, now_s())
        self.pulse.removed(uid)
        self._writer.forget(uid)
        seen = self._seen.pop(uid, None)
        if seen is not None:
            self.scheduler.on_job_deleted(seen.resource)
            if seen.task is not None:
                seen.task.cancel()
        cancelling = asyncio.create_task(self._cancel_orphan(uid), name=f"cancel {uid}")
        self._cancelling.add(cancelling)
        cancelling.add_done_callback(self._cancelling.discard)

    def on_job(self, job: str) -> None:
        """Look at a resource again because its job changed."""
        seen = self._seen.get(job)
        if seen is not None:
            self._wake(seen)

    def _wake(self, seen: Seen) -> None:
        """Have a resource looked at; one that is over and left alone has no task meanwhile."""
        seen.wake.set()
        if seen.task is None or seen.task.done():
            name = f"resource {seen.resource.name}"
            seen.task = asyncio.create_task(self._keep(seen), name=name)

    async def resync(self) -> None:
        """Compare with the whole list, again and again: what a watch missed is found here."""
        await self._reflector.run()

    async def on_list(self, resources: Collection[Resource], gone: Collection[str]) -> None:
        """Look at all resources, and stop the jobs of those that are there no longer."""
        for resource in resources:
            self.on_listed(resource)
        self.scheduler.on_jobs_listed()
        for uid in gone:
            self.on_deleted(uid)
        await self.scheduler.resync(self.config.namespace)

    async def once(self) -> None:
        """Do for every resource what is to be done now, and no more.

        Raises:
            KubeError: the resources cannot be listed.
        """
        for resource in await self._reflector.relist():
            self.scheduler.on_job(resource)
            seen = Seen(resource)
            for _ in range(MOST_LOOKS_ONCE):
                seen.wake.clear()
                await self._try_look(seen)
                if not seen.wake.is_set():
                    break
        await self.scheduler.once(self.config.namespace)

    async def stop(self) -> None:
        """End all work; nothing here needs to be finished."""
        kept = [seen.task for seen in self._seen.values() if seen.task is not None]
        tasks = [*kept, *self._cancelling]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.scheduler.stop()

    async def _cancel_orphan(self, job: str) -> None:
        view = self.book.get(job)
        if view is None or view.cancelled is not None or view.ended is not None:
            return
        try:
            await self.jobs.cancel(job, "ResourceDeleted", "the NjstJob was deleted")
        except JournalUnavailableError as error:
            log.warning("job %s is not cancelled yet: %s", job, error)

    async def _keep(self, seen: Seen) -> None:
        """Reconcile one resource on every change; when something did not work, soon again.

        Return when it is over, and nothing is due any more.
        """
        while True:
            seen.wake.clear()
            wait_s = await self._try_look(seen)
            if wait_s is None and seen.resource.settled and not seen.wake.is_set():
                return
            try:
                async with asyncio.timeout(wait_s):
                    await seen.wake.wait()
            except TimeoutError:
                continue

    async def _try_look(self, seen: Seen) -> float | None:
        """Do what is to be done now; return how long to wait for the next look, None for ever."""
        begin_s = now_s()
        try:
            wait_s = await self._look(seen)
        except ConflictError:
            # The watch will bring the newer version before that.
            self.counts.errors["conflict"] += 1
            return RETRY_S
        except GoneError:
            return None
        except (KubeError, JournalUnavailableError) as error:
            kube = isinstance(error, KubeError)
            self.counts.errors["kubernetes" if kube else "nats"] += 1
            log.warning("%s: %s", seen.resource.name, error)
            return seen.retry_s(error.retry_s if isinstance(error, KubeError) else 0.0)
        except Exception:
            self.counts.errors["other"] += 1
            log.exception("%s", seen.resource.name)
            return seen.retry_s(0.0)
        finally:
            self.counts.looks += 1
            self.counts.look_seconds += now_s() - begin_s
        seen.failures = 0
        return wait_s

    async def _look(self, seen: Seen) -> float | None:
        self.pulse.nats(self.connected(), now_s())
        if not self.pulse.nats_connected and seen.resource.under_load:
            return await self._look_in_silence(seen)
        numbers_s = self._only_numbers_wait_s(seen)
        if numbers_s > 0:
            return numbers_s
        wait_s: float | None = None
        for action in r.reconcile(seen.resource, await self._known(seen), self._now()):
            match action:
                case r.Submit(spec, waited_ms):
                    if await self._submitted_in_turn(seen):
                        return 0.0
                    await self._submit(seen, spec, waited_ms)
                    wait_s = RETRY_S if seen.refusal else None
                case r.Cancel(reason, message):
                    await self.jobs.cancel(seen.resource.uid, reason, message)
                case r.WriteStatus(new):
                    wait_s = _sooner(wait_s, await self._writer.write(seen, new))
                case r.Delete():
                    await self.kube.delete(seen.resource)
        if wait_s is None and seen.resource.status.job_id and not seen.resource.settled:
            return RETRY_S if self.book.view(seen.resource.uid) is None else None
        return wait_s if wait_s is not None else self._until_ttl(seen.resource)

    async def _look_in_silence(self, seen: Seen) -> float:
        """Write nothing that is old; when nobody else writes either, that nothing is heard."""
        renewed_s = self._writer.numbers_due_s(seen) + SILENT_S
        if self.pulse.silent_s(now_s()) >= SILENT_S and now_s() >= renewed_s:
            for action in r.reconcile(seen.resource, r.Known(silent=True), self._now()):
                if isinstance(action, r.WriteStatus):
                    await self._writer.write(seen, action.status)
        return RETRY_S

    def _only_numbers_wait_s(self, seen: Seen) -> float:
        """Return how long nothing but numbers needs writing: merging histograms costs."""
        view, old = self.book.view(seen.resource.uid), seen.resource.status
        if view is None or seen.resource.settled or seen.resource.spec.get("cancel"):
            return 0.0
        saying = phases.of_view(view)
        same = (old.phase, old.reason) == (saying.phase, saying.reason)
        if not same or status.lost_workers(view) != old.lost_workers:
            return 0.0
        return self._writer.numbers_due_s(seen) - now_s()

    def _now(self) -> datetime:
        """Return the log's time: copies whose clocks differ still agree."""
        return log_datetime(self.clock.now_ns())

    def _until_ttl(self, resource: Resource) -> float | None:
        at = ttl.expiry(resource) if resource.settled else None
        return None if at is None else max(0.1, (at - self._now()).total_seconds())

    async def _known(self, seen: Seen) -> r.Known:
        if seen.resource.settled:
            return r.Known()
        job = seen.resource.uid
        view = self.book.view(job)
        if view is not None:
            return r.Known(view, self.jobs.report(view, self.clock.now_ns()))
        forgotten = bool(seen.resource.status.job_id) and await self.jobs.is_forgotten(job)
        return r.Known(refusal=seen.refusal, forgotten=forgotten)

    async def _submitted_in_turn(self, seen: Seen) -> bool:
        """Let other copies go first where many wait; return whether one has."""
        new = sum(other.resource.wants_job for other in self._seen.values())
        window_s = min(SUBMIT_WINDOW_S, SUBMIT_S * max(0, new - 1))
        await asyncio.sleep(window_s * turn(seen.resource.uid, self.config.copy))
        return self.book.view(seen.resource.uid) is not None

    async def _submit(self, seen: Seen, spec: JobSpec, waited_ms: int) -> None:
        resource = seen.resource
        origin = Origin(
            kind=OriginKind.RESOURCE,
            namespace=resource.namespace,
            name=resource.name,
            cluster=self.config.cluster,
        )
        before = seen.refusal
        try:
            await self.jobs.submit(
                Submission(id=resource.uid, spec=spec, origin=origin, waited_ms=waited_ms)
            )
        except NotEnoughWorkersError as error:
            seen.refusal = Problem(reason="NotEnoughWorkers", message=str(error))
        except JournalUnavailableError as error:
            seen.refusal = Problem(reason="NATSUnavailable", message=str(error))
        else:
            seen.refusal = None
        if before != seen.refusal or seen.refusal is None:
            seen.wake.set()


def _sooner(one: float | None, other: float | None) -> float | None:
    times = [time for time in (one, other) if time is not None]
    return min(times, default=None)
