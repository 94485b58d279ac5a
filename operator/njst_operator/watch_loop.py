"""Keeps a watch open: one that ends, or brings nothing any more, is restarted in this process.

An operator that is a sidecar of a worker must not exit because of Kubernetes: its pod, with the
worker, would leave the Service. An operator in a pod of its own gives up in the end.
"""

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from njst.backoff import Backoff
from njst_operator.coordination.loop_clock import now_s
from njst_operator.kube.api_transport import KubeError
from njst_operator.telemetry.replica_health import ReplicaHealth

log = logging.getLogger(__name__)

# Before a watch that has ended is restarted.
BACKOFF = Backoff(first_s=1.0, factor=2.0, ceiling_s=30.0)
# How often a missing resource type or right is checked again.
LOOK_EVERY_S = 3.0
# A watch that has lasted this long counts as working.
WORKS_S = 2.0
# A watch that has not brought a listed change for this long is restarted.
DEAF_S = 90.0
# A watch that does not end within this time hangs.
END_S = 60.0


@dataclass
class WatchLoop:
    """The watch of one replica; it gives up after `wait_s` seconds without success (inf: never).

    `check` raises a KubeError while the resources cannot be watched. `watch` runs in a thread of
    its own until its event is set; it raises a KubeError when it ends by itself.
    """

    check: Callable[[], Awaitable[None]]
    watch: Callable[[threading.Event], None]
    replica_health: ReplicaHealth
    wait_s: float
    _failures: int = 0
    _failing_since_s: float | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Watch until `stop` is set.

        Raises:
            KubeError: why it could not watch for `wait_s` seconds.
        """
        while not stop.is_set():
            wait_s = LOOK_EVERY_S
            try:
                await self.check()
                self._failures += 1
                wait_s = BACKOFF.pause_s(self._failures)
                await self._watch(stop)
            except KubeError as error:
                if self._failing_since_s is None:
                    self._failing_since_s = now_s()
                if now_s() - self._failing_since_s >= self.wait_s:
                    raise
                self._on_failure(str(error))
            await _pause(stop, wait_s)

    async def _watch(self, stop: asyncio.Event) -> None:
        over, begin_s = threading.Event(), now_s()
        watching = asyncio.create_task(asyncio.to_thread(self.watch, over), name="watch")
        stopping = asyncio.create_task(stop.wait())
        behind_s = 0.0
        try:
            while not (watching.done() or stop.is_set() or behind_s > DEAF_S):
                await asyncio.wait(
                    {watching, stopping}, timeout=WORKS_S, return_when=asyncio.FIRST_COMPLETED
                )
                # Without a login the thread runs, and watches nothing.
                if not watching.done() and not self.replica_health.watch_login_trouble:
                    self._on_working()
                behind_s = min(self.replica_health.behind_s(now_s()), now_s() - begin_s)
        finally:
            over.set()
            stopping.cancel()
        done, _ = await asyncio.wait({watching}, timeout=END_S)
        if not done:
            self.replica_health.watch_hangs = True
        await watching
        if behind_s > DEAF_S:
            raise KubeError(f"the watch has been deaf for {behind_s:.0f} s: it begins anew")
        if not stop.is_set():
            raise KubeError("the watch has ended")

    def _on_working(self) -> None:
        self._failures, self._failing_since_s = 0, None
        if self.replica_health.watch_trouble:
            self.replica_health.watch_trouble = ""
            log.warning("the watch works again")

    def _on_failure(self, message: str) -> None:
        """Log a problem, once for each."""
        if message != self.replica_health.watch_trouble:
            self.replica_health.watch_trouble = message
            log.warning("%s; trying again", message)


async def _pause(stop: asyncio.Event, wait_s: float) -> None:
    try:
        async with asyncio.timeout(wait_s):
            await stop.wait()
    except TimeoutError:
        return
