"""The course of a job: windows of all participants together, and what happened when."""

from collections.abc import Callable
from enum import StrEnum
from typing import TypeVar

from pydantic import AwareDatetime, Field

from njst.contract.model import Message
from njst.contract.results.outcome import Outcome
from njst.contract.results.tallies import LoadCost
from njst.contract.results.windows import ErrorCount


class WindowLatency(Message):
    """Percentiles of one window in microseconds, of `count` values; None: nobody counted them."""

    count: int | None = None
    p50: int
    p90: int
    p99: int
    p999: int
    max: int


class CourseWindow(Message):
    """One window of a workload, over all participants.

    `offered` is the number of messages that were due in it by the rate of the spec; None without a
    rate. A latency is None where it has no values. `histograms` has the latencies by name
    (`latency`, `service`, `slip`, `stored`, `delivered`) as HDR V2 compressed, base64.
    """

    at_seconds: int
    messages: int = 0
    bytes: int = 0
    offered: int | None = None
    errors: list[ErrorCount] = Field(default_factory=list)
    events: list[ErrorCount] = Field(default_factory=list)
    latency_microseconds: WindowLatency | None = None
    service_microseconds: WindowLatency | None = None
    slip_microseconds: WindowLatency | None = None
    stored_microseconds: WindowLatency | None = None
    delivered_microseconds: WindowLatency | None = None
    histograms: dict[str, str] | None = None


class WorkloadCourse(Message):
    """The windows of one workload, by time; seconds in which nothing happened have one too."""

    workload: str
    kind: str
    windows: list[CourseWindow] = Field(default_factory=list)


class Course(Message):
    """All windows of a job so far, at most 600 for each workload.

    Windows are `window_seconds` long (1, 2, 4 ...) and are counted from the common start. All of
    them end at `until_seconds` or before, and do not change any more. `omitted` says which windows
    are missing and why; empty if none are.
    """

    window_seconds: int = 1
    until_seconds: int = 0
    omitted: str = ""
    workloads: list[WorkloadCourse] = Field(default_factory=list)


AnyCourse = TypeVar("AnyCourse", bound=Course)


def without_window_histograms(course: AnyCourse) -> AnyCourse:
    """Return a course without the histograms of its windows."""
    return with_windows(course, lambda window: window.model_copy(update={"histograms": None}))


def with_windows(
    course: AnyCourse, change: Callable[[CourseWindow], CourseWindow | None]
) -> AnyCourse:
    """Return a course with each of its windows changed, or left out where `change` says None."""
    workloads = [
        one.model_copy(
            update={
                "windows": [
                    changed for window in one.windows if (changed := change(window)) is not None
                ]
            }
        )
        for one in course.workloads
    ]
    return course.model_copy(update={"workloads": workloads})


class EventType(StrEnum):
    """What happened in a job."""

    CREATED = "Created"
    READY = "Ready"
    REFUSED = "Refused"
    LATE = "Late"
    STARTED = "Started"
    WORKLOAD_BEGAN = "WorkloadBegan"
    WORKLOAD_DONE = "WorkloadDone"
    WORKER_SUSPECTED = "WorkerSuspected"
    WORKER_BACK = "WorkerBack"
    WORKER_LOST = "WorkerLost"
    WORKER_FINISHED = "WorkerFinished"
    CANCEL_REQUESTED = "CancelRequested"
    READING_BACK = "ReadingBack"
    ENDED = "Ended"
    CLEANED_UP = "CleanedUp"
    DISCONNECTED = "Disconnected"
    RECONNECTED = "Reconnected"
    LEADER_CHANGED = "LeaderChanged"


class JobEvent(Message):
    """Something that happened in a job, in the log's time.

    `at_milliseconds` counts from the common start, negative before it; None: the job has none.
    What befell connections has the time of its window.
    """

    type: EventType
    time: AwareDatetime
    at_milliseconds: int | None = None
    worker: str | None = None
    workload: str | None = None
    message: str = ""


class WorkloadSoFar(Message):
    """What one worker did of one workload so far; the rate is that of its last window."""

    workload: str
    messages: int = 0
    bytes: int = 0
    errors: int = 0
    messages_per_second: int | None = None


class WorkerSoFar(Message):
    """What one worker did so far; `outcome` is None while it prepares or runs."""

    worker: str
    name: str
    outcome: Outcome | None = None
    elapsed_seconds: int | None = None
    workloads: list[WorkloadSoFar] = Field(default_factory=list)
    cost: LoadCost | None = None


class CourseDocument(Course):
    """The course of a job with its workers and its events, by time.

    Of more than 500 events the first ones are there, and `events_omitted` counts the others.
    """

    job: str
    ended: bool = False
    workers: list[WorkerSoFar] = Field(default_factory=list)
    events: list[JobEvent] = Field(default_factory=list)
    events_omitted: int = 0
