"""On-demand worker discovery; no idle traffic."""

import asyncio
import logging
from collections.abc import Callable, Collection
from contextlib import suppress

import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from pydantic import ValidationError

from njst.contract.names.mesh import Mesh
from njst.journal.interfaces import JournalUnavailableError, Member

log = logging.getLogger(__name__)

# How long without an answer ends the wait: 100 workers answered in 20 ms, 1000 in 143 ms.
QUIET_S = 0.1
# The same once all known workers have answered: time for workers whose hello was lost.
QUIET_KNOWN_S = 0.02
# The same while a known worker has not answered, which is usually busy. A worker that is gone costs
# this time once.
QUIET_MISSED_S = 0.5
# How long to wait for a first answer: the network may be slow, the workers busy.
FIRST_S = 2.0
CAP_S = 2.5


class NatsDiscovery:
    """Scatter-gather on the mesh's ping subject: all connected workers answer, nothing is stored.

    After `listen` it remembers who answered and who said hello, and stops waiting early once all of
    them have answered. What it remembers is never taken for an answer.
    """

    def __init__(self, client: Client, mesh: Mesh) -> None:
        self._client = client
        self._mesh = mesh
        self._listens = False
        self._known: set[str] = set()
        # Workers that said hello since the last ping, perhaps too late to receive it.
        self._came: set[str] = set()
        self._has_asked = False
        self._asking: asyncio.Task[list[Member]] | None = None
        self._answering: Subscription | None = None
        self.gone = False

    async def answer(self, describe: Callable[[], Member]) -> None:
        """Say hello, and answer pings as long as the connection lasts."""

        async def on_ping(message: Msg) -> None:
            if message.reply:
                await self._client.publish(message.reply, describe().to_json())

        self._answering = await self._client.subscribe(self._mesh.ping, cb=on_ping)
        await self._client.publish(self._mesh.hello, describe().to_json())
        await self._client.flush()

    async def leave(self) -> None:
        """Stop answering, so that no new job names this worker."""
        self.gone = True
        if self._answering is not None:
            with suppress(nats.errors.Error):
                await self._answering.unsubscribe()

    async def listen(self) -> None:
        """Listen for workers that say hello, so that `present` is quick."""

        async def on_hello(message: Msg) -> None:
            member = _member(message)
            if member is not None:
                self._known.add(member.worker)
                self._came.add(member.worker)

        await self._client.subscribe(self._mesh.hello, cb=on_hello)
        self._listens = True

    async def present(self) -> list[Member]:
        """Return the members that answer, sorted by worker id; concurrent calls share one ping.

        Raises:
            JournalUnavailableError: the control NATS cannot be reached.
        """
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask(), name="members")
        return list(await asyncio.shield(self._asking))

    async def _ask(self) -> list[Member]:
        if not self._client.is_connected:
            raise JournalUnavailableError("the control NATS cannot be reached; try again")
        found: dict[str, Member] = {}
        heard = asyncio.Event()

        async def on_answer(message: Msg) -> None:
            member = _member(message)
            if member is not None:
                found[member.worker] = member
                heard.set()

        inbox = self._client.new_inbox()
        self._came.clear()
        try:
            subscription = await self._client.subscribe(inbox, cb=on_answer)
            await self._client.publish(self._mesh.ping, b"", reply=inbox)
            await self._until_quiet(heard, found)
            await subscription.unsubscribe()
        except nats.errors.Error as error:
            raise JournalUnavailableError(f"the control NATS cannot be reached: {error}") from error
        if self._listens:
            self._known = {*found, *self._came}
            self._has_asked = True
        return [found[worker] for worker in sorted(found)]

    async def _until_quiet(self, heard: asyncio.Event, found: Collection[str]) -> None:
        """Wait for a first answer, then until none has come for a while; bounded in time."""
        try:
            async with asyncio.timeout(CAP_S):
                quiet_s = FIRST_S
                while True:
                    async with asyncio.timeout(quiet_s):
                        await heard.wait()
                    heard.clear()
                    quiet_s = self._quiet_s(found)
        except TimeoutError:
            return

    def _quiet_s(self, found: Collection[str]) -> float:
        """Return how long to wait for one more answer, in seconds."""
        if not self._known.issubset(found):
            return QUIET_MISSED_S
        # Before the first ping only the workers that came since are known.
        return QUIET_KNOWN_S if self._has_asked else QUIET_S


def _member(message: Msg) -> Member | None:
    """Return the member in a message; None for the server's status "no responders"."""
    if not message.data:
        return None
    try:
        return Member.model_validate_json(message.data)
    except ValidationError as error:
        log.warning("a member's answer cannot be read: %s", error)
        return None
