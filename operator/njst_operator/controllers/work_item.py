"""A resource with what one copy knows about writing to it, and how copies take turns."""

import asyncio
from dataclasses import dataclass, field

from njst.contract.results.outcome import Problem
from njst_operator.controllers.job.job_resource import JobResource

# How soon what did not work is tried again, at first and at the most.
RETRY_S = 1.0
RETRY_MAX_S = 8.0


@dataclass
class WorkItem:
    """One resource; `wake` is set when there is a reason to look at it again."""

    resource: JobResource
    written_s: float = 0.0
    refusal: Problem | None = None
    failures: int = 0
    # Its mark is being written.
    marking: bool = False
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None

    def retry_s(self, asked_s: float) -> float:
        """Return when to try again after one more failure; `asked_s` is the server's own wish."""
        self.failures += 1
        return max(asked_s, min(RETRY_MAX_S, RETRY_S * 2.0 ** (self.failures - 1)))


def now_s() -> float:
    """Return the event loop's time."""
    return asyncio.get_running_loop().time()
