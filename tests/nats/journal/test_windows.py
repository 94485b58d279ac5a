"""The windows of a job on a real NATS: few for a long job, read on demand, removed with it."""

from collections.abc import AsyncIterator

import pytest

from njst.contract.connection import Connection
from njst.contract.names.mesh import Mesh
from njst.contract.results.windows import ParticipantWindow, WorkloadWindow
from njst.journal.course_reader import CourseReader
from njst.journal.interfaces import JournalUnavailableError
from njst.journal.nats.control_connection import connect
from njst.journal.nats.window_store import WINDOWS_BYTES, WindowStore
from njst.local.nats_server import NatsServer
from njst.login.nats_client import LoginClient
from njst.stats.course.course_fold import CourseFold
from njst.stats.course.course_writer import CourseWriter

MESH = Mesh("default")
NO_ROOM = """
accounts { A { users: [{user: a, password: a}], jetstream: { max_streams: 0, max_store: 1MB } } }
no_auth_user: a
"""


@pytest.fixture
async def client(nats_server: NatsServer) -> AsyncIterator[LoginClient]:
    connection = await connect(Connection(servers=[nats_server.url]))
    yield connection
    await connection.close()


async def publish(store: WindowStore, job: str, worker: str, length_s: int) -> None:
    """Publish what a worker publishes of a load of so many seconds."""
    writer = CourseWriter()
    for at_s in range(length_s):
        workload = WorkloadWindow(workload="w", messages=at_s + 1)
        for some in writer.add(ParticipantWindow(at_s=at_s, workloads=[workload])):
            await store.publish(job, worker, some)
    for some in writer.close():
        await store.publish(job, worker, some)


async def read(store: WindowStore, job: str) -> tuple[CourseFold, CourseFold]:
    reader = CourseReader(job, store)
    await reader.open()
    try:
        return await reader.read(lambda folds: (folds.course, folds.newest))
    finally:
        await reader.close()


def messages(fold: CourseFold, from_s: int = 0) -> int:
    return sum(merged.messages for _, merged in fold.windows("w", from_s, fold.until_s(())))


async def test_windows__of_a_long_job__are_few_and_have_all_of_it(client: LoginClient) -> None:
    store = WindowStore(client, MESH)
    await store.open()
    await publish(store, "long", "a", 1_300)
    await publish(store, "long", "b", 1_299)
    await publish(store, "other", "a", 3)
    # The server stores in order: once this one is acknowledged, the others are there.
    await client.jetstream().publish(MESH.window("last", "a", 1, 0), b"")
    info = await client.jetstream().stream_info(MESH.windows_stream)
    assert info.config.max_bytes == WINDOWS_BYTES
    # 600 of a second, 300 of two, 25 of four; and the newest 600 besides.
    assert info.state.messages == 2 * (600 + 300 + 25 + 600) + 3 + 1
    course, newest = await read(store, "long")
    assert course.workers == {"a", "b"}
    assert (course.width_s, course.until_s(())) == (4, 1_300)
    assert messages(course) == sum(range(1_301)) + sum(range(1_300))
    assert messages(newest, 700) == sum(range(701, 1_301)) + sum(range(701, 1_300))
    assert messages((await read(store, "other"))[0]) == 1 + 2 + 3

    await store.remove("long")
    assert (await read(store, "long"))[0].workers == frozenset()
    assert (await read(store, "other"))[0].workers == {"a"}


async def test_windows__without_a_stream__are_made_when_they_are_read(
    client: LoginClient,
) -> None:
    store = WindowStore(client, MESH)
    await store.remove("never")
    assert (await read(store, "never"))[0].workers == frozenset()
    await client.jetstream().stream_info(MESH.windows_stream)


async def test_windows__that_nats_has_no_room_for__are_reported_at_once() -> None:
    with NatsServer.start(config=NO_ROOM) as server:
        client = await connect(Connection(servers=[server.url]))
        try:
            store = WindowStore(client, MESH)
            await store.try_open()
            with pytest.raises(JournalUnavailableError, match="NJST_default_WINDOWS"):
                await read(store, "job")
        finally:
            await client.close()
