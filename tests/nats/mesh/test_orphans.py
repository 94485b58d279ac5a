"""What jobs leave behind when all who could have cleaned up died: removed later, nothing else."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
from nats.js.api import StreamConfig

from njst.agent import orphan_reaper, worker
from njst.agent.deps import AgentDeps
from njst.agent.worker import Worker, WorkerSettings, open_worker
from njst.contract.connection import Connection
from njst.contract.events import Origin, OriginKind
from njst.contract.names.assets import LOG_KEY, OWNER_KEY, RETAIN_KEY, STREAM_KEY
from njst.contract.parsing.document import parse_spec
from njst.contract.results.outcome import SetupError
from njst.contract.spec.job import JobSpec
from njst.journal.jobs import Submission
from njst.journal.nats.job_log import JetStreamLog
from njst.journal.state.job_store import JobStore
from njst.local.nats_server import NatsServer
from njst.provisioning import provision
from njst.provisioning.target import target_connection
from njst.provisioning.target.jetstream_api import JetStreamApi

ME = "w"
SPEC = parse_spec(
    {
        "streams": [
            {"name": "GONE", "count": 2},
            {"name": "KV_GONE"},
            {"name": "KEPT", "retain": "Keep"},
        ],
        "workloads": [
            {
                "name": "m",
                "messages": 5,
                "management": {"operation": "StreamInfo", "assets": 3},
            },
            {"name": "w", "stream": "GONE", "messages": 5, "publish": {}},
            {"name": "k", "stream": "KEPT", "messages": 5, "publish": {}},
        ],
    }
)


@dataclass
class Scene:
    """A worker in this process, and what stands on its NATS."""

    node: Worker
    home: provision.WorkerFiles
    connection: Connection

    @property
    def deps(self) -> AgentDeps:
        return self.node.agent.deps

    async def leave_behind(self, job: str) -> None:
        """Make what a job needs, as a worker does that dies before it can clean up."""
        await provision.provision(job, SPEC, self.connection, [ME], ME, self.home)

    @property
    def log_ids(self) -> set[str]:
        journal = self.deps.log
        assert isinstance(journal, JetStreamLog)
        return journal.ids

    async def look(self, job_store: JobStore | None = None) -> list[str]:
        deps = self.deps if job_store is None else replace(self.deps, job_store=job_store)
        looking = orphan_reaper.OrphanReaper(deps, self.log_ids, self.never)
        return sorted(await looking.look())

    async def never(self) -> bool:
        raise AssertionError("nobody asks")

    async def there(self) -> list[str]:
        """Names of the streams but for njst's own."""
        async with target_connection.target_connection(self.connection) as client:
            names = await JetStreamApi(client, client.js_api).pages("STREAM.NAMES", "streams", {})
            return sorted(name for name in names if not name.startswith("NJST_"))

    async def add(self, name: str, metadata: dict[str, str]) -> None:
        async with target_connection.target_connection(self.connection) as client:
            config = StreamConfig(name=name, subjects=[f"{name}.>"], metadata=metadata)
            await client.jetstream().add_stream(config)


async def until(reached: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not reached():  # noqa: ASYNC110
            await asyncio.sleep(0.02)


@pytest.fixture
async def scene(nats_server: NatsServer, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Scene]:
    homes: list[Any] = []
    real_kit = worker._deps

    def noting_kit(*arguments: Any) -> AgentDeps:
        deps = real_kit(*arguments)
        homes.append(deps.provision.keywords["home"])  # type: ignore[attr-defined]
        return deps

    monkeypatch.setattr(worker, "_deps", noting_kit)
    connection = Connection(servers=[nats_server.url])
    async with open_worker(WorkerSettings(control=connection, name="w", processes=1)) as node:
        yield Scene(node, homes[0], connection)


@pytest.fixture
def no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orphan_reaper, "ORPHAN_NS", 0)


@pytest.mark.usefixtures("no_patience")
async def test_what_a_dead_job_left_is_removed_and_what_it_was_to_keep_stays(scene: Scene) -> None:
    await scene.leave_behind("dead")
    managed = [f"njst-dead-m-0-s{number}" for number in range(3)]
    assert await scene.there() == sorted(["GONE-0", "GONE-1", "KEPT", "KV_GONE", *managed])
    assert await scene.look() == sorted(["GONE-0", "GONE-1", "KV_GONE", *managed])
    assert await scene.there() == ["KEPT"]
    assert await scene.look() == []


