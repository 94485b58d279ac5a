"""Routes what the watch and the lists show of one kind to its controller."""

import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic

from njst.contract.events import Origin, OriginKind
from njst_operator.controllers.ownership import Ownership
from njst_operator.controllers.resource.cached_resource import Resource
from njst_operator.controllers.resource.resource_controller import ResourceController
from njst_operator.controllers.tombstones import Tombstones
from njst_operator.coordination.background_tasks import BackgroundTasks
from njst_operator.coordination.loop_clock import now_s
from njst_operator.kube.api_transport import Body, KubeError
from njst_operator.kube.cluster_identity import ClusterIdentity
from njst_operator.kube.kube_client import KubeClient
from njst_operator.kube.watch_scope import WatchScope
from njst_operator.telemetry.replica_health import ReplicaHealth

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RoutedKind(Generic[Resource]):
    """What a route has to know of its kind.

    Attributes:
        plural: Name of the resource type in the API.
        read: Returns the resource in an object of the API.
        deleted: Reason and message of what is cancelled because its resource was deleted.
        open_origins: Returns where each open job or experiment of the log came from, by id.
        on_taken: Takes each resource of this installation.
        on_forgotten: Takes each resource that is gone, or is another operator's now.
    """

    plural: str
    read: Callable[[Body], Resource]
    deleted: tuple[str, str]
    open_origins: Callable[[], Mapping[str, Origin]]
    on_taken: Callable[[Resource], None]
    on_forgotten: Callable[[Resource], None]


@dataclass
class Route(Generic[Resource]):
    """The resources of one kind that this installation handles; see `Store` of the reflector."""

    kind: RoutedKind[Resource]
    controller: ResourceController[Resource, Any]
    scope: WatchScope
    kube: KubeClient
    ownership: Ownership
    identity: ClusterIdentity
    replica_health: ReplicaHealth
    tasks: BackgroundTasks
    # Deleted resources: an older list must not bring one back.
    _deleted: Tombstones = field(default_factory=Tombstones)

    @property
    def plural(self) -> str:
        """The name of the resource type in the API."""
        return self.kind.plural

    def read(self, body: Body) -> Resource:
        """Return the resource in an object of the API."""
        return self.kind.read(body)

    def get(self, uid: str) -> Resource | None:
        """Return the newest known version of a resource, or None."""
        return self.controller.get(uid)

    def keys(self) -> set[str]:
        """Return the uids of all resources that are known, or run something of this cluster."""
        return self.controller.resources().keys() | {
            uid
            for uid, origin in self.kind.open_origins().items()
            if origin.kind is OriginKind.RESOURCE
            and self.identity.is_own(origin.cluster)
            and self.scope.covers(origin.namespace)
        }

    def on_watched(self, resource: Resource) -> None:
        """Take a resource from the watch; what others than njst write into it wakes nobody."""
        if resource.uid not in self._deleted:
            self.replica_health.delivered(resource.uid, resource.resource_version)
        self.take(resource, is_listed=False)

    def on_unwatched(self, uid: str) -> None:
        """Take note that the watch has shown the end of a resource.

        With a selector the resource may only have lost its label, which looks the same.
        """
        resource = self.get(uid)
        if resource is None or not self.scope.selector:
            self.on_deleted(uid)
        else:
            self.tasks.start(self._check_deleted(resource), f"look for {uid}")

    async def _check_deleted(self, resource: Resource) -> None:
        try:
            is_there = await self.kube.is_there(resource)
        except KubeError as error:
            # The next lists will find out.
            log.warning("%s: gone, or not selected any more? %s", resource.name, error)
            return
        if is_there:
            self.on_unselected(resource.uid)
        else:
            self.on_deleted(resource.uid)

    def on_deleted(self, uid: str) -> None:
        """Take note that a resource is gone, and stop what it runs."""
        self._deleted.add(uid, now_s())
        self.on_unselected(uid)
        self.tasks.start(self.controller.cancel(uid, *self.kind.deleted), f"cancel {uid}")

    def on_unselected(self, uid: str) -> None:
        """Forget a resource that is there, and is another operator's: what it runs goes on."""
        self.replica_health.removed(uid)
        self._forget(uid)

    def on_history_back(self) -> None:
        """Take all resources anew: the API server went back to an earlier version."""
        # Also those that were deleted since.
        self._deleted.clear()
        self.controller.on_history_back()

    async def on_list(self, resources: Collection[Resource], gone: Collection[str]) -> None:
        """Take a whole list, and the uids of those that are gone.

        Raises:
            KubeError: the API server does not answer.
        """
        await self.identity.get()
        for resource in resources:
            self.take(resource, is_listed=True)
        for uid in gone:
            self.on_deleted(uid)

    def take(self, resource: Resource, *, is_listed: bool) -> bool:
        """Hand a resource to its controller; return whether it is this installation's."""
        if resource.uid in self._deleted:
            return False
        in_own_log = self.controller.is_in_log(resource.uid)
        if self.ownership.takes(resource, in_own_log=in_own_log):
            self.kind.on_taken(self.controller.update(resource, is_listed=is_listed))
            return True
        self._forget(resource.uid)
        if resource.accepting_mesh and not resource.mesh:
            self.controller.on_accepted_elsewhere(resource)
        return False

    def _forget(self, uid: str) -> None:
        resource = self.controller.forget(uid)
        if resource is not None:
            self.kind.on_forgotten(resource)
