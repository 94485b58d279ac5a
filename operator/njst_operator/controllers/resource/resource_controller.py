"""Reconciles resources of one kind: carries out what is decided. Every replica does the same."""

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic

from njst.backoff import Backoff
from njst.contract.results.outcome import Problem
from njst.journal.interfaces import JournalUnavailableError
from njst.journal.state.rendezvous import share
from njst_operator.config import Config
from njst_operator.controllers.loop import ControllerLoop
from njst_operator.controllers.resource.actions import (
    AnnotateAccepted,
    Cancel,
    Delete,
    WriteStatus,
)
from njst_operator.controllers.resource.cached_resource import CachedResource, Resource
from njst_operator.controllers.resource.disconnected_status import DISCONNECTED_S
from njst_operator.controllers.resource.log_resource import ACCEPTED_UID, LogStatus
from njst_operator.controllers.resource.status_writer import StatusKind, StatusWriter
from njst_operator.coordination.background_tasks import BackgroundTasks
from njst_operator.coordination.jitter import delay_s
from njst_operator.coordination.loop_clock import now_s
from njst_operator.kube.api_transport import ConflictError, GoneError, KubeError
from njst_operator.kube.event_recorder import EventRecorder
from njst_operator.kube.kube_client import KubeClient
from njst_operator.kube.kube_event import KubeEvent
from njst_operator.telemetry.operator_metrics import OperatorMetrics
from njst_operator.telemetry.replica_health import ReplicaHealth

log = logging.getLogger(__name__)

BACKOFF = Backoff(first_s=1.0, factor=2.0, ceiling_s=8.0)
# How soon a resource that waits for workers or for the log is looked at again.
RETRY_S = 1.0
# All replicas submit a single resource at once, and the first one wins. Of many each replica begins
# with different ones: this long per resource, and at most the window in all.
SUBMIT_S = 0.02
SUBMIT_WINDOW_S = 2.0


class OvertakenError(Exception):
    """Another replica was first: what was decided is old."""


