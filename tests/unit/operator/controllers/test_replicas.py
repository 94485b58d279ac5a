"""Many copies of the real operator, in virtual time, before an API server and a log of paper."""

import asyncio
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from typing import Any, cast

import pytest

from njst.contract.events import EVENT_TYPES, Ended, Finished, Payload, Ready, Started
from njst.contract.names.mesh import EventName
from njst.contract.results.outcome import Outcome
from njst.contract.results.tallies import WorkloadTally
from njst.journal.experiments import Experiments
from njst.journal.jobs import Jobs
from njst.journal.report_builder import final_report
from njst.journal.state.experiments.experiment_store import ExperimentStore
from njst.journal.state.job_store import JobStore
from njst.testing.fake_clock import FakeClock
from njst.testing.fake_members import FakeMembers
from njst.testing.memory_log import MemoryLog
from njst.testing.virtual_loop import run
from njst_operator.config import Config
from njst_operator.controllers.job.job_resource import JobResource, resource_of
from njst_operator.controllers.manager import Manager, MeshLog
from njst_operator.kube.api_transport import ConflictError, GoneError
from njst_operator.kube.watch_scope import WatchScope
from tests.unit.operator.controllers.job.test_job_decide import SPEC

COPIES = 10
JOBS = 12
# How long a change takes to those who watch.
WATCH_S = 0.05
WORKER = "w-1"
CHANGES = ("Pending", "Running", "Succeeded")


def now_s() -> float:
    return asyncio.get_running_loop().time()


@dataclass
class Server:
    """An API server that does one thing at a time, each of which takes so long."""

    takes_s: float
    bodies: dict[str, dict[str, Any]] = field(default_factory=dict)
    watchers: list[Callable[[Any], None]] = field(default_factory=list)
    # Returns the resource in an object.
    read: Callable[[dict[str, Any]], Any] = resource_of
    writes: int = 0
    conflicts: int = 0
    events: int = 0
    marks: int = 0
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    _version: int = 0
    _busy: asyncio.Lock = field(default_factory=asyncio.Lock)

    def create(self, uid: str, base: dict[str, Any] = SPEC, **spec: Any) -> None:
        meta = {"uid": uid, "namespace": "ns", "name": uid, "generation": 1}
        status = {"observedGeneration": -1}
        self._store(uid, {"metadata": meta, "spec": {**base, **spec}, "status": status})

    def change(self, uid: str, **spec: Any) -> None:
        """Change the spec of a resource, as a user does."""
        body = self.bodies[uid]
        meta = {**body["metadata"], "generation": body["metadata"]["generation"] + 1}
        self._store(uid, {**body, "metadata": meta, "spec": {**body["spec"], **spec}})

    async def write_status(self, held: JobResource, new: Any) -> dict[str, Any]:
        async with self._busy:
            await asyncio.sleep(self.takes_s)
            body = self.bodies[held.uid]
            revision = body["status"].get("revision", 0)
            if revision != held.status.revision:
                self.conflicts += 1
                raise ConflictError("409")
            self.writes += 1
            said = {**new.model_dump(exclude_none=True), "revision": revision + 1}
            return self._store(held.uid, {**body, "status": said})

    async def whoami(self) -> dict[str, Any]:
        return {"username": "system:serviceaccount:ns:njst-operator", "uid": "this-cluster"}

    async def record(self, *_: object) -> None:
        self.events += 1

    async def annotate(self, held: JobResource, key: str, value: str) -> None:
        if held.uid not in self.bodies:
            raise GoneError("404")
        body = self.bodies[held.uid]
        self.marks += 1
        annotations = {**body["metadata"].get("annotations", {}), key: value}
        self._store(
            held.uid, {**body, "metadata": {**body["metadata"], "annotations": annotations}}
        )

    async def storm(self, every_s: float) -> None:
        """Write something else than a status into each resource, again and again."""
        while True:
            await asyncio.sleep(every_s)
            for uid, body in self.bodies.items():
                self._store(uid, body)

    async def list(self, *_: object) -> list[dict[str, Any]]:
        return []

    def _store(self, uid: str, body: dict[str, Any]) -> dict[str, Any]:
        self._version += 1
        meta = {**body["metadata"], "resourceVersion": str(self._version)}
        self.bodies[uid] = {**body, "metadata": meta}
        self.changed.set()
        resource = self.read(self.bodies[uid])
        for watcher in self.watchers:
            asyncio.get_running_loop().call_later(WATCH_S, watcher, resource)
        return self.bodies[uid]

    def phases(self, among: Collection[str] = ()) -> set[str]:
        bodies = (body for uid, body in self.bodies.items() if not among or uid in among)
        return {body["status"].get("phase", "") for body in bodies}


