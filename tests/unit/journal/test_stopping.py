"""Background tasks of the journal stop when told to, whatever they wait for."""

import asyncio
from typing import Any

import pytest

from njst.contract.names.mesh import Mesh
from njst.journal.nats import log_clock
from njst.journal.nats.log_clock import LogClock
from njst.journal.nats.ordered_reader import OrderedReader

# Only a hang takes this long.
HANG_S = 60.0


class DeafClient:
    """A connection whose requests swallow a cancellation, because their answers just came.

    `asked` is set when a request waits; as long as `is_quick` is set, none does.
    """

    js_api = "$JS.API"
    is_connected = True
    is_closed = False

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.is_quick = True
        self.stats = {"reconnects": 0}

    def jetstream(self, **_: Any) -> "DeafClient":
        return self

    async def request(self, *_: Any, **__: Any) -> Any:
        if not self.is_quick:
            await self._answer()
        return Answer()

    async def stream_info(self, _: str) -> Any:
        await self._answer()
        raise TimeoutError

    async def _answer(self) -> None:
        self.asked.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return


class Answer:
    data = b'{"ts": "2026-01-01T00:00:00Z"}'


async def test_clock__stopped_as_an_answer_comes__stops(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(log_clock, "PING_S", 0.0)
    client = DeafClient()
    clock = LogClock(client, Mesh("test"))  # type: ignore[arg-type]
    await clock.start()
    client.is_quick = False
    async with asyncio.timeout(HANG_S):
        await client.asked.wait()
        await clock.stop()


async def test_reader__stopped_as_an_answer_comes__stops() -> None:
    client = DeafClient()

    async def never() -> None:
        raise AssertionError

    reader = OrderedReader(client, "S", lambda _: None, never)  # type: ignore[arg-type]
    starting = asyncio.create_task(reader.start())
    async with asyncio.timeout(HANG_S):
        await client.asked.wait()
        await reader.stop()
    starting.cancel()
    await asyncio.wait({starting})
