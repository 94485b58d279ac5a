"""The course of a job, from where it is: the windows while it runs, its report afterwards."""

from dataclasses import dataclass

from njst.contract.results.course import Course, CourseDocument, without_window_histograms
from njst.journal.course_builder import (
    course_of,
    course_of_totals,
    document_of_report,
    live_document,
    running_workers,
)
from njst.journal.course_reader import Courses
from njst.journal.interfaces import JournalUnavailableError
from njst.journal.jobs import Jobs
from njst.journal.state.job_view import JobView
from njst.stats.course.folds import Folds


@dataclass(frozen=True)
class CourseDocuments:
    """The courses of the jobs of a mesh."""

    jobs: Jobs
    courses: Courses

    async def get(
        self, view: JobView, from_s: int = 0, *, histograms: bool = False
    ) -> CourseDocument:
        """Return the course of a job from `from_s` seconds after the common start on.

        What cannot be had is missing, and `omitted` says why.
        """
        if view.ended is not None:
            report = await self.jobs.whole_report(view)
            found = document_of_report(view, report, from_s)
            if found is not None:
                return found if histograms else without_window_histograms(found)
        progress = self.jobs.progress(view)

        def read(folds: Folds) -> CourseDocument:
            fold = folds.at(from_s)
            until_s = fold.until_s(running_workers(view))
            course = course_of(view, folds, fold, from_s, until_s=until_s, histograms=histograms)
            return live_document(view, progress, folds, course)

        if not view.run:
            return read(Folds())
        try:
            async with self.courses.reader(view.id) as reader:
                document = await reader.read(read)
        except JournalUnavailableError as error:
            return self._from_totals(view, f"all windows: {error}")
        if document.until_seconds or view.ended is None:
            return document
        return self._from_totals(view, "all windows: they are removed an hour after the end")

    def _from_totals(self, view: JobView, why: str) -> CourseDocument:
        course = Course(omitted=why)
        if view.ended is not None:
            course = course_of_totals(view.ended.report.workloads, why)
        return live_document(view, self.jobs.progress(view), Folds(), course)