def log_in_loop_time() -> MemoryLog:
    """An empty log, whose time is that of the running loop."""
    return MemoryLog(FakeClock(0, asyncio.get_running_loop()), append_s=0.01)


def put(log: MemoryLog, job: str, event: Payload, worker: str = "") -> None:
    name = next(name for name, kind in EVENT_TYPES.items() if kind is type(event))
    log.store(EventName(job, name, worker), event)


async def at_once(compute: Callable[[], Any]) -> Any:
    """Compute in the loop: virtual time knows no threads."""
    return compute()


def copy_of(
    number: int, server: Server, log: MemoryLog, connected: Callable[[], bool] = lambda: True
) -> Manager:
    job_store, experiment_store = JobStore(), ExperimentStore()
    log.subscribe(job_store.on_entry, job_store.on_progress)
    log.subscribe(experiment_store.on_entry)
    config = Config(
        {"url": "nats://127.0.0.1:4222"},
        "default",
        WatchScope(("ns",)),
        f"copy-{number}",
        "",
        None,
        False,
        30,
    )
    mesh_log = MeshLog(
        jobs=Jobs(log, job_store, FakeMembers(WORKER, delay_s=0.03)),
        job_store=job_store,
        experiments=Experiments(log, experiment_store),
        experiment_store=experiment_store,
        clock=cast("Any", log.clock),
    )
    manager = Manager(config, cast("Any", server), mesh_log, connected, at_once)
    job_store.listen(manager.on_job_changed)
    experiment_store.listen(manager.on_experiment_changed)
    server.watchers.append(manager.jobs.on_watched)
    return manager


async def until(
    server: Server, phase: str, timeout_s: float = 120, among: Collection[str] = ()
) -> None:
    """Return when all resources, or these, have this phase."""
    async with asyncio.timeout(timeout_s):
        while server.phases(among) != {phase}:
            server.changed.clear()
            await server.changed.wait()


@dataclass(frozen=True)
class Told:
    """What happened."""

    writes: int
    conflicts: int
    events: int
    created: int
    took_s: float


async def play(takes_s: float, *, dead: int = 0, storm_s: float | None = None) -> Told:
    """Run jobs from apply to their results; so many copies die before the first is over.

    With `storm_s` somebody else writes into each resource so often.
    """
    server, log = Server(takes_s), log_in_loop_time()
    copies = [copy_of(number, server, log) for number in range(COPIES)]
    uids = [f"job-{number}" for number in range(JOBS)]
    for uid in uids:
        server.create(uid)
    storm = asyncio.create_task(server.storm(storm_s)) if storm_s else None
    await until(server, "Pending")
    for uid in uids:
        put(log, uid, Ready(), WORKER)
        put(log, uid, Started(run=[WORKER], lead_ms=0))
    await until(server, "Running")
    for manager in copies[:dead]:
        server.watchers.remove(manager.jobs.on_watched)
        await manager.stop()
    tally = WorkloadTally(workload="w", planned=9, messages=9, elapsed_us=1000)
    for uid in uids:
        put(log, uid, Finished(outcome=Outcome.COMPLETED, workloads=[tally]), WORKER)
        view = copies[-1].log.job_store.view(uid)
        assert view is not None
        put(log, uid, Ended(report=final_report(view, {}, int(now_s() * 1e9))))
    await until(server, "Succeeded")
    took_s = now_s()
    if storm is not None:
        storm.cancel()
    # Nobody writes anything more.
    await asyncio.sleep(20)
    for manager in copies[dead:]:
        await manager.stop()
    created = sum(type(entry.event).__name__ == "Created" for entry in log.entries)
    return Told(server.writes, server.conflicts, server.events, created, took_s)


@pytest.mark.parametrize("takes_s", [0.005, 0.05, 0.2], ids=["quick", "slow", "overloaded"])
def test_ten_replicas__many_jobs__write_each_change_about_once(takes_s: float) -> None:
    told = run(play(takes_s))
    changes = JOBS * len(CHANGES)
    assert told.created == JOBS
    # An overloaded server lets some numbers of running jobs be written in between.
    assert changes <= told.writes <= 2 * changes, told
    # What was refused has cost something, and written nothing: copies must not all try at once.
    assert told.conflicts <= COPIES * changes / 3, told
    # JobSubmitted, Started, Succeeded.
    assert told.events == 3 * JOBS, told
    assert told.took_s < 5 + 4 * changes * takes_s, told


def test_replicas__storm_of_other_writes__are_not_slowed_down() -> None:
    told, calm = run(play(0.02, storm_s=0.02)), run(play(0.02))
    changes = JOBS * len(CHANGES)
    assert changes <= told.writes <= 2 * changes, told
    assert told.took_s < 2 * calm.took_s, (told, calm)


