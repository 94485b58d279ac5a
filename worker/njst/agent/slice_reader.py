"""After its load a worker reads back the slices that are assigned to it, until all are read.

The view alone says which slices these are: more of them when another reader is lost.
"""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from njst.agent.deps import AgentDeps
from njst.agent.event_publisher import EventPublisher
from njst.contract.connection import Connection
from njst.contract.event_limits import sight_bytes
from njst.contract.events import SliceRead
from njst.contract.plan import LostProducer, RangePlan, SlicePlan
from njst.contract.results.readback import SliceResult
from njst.journal.state.job_view import JobView, ParticipantPhase
from njst.journal.wait_for_job import wait_for_job
from njst.planning.client_plans import client_plans
from njst.verification.slices import slices

T = TypeVar("T")


@dataclass
class SliceReader:
    """The slices of one worker in one job; `stopping` is set to stop it."""

    deps: AgentDeps
    job: str
    connection: Connection
    stopping: asyncio.Event
    # Slices whose result is published; the view may not show it yet.
    _published: set[int] = field(default_factory=set)

    async def run(self) -> None:
        """Return when this worker is not needed any more, or told to stop."""
        publisher = EventPublisher(self.deps, self.job)
        stopping = asyncio.create_task(self.stopping.wait())
        try:
            while not stopping.done() and (view := self._open()) is not None:
                number = self._next(view)
                if number is None:
                    changed = wait_for_job(self.deps.job_store, self.job, self._has_work_or_is_over)
                    await _unless_stopping(changed, stopping)
                    continue
                result = await _unless_stopping(self._read(view, number), stopping)
                if result is not None:
                    await publisher.publish(
                        SliceRead(slice=number, sight=result),
                        partial(self._is_seen_or_over, number),
                    )
                    self._published.add(number)
        finally:
            stopping.cancel()
        if self._open() is not None:
            # This worker leaves; the others read on without it.
            await publisher.publish(SliceRead(), self._is_over)

    def _open(self) -> JobView | None:
        view = self.deps.job_store.view(self.job)
        return None if view is None or self._is_over(view) else view

    def _is_over(self, view: JobView) -> bool:
        """Whether nothing of the job is loaded or read any more, or not by this worker."""
        if view.settled or view.cancelled or view.ended:
            return True
        part = view.parts[self.deps.me]
        return part.state is ParticipantPhase.LOST or part.gone

    def _next(self, view: JobView) -> int | None:
        return next((n for n in view.to_read(self.deps.me) if n not in self._published), None)

    def _has_work_or_is_over(self, view: JobView) -> bool:
        return self._is_over(view) or self._next(view) is not None

    def _is_seen_or_over(self, number: int, view: JobView) -> bool:
        return number in view.seen or self._is_over(view)

    async def _read(self, view: JobView, number: int) -> SliceResult:
        receipts = [some for told in view.receipts.values() for some in told]
        pieces = slices(receipts, view.slices)[number]
        return await self.deps.read_slice(
            SlicePlan(
                job=self.job,
                connection=self.connection,
                pieces=[RangePlan(stream=p.stream, after=p.after, upto=p.upto) for p in pieces],
                receipts=receipts,
                lost=_lost(view),
                max_bytes=sight_bytes(self.deps.log.max_event_bytes),
            )
        )


def _lost(view: JobView) -> list[LostProducer]:
    """Return the producers of lost workers whose messages can be recognised in the stream."""
    return [
        LostProducer(
            worker=worker,
            workload=plan.workload,
            stream=plan.publish.read_back.stream,
            number=plan.number,
            index=plan.index,
        )
        for worker in view.parts_in(ParticipantPhase.LOST)
        for plan in client_plans(view.id, view.created.spec, list(view.parts), worker)
        if plan.publish and plan.publish.read_back and not plan.publish.read_back.obstacle
    ]


async def _unless_stopping(
    work: Coroutine[Any, Any, T], stopping: "asyncio.Task[bool]"
) -> T | None:
    """Return the result of `work`; None when it was cancelled because this worker is to stop."""
    task = asyncio.create_task(work)
    waiting: set[asyncio.Task[Any]] = {task, stopping}
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
    finally:
        if not task.done():
            task.cancel()
            await asyncio.wait({task})
    return None