@pytest.mark.usefixtures("no_patience")
async def test_what_was_left_before_the_log_was_made_anew_is_removed_too(scene: Scene) -> None:
    """As when somebody deletes it: of its jobs no log knows any more."""
    await scene.leave_behind("dead")
    before = set(scene.log_ids)
    async with target_connection.target_connection(scene.connection) as client:
        await client.jetstream().delete_stream("NJST_default_LOG")
    await until(lambda: scene.log_ids > before)
    managed = [f"njst-dead-m-0-s{number}" for number in range(3)]
    assert await scene.look() == sorted(["GONE-0", "GONE-1", "KV_GONE", *managed])


async def test_what_is_younger_than_an_hour_stays(scene: Scene) -> None:
    await scene.leave_behind("dead")
    assert await scene.look() == []


@pytest.mark.usefixtures("no_patience")
async def test_streams_of_others_are_never_touched(scene: Scene) -> None:
    mine = {OWNER_KEY: "dead", LOG_KEY: scene.home.log, STREAM_KEY: "X", RETAIN_KEY: "Delete"}
    await scene.add("GONE-0", {})
    await scene.add("PLAIN", {OWNER_KEY: "dead"})
    await scene.add("COPY", mine)
    await scene.add("OTHER-MESH", mine | {LOG_KEY: "other/2026", STREAM_KEY: "OTHER-MESH"})
    await scene.add("UNOWNED", {k: v for k, v in mine.items() if k != OWNER_KEY})
    await scene.add("X", mine)
    assert await scene.look() == ["X"]
    assert await scene.there() == ["COPY", "GONE-0", "OTHER-MESH", "PLAIN", "UNOWNED"]


@pytest.mark.usefixtures("no_patience")
async def test_a_job_that_is_not_over_keeps_its_streams(scene: Scene) -> None:
    endless: JobSpec = parse_spec(
        {
            "streams": [{"name": "GONE"}],
            "workloads": [
                {
                    "name": "w",
                    "stream": "GONE",
                    "durationSeconds": 600,
                    "publish": {"mode": "Synchronous"},
                }
            ],
        }
    )
    await scene.node.jobs.submit(Submission("alive", endless, Origin(kind=OriginKind.HTTP)))
    await until(lambda: scene.node.jobs.get("alive").started is not None)
    assert await scene.look() == []
    # A reader that lags does not know the job; the log does.
    assert await scene.look(JobStore()) == []
    assert await scene.there() == ["GONE"]


async def test_a_worker_of_another_version_may_have_made_a_jobs_streams(scene: Scene) -> None:
    """The marks are the difference: to JetStream a stream with others is another stream."""
    spec = SPEC.without({"m"})
    await provision.provision("j", spec, scene.connection, [ME], ME, provision.WorkerFiles())
    await provision.provision("j", spec, scene.connection, [ME], ME, scene.home)
    with pytest.raises(SetupError, match="StreamExists"):
        await provision.provision("k", spec, scene.connection, [ME], ME, scene.home)


@pytest.mark.usefixtures("no_patience")
async def test_one_worker_looks_in_an_hour_and_it_does(
    scene: Scene, nats_server: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    await scene.leave_behind("dead")
    monkeypatch.setattr(orphan_reaper, "EVERY_S", (0.01, 0.02))
    looks: list[str] = []
    look = orphan_reaper.OrphanReaper.look

    async def noting(self: orphan_reaper.OrphanReaper) -> list[str]:
        removed = await look(self)
        looks.append(self.deps.me)
        return removed

    monkeypatch.setattr(orphan_reaper.OrphanReaper, "look", noting)
    for _ in range(2):
        async with open_worker(WorkerSettings(control=scene.connection, name="n", processes=1)):
            await until(lambda: bool(looks))
            # Whoever asks in vain asks a dozen times in this time.
            await asyncio.sleep(0.2)
    assert len(looks) == 1
    assert await scene.there() == ["KEPT"]
