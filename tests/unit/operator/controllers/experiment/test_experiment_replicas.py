"""Many copies of the real operator before one NjstExperiment, in virtual time."""

import asyncio
from collections import Counter
from typing import Any

from njst.contract.events import Concluded, ExperimentCreated, Origin, OriginKind
from njst.contract.names.mesh import EventName
from njst.contract.parsing.experiment import parse_experiment
from njst.contract.results.report import Verdict
from njst.testing.memory_log import MemoryLog
from njst.testing.virtual_loop import run
from njst_operator.controllers.experiment.experiment_resource import experiment_resource_of
from njst_operator.controllers.manager import Manager
from tests.unit.contract.parsing.bad_experiments import good_experiment
from tests.unit.operator.controllers.test_replicas import (
    Server,
    copy_of,
    log_in_loop_time,
    until,
)

COPIES = 10
UIDS = ["x-0", "x-1", "x-2"]
END = Concluded(outcome="Completed", verdict=Verdict.VALID, reason="Completed")


def copies_of(server: Server, log: MemoryLog) -> list[Manager]:
    copies = [copy_of(number, server, log) for number in range(COPIES)]
    server.watchers = [manager.experiments.on_watched for manager in copies]
    return copies


def appended(log: MemoryLog) -> Counter[tuple[str, str]]:
    return Counter((name.job, name.event) for name in log.names)


def test_experiments__many_replicas__are_accepted_once_and_written_about_once_a_change() -> None:
    async def play() -> tuple[Counter[tuple[str, str]], Server]:
        server, log = Server(0.005, read=experiment_resource_of), log_in_loop_time()
        copies = copies_of(server, log)
        for uid in UIDS:
            server.create(uid, good_experiment())
        await until(server, "Running")
        for manager in copies[:5]:
            server.watchers.remove(manager.experiments.on_watched)
            await manager.stop()
        for uid in UIDS:
            log.store(EventName(uid, "concluded"), END)
        await until(server, "Succeeded")
        await asyncio.sleep(20)
        for manager in copies:
            await manager.stop()
        return appended(log), server

    log, server = run(play())
    assert log == {(uid, event): 1 for uid in UIDS for event in ("experiment", "concluded")}
    # Acceptance and end; and at most one for its numbers in between.
    assert server.writes <= 3 * len(UIDS)
    marks = {uid: body["metadata"]["annotations"] for uid, body in server.bodies.items()}
    assert marks == {uid: {"njst.io/accepted-uid": uid} for uid in UIDS}


def test_experiment__suspended_and_resumed__is_so_in_the_log_once_each() -> None:
    async def play() -> Counter[tuple[str, str]]:
        server, log = Server(0.005, read=experiment_resource_of), log_in_loop_time()
        copies = copies_of(server, log)
        server.create("x", good_experiment())
        await until(server, "Running")
        server.change("x", suspend=True)
        await until(server, "Suspended")
        server.change("x", suspend=False)
        await until(server, "Running")
        await asyncio.sleep(20)
        for manager in copies:
            await manager.stop()
        views = [manager.log.experiment_store.view("x") for manager in copies]
        assert {view and view.is_suspended for view in views} == {False}
        return appended(log)

    found = run(play())
    assert found["x", "experiment"] == 1
    # Replicas see a change at the same time: of those, some may append the same event again.
    assert found["x", "suspended"] >= 1
    assert found["x", "resumed"] >= 1


def test_keys__experiments_of_other_clusters__are_not_included() -> None:
    async def expected() -> set[str]:
        server, log = Server(0.005, read=experiment_resource_of), log_in_loop_time()
        manager = copy_of(0, server, log)
        spec = parse_experiment(good_experiment())
        for name, cluster, kind in (
            ("own", "this-cluster", OriginKind.RESOURCE),
            ("other", "b", OriginKind.RESOURCE),
            ("http", "", OriginKind.HTTP),
        ):
            origin = Origin(kind=kind, namespace="ns", name=name, cluster=cluster)
            created = ExperimentCreated(spec=spec, origin=origin)
            log.store(EventName(name, "experiment"), created)
        await manager.experiments.on_list([], [])
        keys = manager.experiments.keys()
        await manager.stop()
        return keys

    assert run(expected()) == {"own"}


def test_deleted__without_a_watch__is_cancelled_because_of_its_resource() -> None:
    async def play() -> Any:
        server, log = Server(0.005, read=experiment_resource_of), log_in_loop_time()
        copies = copies_of(server, log)
        server.create("x", good_experiment())
        await until(server, "Running")
        await copies[3].experiments.on_list([], ["x"])
        await asyncio.sleep(5)
        view = copies[0].log.experiment_store.view("x")
        for manager in copies:
            await manager.stop()
        return view

    view = run(play())
    assert view.cancelled.reason == "ResourceDeleted"
