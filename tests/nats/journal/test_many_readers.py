"""As many read the log as like to, whatever a server allows of a stream that says nothing."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from njst.contract.connection import Connection
from njst.contract.names.mesh import Mesh
from njst.journal.interfaces import JournalUnavailableError
from njst.journal.nats import ordered_reader
from njst.journal.nats.control_connection import connect
from njst.journal.nats.job_log import LOG_AGE_S, PROGRESS_AGE_S, JetStreamLog
from njst.local.nats_server import NatsServer
from tests.nats.journal.follower import create, following, joined

STREAMS = ("NJST_test_LOG", "NJST_test_PROGRESS")
AGES_S = dict(zip(STREAMS, (LOG_AGE_S, PROGRESS_AGE_S), strict=True))
MEAN = "jetstream { limits { default_max_consumers: 1 } }"
WITH_A_LIMIT = """
accounts { A { users: [{user: a, password: a}], jetstream: { max_consumers: 6 } } }
no_auth_user: a
"""


async def test_the_servers_default_for_a_stream_limits_nobody() -> None:
    with NatsServer.start(config=MEAN) as server:
        async with AsyncExitStack() as readers:
            for _ in range(3):
                follower = await readers.enter_async_context(following(server.url))
            await create(follower.log, "one")
            await follower.until("one")


async def test_the_log_of_an_older_njst_gets_the_same_room_and_age(nats_server: NatsServer) -> None:
    async with joined(nats_server.url) as old:
        js = old.client.jetstream()
        for name in STREAMS:
            info = await js.stream_info(name)
            await js.delete_stream(name)
            await js.add_stream(info.config.evolve(max_consumers=-1, max_age=600.0))
        await create(old.log, "one")
        async with following(nats_server.url) as new:
            assert new.jobs == ["one"]
        for name in STREAMS:
            config = (await js.stream_info(name)).config
            assert config.max_consumers > 1_000
            assert config.max_age == AGES_S[name]


async def test_an_account_with_a_limit_of_its_own_has_a_log() -> None:
    with NatsServer.start(config=WITH_A_LIMIT) as server:
        async with following(server.url) as follower:
            await create(follower.log, "one")
            await follower.until("one")


async def test_a_reader_that_finds_no_room_says_so_and_reads_when_there_is_some(
    nats_server: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with following(nats_server.url) as first:
        js = first.client.jetstream()
        full = (await js.stream_info(STREAMS[0])).config
        await js.update_stream(full.evolve(max_consumers=1))
        async with joined(nats_server.url) as late:
            with monkeypatch.context() as impatient:
                impatient.setattr(ordered_reader, "FOLLOW_TIMEOUT_S", 5.0)
                with pytest.raises(JournalUnavailableError, match=r"consumers limit.*10026"):
                    await late.follow()
            await create(first.log, "one")
            following_late = asyncio.create_task(late.follow())
            await js.update_stream(full)
            await following_late
            assert late.jobs == ["one"]


async def test_a_hundred_that_join_at_once_all_read(nats_server: NatsServer) -> None:
    client = await connect(Connection(servers=[nats_server.url]))
    logs = [JetStreamLog(client, Mesh("test")) for _ in range(100)]
    seen: list[str] = []
    try:
        await logs[0].open()
        await create(logs[0], "one")
        await asyncio.gather(*(log.follow(lambda entry: seen.append(entry.job)) for log in logs))
        assert seen == ["one"] * len(logs)
    finally:
        await asyncio.gather(*(log.close() for log in logs))
        await client.close()


async def test_a_log_that_is_nearly_full_says_so(nats_server: NatsServer) -> None:
    async with joined(nats_server.url) as old:
        js = old.client.jetstream()
        info = await js.stream_info(STREAMS[0])
        await js.update_stream(info.config.evolve(max_bytes=8_000))
        assert not await old.log.is_crowded()
        names = [f"job-{number}" for number in range(40)]
        for name in names:
            await create(old.log, name)
            if await old.log.is_crowded():
                break
        state = (await js.stream_info(STREAMS[0])).state
        assert 6_000 < state.bytes <= 8_000
        for name in names:
            await old.log.forget(name)
        assert not await old.log.is_crowded()
