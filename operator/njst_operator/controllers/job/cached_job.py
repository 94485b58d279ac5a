"""An NjstJob in the cache of one replica."""

from dataclasses import dataclass

from njst.contract.results.outcome import Problem
from njst_operator.controllers.job.job_resource import JobResource


@dataclass(eq=False)
class CachedJob:
    """The newest version that was seen, and what this replica knows beyond it."""

    resource: JobResource
    # The loop time at which its status last changed, whichever replica wrote it.
    written_s: float = 0.0
    # Why the last submission failed; None: it did not.
    not_submitted: Problem | None = None
    # Whether a task is writing its annotation ACCEPTED_UID.
    is_annotating: bool = False
