"""The watch: kopf watches and does nothing else. The one file that imports kopf.

Only `on.event` is registered: no finalizer that could block a deletion, no annotation, no state of
kopf on the object.
"""

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Any

import kopf

from njst.contract.names.kubernetes import (
    EXPERIMENT_PLURAL,
    GROUP,
    PLURAL,
    SCHEDULE_PLURAL,
    VERSION,
)
from njst_operator.controllers.manager import Manager
from njst_operator.controllers.route import Route
from njst_operator.controllers.schedule.schedule_resource import schedule_of
from njst_operator.coordination.call_queue import CallQueue
from njst_operator.kube.api_transport import USER_AGENT, KubeError, bearer_of, find_server
from njst_operator.kube.kube_client import PAGE
from njst_operator.kube.watch_scope import WatchScope

REQUEST_TIMEOUT_S = 20
WATCH_SERVER_TIMEOUT_S = 120
WATCH_CLIENT_TIMEOUT_S = 150
# How long kopf keeps a task, with the object, after the last change of a resource.
IDLE_S = 0.1
LOGIN_POLL_S = 1.0
_IDENTITY: Any = "njst-operator"


REFUSED = "the API server refuses the login (401)"


class _Logins:
    """The logins that kopf asks for: at the start, and when the last one was refused."""

    def __init__(self, patience_s: float, stop: threading.Event) -> None:
        self._patience_s, self._stop = patience_s, stop
        # Why there will be no further login; empty as long as there may be one.
        self.ended = ""
        self._last: kopf.ConnectionInfo | None = None

    async def next(self, report: Callable[[str], None]) -> kopf.ConnectionInfo:
        """Return a login that differs from the last one: kopf does not try the same one again.

        If none comes, the watch is stopped: kopf without a login would go on and see nothing.
        """
        give_up_s = time.monotonic() + self._patience_s
        while (found := await _login()) == self._last:
            report(f"{REFUSED}, and no newer one is there")
            if time.monotonic() >= give_up_s:
                self.ended = f"{REFUSED}, and no newer one came"
                self._stop.set()
            await asyncio.sleep(LOGIN_POLL_S)
        report("")
        self._last = found
        return found


def watch(
    scope: WatchScope,
    manager: Manager,
    loop: asyncio.AbstractEventLoop,
    stop: threading.Event,
) -> None:
    """Pass what is watched to `manager`, in `loop`, until `stop` is set; blocks.

    It runs an event loop of its own in the calling thread, and may be called again afterwards.

    Raises:
        KubeError: kopf has given up.
    """

    logins = _Logins(manager.config.wait_s, stop)

    async def until_it_ends() -> None:
        try:
            await kopf.operator(
                registry=_registry(scope, manager, CallQueue(loop), logins),
                # Only for peering, which is off. Without it kopf asks for the name of the user, and
                # the user of a container has none.
                identity=_IDENTITY,
                standalone=True,
                clusterwide=not scope.namespaces,
                namespaces=scope.namespaces,
                stop_flag=stop,
            )
        except Exception as error:
            raise KubeError(f"the watch has ended: {error!r}") from error
        finally:
            # A thread of kopf's waits for it, and kopf's loop for that thread.
            stop.set()

    asyncio.run(until_it_ends())
    if logins.ended:
        raise KubeError(f"the watch has ended: {logins.ended}")


def _registry(
    scope: WatchScope, manager: Manager, calls: CallQueue, logins: _Logins
) -> kopf.OperatorRegistry:
    registry = kopf.OperatorRegistry()

    @kopf.on.startup(registry=registry)
    def configure(settings: kopf.OperatorSettings, **_: Any) -> None:
        _configure(settings, scope)

    @kopf.on.login(registry=registry)
    async def login(**_: Any) -> kopf.ConnectionInfo:
        return await logins.next(
            lambda message: calls.put(manager.replica_health.watch_login, message)
        )

    def pass_on(route: Route[Any], event: Any) -> None:
        if event["type"] == "DELETED":
            calls.put(route.on_unwatched, event["object"]["metadata"]["uid"])
        else:
            calls.put(route.on_watched, route.read(event["object"]))

    @kopf.on.event(GROUP, VERSION, PLURAL, registry=registry)
    async def on_job(event: Any, **_: Any) -> None:
        pass_on(manager.jobs, event)

    @kopf.on.event(GROUP, VERSION, EXPERIMENT_PLURAL, registry=registry)
    async def on_experiment(event: Any, **_: Any) -> None:
        pass_on(manager.experiments, event)

    @kopf.on.event(GROUP, VERSION, SCHEDULE_PLURAL, registry=registry)
    async def on_schedule(event: Any, **_: Any) -> None:
        if event["type"] == "DELETED":
            calls.put(manager.on_schedule_deleted, event["object"]["metadata"]["uid"])
        else:
            calls.put(manager.on_schedule, schedule_of(event["object"]))

    return registry


def _configure(settings: kopf.OperatorSettings, scope: WatchScope) -> None:
    settings.scanning.disabled = True
    settings.posting.enabled = False
    settings.networking.request_timeout = REQUEST_TIMEOUT_S
    settings.watching.server_timeout = WATCH_SERVER_TIMEOUT_S
    settings.watching.client_timeout = WATCH_CLIENT_TIMEOUT_S
    settings.watching.chunk_size = PAGE
    if scope.selector:
        for plural in (PLURAL, SCHEDULE_PLURAL, EXPERIMENT_PLURAL):
            settings.watching.label_selectors[GROUP, plural] = scope.selector.text
    settings.queueing.idle_timeout = IDLE_S
    # kopf sets none without handlers of deletions, and removes one of its own that no handler
    # needs: with the default name, one that another kopf operator has set.
    settings.persistence.finalizer = f"operator.{GROUP}/unused"
    settings.persistence.diffbase_storage = _Unread()
    settings.persistence.progress_storage = kopf.AnnotationsProgressStorage(
        prefix=f"operator.{GROUP}"
    )


class _Unread(kopf.DiffBaseStorage):
    """Keeps kopf from copying each object: nothing here needs the difference to an older one."""

    def build(self, **_: Any) -> kopf.BodyEssence:
        return kopf.BodyEssence()

    def fetch(self, **_: Any) -> None:
        return None

    def store(self, **_: Any) -> None:
        """Store nothing."""


class _Connection(kopf.ConnectionInfo):
    """The connection of the watches, with the operator's name for audit logs."""

    def as_http_headers(self) -> dict[str, str]:
        return {**super().as_http_headers(), "User-Agent": USER_AGENT}


async def _login() -> kopf.ConnectionInfo:
    """Return the connection that the kubernetes client is configured for."""
    found = await find_server()
    scheme, token = await bearer_of(found)
    return _Connection(
        server=found.host,
        ca_path=found.ssl_ca_cert,
        insecure=not found.verify_ssl,
        scheme=scheme or None,
        token=token or None,
        certificate_path=found.cert_file,
        private_key_path=found.key_file,
    )
