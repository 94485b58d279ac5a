"""The manager: which resources are forgotten, and whose jobs are cancelled."""

import asyncio
from typing import Any, cast

import pytest

from njst.contract.events import Created, Origin, OriginKind
from njst.contract.parsing.document import parse_spec
from njst.journal.state.experiments.experiment_store import ExperimentStore
from njst.journal.state.job_store import JobStore
from njst.journal.state.projection import LogEntry
from njst_operator.config import Config
from njst_operator.controllers.job.job_resource import JobResource, resource_of
from njst_operator.controllers.manager import Manager, MeshLog
from njst_operator.kube.kube_event import KubeEvent
from njst_operator.kube.label_selector import parse_selector
from njst_operator.kube.watch_scope import WatchScope
from tests.unit.operator.controllers.job.test_job_decide import SPEC

UID = "job-0"


class Recorder:
    """An API server and the operations on jobs, which remember what is asked of them."""

    def __init__(self, *, exists: bool = False) -> None:
        self.exists = exists
        self.cancelled: list[tuple[str, str]] = []
        self.events: list[str] = []

    async def is_there(self, _: JobResource) -> bool:
        return self.exists

    async def record(self, _: JobResource, event: KubeEvent) -> None:
        self.events.append(event.reason)

    async def cancel(self, job: str, reason: str, _: str) -> None:
        self.cancelled.append((job, reason))


def resource(**status: Any) -> JobResource:
    meta = {"uid": UID, "namespace": "ns", "name": UID, "generation": 1, "resourceVersion": "1"}
    # A finished resource keeps its reconciler out of these tests.
    said = {"observedGeneration": 1, "phase": "Succeeded", "jobId": UID, **status}
    return resource_of({"metadata": meta, "spec": SPEC, "status": said})


def manager(recorder: Recorder, selector: str = "") -> Manager:
    """Return a manager whose log has an open job of the resource."""
    job_store = JobStore()
    origin = Origin(kind=OriginKind.RESOURCE, namespace="ns", name=UID)
    created = Created(spec=parse_spec(SPEC), participants=["w-1"], origin=origin)
    job_store.on_entry(LogEntry(1, 1, UID, "", created))
    scope = WatchScope(("ns",), parse_selector(selector))
    config = Config({}, "default", scope, "replica-1", "", None, True, 30)
    outside = cast("Any", recorder)
    mesh_log = MeshLog(outside, job_store, outside, ExperimentStore(), outside)
    return Manager(config, outside, mesh_log)


async def settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


@pytest.mark.parametrize(
    ("selector", "exists", "cancelled"),
    [
        ("", False, [(UID, "ResourceDeleted")]),
        ("team=a", False, [(UID, "ResourceDeleted")]),
        ("team=a", True, []),
    ],
    ids=["deleted", "deleted and selected", "label removed"],
)
async def test_unwatched__deleted_or_unselected__cancels_only_if_deleted(
    selector: str, exists: bool, cancelled: list[tuple[str, str]]
) -> None:
    recorder = Recorder(exists=exists)
    one = manager(recorder, selector)
    one.jobs.on_watched(resource())
    assert one.jobs.get(UID) is not None
    one.jobs.on_unwatched(UID)
    await settled()
    assert one.jobs.get(UID) is None
    assert recorder.cancelled == cancelled


async def test_deleted__older_list_shows_it__does_not_come_back() -> None:
    one = manager(Recorder())
    one.jobs.on_watched(resource())
    one.jobs.on_deleted(UID)
    one.jobs.on_watched(resource())
    assert one.jobs.get(UID) is None
    await one.stop()


async def test_watched__accepted_by_another_default_mesh__cancels_own_job() -> None:
    recorder = Recorder()
    one = manager(recorder)
    one.jobs.on_watched(resource(mesh="other"))
    await settled()
    assert one.jobs.get(UID) is None
    assert recorder.cancelled == [(UID, "TwoDefaultMeshes")]
    assert recorder.events == ["TwoDefaultMeshes"]
