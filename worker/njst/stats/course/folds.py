"""The whole course of a job, and its newest 600 s in windows of one second."""

from collections.abc import Mapping

from njst.contract.results.windows import ParticipantWindow
from njst.stats.course.course_fold import CourseFold
from njst.stats.course.course_writer import MAX_WINDOWS


class Folds:
    """Both folds of the windows of a job.

    Attributes:
        course: All windows of the course, in at most 600.
        newest: The newest 600 windows of one second.
    """

    def __init__(self) -> None:
        self.course = CourseFold()
        self.newest = CourseFold(newest_only=True)

    def add(self, worker: str, window: ParticipantWindow, *, is_newest: bool) -> None:
        """Add a participant's window; `is_newest`: it is not one of the course."""
        if not is_newest:
            self.course.add(worker, window)
        if window.width_s == 1:
            self.newest.add(worker, window)

    def at(self, from_s: int) -> CourseFold:
        """Return the fold with the smallest windows that has the time from `from_s` on."""
        end_s = self.newest.newest_s
        is_enough = from_s >= end_s - MAX_WINDOWS and end_s >= self.course.newest_s
        return self.newest if is_enough else self.course

    def newest_windows(self) -> Mapping[str, ParticipantWindow]:
        """Return the newest window of each participant."""
        found = {
            worker: self.newest.newest(worker) or self.course.newest(worker)
            for worker in self.course.workers | self.newest.workers
        }
        return {worker: window for worker, window in found.items() if window is not None}
