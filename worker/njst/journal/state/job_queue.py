"""The queue of jobs: which have their workers and which wait, decided by the log alone.

A job is admitted at its creation, or when another job closes, as soon as none of its workers is
wanted by an admitted job or by one before it in the queue. Shared jobs may use the same workers.
Admission depends only on the log, so every reader admits the same jobs at the same time.
"""

from bisect import insort
from dataclasses import dataclass, field

from njst.contract.spec.job import Sharing
from njst.journal.state.job_view import JobView


@dataclass(frozen=True, order=True)
class _WorkerRequest:
    """The workers that a job requests; the smallest request is first in the queue."""

    order: tuple[int, int]
    job: str = field(compare=False)
    workers: frozenset[str] = field(compare=False)
    shared: bool = field(compare=False)

    def is_compatible_with(self, other: "_WorkerRequest") -> bool:
        """Whether both may use their workers at the same time."""
        return (self.shared and other.shared) or self.workers.isdisjoint(other.workers)


@dataclass
class _ReservedWorkers:
    """The workers that are in use or requested by jobs before; equal groups are checked once."""

    exclusive: set[str] = field(default_factory=set)
    shared: set[str] = field(default_factory=set)
    _groups: set[tuple[bool, frozenset[str]]] = field(default_factory=set)

    def add(self, request: _WorkerRequest) -> None:
        group = (request.shared, request.workers)
        if group not in self._groups:
            self._groups.add(group)
            (self.shared if request.shared else self.exclusive).update(request.workers)

    def leaves_free(self, request: _WorkerRequest) -> bool:
        if not request.workers.isdisjoint(self.exclusive):
            return False
        return request.shared or request.workers.isdisjoint(self.shared)


@dataclass
class Queue:
    """The open jobs: those that have their workers, and those that wait for them."""

    _admitted: dict[str, _WorkerRequest] = field(default_factory=dict)
    _waiting: list[_WorkerRequest] = field(default_factory=list)
    _since_ns: dict[str, int] = field(default_factory=dict)

    def enter(self, view: JobView) -> None:
        """Add a new job."""
        spec = view.created.spec
        order = (-spec.priority, view.seq)
        shared = spec.sharing is Sharing.SHARED
        insort(self._waiting, _WorkerRequest(order, view.id, frozenset(view.parts), shared))
        self._admit(view.created_ns)

    def leave(self, job: str, now_ns: int) -> list[str]:
        """Remove a closed job, admitted or not; return the jobs that are admitted thereby."""
        self._since_ns.pop(job, None)
        if self._admitted.pop(job, None) is None:
            self._waiting = [request for request in self._waiting if request.job != job]
        return self._admit(now_ns)

    def admitted_ns(self, job: str) -> int | None:
        """Return when (log time) a job got its workers; None while it waits."""
        return self._since_ns.get(job)

    def ahead(self, job: str) -> list[str]:
        """Return the jobs that a waiting job waits for: running ones, then those before it."""
        own = next((request for request in self._waiting if request.job == job), None)
        if own is None:
            return []
        before = [
            *self._admitted.values(),
            *(request for request in self._waiting if request < own),
        ]
        return [request.job for request in before if not request.is_compatible_with(own)]

    def waiting(self, most: int | None = None) -> list[str]:
        """Return the waiting jobs in order, at most `most` of them."""
        return [request.job for request in self._waiting[:most]]

    def _admit(self, now_ns: int) -> list[str]:
        reserved, admitted = _ReservedWorkers(), []
        for request in self._admitted.values():
            reserved.add(request)
        still_waiting = []
        for request in self._waiting:
            if reserved.leaves_free(request):
                self._admitted[request.job] = request
                self._since_ns[request.job] = now_ns
                admitted.append(request.job)
            else:
                still_waiting.append(request)
            # A waiting job reserves its workers against all jobs behind it.
            reserved.add(request)
        self._waiting = still_waiting
        return admitted
