"""What the event streams of a job send: made once in this worker, for all of its connections."""

import asyncio
import json
import logging
from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import TypeVar

from njst.api.course.course_documents import CourseDocuments
from njst.api.course.course_news import (
    JobNow,
    StreamMessage,
    advance,
    is_as_reported,
    news_between,
    series_at,
    to_text,
)
from njst.api.course.stream_position import BEGINNING, StreamPosition
from njst.api.job_documents import JobPresenter
from njst.contract.results.course import CourseDocument
from njst.journal.course_reader import CourseReader
from njst.journal.interfaces import JournalUnavailableError
from njst.journal.jobs import UnknownJobError
from njst.journal.state.job_view import JobView
from njst.stats.course.folds import Folds

log = logging.getLogger(__name__)

# How often a job is looked at while somebody follows it.
EVERY_S = 0.5
# Looks without a message after which a comment shows that the connection is alive.
KEEP_ALIVE_LOOKS = 30
# How often windows that could not be read are tried again.
RETRY_S = 5.0
# How long after the end the last windows may take to arrive here.
LAST_WINDOWS_S = 1.0
# Looks for which a connection waits for windows that it has from another worker.
BEHIND_LOOKS = 20
# Messages for connections that are slower than others; one that is slower still begins anew.
KEPT_MESSAGES = 256
_KEEP_ALIVE = b": keep-alive\n\n"

_Result = TypeVar("_Result")


