"""The course of a job for its final report, from the windows of all participants."""

import asyncio
import logging
from collections.abc import Iterable
from contextlib import suppress
from typing import NamedTuple

from njst.agent.deps import AgentDeps
from njst.contract.results.course import Course, JobEvent
from njst.journal.course_builder import all_events, course_of
from njst.journal.course_reader import CourseReader
from njst.journal.interfaces import JournalUnavailableError
from njst.journal.state.job_view import JobView
from njst.stats.course.course_fold import CourseFold
from njst.stats.course.folds import Folds

log = logging.getLogger(__name__)

# How long the end of a job waits for windows that were published and have not arrived yet.
WAIT_S = 2.0
# What is omitted without them; the series of the totals are there all the same.
WINDOWS = "the windows of the course"


class FinalCourse(NamedTuple):
    """The course and the events of a settled job.

    Without windows there is no course, and `omitted` says why, unless the job never ran.
    """

    course: Course | None
    events: list[JobEvent]
    events_omitted: int
    omitted: str = ""


async def final_course(deps: AgentDeps, view: JobView) -> FinalCourse:
    """Return the course of a settled job; what is missing is named in its `omitted`."""
    if not view.run:
        return FinalCourse(None, *all_events(view, []))
    reader = CourseReader(view.id, deps.windows, deps.run_in_thread)
    try:
        await reader.open()
    except JournalUnavailableError as error:
        log.info("the report of the job has no course: %s", error)
        return _without_windows(view, str(error))
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(WAIT_S):
                while await reader.read(lambda folds: _short(view, folds.course)):
                    await reader.changed()
        return await reader.read(lambda folds: _final(view, folds))
    finally:
        await reader.close()


def _final(view: JobView, folds: Folds) -> FinalCourse:
    if not folds.course.workers:
        return _without_windows(view, "no worker has published any")
    events, events_omitted = all_events(view, folds.course.connection_events)
    until_s = folds.course.until_s(())
    course = course_of(view, folds, folds.course, until_s=until_s, histograms=True)
    words = [course.omitted, *_missing_words(_short(view, folds.course))]
    omitted = "; ".join(word for word in words if word)
    return FinalCourse(course.model_copy(update={"omitted": omitted}), events, events_omitted)


def _without_windows(view: JobView, why: str) -> FinalCourse:
    return FinalCourse(None, *all_events(view, []), f"{WINDOWS}: {why}")


def _short(view: JobView, fold: CourseFold) -> dict[str, int]:
    """Return how many messages of each workload are in the tallies and in no window."""
    short: dict[str, int] = {}
    for worker, part in view.parts.items():
        for tally in part.finished.workloads if part.finished is not None else ():
            missing = tally.messages - fold.messages(worker, tally.workload)
            if missing > 0:
                short[tally.workload] = short.get(tally.workload, 0) + missing
    return short


def _missing_words(short: dict[str, int]) -> Iterable[str]:
    for workload, messages in short.items():
        yield f"{messages} messages of workload {workload} are in no window"
