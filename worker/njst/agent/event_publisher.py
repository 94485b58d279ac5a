"""Publishes this worker's events of one job, with retries, until they are in the log."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from njst.agent.deps import AgentDeps
from njst.backoff import Backoff
from njst.contract.event_limits import smaller
from njst.contract.events import EVENT_NAMES, Payload
from njst.contract.names.mesh import EventName
from njst.journal.interfaces import EventTooLargeError, JournalUnavailableError
from njst.journal.state.job_view import JobView
from njst.journal.wait_for_job import wait_for_job

log = logging.getLogger(__name__)

# Between appends while the log does not answer.
BACKOFF = Backoff(first_s=0.5, factor=2.0, ceiling_s=2.0)


@dataclass(frozen=True)
class EventPublisher:
    """The publisher of one worker in one job."""

    deps: AgentDeps
    job: str

    async def publish(self, payload: Payload, is_logged: Callable[[JobView], bool]) -> None:
        """Append an event, with retries, until the log has answered or `is_logged` of the job.

        The job's view may show the event before the answer comes, and the answer may be lost.
        """
        echo = asyncio.create_task(wait_for_job(self.deps.job_store, self.job, is_logged))
        appending = asyncio.create_task(self._append(payload))
        waiting: set[asyncio.Task[Any]] = {echo, appending}
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            if appending.done():
                appending.result()
        finally:
            echo.cancel()
            appending.cancel()

    async def _append(self, payload: Payload) -> None:
        name = EventName(self.job, EVENT_NAMES[type(payload)], self.deps.me)
        failures, logged = 0, ""
        while True:
            try:
                await self.deps.log.append(name, payload)
            except EventTooLargeError as error:
                # A job must be able to end: the event is made smaller until it fits.
                log.warning("%s", error)
                payload = smaller(payload)
            except JournalUnavailableError as error:
                if str(error) != logged:
                    logged = str(error)
                    log.warning("the event %s is not stored yet: %s", name.event, logged)
                failures += 1
                await asyncio.sleep(BACKOFF.pause_s(failures))
            else:
                return