@dataclass
class JobFeed:
    """One job as its followers see it, with its course or without.

    `run` makes messages; a connection begins with an opening and goes on with the messages after
    it. `_making` is held while messages are made, so an opening fits between two of them.
    """

    job: str
    with_course: bool
    presenter: JobPresenter
    documents: CourseDocuments
    _messages: deque[bytes] = field(default_factory=lambda: deque(maxlen=KEPT_MESSAGES))
    # How many messages there were.
    _count: int = 0
    _view: JobView | None = None
    _snapshot: str = ""
    _made_of: object = None
    _position: StreamPosition = BEGINNING
    _changes: int = 0
    # The course of a job that has ended.
    _final: CourseDocument | None = None
    # What a new connection gets first, and after how many messages that was made.
    _opening: tuple[int, bytes] | None = None
    _is_over: bool = False
    _reader: CourseReader | None = None
    _retry_s: float = 0.0
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    _making: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def run(self) -> None:
        """Make messages until the job has ended."""
        try:
            async with AsyncExitStack() as stack:
                while not self._is_over:
                    async with self._making:
                        await self._look(stack)
                    self._wake()
                    if not self._is_over:
                        await asyncio.sleep(EVERY_S)
        except Exception:
            log.exception("job %s cannot be followed", self.job)
        finally:
            self._is_over = True
            self._wake()

    def _wake(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def follow(self, since: StreamPosition | None) -> AsyncGenerator[bytes]:
        """Yield the bytes of one connection, which has got all until `since`; None: nothing."""
        while self._view is None and not self._is_over:
            await self._changed.wait()
        place, data = await self._begin(since)
        yield data
        quiet = 0
        while True:
            behind = self._count - place
            if behind > len(self._messages):
                place, data = await self._begin(None)
                yield data
            elif behind:
                data, quiet = self._messages[-behind], 0
                place += 1
                yield data
            elif self._is_over:
                return
            else:
                await self._changed.wait()
                quiet = (quiet + 1) % KEEP_ALIVE_LOOKS
                if not quiet:
                    yield _KEEP_ALIVE

    async def _begin(self, since: StreamPosition | None) -> tuple[int, bytes]:
        """Return how many messages a connection has, and the bytes that make up for those."""
        for _ in range(BEHIND_LOOKS):
            if since is None or not self._is_behind(since):
                break
            await self._changed.wait()
        else:
            since = None
        async with self._making:
            if since is not None and self._goes_on_from(since):
                at = self._position
                news = await self._read(lambda now: news_between(now, since, at))
                news.append(StreamMessage("snapshot", self._snapshot, at))
                return self._count, b"".join(map(self._encoded, news))
            if self._opening is None or self._opening[0] != self._count:
                self._opening = (self._count, await self._make_opening())
            return self._opening

    def _is_behind(self, since: StreamPosition) -> bool:
        """Whether another worker had windows of this width that this one is still to get."""
        is_same = since.width_s == self._position.width_s
        return is_same and not self._is_over and since.until_s > self._position.until_s

    def _goes_on_from(self, since: StreamPosition) -> bool:
        is_same = since.width_s == self._position.width_s
        return self.with_course and is_same and not self._is_over

    async def _make_opening(self) -> bytes:
        messages = []
        at = self._position
        if self._final is not None:
            messages.append(StreamMessage("series", to_text(self._final), at))
        elif self.with_course and self._view is not None:
            messages.append(await self._read(lambda now: series_at(now, at)))
        if self._snapshot:
            messages.append(StreamMessage("snapshot", self._snapshot, at))
        if self._is_over:
            messages.append(self._end())
        return b"".join(map(self._encoded, messages))

    def _end(self) -> StreamMessage:
        return StreamMessage("end", "{}", self._position._replace(is_over=True))

    def _encoded(self, message: StreamMessage) -> bytes:
        # Who does not ask for the course gets what there was before there was one.
        message_id = message.position.text() if self.with_course else str(message.position.seq)
        has_id = self.with_course or message.event != "end"
        id_line = f"id: {message_id}\n" if has_id else ""
        return f"event: {message.event}\n{id_line}data: {message.data}\n\n".encode()

    def _send(self, message: StreamMessage) -> None:
        self._messages.append(self._encoded(message))
        self._count += 1

    async def _read(self, compute: Callable[[JobNow], _Result]) -> _Result:
        """Return what `compute` makes of the job, as it was looked at last."""
        view = self._view
        assert view is not None
        progress = self.presenter.jobs.progress(view)
        if self._reader is None:
            return compute(JobNow(view, progress, Folds()))
        return await self._reader.read(lambda folds: compute(JobNow(view, progress, folds)))

    async def _look(self, stack: AsyncExitStack) -> None:
        """Look at the job, and make messages of what is new."""
        try:
            view = self.presenter.jobs.get(self.job)
        except UnknownJobError:  # deleted meanwhile
            self._send(self._end())
            self._is_over = True
            return
        is_first, self._view = self._view is None, view
        if self.with_course:
            await self._make_course(view, stack, is_first=is_first)
        else:
            self._position = self._position._replace(seq=view.last_seq)
        if self._has_new_snapshot(view):
            self._snapshot = json.dumps(self.presenter.show(view))
            self._send(StreamMessage("snapshot", self._snapshot, self._position))
        if view.ended is not None:
            self._send(self._end())
            self._is_over = True

    def _has_new_snapshot(self, view: JobView) -> bool:
        """Whether something that is in the snapshot has changed."""
        jobs = self.presenter.jobs
        heard = {worker: seen.time_ns for worker, seen in jobs.progress(view).items()}
        made_of = (view, heard, jobs.waits_for(view.id), self.presenter.trouble())
        is_new, self._made_of = made_of != self._made_of, made_of
        return is_new

    async def _make_course(self, view: JobView, stack: AsyncExitStack, *, is_first: bool) -> None:
        if view.ended is not None:
            await self._make_final(view, is_first=is_first)
            return
        if view.run and self._reader is None:
            await self._open_reader(stack)
        await self._advance()

    async def _open_reader(self, stack: AsyncExitStack) -> None:
        now_s = asyncio.get_running_loop().time()
        if now_s < self._retry_s:
            return
        self._retry_s = now_s + RETRY_S
        try:
            opening = self.documents.courses.reader(self.job)
            self._reader = await stack.enter_async_context(opening)
        except JournalUnavailableError as error:
            log.info("job %s is followed without its course: %s", self.job, error)

    async def _advance(self) -> None:
        at, changes = self._position, self._changes
        news = await self._read(lambda now: advance(now, at, changes))
        self._position, self._changes = news.position, news.changes
        for message in news.messages:
            self._send(message)

    async def _make_final(self, view: JobView, *, is_first: bool) -> None:
        """Make the rest of the course of a job that has ended, as its report has it."""
        self._final = await self.documents.get(view)
        width_s, until_s = self._final.window_seconds, self._final.until_seconds
        if is_first:
            self._position = StreamPosition(view.last_seq, width_s, until_s)
        elif await self._has_last_windows(self._final):
            await self._advance()
        else:
            self._position = StreamPosition(view.last_seq, width_s, until_s)
            self._send(StreamMessage("series", to_text(self._final), self._position))

    async def _has_last_windows(self, final: CourseDocument) -> bool:
        """Whether all windows of the report arrive here soon."""
        if self._reader is None:
            return not final.until_seconds
        try:
            async with asyncio.timeout(LAST_WINDOWS_S):
                while not await self._read(lambda now: is_as_reported(now, final)):
                    await self._reader.changed()
        except TimeoutError:
            return False
        return True
