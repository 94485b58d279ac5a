"""The log of a mesh in a small account: it falls back, or one line says all that is missing."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from nats.js.api import StorageType

from njst.contract.connection import Connection
from njst.contract.names.mesh import Mesh
from njst.journal.interfaces import JournalUnavailableError
from njst.journal.nats.control_connection import connect
from njst.journal.nats.job_log import JetStreamLog
from njst.journal.startup_retry import StartupRetry
from njst.local.nats_cluster import NatsCluster
from njst.local.nats_server import NatsServer
from njst.login.nats_client import LoginClient
from tests.nats.connections.identities import Operator

GB = 10**9
OPEN_S = 30.0


def account(limits: str) -> str:
    account = f"{{ users [{{user: l, password: l}}], jetstream {{ {limits} }} }}"
    return f"accounts {{ L {account} }}\nno_auth_user: l"


@asynccontextmanager
async def joined(connection: Connection) -> AsyncIterator[LoginClient]:
    client = await connect(connection)
    try:
        yield client
    finally:
        await client.close()


async def kept(client: LoginClient, mesh: Mesh) -> list[tuple[StorageType | None, int | None]]:
    """Open and read a log; return storage and replicas of its two streams.

    It is opened as a worker does it: a cluster that has just started may refuse its first stream.
    """
    log = JetStreamLog(client, mesh)
    opening = StartupRetry(OPEN_S, lambda _: None, lambda: False)
    await opening.until_made(log.open, JournalUnavailableError)
    try:
        await log.follow(lambda _: None, lambda *_: None)
    finally:
        await log.close()
    js = client.jetstream()
    configs = [
        (await js.stream_info(name)).config for name in (mesh.log_stream, mesh.progress_stream)
    ]
    return [(config.storage, config.num_replicas) for config in configs]


async def test_account__without_memory__keeps_the_progress_in_files() -> None:
    limits = "max_mem: 1K, max_file: 2G, max_streams: 5, max_consumers: 50"
    with NatsServer.start(config=account(limits)) as server:
        async with joined(Connection(servers=[server.url])) as client:
            assert await kept(client, Mesh("test")) == [(StorageType.FILE, 1)] * 2


async def test_account__with_a_tier_of_one_replica__keeps_one(tmp_path: Path) -> None:
    """As clouds sell it: no memory, no tier of three, a size for each stream."""
    tier = {"mem_storage": 0, "disk_storage": 2 * GB, "streams": 5, "consumer": 50}
    operator = Operator({"R1": {**tier, "max_bytes_required": True}})
    creds = tmp_path / "creds"
    creds.write_text(operator.user().creds())
    with NatsCluster.start(3, config=operator.config()) as cluster:
        connection = Connection(servers=cluster.urls, creds_file=str(creds))
        async with joined(connection) as client:
            assert await kept(client, Mesh("test")) == [(StorageType.FILE, 1)] * 2
            with pytest.raises(JournalUnavailableError, match=r"tier R3 \(it has R1: set NJST_LOG"):
                await JetStreamLog(client, Mesh(secrets.token_hex(4)), replicas=3).open()


@pytest.mark.parametrize(
    ("limits", "code", "missing"),
    [
        (
            "max_mem: 1G, max_file: 10M, max_streams: 1",
            10047,
            ["file storage (256 MiB needed, 10 MiB left)", "streams (2 needed, 1 left)"],
        ),
        (
            "max_mem: 1M, max_file: 300M, store_max_stream_bytes: 1M",
            10122,
            [
                "file storage (320 MiB needed, 287 MiB left)",
                "storage_max_stream_bytes (256 MiB needed, 1 MiB allowed)",
            ],
        ),
    ],
)
async def test_account__too_small__is_told_all_that_is_missing(
    limits: str, code: int, missing: list[str]
) -> None:
    with NatsServer.start(config=account(limits)) as server:
        async with joined(Connection(servers=[server.url])) as client:
            with pytest.raises(JournalUnavailableError) as refused:
                await JetStreamLog(client, Mesh("test")).open()
    ending = f"({code}); the account lacks {'; '.join(missing)}"
    assert str(refused.value).endswith(ending)
