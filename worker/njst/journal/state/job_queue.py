"""Which jobs have their workers: decided at each event, in the order of the log, for good.

A job is admitted at its creation or when another one closes, as soon as no job that was admitted
before, and none that stands before it in the queue, wants one of its workers. Shared jobs bear each
other. It depends on the log alone, so every reader admits the same jobs at the same time.
"""

from bisect import insort
from dataclasses import dataclass, field

from njst.contract.spec.job import Sharing
from njst.journal.state.job_view import JobView


@dataclass(frozen=True, order=True)
class _Claim:
    """What a job wants; the smallest goes first."""

    order: tuple[int, int]
    job: str = field(compare=False)
    workers: frozenset[str] = field(compare=False)
    shared: bool = field(compare=False)

    def bears(self, other: "_Claim") -> bool:
        """Whether both may have their workers at the same time."""
        return (self.shared and other.shared) or self.workers.isdisjoint(other.workers)


@dataclass
class _Taken:
    """The workers that are spoken for, each group of them looked at once."""

    exclusive: set[str] = field(default_factory=set)
    shared: set[str] = field(default_factory=set)
    _seen: set[tuple[bool, frozenset[str]]] = field(default_factory=set)

    def add(self, claim: _Claim) -> None:
        group = (claim.shared, claim.workers)
        if group not in self._seen:
            self._seen.add(group)
            (self.shared if claim.shared else self.exclusive).update(claim.workers)

    def leaves(self, claim: _Claim) -> bool:
        if not claim.workers.isdisjoint(self.exclusive):
            return False
        return claim.shared or claim.workers.isdisjoint(self.shared)


@dataclass
class Queue:
    """The jobs that are not closed: those that have their workers, and those that wait."""

    _held: dict[str, _Claim] = field(default_factory=dict)
    _waiting: list[_Claim] = field(default_factory=list)
    _since_ns: dict[str, int] = field(default_factory=dict)

    def enter(self, view: JobView) -> None:
        """Take a new job."""
        spec = view.created.spec
        order = (-spec.priority, view.seq)
        shared = spec.sharing is Sharing.SHARED
        insort(self._waiting, _Claim(order, view.id, frozenset(view.parts), shared))
        self._admit(view.created_ns)

    def leave(self, job: str, now_ns: int) -> list[str]:
        """Let go a job that has closed, whether it had its workers or not; return who has them."""
        self._since_ns.pop(job, None)
        if self._held.pop(job, None) is None:
            self._waiting = [claim for claim in self._waiting if claim.job != job]
        return self._admit(now_ns)

    def since_ns(self, job: str) -> int | None:
        """Return since when (log time) a job has its workers; None while it waits."""
        return self._since_ns.get(job)

    def ahead(self, job: str) -> list[str]:
        """Return the jobs that a waiting job waits for: those that run, then those before it."""
        mine = next((claim for claim in self._waiting if claim.job == job), None)
        if mine is None:
            return []
        before = [*self._held.values(), *(claim for claim in self._waiting if claim < mine)]
        return [claim.job for claim in before if not claim.bears(mine)]

    def waiting(self, most: int | None = None) -> list[str]:
        """Return the jobs that wait, or the first of them, as they get their workers."""
        return [claim.job for claim in self._waiting[:most]]

    def _admit(self, now_ns: int) -> list[str]:
        taken, admitted = _Taken(), []
        for claim in self._held.values():
            taken.add(claim)
        still_waiting = []
        for claim in self._waiting:
            if taken.leaves(claim):
                self._held[claim.job] = claim
                self._since_ns[claim.job] = now_ns
                admitted.append(claim.job)
            else:
                still_waiting.append(claim)
            # Who stands before others takes its workers from them, also while it waits itself.
            taken.add(claim)
        self._waiting = still_waiting
        return admitted
