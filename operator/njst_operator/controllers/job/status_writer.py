"""Writes statuses, in turns: about one write a change, whatever the number of copies.

The first copy by turn writes at once, the others find it written. Two that write over the same
revision cannot both succeed: the API server refuses the second, which looks again.
"""

import asyncio
from dataclasses import dataclass, field

from njst.contract.results.job_status import JobStatus
from njst.journal.state.rendezvous import share
from njst_operator.controllers.job import job_events, job_status_builder
from njst_operator.controllers.job.cached_job import CachedJob
from njst_operator.controllers.job.job_resource import TERMINAL_PHASES, JobResource, resource_of
from njst_operator.coordination.jitter import WINDOW_S, delay_s
from njst_operator.coordination.loop_clock import now_s
from njst_operator.coordination.priority_semaphore import PrioritySemaphore
from njst_operator.kube.api_transport import ConflictError
from njst_operator.kube.event_recorder import EventRecorder
from njst_operator.kube.kube_client import KubeClient
from njst_operator.telemetry.operator_metrics import OperatorMetrics

# Numbers of a running job are written this often, and so often of all running jobs together; what
# is more than a number, at once.
NUMBERS_EVERY_S = 2.0
NUMBERS_A_SECOND = 5
# How long the words of another installation stand about a job that nobody has yet.
LEAVE_S = 60.0
# More would only wait in the API server, and be too late there.
WRITES_AT_ONCE = 2


class ConflictWindow:
    """How long all turns together take: longer while copies get in each other's way.

    Copies do not know how many they are, nor how slow the API server is. Both show in conflicts.
    """

    MOST_S = 16.0

    def __init__(self) -> None:
        self.seconds = WINDOW_S

    def on_conflict(self) -> None:
        """Take more time."""
        self.seconds = min(self.MOST_S, self.seconds * 1.5)

    def on_order(self) -> None:
        """Take less time: a turn was kept."""
        self.seconds = max(WINDOW_S, self.seconds * 0.95)


@dataclass
class StatusWriter:
    """The writing side of one copy."""

    replica: str
    mesh: str
    kube: KubeClient
    events: EventRecorder
    metrics: OperatorMetrics
    _window: ConflictWindow = field(default_factory=ConflictWindow)
    _running: set[str] = field(default_factory=set)
    _slots: PrioritySemaphore = field(default_factory=lambda: PrioritySemaphore(WRITES_AT_ONCE))

    def note(self, resource: JobResource) -> None:
        """Take note of a resource that is there now, in this version."""
        if resource.under_load:
            self._running.add(resource.uid)
        else:
            self._running.discard(resource.uid)

    def forget(self, uid: str) -> None:
        """Take note that a resource is gone."""
        self._running.discard(uid)

    def numbers_due_s(self, cached: CachedJob) -> float:
        """Return the loop time from which on nothing but numbers may be written."""
        every_s = max(NUMBERS_EVERY_S, len(self._running) / NUMBERS_A_SECOND)
        return cached.written_s + every_s + delay_s(cached.resource.uid, self.replica)

    async def write(self, cached: CachedJob, new: JobStatus) -> float | None:
        """Write a status in this copy's turn; return how long to wait when it is not due yet.

        Raises:
            KubeError: it is not known to be written.
        """
        old = cached.resource.status
        new = job_status_builder.fit(new.model_copy(update={"mesh": self.mesh}))
        if new == old or job_status_builder.regresses(old, new):
            return None
        if self._is_said_by_another(cached, new):
            return LEAVE_S
        resource, place = cached.resource, share(cached.resource.uid, self.replica)
        only_numbers = not job_status_builder.says_more_than(old, new)
        if not only_numbers:
            await asyncio.sleep(place * self._window.seconds)
        elif now_s() < (due_s := self.numbers_due_s(cached)):
            return due_s - now_s()
        # Numbers can wait until all that is more has been written.
        async with self._slots.at(place + only_numbers):
            if cached.resource.status.revision != old.revision:
                self._window.on_order()
                return 0.0  # another copy was first
            try:
                cached.resource = resource_of(await self.kube.write_status(resource, new))
            except ConflictError:
                self._window.on_conflict()
                raise
        self._window.on_order()
        self.note(cached.resource)
        cached.written_s = now_s()
        self.metrics.status_writes += 1
        for event in job_events.of_job(old, new):
            await self.events.record(cached.resource, event)
        if cached.resource.generation != resource.generation:
            return 0.0  # the watch will bring nothing newer than this answer has shown
        return NUMBERS_EVERY_S if new.phase not in TERMINAL_PHASES else None

    def _is_said_by_another(self, cached: CachedJob, new: JobStatus) -> bool:
        """Whether another mesh says lately what this one would: both are default, by mistake."""
        old = cached.resource.status
        lately = now_s() < cached.written_s + LEAVE_S
        same = (old.phase, old.observed_generation) == (new.phase, new.observed_generation)
        return old.mesh not in ("", self.mesh) and lately and same and not new.job_id
