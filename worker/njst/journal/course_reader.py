"""Reads the windows of jobs on demand: one reader for each job, shared by all who look at it."""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from njst.contract.results.windows import ParticipantWindow
from njst.journal.interfaces import JournalUnavailableError, StoredWindow, Windows
from njst.stats.course.folds import Folds

log = logging.getLogger(__name__)

# How long a control NATS may take to deliver the stored windows of a job.
OPEN_S = 15.0
# How often windows are folded while the stored ones arrive, which may be many.
FOLD_S = 0.2
# How long a reader goes on after the last one who looked has left.
LINGER_S = 5.0

_Result = TypeVar("_Result")


class RunInThread(Protocol):
    """Runs blocking work off the event loop."""

    async def __call__(self, compute: Callable[[], _Result], /) -> _Result:
        """Return what `compute` returns, while the event loop goes on."""
        ...


class CourseReader:
    """The windows of one job, as they arrive, and their folds."""

    def __init__(
        self, job: str, windows: Windows, run_in_thread: RunInThread = asyncio.to_thread
    ) -> None:
        """Bind it to a job; `run_in_thread` runs the folding off the event loop."""
        self._job = job
        self._windows = windows
        self._run_in_thread = run_in_thread
        self._arrived: deque[StoredWindow] = deque()
        self._folds = Folds()
        self._lock = asyncio.Lock()
        self._stop: Callable[[], Awaitable[None]] | None = None
        self._changed = asyncio.Event()

    async def open(self) -> None:
        """Start; return when all stored windows are here.

        Raises:
            JournalUnavailableError: the windows cannot be read.
        """
        following = asyncio.ensure_future(self._windows.follow(self._job, self._on_window))
        try:
            async with asyncio.timeout(OPEN_S):
                while not following.done():
                    await asyncio.wait({following}, timeout=FOLD_S)
                    await self.read(lambda _: None)
        except TimeoutError as error:
            raise JournalUnavailableError("the windows of the job cannot be read now") from error
        finally:
            following.cancel()
        self._stop = following.result()

    async def close(self) -> None:
        """Stop."""
        if self._stop is not None:
            await self._stop()

    def _on_window(self, stored: StoredWindow) -> None:
        self._arrived.append(stored)
        self._changed.set()

    async def changed(self) -> None:
        """Return when a window has arrived since `read` was called last."""
        await self._changed.wait()

    async def read(self, compute: Callable[[Folds], _Result]) -> _Result:
        """Return what `compute` makes of all windows so far, off the event loop."""
        async with self._lock:
            self._changed.clear()
            return await self._run_in_thread(lambda: self._read(compute))

    def _read(self, compute: Callable[[Folds], _Result]) -> _Result:
        while self._arrived:
            self._add(self._arrived.popleft())
        return compute(self._folds)

    def _add(self, stored: StoredWindow) -> None:
        try:
            window = ParticipantWindow.unpack(stored.data)
        except ValueError as error:
            log.warning("a window of worker %s cannot be read: %s", stored.worker, error)
            return
        self._folds.add(stored.worker, window, is_newest=stored.is_newest)


@dataclass
class _Shared:
    """A reader that is opened once, and how many use it."""

    reader: CourseReader
    opening: asyncio.Task[None]
    users: int = 0
    end: asyncio.TimerHandle | None = None

    @property
    def is_open(self) -> bool:
        """Whether it has been opened."""
        opening = self.opening
        return opening.done() and not opening.cancelled() and opening.exception() is None


@dataclass
class Courses:
    """The readers of this process."""

    windows: Windows
    linger_s: float = LINGER_S
    _shared: dict[str, _Shared] = field(default_factory=dict)
    _closing: set[asyncio.Task[None]] = field(default_factory=set)

    @asynccontextmanager
    async def reader(self, job: str) -> AsyncIterator[CourseReader]:
        """Yield the reader of a job, after all stored windows are there.

        Raises:
            JournalUnavailableError: the windows cannot be read.
        """
        shared = self._shared.get(job)
        if shared is None:
            reader = CourseReader(job, self.windows)
            shared = _Shared(reader, asyncio.create_task(reader.open()))
            self._shared[job] = shared
        if shared.end is not None:
            shared.end.cancel()
            shared.end = None
        shared.users += 1
        try:
            await asyncio.shield(shared.opening)
            yield shared.reader
        finally:
            shared.users -= 1
            if not shared.users:
                self._leave(job, shared)

    def _leave(self, job: str, shared: _Shared) -> None:
        """End a reader that nobody uses: at once if it failed, else a little later."""
        if shared.is_open:
            loop = asyncio.get_running_loop()
            shared.end = loop.call_later(self.linger_s, self._end, job, shared)
        else:
            self._end(job, shared)

    def _end(self, job: str, shared: _Shared) -> None:
        if self._shared.get(job) is shared:
            del self._shared[job]
        task = asyncio.create_task(_close(shared))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def close(self) -> None:
        """End all readers."""
        for job, shared in [*self._shared.items()]:
            if shared.end is not None:
                shared.end.cancel()
            self._end(job, shared)
        if self._closing:
            await asyncio.wait(self._closing)


async def _close(shared: _Shared) -> None:
    shared.opening.cancel()
    await asyncio.wait({shared.opening})
    await shared.reader.close()
