"""What a worker does after its load: it reads the slices that fall to it, until all are read.

Which ones these are follows from the view alone: more of them when another reader is lost.
"""

import asyncio
from dataclasses import dataclass, field
from functools import partial

from njst.agent.deps import AgentDeps
from njst.agent.event_publisher import EventPublisher
from njst.contract.connection import Connection
from njst.contract.event_limits import sight_bytes
from njst.contract.events import SliceRead
from njst.contract.plan import LostProducer, RangePlan, SlicePlan
from njst.contract.results.readback import SliceResult
from njst.journal.state.job_view import JobView, ParticipantPhase
from njst.planning.client_plans import client_plans
from njst.verification.slices import slices


@dataclass
class SliceReader:
    """One worker's, in one job; `released` tells it to stop."""

    deps: AgentDeps
    job: str
    connection: Connection
    released: asyncio.Event
    # The slices of which it has said what is in them: the log may not have come back with it yet.
    _told: set[int] = field(default_factory=set)

    async def run(self) -> None:
        """Return when this worker is not needed any more, or told to stop."""
        publisher = EventPublisher(self.deps, self.job)
        released = asyncio.create_task(self.released.wait())
        try:
            while not released.done() and (view := self._open()) is not None:
                number = self._next(view)
                if number is None:
                    await _first(asyncio.create_task(publisher.until(self._has_news)), released)
                    continue
                sight = await _first(asyncio.create_task(self._look(view, number)), released)
                if sight is not None:
                    said = SliceRead(slice=number, sight=sight)
                    await publisher.publish(said, partial(self._is_seen, number))
                    self._told.add(number)
        finally:
            released.cancel()
        if self._open() is not None:
            # It leaves; the others go on without it.
            await publisher.publish(SliceRead(), lambda: self._open() is None)

    def _open(self) -> JobView | None:
        """Return the job as long as something of it is loaded or read, and this worker counts."""
        view = self.deps.job_store.view(self.job)
        if view is None or view.settled or view.cancelled or view.ended:
            return None
        part = view.parts[self.deps.me]
        return None if part.state is ParticipantPhase.LOST or part.gone else view

    def _next(self, view: JobView) -> int | None:
        return next((n for n in view.to_read(self.deps.me) if n not in self._told), None)

    def _has_news(self) -> bool:
        view = self._open()
        return view is None or self._next(view) is not None

    def _is_seen(self, number: int) -> bool:
        view = self._open()
        return view is None or number in view.seen

    async def _look(self, view: JobView, number: int) -> SliceResult:
        receipts = [some for told in view.receipts.values() for some in told]
        pieces = slices(receipts, view.slices)[number]
        return await self.deps.look(
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
    """Return the producers of lost workers whose messages can be known again."""
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


async def _first(
    task: "asyncio.Task[SliceResult] | asyncio.Task[None]", released: "asyncio.Task[bool]"
) -> SliceResult | None:
    """Return what a task returns; None when it is ended because this worker is to stop."""
    waiting: set[asyncio.Task[object]] = {task, released}
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
    finally:
        if not task.done():
            task.cancel()
            await asyncio.wait({task})
    return None
