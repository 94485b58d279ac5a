"""Follow: every entry exactly once and in order, whatever happens to server and consumer."""

import asyncio

from njst.contract.events import Progress
from njst.journal.nats.ordered_reader import BATCH
from njst.local.nats_server import NatsServer
from tests.nats.journal.follower import Follower, accuse, create, following, joined, until


async def stored(follower: Follower) -> int:
    info = await follower.client.jetstream().stream_info("NJST_test_LOG")
    return info.state.messages


async def test_follow__of_a_server_killed_amid_appends__loses_no_entry(
    nats_server: NatsServer,
) -> None:
    ids = [f"j{number}" for number in range(200)]
    async with following(nats_server.url) as reader, joined(nats_server.url) as writer:
        halfway = asyncio.Event()

        async def write() -> None:
            for number, job in enumerate(ids):
                await create(writer.log, job)
                if number == len(ids) // 2:
                    halfway.set()

        writing = asyncio.create_task(write())
        await halfway.wait()
        nats_server.kill()
        assert not writing.done(), "in the midst of it"
        await asyncio.to_thread(nats_server.restart)
        await writing
        await reader.until(*ids)
        # A last one, after which nothing of before can still be on its way.
        await create(writer.log, "end")
        await reader.until("end")
        assert reader.jobs == [*ids, "end"], "each once, in the order in which they were appended"
        assert reader.seqs == list(range(1, len(ids) + 2))
        assert await stored(writer) == len(reader.entries)
        async with following(nats_server.url) as late:
            assert late.entries == reader.entries, "also the stored times"


async def test_a_log_of_many_batches_is_read_whole_before_follow_returns(
    nats_server: NatsServer,
) -> None:
    count = 2 * BATCH + 7
    async with joined(nats_server.url) as writer:
        for _ in range(0, count, 50):
            await asyncio.gather(*(accuse(writer.log, "one") for _ in range(50)))
        async with following(nats_server.url) as reader:
            assert reader.seqs == list(range(1, await stored(writer) + 1))
            assert len(reader.seqs) >= count
            await create(writer.log, "two")
            await reader.until("two")
            assert reader.seqs[-1] == len(reader.seqs)


async def test_an_empty_log_is_at_its_present_at_once(nats_server: NatsServer) -> None:
    async with following(nats_server.url) as reader:
        assert reader.entries == []


async def test_a_consumer_that_somebody_deletes_is_made_anew(nats_server: NatsServer) -> None:
    async with following(nats_server.url) as reader, joined(nats_server.url) as writer:
        await create(writer.log, "one")
        await reader.until("one")
        js = writer.client.jetstream()
        for info in await js.consumers_info("NJST_test_LOG"):
            await js.delete_consumer("NJST_test_LOG", info.name)
        for job in ("two", "three"):
            await create(writer.log, job)
        await reader.until("two", "three")
        assert (reader.jobs, reader.seqs) == (["one", "two", "three"], [1, 2, 3])


async def test_a_log_that_is_replaced_by_a_longer_one_is_read_from_its_beginning(
    nats_server: NatsServer,
) -> None:
    async with following(nats_server.url) as reader, joined(nats_server.url) as writer:
        await create(writer.log, "old")
        await reader.until("old")
        js = writer.client.jetstream()
        config = (await js.stream_info("NJST_test_LOG")).config
        await js.delete_stream("NJST_test_LOG")
        await js.add_stream(config)
        for job in ("one", "two", "three"):
            await create(writer.log, job)
        await reader.until("one", "two", "three")
        assert reader.jobs == ["old", "one", "two", "three"]


async def test_what_cannot_be_read_is_counted_and_changes_nothing(nats_server: NatsServer) -> None:
    async with following(nats_server.url) as reader, joined(nats_server.url) as writer:
        await create(writer.log, "one")
        js = writer.client.jetstream()
        await js.publish("njst.test.v1.job.one.ready.a", b"not JSON")
        await js.publish("njst.test.v1.job.one.invented", b"{}")
        await js.publish("njst.test.v1.job.one.ready.a.too.many", b"{}")
        await create(writer.log, "two")
        await reader.until("two")
        assert [(entry.seq, entry.event is None) for entry in reader.entries] == [
            (1, False),
            (2, True),
            (3, True),
            (5, False),
        ]
        view = reader.job_store.get("one")
        assert view is not None
        assert (view.last_seq, view.void_count) == (3, 2)


async def test_progress_is_delivered_and_only_the_last_is_kept(nats_server: NatsServer) -> None:
    async with following(nats_server.url) as reader, joined(nats_server.url) as writer:
        for elapsed_ms in range(5):
            await writer.log.publish_progress("one", "a", Progress(elapsed_ms=elapsed_ms))
            await reader.until_progress(elapsed_ms + 1)  # else the next may replace it
        await writer.log.publish_progress("one", "b", Progress(elapsed_ms=9))
        await reader.until_progress(6)
        assert reader.progress == [("one", "a", n) for n in range(5)] + [("one", "b", 9)]
        async with following(nats_server.url) as late:
            assert late.progress == [("one", "a", 4), ("one", "b", 9)]


async def test_progress_without_a_connection_is_dropped_and_never_waits(
    nats_server: NatsServer,
) -> None:
    async with joined(nats_server.url) as writer:
        nats_server.kill()
        await until(lambda: not writer.client.is_connected)
        async with asyncio.timeout(0.5):
            await writer.log.publish_progress("one", "a", Progress(elapsed_ms=1))
