"""Writes statuses: about one write per change, whatever the number of replicas.

The replica that is first by rank writes at once; the others wait, and find the status written. Of
two writes over the same revision the API server refuses the second, and that replica reconciles.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic

from njst.journal.state.rendezvous import share
from njst_operator.controllers.resource.cached_resource import CachedResource
from njst_operator.controllers.resource.log_resource import (
    TERMINAL_PHASES,
    LogResource,
    LogStatus,
    log_id_of,
)
from njst_operator.coordination.jitter import WINDOW_S, delay_s
from njst_operator.coordination.loop_clock import now_s
from njst_operator.coordination.priority_semaphore import PrioritySemaphore
from njst_operator.kube.api_transport import Body, ConflictError
from njst_operator.kube.event_recorder import EventRecorder
from njst_operator.kube.kube_client import KubeClient
from njst_operator.kube.kube_event import KubeEvent
from njst_operator.telemetry.operator_metrics import OperatorMetrics

# Of what runs, mere numbers are written this often, and so often of all that run together.
# Anything else is written at once.
NUMBERS_EVERY_S = 2.0
NUMBERS_A_SECOND = 5
# How long the status that another installation has written about what is in no log stands.
LEAVE_S = 60.0
# More would only queue in the API server, and be outdated there.
WRITES_AT_ONCE = 2


class ConflictWindow:
    """The window over which replicas spread their writes: longer while they conflict.

    Replicas know neither how many they are nor how slow the API server is. Conflicts show both.
    """

    MOST_S = 16.0

    def __init__(self) -> None:
        self.seconds = WINDOW_S

    def on_conflict(self) -> None:
        """Widen the window."""
        self.seconds = min(self.MOST_S, self.seconds * 1.5)

    def on_success(self) -> None:
        """Narrow the window: a write met no conflict."""
        self.seconds = max(WINDOW_S, self.seconds * 0.95)


@dataclass(frozen=True)
class StatusKind(Generic[LogStatus]):
    """What a writer has to know of the statuses of one kind.

    Attributes:
        read: Returns the resource in an object of the API.
        fit: Returns a status of at most `MAX_BYTES`.
        regresses: Whether the second status is a step back from the first one.
        changes_more_than_numbers: Whether the second one is to be written at once.
        events: Returns the Events for what is in the second one and not in the first one.
    """

    read: Callable[[Body], LogResource[LogStatus]]
    fit: Callable[[LogStatus], LogStatus]
    regresses: Callable[[LogStatus, LogStatus], bool]
    changes_more_than_numbers: Callable[[LogStatus, LogStatus], bool]
    events: Callable[[LogStatus, LogStatus], list[KubeEvent]]


@dataclass
class StatusWriter(Generic[LogStatus]):
    """The status writes of one replica, of one kind."""

    replica: str
    mesh: str
    kube: KubeClient
    events: EventRecorder
    metrics: OperatorMetrics
    kind: StatusKind[LogStatus]
    _window: ConflictWindow = field(default_factory=ConflictWindow)
    _running: set[str] = field(default_factory=set)
    _slots: PrioritySemaphore = field(default_factory=lambda: PrioritySemaphore(WRITES_AT_ONCE))

    def note(self, resource: LogResource[LogStatus]) -> None:
        """Take the newest version of a resource."""
        if resource.under_load:
            self._running.add(resource.uid)
        else:
            self._running.discard(resource.uid)

    def forget(self, uid: str) -> None:
        """Forget a resource."""
        self._running.discard(uid)

    def numbers_due_s(self, cached: CachedResource[Any]) -> float:
        """Return the loop time from which a status may be written for its numbers alone."""
        every_s = max(NUMBERS_EVERY_S, len(self._running) / NUMBERS_A_SECOND)
        return cached.written_s + every_s + delay_s(cached.resource.uid, self.replica)

    async def write(self, cached: CachedResource[Any], new: LogStatus) -> float | None:
        """Write a status when it is this replica's turn.

        Returns:
            Seconds until the resource is to be reconciled again; None: not before it changes.

        Raises:
            KubeError: it is not known to be written.
        """
        old = cached.resource.status
        new = self.kind.fit(new.model_copy(update={"mesh": self.mesh}))
        if new == old or self.kind.regresses(old, new):
            return None
        if self._is_written_by_another_mesh(cached, new):
            return LEAVE_S
        resource, place = cached.resource, share(cached.resource.uid, self.replica)
        only_numbers = not self.kind.changes_more_than_numbers(old, new)
        if not only_numbers:
            await asyncio.sleep(place * self._window.seconds)
        elif now_s() < (due_s := self.numbers_due_s(cached)):
            return due_s - now_s()
        # Mere numbers let all other writes go first.
        async with self._slots.at(place + only_numbers):
            if cached.resource.status.revision != old.revision:
                self._window.on_success()
                return 0.0  # another replica was first
            try:
                cached.resource = self.kind.read(await self.kube.write_status(resource, new))
            except ConflictError:
                self._window.on_conflict()
                raise
        self._window.on_success()
        self.note(cached.resource)
        cached.written_s = now_s()
        self.metrics.status_writes += 1
        for event in self.kind.events(old, new):
            await self.events.record(cached.resource, event)
        if cached.resource.generation != resource.generation:
            return 0.0  # the watch will bring nothing newer than this answer has shown
        return NUMBERS_EVERY_S if new.phase not in TERMINAL_PHASES else None

    def _is_written_by_another_mesh(self, cached: CachedResource[Any], new: LogStatus) -> bool:
        """Whether another mesh has just written the same: both are the default mesh, by mistake."""
        old = cached.resource.status
        lately = now_s() < cached.written_s + LEAVE_S
        same = (old.phase, old.observed_generation) == (new.phase, new.observed_generation)
        return old.mesh not in ("", self.mesh) and lately and same and not log_id_of(new)
