"""What a participant publishes of its course: few messages, however long the job is.

The first 600 s are windows of 1 s; then windows are 2 s wide until 1,200 s, 4 s until 2,400 s and
so on. So a course of T seconds has about 600 + 300 log2(T / 600) windows. Of the time after the
first 600 s the newest seconds are published besides. Of many participants each begins with wider
windows, so that all of them together publish at most MAX_PER_SECOND.
"""

from njst.contract.results.windows import ParticipantWindow, Published
from njst.stats.course.window_merge import merge_workloads

MAX_WINDOWS = 600
MAX_PER_SECOND = 64


def width_at(elapsed_s: int) -> int:
    """Return the width of the window that second `elapsed_s` is in: elapsed_s / width < 600."""
    width_s = 1
    while elapsed_s >= MAX_WINDOWS * width_s:
        width_s *= 2
    return width_s


class CourseWriter:
    """Turns the seconds of a participant, in order, into the windows that it publishes."""

    def __init__(self, participants: int = 1) -> None:
        """Begin the course of one of so many participants."""
        # The width of the first windows.
        self._narrowest_s = 1
        while participants > MAX_PER_SECOND * self._narrowest_s:
            self._narrowest_s *= 2
        # The seconds of the wider window that is not over yet.
        self._open: list[ParticipantWindow] = []

    def add(self, second: ParticipantWindow) -> list[Published]:
        """Return what to publish after one more second."""
        width_s = self._width_at(second.at_s)
        if width_s == 1:
            return [Published(second)]
        self._open.append(second)
        newest = [Published(second, is_newest=True)] if self._narrowest_s == 1 else []
        return newest if second.end_s % width_s else [*newest, *self.close()]

    def _width_at(self, elapsed_s: int) -> int:
        return max(self._narrowest_s, width_at(elapsed_s))

    def close(self) -> list[Published]:
        """Return the window that the end of the load cut short, if there is one."""
        if not self._open:
            return []
        seconds, self._open = self._open, []
        width_s = self._width_at(seconds[0].at_s)
        workloads = merge_workloads(one for second in seconds for one in second.workloads)
        at_s = seconds[0].at_s // width_s * width_s
        return [Published(ParticipantWindow(at_s=at_s, width_s=width_s, workloads=workloads))]
