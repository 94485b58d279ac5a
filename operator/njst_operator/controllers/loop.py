"""The controller loop: reconciles a key when something about it has changed, and when it is due.

What controller-runtime calls a controller: a work queue of keys, and retries with backoff.
"""

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol

from njst.backoff import Backoff
from njst.journal.interfaces import JournalUnavailableError
from njst.journal.log_lines import log_about_resource
from njst_operator.coordination.loop_clock import now_s
from njst_operator.kube.api_transport import ConflictError, GoneError, KubeError
from njst_operator.telemetry.operator_metrics import OperatorMetrics

log = logging.getLogger(__name__)

# After a write that another replica has overtaken. The watch mostly brings its version before that.
CONFLICT_RETRY_S = 1.0
# How often `run_once` reconciles a key that asks to be reconciled again at once.
MOST_ROUNDS_ONCE = 4


class Reconciler(Protocol):
    """What a controller does about one key."""

    async def reconcile(self, key: str) -> float | None:
        """Do what is to be done now.

        Returns:
            Seconds until the key is due again; None: not before something changes.

        Raises:
            KubeError: repeat it later.
            JournalUnavailableError: repeat it later.
        """

    def describe(self, key: str) -> str:
        """Return what a key stands for, for log lines."""


@dataclass(eq=False)
class _WorkItem:
    """A key that is reconciled now, or is due at some time."""

    woken: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None
    failures: int = 0
    # The last failure that was logged: repetitions are not.
    logged: str = ""


class ControllerLoop:
    """Reconciles keys side by side, and each key in one task at a time.

    A key that is not due again has no task. Without `in_background` keys are reconciled by
    `run_once` alone.
    """

    def __init__(
        self,
        reconciler: Reconciler,
        backoff: Backoff,
        metrics: OperatorMetrics,
        *,
        in_background: bool = True,
    ) -> None:
        self._reconciler = reconciler
        self._backoff = backoff
        self._metrics = metrics
        self._in_background = in_background
        self._items: dict[str, _WorkItem] = {}

    def wake(self, key: str, *, is_new: bool = False) -> None:
        """Reconcile a key as soon as possible; `is_new` forgets its failures."""
        item = self._items.get(key)
        if item is None:
            item = self._items[key] = _WorkItem()
        if is_new:
            item.failures = 0
        item.woken.set()
        if self._in_background and item.task is None:
            name = self._reconciler.describe(key)
            item.task = asyncio.create_task(self._run(key, item), name=name)

    def forget(self, key: str) -> None:
        """Stop reconciling a key."""
        item = self._items.pop(key, None)
        if item is not None and item.task is not None:
            item.task.cancel()

    async def run_once(self, key: str) -> None:
        """Do what is to be done about a key now, and no more."""
        item = self._items.setdefault(key, _WorkItem())
        for _ in range(MOST_ROUNDS_ONCE):
            item.woken.clear()
            if await self._reconcile(key, item) != 0.0 and not item.woken.is_set():
                return

    async def stop(self) -> None:
        """Cancel all work; nothing needs to be finished."""
        tasks = [item.task for item in self._items.values() if item.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, key: str, item: _WorkItem) -> None:
        log_about_resource(str(self._reconciler.describe(key)).replace(" ", "/"))
        while True:
            item.woken.clear()
            requeue_after_s = await self._reconcile(key, item)
            if requeue_after_s is None and not item.woken.is_set():
                del self._items[key]
                return
            with suppress(TimeoutError):
                async with asyncio.timeout(requeue_after_s):
                    await item.woken.wait()

    async def _reconcile(self, key: str, item: _WorkItem) -> float | None:
        """Reconcile a key once; return after how many seconds it is due again, or None."""
        begin_s = now_s()
        try:
            requeue_after_s = await self._reconciler.reconcile(key)
        except ConflictError:
            self._metrics.errors["conflict"] += 1
            return CONFLICT_RETRY_S
        except GoneError:
            return None
        except KubeError as error:
            self._warn(key, item, "kubernetes", error)
            return max(error.retry_s, self._pause_s(item))
        except JournalUnavailableError as error:
            self._warn(key, item, "nats", error)
            return self._pause_s(item)
        except Exception:
            self._metrics.errors["other"] += 1
            log.exception("%s", self._reconciler.describe(key))
            return self._pause_s(item)
        finally:
            self._metrics.record_reconcile(now_s() - begin_s)
        item.failures, item.logged = 0, ""
        return requeue_after_s

    def _warn(self, key: str, item: _WorkItem, kind: str, error: Exception) -> None:
        self._metrics.errors[kind] += 1
        if str(error) != item.logged:
            item.logged = str(error)
            log.warning("%s: %s", self._reconciler.describe(key), error)

    def _pause_s(self, item: _WorkItem) -> float:
        item.failures += 1
        return self._backoff.pause_s(item.failures)
