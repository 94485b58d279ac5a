"""A control NATS that stores nothing: loads end at the deadline, and everybody is told why."""

import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import nats
import pytest
from nats.js.api import DiscardPolicy

from njst.contract.names.mesh import Mesh as MeshName
from njst.local.local_worker import LocalWorker
from njst.local.nats_server import NatsServer
from tests.loglines import parsed
from tests.nats.mesh.mesh import Json, Mesh, running
from tests.stopping import stopped

DEADLINE_S = 6
LIMIT_S = 60.0


@pytest.fixture
def target() -> Iterator[NatsServer]:
    with NatsServer.start(name="target") as server:
        yield server


@pytest.fixture
def mesh(tmp_path: Path, nats_server: NatsServer) -> Iterator[Mesh]:
    options = ("--allow-target", "127.0.0.1:*", "--processes", "1")
    workers = [LocalWorker(f"w{n}", nats_server.url, tmp_path, options=options) for n in range(2)]
    with running(nats_server, workers, tmp_path) as started:
        yield started


@asynccontextmanager
async def full(server: NatsServer) -> AsyncIterator[None]:
    """The stream of the log takes nothing more."""
    client = await nats.connect(server.url)
    js = client.jetstream()
    name = MeshName("default").log_stream
    before = await js.stream_info(name)
    config, count = before.config, before.state.messages
    try:
        await js.update_stream(config.evolve(discard=DiscardPolicy.NEW, max_msgs=count))
        yield
        await js.update_stream(config)
    finally:
        await client.close()


@asynccontextmanager
async def frozen(server: NatsServer) -> AsyncIterator[None]:
    with stopped(server.pid):
        yield


def until(holds: Callable[[], bool]) -> None:
    give_up = time.monotonic() + LIMIT_S
    while not holds():
        assert time.monotonic() < give_up
        time.sleep(0.05)


def not_ready(mesh: Mesh, worker: int) -> str:
    """Why a worker is not ready; empty when it is."""
    answer = mesh.http.get(f"{mesh.workers[worker].url}/readyz")
    return "" if answer.status_code == 200 else str(answer.json()["detail"])


def loads(target: NatsServer) -> int:
    """How many connections of loads the target has."""
    connections = target.monitor("/connz?limit=1000")["connections"]
    return sum(connection.get("name") == "njst" for connection in connections)


@pytest.mark.parametrize(
    ("how", "reason", "words"),
    [
        pytest.param(full, "JournalFull", "maximum messages exceeded", id="full"),
        pytest.param(frozen, "ControlSilent", "has not answered", id="frozen"),
    ],
)
async def test_loads_end_at_the_deadline_and_the_job_ends_when_the_log_is_back(
    mesh: Mesh, target: NatsServer, how: Callable[..., object], reason: str, words: str
) -> None:
    spec: Json = {
        "target": {"servers": [target.url]},
        "activeDeadlineSeconds": DEADLINE_S,
        "streams": [{"name": "S", "storage": "Memory", "maxMessages": 1000}],
        "workloads": [
            {
                "name": "w",
                "stream": "S",
                "durationSeconds": 600,
                "publish": {"mode": "Synchronous", "payloadBytes": 64},
            }
        ],
    }
    job = mesh.post(spec)
    mesh.wait_loading(job)
    begin_s = time.monotonic()
    async with how(mesh.nats):  # type: ignore[attr-defined]
        until(lambda: loads(target) == 0)
        assert time.monotonic() - begin_s < DEADLINE_S + 8, "each worker stops by itself"
        for worker in range(2):
            until(lambda worker=worker: not_ready(mesh, worker).startswith(reason))  # type: ignore[misc]
            assert words in not_ready(mesh, worker)
            shown = mesh.job(job, worker)
            assert shown["reason"] == reason
            assert words in shown["message"]
    for document in mesh.wait_ended_everywhere(job):
        assert (document["phase"], document["reason"]) == ("Failed", "DeadlineExceeded")
    until(lambda: not_ready(mesh, 0) == "" == not_ready(mesh, 1))
    lines = parsed((mesh.folder / "w0.log").read_text())
    of_job = [line.message for line in lines if line.job == job]
    assert len(of_job) < 10, "what goes on is not told again and again"
    assert of_job or reason != "JournalFull"
    client = await nats.connect(target.url)
    try:
        give_up = time.monotonic() + LIMIT_S
        while await client.jetstream().streams_info():
            assert time.monotonic() < give_up, "what the job made is left"
    finally:
        await client.close()
