"""What the job log gets, seen as it is published: so a fault can strike at a stage."""

import asyncio
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import nats
from nats.aio.msg import Msg

from njst.contract.names.mesh import Mesh

NAMES = Mesh("default")


@dataclass(frozen=True)
class Seen:
    event: str
    worker: str
    at_s: float


class LogWatch:
    """Listens in a thread of its own; an event may be refused by the log after it was seen here."""

    def __init__(self, servers: Sequence[str]) -> None:
        self._servers = list(servers)
        self._events: dict[str, list[Seen]] = {}
        self._news = threading.Condition()
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._listens = threading.Event()
        self._thread = threading.Thread(target=self._run, name="log watch")

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._listens.wait(60), "no connection to watch the log"
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        self._loop.close()

    def wait(self, job: str, event: str, timeout_s: float = 60.0, count: int = 1) -> None:
        """Return as soon as the event has been seen, so many times."""
        give_up = time.monotonic() + timeout_s
        with self._news:
            while sum(seen.event == event for seen in self._events.get(job, [])) < count:
                left_s = give_up - time.monotonic()
                assert left_s > 0, f"no {event}: {self._events}"
                self._news.wait(left_s)

    def events(self, job: str) -> list[Seen]:
        with self._news:
            return list(self._events.get(job, []))

    def _run(self) -> None:
        self._loop.run_until_complete(self._listen())

    async def _listen(self) -> None:
        client = await nats.connect(
            self._servers, max_reconnect_attempts=-1, reconnect_time_wait=0.1
        )

        async def on_message(message: Msg) -> None:
            name = NAMES.parse_event(message.subject)
            if name is not None:
                with self._news:
                    seen = Seen(name.event, name.worker, time.monotonic())
                    self._events.setdefault(name.job, []).append(seen)
                    self._news.notify_all()

        await client.subscribe(NAMES.log_subjects, cb=on_message)
        await client.flush()
        self._listens.set()
        await self._stop.wait()
        await client.close()
