"""A TCP relay in a thread of its own that delays every byte, each way."""

import asyncio
import threading
from types import TracebackType
from typing import Self, cast


class Relay:
    """Forwards to a port of this host; what it is sent leaves it `delay_s` later."""

    def __init__(self, port: int, delay_s: float) -> None:
        self.port = port
        self.delay_s = delay_s
        self.ends: list[_End] = []
        self.connecting: set[asyncio.Task[None]] = set()
        self.url = ""
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()))
        self._is_ready = threading.Event()

    def __enter__(self) -> Self:
        self._thread.start()
        self._is_ready.wait()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    async def _run(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        server = await self._loop.create_server(
            lambda: _End(self, None), "127.0.0.1", 0, backlog=512
        )
        self.url = f"nats://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        self._is_ready.set()
        await self._stop.wait()
        server.close()
        for end in self.ends:
            end.transport.abort()
        # A transport closes its socket in the next turn of the loop.
        await asyncio.sleep(0)


class _End(asyncio.Protocol):
    """One of the two connections of a pair; the one that is accepted makes the other."""

    def __init__(self, relay: Relay, other: "_End | None") -> None:
        self._relay = relay
        self._other = other
        self._early: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self._relay.ends.append(self)
        if self._other is None:
            task = asyncio.create_task(self._reach())
            self._relay.connecting.add(task)

    async def _reach(self) -> None:
        loop, relay = asyncio.get_running_loop(), self._relay
        _, self._other = await loop.create_connection(
            lambda: _End(relay, self), "127.0.0.1", relay.port
        )
        for data in self._early:
            self.data_received(data)

    def data_received(self, data: bytes) -> None:
        if self._other is None:
            self._early.append(data)
            return
        loop = asyncio.get_running_loop()
        loop.call_later(self._relay.delay_s, self._other.transport.write, data)

    def connection_lost(self, error: Exception | None) -> None:
        if self._other is not None:
            self._other.transport.close()