def test_replicas__most_of_them_dead__do_all_the_work() -> None:
    told = run(play(0.02, dead=COPIES - 1))
    assert told.created == JOBS
    assert told.events == 3 * JOBS


def test_submission__resources_without_a_job__are_not_waited_for() -> None:
    async def submitted() -> float:
        server, log = Server(0.005), log_in_loop_time()
        # Its turn is late.
        manager = copy_of(7, server, log)
        kept = {f"kept-{number}" for number in range(50)}
        for uid in kept:
            server.create(uid, suspend=True)
            server.create(f"not-{uid}", cancel=True)
        await until(server, "Suspended", among=kept)
        await until(server, "Cancelled", among=server.bodies.keys() - kept)
        begin_s = now_s()
        server.create("job-0")
        await until(server, "Pending", among={"job-0"})
        await manager.stop()
        return (log.entries[0].time_ns / 1e9) - begin_s

    # In virtual time: seen, members asked, appended.
    assert run(submitted()) < WATCH_S + 0.1


async def listen_in_vain(hearing: int) -> list[tuple[str, str]]:
    """Let a job run while so many of two copies still hear from NATS, for a minute; then all do.

    Return each phase with its reason, as they were written.
    """
    server, log = Server(0.02), log_in_loop_time()
    deaf: set[int] = set()
    copies = [
        copy_of(number, server, log, lambda number=number: number not in deaf)  # type: ignore[misc]
        for number in range(2)
    ]
    said: list[tuple[str, str]] = []

    def note(resource: JobResource) -> None:
        now = (resource.status.phase, resource.status.reason)
        if said[-1:] != [now]:
            said.append(now)

    server.create("job-0")
    await until(server, "Pending")
    put(log, "job-0", Ready(), WORKER)
    put(log, "job-0", Started(run=[WORKER], lead_ms=0))
    await until(server, "Running")
    await asyncio.sleep(5)
    server.watchers.append(note)
    deaf.update(range(hearing, 2))
    # Virtual time: longer than a status may be silent.
    await asyncio.sleep(60)
    deaf.clear()
    await asyncio.sleep(10)
    for manager in copies:
        await manager.stop()
    return said


LOADING = ("Running", "LoadRunning")


def test_running_job__no_replica_connected__says_nats_unavailable() -> None:
    assert run(listen_in_vain(0)) == [("Running", "NATSUnavailable"), LOADING]


def test_status_writer__without_nats__yields_to_connected_replica() -> None:
    assert run(listen_in_vain(1)) == [LOADING]


def test_list__open_and_finished_resources__reconciles_only_open() -> None:
    async def looks_of(*names: str) -> list[int]:
        server, log = Server(0.005), log_in_loop_time()
        manager = copy_of(0, server, log)
        server.create("open")
        await until(server, "Pending")
        body = server.bodies["open"]
        over = {
            "metadata": {**body["metadata"], "uid": "over", "name": "over"},
            "spec": body["spec"],
            "status": {**body["status"], "phase": "Succeeded", "jobId": "over"},
        }
        manager.jobs.on_watched(resource_of(over))
        await asyncio.sleep(20)
        looks = []
        for name in names:
            before, resource = manager.metrics.reconciles, manager.jobs.get(name)
            assert resource is not None
            await manager.jobs.on_list([resource], [])
            await asyncio.sleep(0.1)
            looks.append(manager.metrics.reconciles - before)
        await manager.stop()
        return looks

    assert run(looks_of("over", "open", "over")) == [0, 1, 0]


def test_list__older_version__changes_nothing() -> None:
    async def late() -> bool:
        server, log = Server(0.005), log_in_loop_time()
        manager = copy_of(0, server, log)
        server.create("job-0")
        await until(server, "Pending")
        (now,) = manager.jobs.controller.resources().values()
        await manager.jobs.on_list([replace(now, resource_version="1")], [])
        (after,) = manager.jobs.controller.resources().values()
        await manager.stop()
        return now == after

    assert run(late())


def test_submission__baseline_is_missing__all_replicas_say_so_and_nothing_starts() -> None:
    async def play() -> None:
        server, log = Server(0.0), log_in_loop_time()
        replicas = [copy_of(number, server, log) for number in range(3)]
        threshold = {"metric": "Errors", "relativeTo": "main", "atMostPercent": 5}
        server.create("job-1", thresholds=[threshold])
        await until(server, "Failed")
        status = server.bodies["job-1"]["status"]
        assert status["reason"] == "InvalidSpec"
        assert "spec.thresholds[0].relativeTo: there is no baseline main" in status["message"]
        for replica in replicas:
            await replica.stop()
        assert not log.entries

    run(play())
