"""A resource in the cache of one replica."""

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from njst.contract.results.outcome import Problem
from njst_operator.controllers.resource.log_resource import LogResource

Resource = TypeVar("Resource", bound=LogResource[Any])


@dataclass(eq=False)
class CachedResource(Generic[Resource]):
    """The newest version that was seen, and what this replica knows beyond it."""

    resource: Resource
    # The loop time at which its status last changed, whichever replica wrote it.
    written_s: float = 0.0
    # Why the last submission failed; None: it did not.
    not_submitted: Problem | None = None
    # Whether a task is writing its annotation ACCEPTED_UID.
    is_annotating: bool = False
