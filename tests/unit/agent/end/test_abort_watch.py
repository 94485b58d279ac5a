"""Two participants look once a second whether a threshold ends a job early."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

import pytest

from njst.agent.end.abort_watch import WATCHERS, AbortWatch
from njst.contract.events import (
    Cancelled,
    Created,
    Event,
    Origin,
    OriginKind,
    Progress,
    Ready,
    Started,
    Suspected,
)
from njst.contract.results.tallies import ErrorClass, ErrorTally, WorkloadTally
from njst.contract.spec.job import JobSpec
from njst.journal.state.job_store import JobStore
from njst.journal.state.job_view import JobView
from njst.journal.state.projection import LogEntry
from njst.journal.state.rendezvous import order
from njst.verdict.abort import Abort

S = 1_000_000_000
BEGIN = 1_000 * S
JOB, WORKERS = "job-1", ("a", "b", "c", "d")
FIRST, SECOND, THIRD, LAST = order(JOB, WORKERS)
ABORT = {"metric": "Errors", "atMost": 0, "abort": True}

_Result = TypeVar("_Result")


def spec(**threshold: object) -> JobSpec:
    document = {
        "streams": [{"name": "S"}],
        "workloads": [{"name": "w", "stream": "S", "durationSeconds": 60, "publish": {}}],
        "thresholds": [threshold or ABORT],
    }
    return JobSpec.model_validate_json(json.dumps(document))


@dataclass
class Scene:
    """A job of four workers in the store of one."""

    job: JobSpec = field(default_factory=spec)
    looks: int = 0
    broken: bool = False

    def __post_init__(self) -> None:
        self.job_store = JobStore()
        self._seq = 0
        self.add(
            Created(spec=self.job, participants=[*WORKERS], origin=Origin(kind=OriginKind.HTTP))
        )
        for worker in WORKERS:
            self.add(Ready(), worker)
        self.add(Started(run=[*WORKERS], lead_ms=0))

    def add(self, event: Event, worker: str = "", second: float = 0) -> None:
        self._seq += 1
        self.job_store.on_entry(LogEntry(self._seq, BEGIN + int(second * S), JOB, worker, event))

    @property
    def view(self) -> JobView:
        view = self.job_store.view(JOB)
        assert view is not None
        return view

    def fail(self, count: int = 1) -> None:
        """A worker says that so many operations failed."""
        errors = [ErrorTally(error_class=ErrorClass.TIMEOUT, count=count, operations=count)]
        tally = WorkloadTally(workload="w", attempted=count, errors=errors)
        progress = Progress(elapsed_ms=1, workloads=[tally])
        self.job_store.on_progress(JOB, "a", progress, 0)

    def watch(self, me: str) -> AbortWatch:
        async def run(compute: Callable[[], _Result], /) -> _Result:
            self.looks += 1
            if self.broken:
                raise ValueError("no such number")
            return compute()

        return AbortWatch(me, self.job_store, run)


async def seen(watch: AbortWatch, scene: Scene, second: float) -> Abort | None:
    """Look, let the look end, and take what it found."""
    watch.look(scene.view, BEGIN + int(second * S))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return watch.look(scene.view, BEGIN + int(second * S))


@pytest.mark.parametrize(("me", "looks"), [(FIRST, 1), (SECOND, 1), (THIRD, 0), ("z", 0)])
async def test_look__of_all_workers__two_participants_do(me: str, looks: int) -> None:
    scene = Scene()
    scene.fail()
    found = await seen(scene.watch(me), scene, 20)
    assert scene.looks == looks
    assert (found is not None) == bool(looks)
    assert WATCHERS == 2


async def test_look__first_worker_is_lost__next_one_looks() -> None:
    scene = Scene()
    for second in (1.0, 2.5, 4.0, 5.0):
        scene.add(Suspected(), FIRST, second)
    scene.fail()
    assert await seen(scene.watch(THIRD), scene, 20) is not None


async def test_look__once_a_second__until_it_has_found_something() -> None:
    scene = Scene()
    watch = scene.watch(FIRST)
    for second in (0.9, 1.0, 1.05, 1.9, 2.0):
        assert await seen(watch, scene, second) is None
    assert scene.looks == 2
    scene.fail()
    first = await seen(watch, scene, 20)
    scene.fail(2)
    assert first == await seen(watch, scene, 30) is not None, "the message of one decision"
    assert scene.looks == 3


async def test_look__job_without_abort_or_load__is_left_alone() -> None:
    quiet = Scene(spec(metric="Errors", atMost=0))
    quiet.fail()
    assert await seen(quiet.watch(FIRST), quiet, 20) is None
    cancelled = Scene()
    cancelled.add(Cancelled(reason="Requested"))
    cancelled.fail()
    assert await seen(cancelled.watch(FIRST), cancelled, 20) is None
    assert quiet.looks == cancelled.looks == 0


async def test_look__that_fails__is_repeated(caplog: pytest.LogCaptureFixture) -> None:
    scene = Scene(broken=True)
    scene.fail()
    watch = scene.watch(FIRST)
    assert await seen(watch, scene, 20) is None
    assert "no such number" in caplog.text
    scene.broken = False
    assert await seen(watch, scene, 21) is not None
    watch.forget(set())
    assert await seen(watch, scene, 21) is not None, "looked anew"
