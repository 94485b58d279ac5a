"""What the routes need from their worker."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from njst.api.metrics.worker_metrics import WorkerMetrics
from njst.contract.results.outcome import Problem
from njst.contract.spec.target import Target
from njst.journal.course_reader import Courses
from njst.journal.experiments import Experiments
from njst.journal.interfaces import Baselines, Member, Members
from njst.journal.jobs import Jobs
from njst.journal.state.job_view import JobView


@dataclass(frozen=True)
class Services:
    """The worker behind the API; `ready` returns why it cannot accept a job now, or None."""

    mesh: str
    jobs: Jobs
    experiments: Experiments
    baselines: Baselines
    courses: Courses
    members: Members
    metrics: WorkerMetrics
    me: Callable[[], Member]
    log_now_ns: Callable[[], int]
    ready: Callable[[], Problem | None]
    # Removes all streams that a job created, even those to keep; returns what it could not remove.
    remove_streams: Callable[[JobView], Awaitable[list[str]]]
    # Returns the target that a server's URL means; raises SetupError when it is not allowed.
    target_at: Callable[[str], Awaitable[Target]]
