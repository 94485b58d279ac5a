"""Lets workloads begin that wait for others, as the workers of a mesh would agree."""

import asyncio
import time
from collections.abc import Sequence

from njst.contract.spec.job import JobSpec
from njst.load.runtime.process_group import LoadGroup

LEAD_NS = 400_000_000


async def begin_in_turn(spec: JobSpec, groups: Sequence[LoadGroup]) -> None:
    """Return when each has been told to begin; at once when none waits."""
    waiting = list(spec.gated)
    while waiting:
        left = frozenset().union(*(group.left() for group in groups))
        for workload in [w for w in waiting if left.isdisjoint(w.after)]:
            waiting.remove(workload)
            at_ns = time.monotonic_ns() + LEAD_NS
            for group in groups:
                group.begin(workload.name, at_ns)
        await asyncio.sleep(0.01)
