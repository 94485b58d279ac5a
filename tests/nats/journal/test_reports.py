"""Whole reports in the object store of a mesh, on a real NATS."""

import gzip
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from nats.js.api import StreamConfig

from njst.contract.connection import Connection
from njst.contract.names.mesh import Mesh
from njst.contract.results.outcome import Outcome
from njst.contract.results.report import Report, Verdict, WorkerResult
from njst.journal.interfaces import JournalUnavailableError
from njst.journal.nats.control_connection import connect
from njst.journal.nats.report_store import (
    CHUNK_BYTES,
    REPORTS_AGE_S,
    REPORTS_BYTES,
    ReportStore,
)
from njst.local.nats_server import NatsServer
from njst.login.nats_client import LoginClient

MESH = Mesh("default")
STREAM = "OBJ_NJST_default_REPORTS"
MOMENT = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
async def client(nats_server: NatsServer) -> AsyncIterator[LoginClient]:
    connection = await connect(Connection(servers=[nats_server.url]))
    yield connection
    await connection.close()


def report(workers: int) -> Report:
    """A report of some size; the names of its workers do not compress to nothing."""
    return Report(
        verdict=Verdict.VALID,
        reason="Completed",
        create_time=MOMENT,
        completion_time=MOMENT,
        workers=[
            WorkerResult(worker=f"w{number**7 * 7919:x}", outcome=Outcome.COMPLETED)
            for number in range(workers)
        ],
    )


async def test_a_report_comes_back_as_it_was_in_many_pieces_too(client: LoginClient) -> None:
    small, large = report(3), report(20_000)
    reports = ReportStore(client, MESH)
    first, second = await reports.put("one", small), await reports.put("two", large)
    assert second.bytes > 2 * CHUNK_BYTES
    other = ReportStore(client, MESH)
    assert await other.get(first) == small
    assert await other.get(second) == large


async def test_any_client_of_object_stores_reads_it(client: LoginClient) -> None:
    stored = await ReportStore(client, MESH).put("one", report(3))
    store = await client.jetstream().object_store(stored.bucket)
    found = await store.get(stored.name)
    assert found.data is not None
    assert Report.model_validate_json(gzip.decompress(found.data)) == report(3)
    assert found.info.size == stored.bytes


async def test_the_store_is_bounded_by_age_and_bytes(client: LoginClient) -> None:
    await ReportStore(client, MESH).put("one", report(1))
    config = (await client.jetstream().stream_info(STREAM)).config
    assert (config.max_age, config.max_bytes) == (REPORTS_AGE_S, REPORTS_BYTES)
    assert config.discard == "old"


async def test_what_is_gone_or_changed_is_said(client: LoginClient) -> None:
    reports = ReportStore(client, MESH)
    stored = await reports.put("one", report(3))
    with pytest.raises(JournalUnavailableError, match="was changed"):
        await reports.get(stored.model_copy(update={"digest": "0" * 64}))
    await client.jetstream().purge_stream(STREAM)
    with pytest.raises(JournalUnavailableError, match="not in object store"):
        await reports.get(stored)
    await client.jetstream().delete_stream(STREAM)
    with pytest.raises(JournalUnavailableError):
        await reports.get(stored)
    # A store that somebody removed is made anew.
    assert await reports.get(await reports.put("two", report(3))) == report(3)


async def test_another_ones_stream_of_that_name_is_left_alone(client: LoginClient) -> None:
    js = client.jetstream()
    await js.add_stream(StreamConfig(name=STREAM, subjects=["precious"]))
    with pytest.raises(JournalUnavailableError, match="other subjects"):
        await ReportStore(client, MESH).put("one", report(3))
    assert (await js.stream_info(STREAM)).state.messages == 0
