"""Removes streams that jobs left on their targets because all workers died before the clean-up,
and the windows of jobs that ended an hour ago.

The metadata of a stream say which job made it, in which log that job is, and that it is to be
removed. A stream without all of this is never touched, nor one of a job that is not over. One
worker of a mesh looks for orphans, once an hour.
"""

import asyncio
import contextlib
import logging
import random
from collections.abc import Awaitable, Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any

import nats.errors
from nats.js.errors import APIError, NotFoundError

from njst.agent.deps import AgentDeps
from njst.contract.connection import Connection
from njst.contract.names.assets import LOG_KEY, OWNER_KEY, RETAIN_KEY, STREAM_KEY
from njst.contract.names.mesh import EventName
from njst.contract.results.outcome import SetupError
from njst.contract.spec.stream import Retain
from njst.contract.spec.target import Target
from njst.journal.interfaces import JournalUnavailableError
from njst.provisioning.target.jetstream_api import JetStreamApi
from njst.provisioning.target.target_connection import target_connection
from njst.stats.clock_offset import parse_time_ns

log = logging.getLogger(__name__)

# Younger streams may belong to a job that this worker has not read of yet.
ORPHAN_NS = 3_600 * 1_000_000_000
# How long the windows of a job are kept after its end.
WINDOWS_NS = 3_600 * 1_000_000_000
# The interval, random within these bounds, at which a worker tries to claim this hour's search.
EVERY_S = (300.0, 900.0)


@dataclass
class OrphanReaper:
    """The search for orphans by one worker.

    `log_ids` are the id of the job log and those that it had before it was deleted and created
    again while this worker ran. A log that was gone before may have been another mesh's.
    """

    deps: AgentDeps
    log_ids: AbstractSet[str]
    claim: Callable[[], Awaitable[bool]]
    # The jobs whose windows this worker has removed.
    _without_windows: set[str] = field(default_factory=set)

    async def run(self, stop: asyncio.Event) -> None:
        """Search periodically until `stop` is set."""
        while not stop.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(random.uniform(*EVERY_S)):  # noqa: S311
                    await stop.wait()
                    return
            try:
                if await self.claim():
                    await self.look()
                    await self.remove_windows()
            except JournalUnavailableError as error:
                log.info("no look for orphans now: %s", error)

    async def look(self) -> list[str]:
        """Remove orphans on the targets of all known jobs; return their names.

        Raises:
            JournalUnavailableError: the log does not tell whether a job is over.
        """
        targets = [Target(), *(view.created.spec.target for view in self.deps.job_store.jobs())]
        removed: list[str] = []
        for target in {target.model_dump_json(): target for target in targets}.values():
            try:
                removed += await self._reap(self.deps.connection_to(target))
            except (SetupError, APIError, nats.errors.Error, TimeoutError) as error:
                log.info("no look for orphans on %s: %s", target.model_dump_json(), error)
        return removed

    async def remove_windows(self) -> None:
        """Remove the windows of jobs that were over an hour ago; reports have their course.

        Raises:
            JournalUnavailableError: they cannot be removed now.
        """
        before_ns = self.deps.time.now_ns() - WINDOWS_NS
        known = self.deps.job_store.all_jobs()
        over = {view.id for view in known if view.closed and view.closed_ns < before_ns}
        for job in sorted(over - self._without_windows):
            await self.deps.windows.remove(job)
        self._without_windows = over

    async def _reap(self, connection: Connection) -> list[str]:
        removed: list[str] = []
        async with target_connection(connection) as client:
            api = JetStreamApi(client, connection.js_api)
            for found in await api.pages("STREAM.LIST", "streams", {}):
                if not self._is_marked(found):
                    continue
                name = found["config"]["name"]
                with contextlib.suppress(NotFoundError):
                    info = await api.call(f"{api.prefix}.STREAM.INFO.{name}")
                    if self._is_marked(info) and await self._is_orphan(info):
                        await api.call(f"{api.prefix}.STREAM.DELETE.{name}")
                        log.warning("removed stream %s, left by job %s", name, _marks(info))
                        removed.append(name)
        return removed

    def _is_marked(self, info: Mapping[str, Any]) -> bool:
        marks = _marks(info)
        return (
            bool(marks.get(OWNER_KEY))
            and marks.get(LOG_KEY) in self.log_ids
            and marks.get(RETAIN_KEY) == Retain.DELETE
            # A copied stream has the metadata of its original.
            and marks.get(STREAM_KEY) == info["config"]["name"]
        )

    async def _is_orphan(self, info: Mapping[str, Any]) -> bool:
        if parse_time_ns(info["ts"]) - parse_time_ns(info["created"]) < ORPHAN_NS:
            return False
        job = _marks(info)[OWNER_KEY]
        view = self.deps.job_store.view(job)
        if view is not None:
            return view.closed
        return not await self.deps.log.holds(EventName(job, "created"))


def _marks(info: Mapping[str, Any]) -> dict[str, str]:
    return info["config"].get("metadata") or {}
