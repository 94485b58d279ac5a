"""/api/v1/jobs/{job}/series and /events: the course of a job, at once and as it goes on."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response, StreamingResponse

from njst.api.course.course_documents import CourseDocuments
from njst.api.course.course_news import to_text
from njst.api.course.job_feed import JobFeed
from njst.api.course.stream_position import StreamPosition
from njst.api.job_documents import JobPresenter
from njst.api.services import Services
from njst.contract.results.course import CourseDocument


class EventStream(StreamingResponse):
    """A response of server-sent events."""

    media_type = "text/event-stream"


def create_router(services: Services) -> APIRouter:
    """Return the router of a worker."""
    api = _CourseApi(services)
    router = APIRouter(prefix="/api/v1/jobs", tags=["jobs"])
    router.add_api_route(
        "/{job}/series",
        api.series,
        methods=["GET"],
        response_model=None,
        responses={200: {"model": CourseDocument}},
    )
    router.add_api_route(
        "/{job}/events",
        api.events,
        methods=["GET"],
        response_model=None,
        response_class=EventStream,
        responses={204: {"description": "The job is over, and `Last-Event-ID` names its end."}},
    )
    return router


@dataclass
class _SharedFeed:
    """A feed that runs as long as it has users."""

    feed: JobFeed
    task: asyncio.Task[None]
    users: int = 0


@dataclass
class _Feeds:
    """The feeds that somebody follows now."""

    presenter: JobPresenter
    documents: CourseDocuments
    _shared: dict[tuple[str, bool], _SharedFeed] = field(default_factory=dict)

    async def follow(
        self, job: str, since: StreamPosition | None, *, with_course: bool
    ) -> AsyncIterator[bytes]:
        """Yield the bytes of one connection until the job has ended."""
        key = (job, with_course)
        shared = self._shared.get(key)
        if shared is None or shared.task.done():
            feed = JobFeed(job, with_course, self.presenter, self.documents)
            shared = _SharedFeed(feed, asyncio.create_task(feed.run(), name=f"feed {job}"))
            self._shared[key] = shared
        shared.users += 1
        try:
            async with aclosing(shared.feed.follow(since)) as data:
                async for some in data:
                    yield some
        finally:
            shared.users -= 1
            if not shared.users:
                shared.task.cancel()
                if self._shared.get(key) is shared:
                    del self._shared[key]


class _CourseApi:
    def __init__(self, services: Services) -> None:
        self._jobs = services.jobs
        self._documents = CourseDocuments(services.jobs, services.courses)
        presenter = JobPresenter(services.jobs, services.log_now_ns, services.ready)
        self._feeds = _Feeds(presenter, self._documents)

    async def series(
        self,
        job: str,
        from_seconds: Annotated[int, Query(alias="fromSeconds", ge=0)] = 0,
        histograms: Annotated[bool, Query()] = False,
    ) -> Response:
        """Return the course of a job: at most 600 windows, events, and what each worker did.

        `fromSeconds` leaves out earlier windows. The newest 600 s of a running job are in windows
        of one second then, however long it runs.
        """
        view = self._jobs.get(job)
        document = await self._documents.get(view, from_seconds, histograms=histograms)
        text = await asyncio.to_thread(to_text, document)
        return Response(text, media_type="application/json")

    async def events(
        self, request: Request, job: str, series: Annotated[bool, Query()] = False
    ) -> Response:
        """Follow a job as server-sent events: a snapshot after each change, until the job ends.

        With `series` the course comes first, then each window and event as it happens.
        """
        view = self._jobs.get(job)
        last_id = request.headers.get("last-event-id", "")
        since = StreamPosition.parse(last_id) if series else None
        is_over = since.is_over if since is not None else last_id == str(view.last_seq)
        if view.ended is not None and is_over:
            # EventSource reconnects after the end of a stream; only a 204 makes it stop.
            return Response(status_code=204)
        headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
        stream = self._feeds.follow(job, since, with_course=series)
        return EventStream(stream, headers=headers)
