"""The counters that a worker keeps between two scrapes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from njst.api.metrics.mesh_counters import MeshCounters
from njst.api.metrics.own_share import OwnShare
from njst.journal.state.job_store import JobStore


@dataclass(frozen=True)
class WorkerMetrics:
    """What this worker did, and what it saw happen to the jobs of its mesh."""

    own_share: OwnShare
    mesh_counters: MeshCounters

    @classmethod
    def of(cls, me: str, job_store: JobStore, now_ns: Callable[[], int]) -> Self:
        """Begin to count for worker `me`; `now_ns` is the log's time."""
        return cls(OwnShare(me, job_store, now_ns), MeshCounters(job_store))
