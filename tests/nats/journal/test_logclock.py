"""The log's time: what is stated of its error is true."""

import time
from collections.abc import AsyncIterator

import pytest

from njst.journal.interfaces import JournalUnavailableError
from njst.journal.nats.log_clock import LogClock
from njst.local.nats_server import NatsServer
from tests.nats.journal.follower import MESH, create, following, joined, until


@pytest.fixture
async def clock(nats_server: NatsServer) -> AsyncIterator[LogClock]:
    async with joined(nats_server.url) as follower:
        clock = LogClock(follower.client, MESH)
        await clock.start()
        yield clock
        await clock.stop()


async def test_the_error_is_stated_and_true(clock: LogClock) -> None:
    """The server runs on this host: its clock is this host's wall clock, read without a network."""
    for _ in range(200):
        before_ns = time.time_ns()
        log_ns = clock.now_ns()
        error_ns = clock.error_us * 1_000
        after_ns = time.time_ns()
        assert before_ns - error_ns <= log_ns <= after_ns + error_ns
    assert 0 < clock.error_us < 1_000_000


async def test_an_instant_of_the_log_is_an_instant_here(clock: LogClock) -> None:
    in_a_minute_ns = clock.now_ns() + 60_000_000_000
    left_ns = clock.monotonic_ns_at(in_a_minute_ns) - time.monotonic_ns()
    assert abs(left_ns - 60_000_000_000) < 1_000_000_000


async def test_stored_times_are_of_the_same_clock(nats_server: NatsServer) -> None:
    async with following(nats_server.url) as follower:
        clock = LogClock(follower.client, MESH)
        await clock.start()
        before_ns = clock.now_ns()
        await create(follower.log, "one")
        await follower.until("one")
        after_ns = clock.now_ns()
        await clock.stop()
        error_ns = clock.error_us * 1_000
        assert before_ns - error_ns <= follower.entries[0].time_ns <= after_ns + error_ns


async def test_time_goes_on_while_the_log_is_away(nats_server: NatsServer) -> None:
    async with joined(nats_server.url) as follower:
        clock = LogClock(follower.client, MESH)
        await clock.start()
        before_us = clock.error_us
        nats_server.kill()
        first_ns = clock.now_ns()
        await until(lambda: clock.error_us > before_us)  # 50 us of drift each second
        assert clock.now_ns() > first_ns
        await clock.stop()


async def test_a_log_that_is_not_there_has_no_time(nats_server: NatsServer) -> None:
    async with joined(nats_server.url) as follower:
        await follower.client.jetstream().delete_stream(MESH.log_stream)
        with pytest.raises(JournalUnavailableError, match="does not tell its time"):
            await LogClock(follower.client, MESH).start()
