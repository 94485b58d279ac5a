"""The requests that the operator makes to the API server."""

import builtins
import contextlib
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any, TypeVar

from njst.contract.names.kubernetes import API_VERSION, GROUP, VERSION
from njst_operator.kube.api_transport import ApiTransport, Body, ConflictError, GoneError, Request
from njst_operator.kube.conditions import time_text
from njst_operator.kube.kube_event import KubeEvent
from njst_operator.kube.kube_object import KubeObject, Status
from njst_operator.kube.watch_scope import WatchScope

# A page of a list: some 100 resources of at most 8 KiB of status each.
PAGE = 100
COMPONENT = "njst-operator"
_ROOT = f"/apis/{GROUP}/{VERSION}"
_REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
_WHOAMI = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
_SIGNING_KEYS = "/openid/v1/jwks"

Read = TypeVar("Read")


class KubeClient:
    """The resources of one API server."""

    def __init__(self, api: ApiTransport) -> None:
        self._api = api

    async def list(
        self, plural: str, scope: WatchScope, read: Callable[[Body], Read]
    ) -> list[Read]:
        """List a scope and return `read` of each object; consistent within a namespace.

        Lists come in pages, so that never more than one page of whole objects is in memory.
        """
        return (await self.list_at(plural, scope, read))[0]

    async def list_at(
        self, plural: str, scope: WatchScope, read: Callable[[Body], Read]
    ) -> "tuple[builtins.list[Read], int]":
        """Return the same, and the lowest resourceVersion of these lists."""
        found: builtins.list[Read] = []
        versions: builtins.list[int] = []
        for namespace in scope.listed_namespaces:
            path = _path(plural, namespace)
            query = {"limit": str(PAGE)}
            if scope.selector.text:
                query["labelSelector"] = scope.selector.text
            while True:
                page = await self._api.ask(Request("GET", path, query=query))
                found += [read(body) for body in page["items"]]
                token = page["metadata"].get("continue")
                if not token:
                    break
                query = {**query, "continue": token}
            versions.append(int(page["metadata"]["resourceVersion"]))
        return found, min(versions)

    async def is_there(self, resource: KubeObject[Any]) -> bool:
        """Whether the resource with this uid exists, whatever its labels."""
        query = {"fieldSelector": f"metadata.name={resource.name}"}
        path = _path(resource.plural, resource.namespace)
        page = await self._api.ask(Request("GET", path, query=query))
        return any(body["metadata"]["uid"] == resource.uid for body in page["items"])

    async def serves(self, plural: str) -> bool:
        """Whether the API server serves this type of resource; needs no rights.

        kopf looks the types up once, when a watch begins.
        """
        try:
            offered = await self._api.ask(Request("GET", _ROOT))
        except GoneError:
            return False
        return any(kind["name"] == plural for kind in offered.get("resources") or ())

    async def may(self, verb: str, resource: str, group: str, namespace: str) -> bool:
        """Whether this account has a right, in a namespace or in all; needs no rights."""
        kind, _, subresource = resource.partition("/")
        attributes = {"verb": verb, "group": group, "resource": kind, "subresource": subresource}
        body = {"spec": {"resourceAttributes": {**attributes, "namespace": namespace}}}
        answer = await self._api.ask(Request("POST", _REVIEWS, body))
        return bool(answer["status"]["allowed"])

    async def whoami(self) -> Body:
        """Return the user that the API server takes this account for; needs no rights."""
        answer = await self._api.ask(Request("POST", _WHOAMI, {}))
        user: Body = (answer.get("status") or {}).get("userInfo") or {}
        return user

    async def signing_keys(self) -> tuple[str, ...]:
        """Return the ids of the keys that sign ServiceAccount tokens."""
        answer = await self._api.ask(Request("GET", _SIGNING_KEYS))
        return tuple(str(key["kid"]) for key in answer.get("keys") or [] if "kid" in key)

    async def login_trouble(self) -> str:
        """Return why the API server will not accept the operator's login; empty if it may."""
        return await self._api.login_trouble()

    async def get(self, resource: KubeObject[Any]) -> Body:
        """Return the present version of a resource.

        Raises:
            GoneError: there is no resource of this name.
        """
        return await self._api.ask(Request("GET", _path_of(resource)))

    async def find(self, plural: str, namespace: str, name: str) -> Body | None:
        """Return the present resource of a name, or None; needs only the right to list."""
        query = {"fieldSelector": f"metadata.name={name}"}
        page = await self._api.ask(Request("GET", _path(plural, namespace), query=query))
        return next(iter(page["items"]), None)

    async def create(self, plural: str, namespace: str, body: Body) -> Body:
        """Create a resource.

        Raises:
            ConflictError: the name is in use.
        """
        return await self._api.ask(Request("POST", _path(plural, namespace), body))

    async def write_status(self, resource: KubeObject[Status], new: Status) -> Body:
        """Replace a status by compare-and-set on its revision; return the new resource.

        The condition is not the resourceVersion, so that frequent writes by others to the rest of
        the resource cause no conflicts.

        Raises:
            ConflictError: another replica has written a status since, or the uid is another.
            GoneError: it does not exist any more.
        """
        revision = resource.status.revision
        written = {**new.model_dump(mode="json", exclude_none=True), "revision": revision + 1}
        patch: list[Body] = [
            {"op": "test", "path": "/metadata/uid", "value": resource.uid},
            {"op": "test", "path": "/status/revision", "value": revision},
            {"op": "add", "path": "/status", "value": written},
        ]
        return await self._api.ask(Request("PATCH", f"{_path_of(resource)}/status", patch))

    async def annotate(self, resource: KubeObject[Any], key: str, value: str) -> None:
        """Write one annotation into the resource with this uid, not into another of its name.

        Raises:
            ConflictError: the uid is another.
            GoneError: it does not exist any more.
        """
        body = {"metadata": {"uid": resource.uid, "annotations": {key: value}}}
        await self._api.ask(Request("PATCH", _path_of(resource), body))

    async def delete(self, resource: KubeObject[Any]) -> None:
        """Delete the resource with this uid, not another of its name; it may be gone already."""
        body = {"preconditions": {"uid": resource.uid}}
        with contextlib.suppress(GoneError, ConflictError):
            await self._api.ask(Request("DELETE", _path_of(resource), body))

    async def record(self, resource: KubeObject[Any], event: KubeEvent) -> None:
        """Create a Kubernetes Event; all replicas give it the same name, so it is created once."""
        body = _event(resource, event, time_text(datetime.now(UTC)))
        path = f"/api/v1/namespaces/{resource.namespace}/events"
        with contextlib.suppress(ConflictError):  # another replica was first
            await self._api.ask(Request("POST", path, body))


def _path(plural: str, namespace: str) -> str:
    return f"{_ROOT}/namespaces/{namespace}/{plural}" if namespace else f"{_ROOT}/{plural}"


def _path_of(resource: KubeObject[Any]) -> str:
    return f"{_path(resource.plural, resource.namespace)}/{resource.name}"


def _event(resource: KubeObject[Any], event: KubeEvent, now: str) -> Body:
    about = blake2b(event.about.encode(), digest_size=4).hexdigest() if event.about else ""
    # No part of a name may end with a dash or a dot.
    parts = (resource.name[:120].rstrip("-."), resource.uid[:8], event.reason.lower(), about)
    return {
        "metadata": {
            "name": ".".join(part for part in parts if part),
            "namespace": resource.namespace,
        },
        "involvedObject": {
            "apiVersion": API_VERSION,
            "kind": resource.kind,
            "name": resource.name,
            "namespace": resource.namespace,
            "uid": resource.uid,
        },
        "reason": event.reason,
        "message": event.message[:1000],
        "type": "Warning" if event.warning else "Normal",
        "firstTimestamp": now,
        "lastTimestamp": now,
        "count": 1,
        "source": {"component": COMPONENT},
        "reportingComponent": COMPONENT,
    }
