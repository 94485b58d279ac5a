"""How a worker says its own events of one job: again and again, until they are in the log."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

from njst.agent.deps import AgentDeps
from njst.backoff import Backoff
from njst.contract.event_limits import smaller
from njst.contract.events import EVENT_NAMES, Payload
from njst.contract.names.mesh import EventName
from njst.journal.interfaces import EventTooLargeError, JournalUnavailableError

log = logging.getLogger(__name__)

# Between appends while the log does not answer.
BACKOFF = Backoff(first_s=0.5, factor=2.0, ceiling_s=2.0)


@dataclass(frozen=True)
class EventPublisher:
    """One worker's, in one job."""

    deps: AgentDeps
    job: str

    async def publish(self, payload: Payload, heard: Callable[[], bool]) -> None:
        """Append a worker's own event, again while the log does not answer, until it is heard.

        The log itself may be quicker than its answer, and the answer may be lost.
        """
        hearing = asyncio.create_task(self.until(heard))
        saying = asyncio.create_task(self._repeat(payload))
        try:
            await asyncio.wait({hearing, saying}, return_when=asyncio.FIRST_COMPLETED)
            if saying.done():
                saying.result()
        finally:
            hearing.cancel()
            saying.cancel()

    async def until(self, holds: Callable[[], bool]) -> None:
        """Return when it holds of the job, looked at whenever that has changed."""
        changed = asyncio.Event()
        stop_listening = self.deps.job_store.listen(lambda _: changed.set(), self.job)
        try:
            while not holds():
                changed.clear()
                await changed.wait()
        finally:
            stop_listening()

    async def _repeat(self, payload: Payload) -> None:
        name = EventName(self.job, EVENT_NAMES[type(payload)], self.deps.me)
        failures, told = 0, ""
        while True:
            try:
                await self.deps.log.append(name, payload)
            except EventTooLargeError as error:
                # A job must be able to end: less is said, until it is little enough.
                log.warning("%s", error)
                payload = smaller(payload)
            except JournalUnavailableError as error:
                if str(error) != told:
                    told = str(error)
                    log.warning("the event %s is not stored yet: %s", name.event, told)
                failures += 1
                await asyncio.sleep(BACKOFF.pause_s(failures))
            else:
                return
