"""Lists all resources periodically, in case the watch has missed a change.

This is half of what client-go calls a reflector; kopf does the other half, the watch.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any, Protocol, TypeVar

from njst.contract.names.kubernetes import GROUP
from njst.journal.state.rendezvous import share
from njst_operator.config import Config
from njst_operator.controllers.missing import Missing
from njst_operator.controllers.resource.log_resource import LogResource
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

Resource = TypeVar("Resource", bound=LogResource[Any])


class Store(Protocol[Resource]):
    """The cache that the lists of one kind are compared with."""

    @property
    def plural(self) -> str:
        """The name of the resource type in the API."""

    def read(self, body: Body) -> Resource:
        """Return the resource in an object of the API."""

    def get(self, uid: str) -> Resource | None:
        """Return the newest known version of a resource, or None."""

    def keys(self) -> set[str]:
        """Return the uid of each resource that should be in a list."""

    def on_history_back(self) -> None:
        """Forget all versions: the API server went back to an earlier one."""

    def on_unselected(self, uid: str) -> None:
        """Forget a resource that exists and that another operator handles."""

    async def on_list(self, resources: Collection[Resource], gone: Collection[str]) -> None:
        """Take a whole list, and the uids of the resources that are gone.

        Raises:
            KubeError: the API server does not answer a further request.
        """


@dataclass
class Reflector:
    """The lists of one replica; `after` is awaited when all stores have their lists."""

    config: Config
    kube: KubeClient
    metrics: OperatorMetrics
    replica_health: ReplicaHealth
    stores: Sequence[Store[Any]]
    after: Callable[[], Awaitable[None]]

    def __post_init__(self) -> None:
        """Make the parts."""
        self._missing = [Missing(self.config.grace_s) for _ in self.stores]

    async def run(self) -> None:
        """List until cancelled."""
        for number in count():
            try:
                lists = await self.relist()
                for store, missing, resources in zip(
                    self.stores, self._missing, lists, strict=True
                ):
                    gone = missing.gone(store.keys(), {r.uid for r in resources}, now_s())
                    await store.on_list(resources, await self._without_unselected(store, gone))
                await self.after()
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

    async def relist(self) -> list[list[Any]]:
        """List all resources once, and return those of each store.

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
            for store in self.stores:
                store.on_history_back()
            found, version = await self._list()
        self.replica_health.at_version(version)
        versions = {r.uid: r.resource_version for resources in found for r in resources}
        self.replica_health.listed(versions, now_s())
        return found

    async def _list(self) -> tuple[list[list[Any]], int]:
        """Return the resources of each store, and the lowest version of these lists."""
        found, versions = [], []
        for store in self.stores:
            resources, version = await self._list_of(store)
            found.append(resources)
            versions.append(version)
        return found, min(versions)

    async def _list_of(self, store: Store[Any]) -> tuple[list[Any], int]:
        def read(body: Body) -> Any:
            """Return a listed resource; an unchanged one is taken from the store."""
            meta = body["metadata"]
            stored = store.get(meta["uid"])
            if stored is not None and stored.resource_version == meta["resourceVersion"]:
                return stored
            return store.read(body)

        try:
            return await self.kube.list_at(store.plural, self.config.scope, read)
        except GoneError as error:
            words = f"the resource type {store.plural}.{GROUP} is not installed"
            raise KubeError(f"{words}; kubectl apply -f crds/") from error

    def _fail(self, error: KubeError) -> None:
        """Log why there is no list, once for each reason."""
        message = str(error)
        if message != self.replica_health.lists_failing:
            log.warning("resync: %s", message)
        self.replica_health.list_failed(message)
        self.metrics.errors["kubernetes"] += 1

    async def _without_unselected(self, store: Store[Any], gone: list[str]) -> list[str]:
        """Return what is really gone; what only lost its label is forgotten.

        The job log has no labels: jobs of resources that another operator selects are missing in
        every list of this one.
        """
        if not gone or not self.config.scope.selector:
            return gone
        everything = self.config.scope.unselected()
        there = set(await self.kube.list(store.plural, everything, _uid))
        for uid in there.intersection(gone):
            store.on_unselected(uid)
        return [uid for uid in gone if uid not in there]


def _uid(body: Body) -> str:
    return str(body["metadata"]["uid"])
