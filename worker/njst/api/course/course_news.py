"""What an event stream with the course of a job sends next; pure."""

from collections.abc import Mapping
from typing import NamedTuple

from njst.api.course.stream_position import StreamPosition
from njst.contract.results.course import Course, CourseDocument, JobEvent
from njst.journal.course_builder import (
    course_of,
    events_of_connections,
    events_of_log,
    live_document,
    running_workers,
    workers_now,
)
from njst.journal.state.job_store import ProgressEntry
from njst.journal.state.job_view import JobView
from njst.stats.course.folds import Folds


class StreamMessage(NamedTuple):
    """One server-sent event, and how far the stream is after it."""

    event: str
    data: str
    position: StreamPosition


class JobNow(NamedTuple):
    """A job with the progress of its workers and the windows that have arrived."""

    view: JobView
    progress: Mapping[str, ProgressEntry]
    folds: Folds


class Advance(NamedTuple):
    """The next messages, where the stream is then, and `CourseFold.changes` until then."""

    messages: list[StreamMessage]
    position: StreamPosition
    changes: int


def advance(now: JobNow, at: StreamPosition, changes: int) -> Advance:
    """Return what happened since a stream was at `at`.

    That is the whole series where windows became wider, or late ones changed those that were sent.
    """
    fold = now.folds.course
    until_s = fold.until_s(running_workers(now.view))
    after = StreamPosition(now.view.last_seq, fold.width_s, max(until_s, at.until_s))
    if fold.width_s != at.width_s or fold.changes != changes:
        after = after._replace(until_s=until_s)
        return Advance([series_at(now, after)], after, fold.changes)
    messages = news_between(now, at, after)
    return Advance(messages, after if messages else at, changes)


def series_at(now: JobNow, at: StreamPosition) -> StreamMessage:
    """Return the whole course until `at`."""
    course = course_of(now.view, now.folds, now.folds.course, until_s=at.until_s)
    return StreamMessage("series", to_text(live_document(*now, course)), at)


def news_between(now: JobNow, at: StreamPosition, after: StreamPosition) -> list[StreamMessage]:
    """Return what happened from `at` to `after`, in windows of the same width.

    Events come before the window that they belong to, so a stream that breaks between them can
    repeat an event, but never a window, and misses nothing.
    """
    entries = [entry for entry in now.view.timeline if at.seq < entry.seq <= after.seq]
    found = [
        one for one in now.folds.course.connection_events if at.until_s <= one.at_s < after.until_s
    ]
    events = [*events_of_log(now.view, entries), *events_of_connections(now.view, found)]
    messages = [StreamMessage("event", to_text(event), at) for event in events]
    if after.until_s > at.until_s:
        window = to_text(_windows(now, at.until_s, after.until_s))
        messages.append(StreamMessage("window", window, after))
    elif messages:
        messages[-1] = messages[-1]._replace(position=after)
    return messages


def _windows(now: JobNow, from_s: int, until_s: int) -> CourseDocument:
    course = course_of(now.view, now.folds, now.folds.course, from_s, until_s=until_s)
    return CourseDocument(
        **dict(course),
        job=now.view.id,
        ended=now.view.ended is not None,
        workers=workers_now(*now),
    )


def is_as_reported(now: JobNow, reported: Course) -> bool:
    """Whether the windows that have arrived are those of the report."""
    fold = now.folds.course
    until_s = fold.until_s(running_workers(now.view))
    course = course_of(now.view, now.folds, fold, until_s=until_s)
    return course.workloads == reported.workloads


def to_text(document: CourseDocument | JobEvent) -> str:
    """Return a document as JSON without empty fields."""
    return document.model_dump_json(exclude_none=True)
