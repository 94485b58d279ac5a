"""Lists the NjstJobs periodically, in case the watch has missed a change.

This is half of what client-go calls a reflector; kopf does the other half, the watch.
"""

import asyncio
import logging
from collections.abc import Collection
from dataclasses import dataclass
from itertools import count
from typing import Protocol

from njst.contract.names.kubernetes import GROUP, PLURAL
from njst.journal.state.rendezvous import share
from njst_operator.config import Config
from njst_operator.controllers.job.job_resource import JobResource, resource_of
from njst_operator.controllers.missing import Missing
from njst_operator.coordination.loop_clock import now_s
from njst_operator.kube.api_transport import Body, GoneError, KubeError
from njst_operator.kube.kube_client import KubeClient
from njst_operator.telemetry.operator_metrics import OperatorMetrics
from njst_operator.telemetry.replica_health import ReplicaHealth

log = logging.getLogger(__name__)

# The second list finds what changed between the first list and the beginning of the watch. Later
# lists cost more than they find, and come less often.
EAGER_LISTS = 2
RARELY = 4
RETRY_LIST_S = 5.0
NOT_INSTALLED = f"the resource type {PLURAL}.{GROUP} is not installed; kubectl apply -f crds/"


class Store(Protocol):
    """The cache that the lists are compared with."""

    def get(self, uid: str) -> JobResource | None:
        """Return the newest known version of a resource, or None."""

    def keys(self) -> set[str]:
        """Return the uid of each resource that should be in a list."""

    def on_history_back(self) -> None:
        """Forget all versions: the API server went back to an earlier one."""

    def on_unselected(self, uid: str) -> None:
        """Forget a resource that exists and that another operator handles."""

    async def on_list(self, resources: Collection[JobResource], gone: Collection[str]) -> None:
        """Take a whole list, and the uids of the resources that are gone.

        Raises:
            KubeError: the API server does not answer a further request.
        """


@dataclass
class Reflector:
    """The lists of one replica."""

    config: Config
    kube: KubeClient
    metrics: OperatorMetrics
    replica_health: ReplicaHealth
    store: Store

    def __post_init__(self) -> None:
        """Make the parts."""
        self._missing = Missing(self.config.grace_s)

    async def run(self) -> None:
        """List until cancelled."""
        for number in count():
            try:
                resources = await self.relist()
                gone = await self._without_unselected(self._gone({r.uid for r in resources}))
                await self.store.on_list(resources, gone)
                period_s: float = self.config.resync_s * (1 if number < EAGER_LISTS else RARELY)
            except KubeError as error:
                self._fail(error)
                period_s = min(RETRY_LIST_S, self.config.resync_s)
            await self._rest(period_s * (0.8 + 0.4 * share("resync", self.config.replica)))

    async def _rest(self, period_s: float) -> None:
        """Wait for the next list; without a watch not for long: lists do its work then."""
        end_s = now_s() + period_s
        while (left_s := end_s - now_s()) > 0:
            await asyncio.sleep(min(left_s, RETRY_LIST_S))
            if self.replica_health.watch_trouble:
                return

    async def relist(self) -> list[JobResource]:
        """List all resources once, and return them.

        Raises:
            KubeError: they cannot be listed.
        """
        known = self.replica_health.highest
        found, version = await self._list()
        if version < known:
            # A list is at least as new as anything seen before, unless an older state of etcd was
            # restored.
            log.error("the API server went back from version %d to %d", known, version)
            self.replica_health.history_back()
            self.store.on_history_back()
            found, version = await self._list()
        self.replica_health.at_version(version)
        self.replica_health.listed({r.uid: r.resource_version for r in found}, now_s())
        return found

    async def _list(self) -> tuple[list[JobResource], int]:
        return await self.kube.list_at(JobResource.plural, self.config.scope, self._read)

    def _fail(self, error: KubeError) -> None:
        """Log why there is no list, once for each reason."""
        message = NOT_INSTALLED if isinstance(error, GoneError) else str(error)
        if message != self.replica_health.lists_failing:
            log.warning("resync: %s", message)
        self.replica_health.list_failed(message)
        self.metrics.errors["kubernetes"] += 1

    def _read(self, body: Body) -> JobResource:
        """Return the resource in a listed object; an unchanged one is taken from the store."""
        meta = body["metadata"]
        stored = self.store.get(meta["uid"])
        if stored is not None and stored.resource_version == meta["resourceVersion"]:
            return stored
        return resource_of(body)

    async def _without_unselected(self, gone: list[str]) -> list[str]:
        """Return what is really gone; what only lost its label is forgotten.

        The job log has no labels: jobs of resources that another operator selects are missing in
        every list of this one.
        """
        if not gone or not self.config.scope.selector:
            return gone
        everything = self.config.scope.unselected()
        there = set(await self.kube.list(JobResource.plural, everything, _uid))
        for uid in there.intersection(gone):
            self.store.on_unselected(uid)
        return [uid for uid in gone if uid not in there]

    def _gone(self, listed: set[str]) -> list[str]:
        """Return the uids that have been missing for the grace period."""
        return self._missing.gone(self.store.keys(), listed, now_s())


def _uid(body: Body) -> str:
    return str(body["metadata"]["uid"])
