"""What the operator asks of the API server, and no more."""

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
    """The resources in one API server."""

    def __init__(self, api: ApiTransport) -> None:
        self._api = api

    async def list(
        self, plural: str, scope: WatchScope, read: Callable[[Body], Read]
    ) -> list[Read]:
        """Return what `read` makes of each resource of a scope, those of a namespace at one moment.

        They come in pages, so that never more than a page of whole objects is held.
        """
        return (await self.list_at(plural, scope, read))[0]

    async def list_at(
        self, plural: str, scope: WatchScope, read: Callable[[Body], Read]
    ) -> "tuple[builtins.list[Read], int]":
        """Return the same with the oldest version of a namespace's list, as a number."""
        found: builtins.list[Read] = []
        versions: builtins.list[int] = []
        for namespace in scope.asked:
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

    async def is_there(self, held: KubeObject[Any]) -> bool:
        """Whether this very resource exists, whatever its labels are."""
        query = {"fieldSelector": f"metadata.name={held.name}"}
        path = _path(held.plural, held.namespace)
        page = await self._api.ask(Request("GET", path, query=query))
        return any(body["metadata"]["uid"] == held.uid for body in page["items"])

    async def serves(self, plural: str) -> bool:
        """Whether the API server offers this type of resource; everybody may ask.

        What it offers is where a watch looks for what it is to watch, once, when it begins.
        """
        try:
            offered = await self._api.ask(Request("GET", _ROOT))
        except GoneError:
            return False
        return any(kind["name"] == plural for kind in offered.get("resources") or ())

    async def may(self, verb: str, resource: str, group: str, namespace: str) -> bool:
        """Whether this account has a right, in a namespace or in all; everybody may ask."""
        kind, _, subresource = resource.partition("/")
        asked = {"verb": verb, "group": group, "resource": kind, "subresource": subresource}
        body = {"spec": {"resourceAttributes": {**asked, "namespace": namespace}}}
        answer = await self._api.ask(Request("POST", _REVIEWS, body))
        return bool(answer["status"]["allowed"])

    async def whoami(self) -> Body:
        """Return the user that the API server takes this account for; everybody may ask."""
        answer = await self._api.ask(Request("POST", _WHOAMI, {}))
        user: Body = (answer.get("status") or {}).get("userInfo") or {}
        return user

    async def signing_keys(self) -> tuple[str, ...]:
        """Return the ids of the keys that sign the tokens of ServiceAccounts."""
        answer = await self._api.ask(Request("GET", _SIGNING_KEYS))
        return tuple(str(key["kid"]) for key in answer.get("keys") or [] if "kid" in key)

    async def login_trouble(self) -> str:
        """Return why the API server will not take the operator's login; empty if it may."""
        return await self._api.login_trouble()

    async def get(self, held: KubeObject[Any]) -> Body:
        """Return the resource as it is now.

        Raises:
            GoneError: there is none of this name any more.
        """
        return await self._api.ask(Request("GET", _path_of(held)))

    async def find(self, plural: str, namespace: str, name: str) -> Body | None:
        """Return the resource of a name as it is now, or None; it takes the right to list."""
        query = {"fieldSelector": f"metadata.name={name}"}
        page = await self._api.ask(Request("GET", _path(plural, namespace), query=query))
        return next(iter(page["items"]), None)

    async def create(self, plural: str, namespace: str, body: Body) -> Body:
        """Create a resource.

        Raises:
            ConflictError: there is one of this name.
        """
        return await self._api.ask(Request("POST", _path(plural, namespace), body))

    async def write_status(self, held: KubeObject[Status], new: Status) -> Body:
        """Replace just the status that is held, by its revision; return the resource as it is then.

        Whoever writes anything but the status is not in the way, however often: that is why the
        version of the resource is not asked for.

        Raises:
            ConflictError: another copy has written a status since, or it is another resource.
            GoneError: it is there no longer.
        """
        revision = held.status.revision
        said = {**new.model_dump(mode="json", exclude_none=True), "revision": revision + 1}
        patch: list[Body] = [
            {"op": "test", "path": "/metadata/uid", "value": held.uid},
            {"op": "test", "path": "/status/revision", "value": revision},
            {"op": "add", "path": "/status", "value": said},
        ]
        return await self._api.ask(Request("PATCH", f"{_path_of(held)}/status", patch))

    async def annotate(self, held: KubeObject[Any], key: str, value: str) -> None:
        """Write one annotation into just this resource, not another one of the same name.

        Raises:
            ConflictError: it is another resource.
            GoneError: it is there no longer.
        """
        body = {"metadata": {"uid": held.uid, "annotations": {key: value}}}
        await self._api.ask(Request("PATCH", _path_of(held), body))

    async def delete(self, held: KubeObject[Any]) -> None:
        """Delete just this resource, not another one of the same name; one that is gone is."""
        body = {"preconditions": {"uid": held.uid}}
        with contextlib.suppress(GoneError, ConflictError):
            await self._api.ask(Request("DELETE", _path_of(held), body))

    async def record(self, held: KubeObject[Any], news: KubeEvent) -> None:
        """Create a Kubernetes Event; its name makes a second one of the same kind impossible."""
        body = _event(held, news, time_text(datetime.now(UTC)))
        path = f"/api/v1/namespaces/{held.namespace}/events"
        with contextlib.suppress(ConflictError):  # another copy was first
            await self._api.ask(Request("POST", path, body))


def _path(plural: str, namespace: str) -> str:
    return f"{_ROOT}/namespaces/{namespace}/{plural}" if namespace else f"{_ROOT}/{plural}"


def _path_of(held: KubeObject[Any]) -> str:
    return f"{_path(held.plural, held.namespace)}/{held.name}"


def _event(held: KubeObject[Any], news: KubeEvent, now: str) -> Body:
    about = blake2b(news.about.encode(), digest_size=4).hexdigest() if news.about else ""
    # A part of a name must not end with a dash or a dot.
    parts = (held.name[:120].rstrip("-."), held.uid[:8], news.reason.lower(), about)
    return {
        "metadata": {
            "name": ".".join(part for part in parts if part),
            "namespace": held.namespace,
        },
        "involvedObject": {
            "apiVersion": API_VERSION,
            "kind": held.kind,
            "name": held.name,
            "namespace": held.namespace,
            "uid": held.uid,
        },
        "reason": news.reason,
        "message": news.message[:1000],
        "type": "Warning" if news.warning else "Normal",
        "firstTimestamp": now,
        "lastTimestamp": now,
        "count": 1,
        "source": {"component": COMPONENT},
        "reportingComponent": COMPONENT,
    }
