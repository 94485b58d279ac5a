"""What the operator asks of the API server, and no more."""

import contextlib
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any, TypeVar

from njst.contract.document import API_VERSION, GROUP, VERSION
from njst_operator.api import Api, Body, ConflictError, GoneError, Request
from njst_operator.conditions import time_text
from njst_operator.held import Held, Status
from njst_operator.news import News

# A page of a list: some 100 resources of at most 8 KiB of status each.
PAGE = 100
COMPONENT = "njst-operator"
_ROOT = f"/apis/{GROUP}/{VERSION}"
_REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"

Read = TypeVar("Read")


class Kube:
    """The resources in one API server."""

    def __init__(self, api: Api) -> None:
        self._api = api

    async def list(self, plural: str, namespace: str, read: Callable[[Body], Read]) -> list[Read]:
        """Return what `read` makes of each resource of a namespace, or of all, at one moment.

        They come in pages, so that never more than a page of whole objects is held.
        """
        found: list[Read] = []
        query = {"limit": str(PAGE)}
        while True:
            page = await self._api.ask(Request("GET", _path(plural, namespace), query=query))
            found += [read(body) for body in page["items"]]
            token = page["metadata"].get("continue")
            if not token:
                return found
            query = {**query, "continue": token}

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

    async def get(self, held: Held[Any]) -> Body:
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

    async def write_status(self, held: Held[Status], new: Status) -> Body:
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

    async def delete(self, held: Held[Any]) -> None:
        """Delete just this resource, not another one of the same name; one that is gone is."""
        body = {"preconditions": {"uid": held.uid}}
        with contextlib.suppress(GoneError, ConflictError):
            await self._api.ask(Request("DELETE", _path_of(held), body))

    async def tell(self, held: Held[Any], news: News) -> None:
        """Create a Kubernetes Event; its name makes a second one of the same kind impossible."""
        body = _event(held, news, time_text(datetime.now(UTC)))
        path = f"/api/v1/namespaces/{held.namespace}/events"
        with contextlib.suppress(ConflictError):  # another copy was first
            await self._api.ask(Request("POST", path, body))


def _path(plural: str, namespace: str) -> str:
    return f"{_ROOT}/namespaces/{namespace}/{plural}" if namespace else f"{_ROOT}/{plural}"


def _path_of(held: Held[Any]) -> str:
    return f"{_path(held.plural, held.namespace)}/{held.name}"


def _event(held: Held[Any], news: News, now: str) -> Body:
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