@dataclass(kw_only=True)
class ResourceController(ABC, Generic[Resource, LogStatus]):
    """The resources of one kind and one replica, by uid."""

    config: Config
    kube: KubeClient
    metrics: OperatorMetrics
    replica_health: ReplicaHealth
    tasks: BackgroundTasks
    # Whether the control NATS is connected.
    is_connected: Callable[[], bool]
    _cache: dict[str, CachedResource[Resource]] = field(default_factory=dict)
    # Resources without spec.mesh that another installation has accepted.
    _accepted_elsewhere: dict[str, Resource] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Make the parts."""
        config = self.config
        self._events = EventRecorder(self.kube, self.metrics)
        self._writer: StatusWriter[LogStatus] = StatusWriter(
            config.replica,
            config.mesh,
            self.kube,
            self._events,
            self.metrics,
            self._status_kind(),
        )
        self.loop = ControllerLoop(self, BACKOFF, self.metrics, in_background=not config.once)

    @abstractmethod
    def _status_kind(self) -> StatusKind[LogStatus]:
        """Return what the writer has to know of the statuses."""

    @abstractmethod
    def now(self) -> datetime:
        """Return the log's time."""

    @abstractmethod
    def is_in_log(self, uid: str) -> bool:
        """Whether this replica has read of a resource in the log."""

    @abstractmethod
    def is_open(self, uid: str) -> bool:
        """Whether the log has it and it can still be cancelled."""

    @abstractmethod
    async def _append_cancel(self, uid: str, reason: str, message: str) -> None:
        """Cancel it in the log.

        Raises:
            JournalUnavailableError: repeat it later.
        """

    @abstractmethod
    async def _decide(self, cached: CachedResource[Resource]) -> Iterable[object]:
        """Return the actions for a resource, in their order.

        Raises:
            KubeError: repeat it later.
            JournalUnavailableError: repeat it later.
        """

    @abstractmethod
    def _decide_disconnected(
        self, cached: CachedResource[Resource]
    ) -> Iterable[WriteStatus[LogStatus]]:
        """Return the actions for a resource under load while NATS has not answered for long."""

    @abstractmethod
    async def _perform(self, cached: CachedResource[Resource], action: Any) -> float | None:
        """Carry out an action of this kind alone; return when to reconcile again.

        Raises:
            OvertakenError: decide again at once.
            KubeError: repeat it later.
            JournalUnavailableError: repeat it later.
        """

    @abstractmethod
    def _changes_only_numbers(self, cached: CachedResource[Resource]) -> bool:
        """Whether its status can differ from the one that is written in numbers alone."""

    def resources(self) -> dict[str, Resource]:
        """Return the newest known version of each resource, by uid."""
        return {uid: cached.resource for uid, cached in self._cache.items()}

    def get(self, uid: str) -> Resource | None:
        """Return the newest known version of a resource, or None."""
        cached = self._cache.get(uid)
        return None if cached is None else cached.resource

    def update(self, resource: Resource, *, is_listed: bool = False) -> Resource:
        """Take one version of a resource, from a watch or a list; return the newest known one.

        It is reconciled if there is news in it, and after a list unless it is over.
        """
        uid, cached, has_news = resource.uid, self._cache.get(resource.uid), False
        if cached is None:
            cached, has_news = self._cache.setdefault(uid, CachedResource(resource)), True
        elif resource.is_newer_than(cached.resource):
            has_news = not resource.is_equivalent_to(cached.resource)
            if cached.resource.status != resource.status:
                cached.written_s = now_s()
            cached.resource = resource
        self._writer.note(cached.resource)
        if has_news or (is_listed and not cached.resource.is_finished):
            self.loop.wake(uid, is_new=has_news)
        return cached.resource

    def forget(self, uid: str) -> Resource | None:
        """Drop a resource, and return it; what it runs goes on."""
        self._accepted_elsewhere.pop(uid, None)
        self._writer.forget(uid)
        self.loop.forget(uid)
        cached = self._cache.pop(uid, None)
        return None if cached is None else cached.resource

    def on_history_back(self) -> None:
        """Take all resources anew: they are as they once were, and may have other versions now."""
        for cached in self._cache.values():
            cached.resource = cached.resource.as_oldest()

    def on_log_changed(self, uid: str) -> None:
        """Reconcile a resource about which the log has something new."""
        self._stop_twin_of(uid)
        if uid in self._cache:
            self.loop.wake(uid)

    def on_accepted_elsewhere(self, resource: Resource) -> None:
        """Stop what runs here of a resource that another default installation has accepted."""
        self._accepted_elsewhere[resource.uid] = resource
        self._stop_twin_of(resource.uid)

    def _stop_twin_of(self, uid: str) -> None:
        resource = self._accepted_elsewhere.get(uid)
        if resource is not None and self.is_open(uid):
            both = f"{self.config.mesh} and {resource.accepting_mesh}"
            message = (
                f"the meshes {both} both take {resource.noun}s without spec.mesh, and"
                f" {resource.accepting_mesh} runs this one: set --default-mesh=false in all but one"
            )
            log.error("%s: %s", resource.name, message)
            self.tasks.start(self._stop_twin(resource, message), f"yield {uid}")

    async def _stop_twin(self, resource: Resource, message: str) -> None:
        await self.cancel(resource.uid, "TwoDefaultMeshes", message)
        await self._events.record(resource, KubeEvent("TwoDefaultMeshes", message, warning=True))

    async def cancel(self, uid: str, reason: str, message: str) -> None:
        """Stop what a resource runs unless it is over or unknown; an outage is only logged.

        The caller need not repeat it. What is still open without its resource is reported as
        deleted again by each later list. That of a resource which another installation has
        accepted is stopped again when it changes, and with each list.
        """
        if not self.is_open(uid):
            return
        try:
            await self._append_cancel(uid, reason, message)
        except JournalUnavailableError as error:
            log.warning("%s is not cancelled yet: %s", uid, error)

    def describe(self, key: str) -> str:
        """Return namespace and name of a resource."""
        resource = self._cache[key].resource
        return f"{resource.namespace}/{resource.name}"

    async def reconcile(self, key: str) -> float | None:
        """Do what is to be done about a resource now; see `Reconciler`."""
        cached = self._cache[key]
        self.replica_health.nats(self.is_connected(), now_s())
        if not self.replica_health.nats_connected and cached.resource.under_load:
            return await self._reconcile_disconnected(cached)
        if self._changes_only_numbers(cached):
            numbers_s = self._writer.numbers_due_s(cached) - now_s()
            if numbers_s > 0:
                return numbers_s
        try:
            requeue_after_s = await self._act(cached)
        except OvertakenError:
            return 0.0
        resource = cached.resource
        if requeue_after_s is None and resource.is_accepted and not resource.is_finished:
            return None if self.is_in_log(key) else RETRY_S
        return requeue_after_s if requeue_after_s is not None else self._until_ttl(resource)

    async def _act(self, cached: CachedResource[Resource]) -> float | None:
        requeue_after_s: float | None = None
        written_s: float | None
        for action in await self._decide(cached):
            match action:
                case Cancel(reason, message):
                    await self._append_cancel(cached.resource.uid, reason, message)
                case WriteStatus(new):
                    written_s = await self._writer.write(cached, new)
                    requeue_after_s = _sooner(requeue_after_s, written_s)
                case AnnotateAccepted(uid):
                    await self._annotate_accepted(cached, uid)
                case Delete():
                    await self.kube.delete(cached.resource)
                case _:
                    own_s = await self._perform(cached, action)
                    requeue_after_s = _sooner(requeue_after_s, own_s)
        return requeue_after_s

    async def _let_others_submit(self, cached: CachedResource[Resource]) -> None:
        """Let other replicas go first where many wait.

        Raises:
            OvertakenError: one has submitted it.
        """
        waiting = sum(other.resource.wants_acceptance for other in self._cache.values())
        window_s = min(SUBMIT_WINDOW_S, SUBMIT_S * max(0, waiting - 1))
        await asyncio.sleep(window_s * share(cached.resource.uid, self.config.replica))
        if self.is_in_log(cached.resource.uid):
            raise OvertakenError

    def _keep_failure(self, cached: CachedResource[Resource], failure: Problem | None) -> float:
        """Keep why a submission failed, or that it did not; return when to look at it again."""
        before, cached.not_submitted = cached.not_submitted, failure
        return RETRY_S if failure is not None and failure == before else 0.0

    async def _annotate_accepted(self, cached: CachedResource[Resource], uid: str) -> None:
        if uid != cached.resource.uid:
            await self.kube.annotate(cached.resource, ACCEPTED_UID, uid)
        elif not cached.is_annotating:
            cached.is_annotating = True
            self.tasks.start(self._annotate_until_written(cached), f"annotate {uid}")

    async def _annotate_until_written(self, cached: CachedResource[Resource]) -> None:
        """Annotate a resource as accepted unless another replica has; nothing waits for that."""
        uid = cached.resource.uid
        wait_s = delay_s(uid, self.config.replica)
        while uid in self._cache:
            await asyncio.sleep(wait_s)
            try:
                if cached.resource.accepted_uid != uid:
                    await self.kube.annotate(cached.resource, ACCEPTED_UID, uid)
            except (ConflictError, GoneError):
                pass
            except KubeError as error:
                self.metrics.errors["kubernetes"] += 1
                log.warning("%s is not annotated as accepted yet: %s", cached.resource.name, error)
                wait_s = max(BACKOFF.ceiling_s, error.retry_s)
                continue
            break
        cached.is_annotating = False

    async def _reconcile_disconnected(self, cached: CachedResource[Resource]) -> float:
        """Write nothing that is old; if no replica writes anything, that NATS does not answer."""
        renewed_s = self._writer.numbers_due_s(cached) + DISCONNECTED_S
        if self.replica_health.silent_s(now_s()) >= DISCONNECTED_S and now_s() >= renewed_s:
            for action in self._decide_disconnected(cached):
                await self._writer.write(cached, action.status)
        return RETRY_S

    def _until_ttl(self, resource: Resource) -> float | None:
        at = resource.expires_at if resource.is_finished and not resource.deleting else None
        return None if at is None else max(0.1, (at - self.now()).total_seconds())


def _sooner(one: float | None, other: float | None) -> float | None:
    times = [time for time in (one, other) if time is not None]
    return min(times, default=None)
