"""What the API needs of the worker that it belongs to."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from njst.contract.results.outcome import Problem
from njst.journal.interfaces import Member, Members
from njst.journal.jobs import Jobs
from njst.journal.state.job_view import JobView


@dataclass(frozen=True)
class Services:
    """The worker behind the API; `ready` returns why it cannot take a job now, or None."""

    mesh: str
    jobs: Jobs
    members: Members
    me: Callable[[], Member]
    log_now_ns: Callable[[], int]
    ready: Callable[[], Problem | None]
    # Removes the streams that a job made, also those that it was to keep; returns what stayed.
    remove_streams: Callable[[JobView], Awaitable[list[str]]]
