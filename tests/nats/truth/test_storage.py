"""What a stream has no more is removed when it was let go, and lost when it was not."""

import asyncio
import shutil
from pathlib import Path

import pytest
from nats.js.api import StreamConsumerLimits

from njst.contract.results.report import WorkloadResult
from njst.contract.results.tallies import ErrorClass, ReadBack, WorkloadTally
from njst.local.nats_server import NatsServer
from tests.nats.truth.loading import Document, errors, jetstream, loading

COUNT = 2_000


def job(stream: str, how: Document | None = None, **spec: object) -> Document:
    publish = {"payloadBytes": 64, "ackTimeoutSeconds": 60, **(how or {})}
    work = {"name": "write", "stream": stream, "clients": 2, "messages": COUNT, "publish": publish}
    return {"streams": [{"name": stream, "storage": "Memory", **spec}], "workloads": [work]}


def slow(document: Document) -> Document:
    """The same at a rate, so that there is time to do something to it."""
    document["workloads"][0]["messagesPerSecond"] = COUNT // 4
    return document


def proof(result: WorkloadResult | WorkloadTally) -> ReadBack:
    """Return what is proved, without the words."""
    assert result.read_back is not None
    return result.read_back.model_copy(update={"words": ""})


def words(result: WorkloadResult | WorkloadTally) -> str:
    assert result.read_back is not None
    return result.read_back.words


def removed(count: int, *by: str) -> ReadBack:
    return ReadBack(acknowledged=COUNT, found=COUNT - count, removed=count, removed_by=sorted(by))


@pytest.mark.parametrize("slices", [1, 4])
async def test_what_somebody_deletes_in_the_run_is_removed(
    server: NatsServer, stream: str, slices: int
) -> None:
    gone = [150, 200, 201, 202]
    async with (
        loading(server, slow(job(stream)), processes=2, slices=slices) as load,
        jetstream(server) as js,
    ):
        load.start()
        await load.until(lambda: load.done("write") >= gone[-1])
        await js.purge_stream(stream, seq=101)
        for sequence in gone:
            await js.delete_msg(stream, sequence)
        result = (await load.end())["write"]
    assert errors(result) == {}
    assert proof(result) == removed(104, "Purged", "MessagesDeleted")
    assert words(result).endswith("at sequences 1 to 100, 150, 200 to 202")


@pytest.mark.parametrize("slices", [1, 3])
async def test_the_first_and_the_last_messages_of_each_slice_are_missed_too(
    server: NatsServer, stream: str, slices: int
) -> None:
    ends = [COUNT * number // slices for number in range(1, slices + 1)]
    gone = {1, COUNT - 1, *ends, *(end + 1 for end in ends[:-1])}
    async with (
        loading(server, job(stream), processes=2, slices=slices) as load,
        jetstream(server) as js,
    ):
        await load.run()
        for sequence in gone:
            await js.delete_msg(stream, sequence)
        (tally,) = await load.read_back()
        assert proof(tally) == removed(len(gone), "Purged", "MessagesDeleted")
        await js.purge_stream(stream)
        (tally,) = await load.read_back()
        assert proof(tally) == removed(COUNT, "Purged")


async def test_read_back__after_lower_limits_or_a_new_stream__is_correct(
    server: NatsServer, stream: str
) -> None:
    async with loading(server, job(stream), slices=2) as load, jetstream(server) as js:
        await load.run()
        config = (await js.stream_info(stream)).config
        await js.update_stream(config.evolve(max_msgs=300))
        (tally,) = await load.read_back()
        assert proof(tally) == removed(COUNT - 300, "LimitsChanged")
        await js.delete_stream(stream)
        (tally,) = await load.read_back()
        assert proof(tally) == removed(COUNT, "StreamDeleted")
        await js.add_stream(config)
        (tally,) = await load.read_back()
        assert proof(tally) == removed(COUNT, "StreamRecreated")


@pytest.mark.parametrize(
    ("spec", "proved"),
    [
        ({"maxBytes": 10_000_000, "maxMessages": COUNT}, ReadBack(acknowledged=COUNT, found=COUNT)),
        ({"maxAgeSeconds": 600}, ReadBack(acknowledged=COUNT, found=COUNT)),
        ({"maxMessages": COUNT // 4}, removed(COUNT - COUNT // 4, "DiscardOld")),
        ({"maxMessages": 1}, removed(COUNT - 1, "DiscardOld")),
        ({"maxMessagesPerSubject": 10}, removed(COUNT - 10, "MaxMessagesPerSubject")),
        ({"retention": "Interest"}, removed(COUNT, "NoInterest")),
    ],
    ids=str,
)
async def test_a_stream_with_limits_is_read_like_any_other(
    server: NatsServer, stream: str, spec: Document, proved: ReadBack
) -> None:
    async with loading(server, job(stream, **spec), slices=2) as load:
        result = (await load.run())["write"]
    assert errors(result) == {}
    assert proof(result) == proved


async def test_sequences_that_are_given_again_after_a_roll_back_hide_no_loss(
    stream: str, tmp_path: Path
) -> None:
    """The server's disk is thrown back by a second or so, as after a power loss."""
    with NatsServer.start(folder=tmp_path / "nats") as server:
        async with loading(server, slow(job(stream, storage="File"))) as load:
            load.start()
            await load.until(lambda: load.done("write") > 0)
            server.kill()
            shutil.copytree(server.store, tmp_path / "before")
            await asyncio.to_thread(server.restart)
            then = load.done("write")
            await load.until(lambda: load.done("write") > then)
            server.kill()
            shutil.rmtree(server.store)
            shutil.move(tmp_path / "before", server.store)
            await asyncio.to_thread(server.restart)
            result = (await load.end())["write"]
    proved = proof(result)
    assert proved.lost > 0
    assert proved.acknowledged == result.messages == proved.found + proved.lost
    assert errors(result)[ErrorClass.LOST] == proved.lost


@pytest.mark.parametrize("mode", ["Synchronous", "Asynchronous"])
async def test_messages__with_a_known_id__are_duplicates_and_not_lost(
    server: NatsServer, stream: str, mode: str
) -> None:
    headers = [{"name": "Nats-Msg-Id", "value": "order-4711"}]
    async with loading(server, job(stream, {"mode": mode, "headers": headers})) as load:
        result = (await load.run())["write"]
    assert errors(result) == {}
    assert (result.messages, result.duplicates) == (COUNT, COUNT - 1)
    assert proof(result) == ReadBack(acknowledged=1, found=1)


MAPPED = """
mappings = {{
  "{0}.>": [{{destination: "{0}.>", weight: 90%}}, {{destination: "QA.>", weight: 10%}}]
}}
"""


async def test_what_a_mapping_takes_to_another_stream_is_named(stream: str) -> None:
    with NatsServer.start(config=MAPPED.format(stream)) as server:
        async with jetstream(server) as js:
            await js.add_stream(name="QA", subjects=["QA.>"])
            async with loading(server, job(stream)) as load:
                result = (await load.run())["write"]
            elsewhere = (await js.stream_info("QA")).state.messages
    assert 0 < elsewhere < COUNT // 5
    assert errors(result) == {ErrorClass.WRONG_STREAM: elsewhere}
    (error,) = result.errors
    assert error.example == f"stored in QA, not in {stream}"
    assert proof(result) == ReadBack(acknowledged=COUNT - elsewhere, found=COUNT - elsewhere)


@pytest.mark.parametrize("mode", ["Synchronous", "AtomicBatch", "FastBatch"])
async def test_a_publisher_that_is_pointed_at_the_wrong_stream(
    server: NatsServer, stream: str, mode: str
) -> None:
    document = job(stream, {"mode": mode, "batch": 100, "subjects": [f"{stream}OTHER.a"]})
    other = {"name": f"{stream}OTHER", "storage": "Memory"}
    document["streams"] = [{"name": stream, "storage": "Memory"}, other]
    # A stream takes batches when a workload of it needs that.
    more = {"name": "more", "stream": other["name"], "messages": 100}
    document["workloads"].append(more | {"publish": document["workloads"][0]["publish"]})
    async with loading(server, document) as load:
        result = (await load.run())["write"]
    assert errors(result).keys() == {ErrorClass.WRONG_STREAM}
    proved = proof(result)
    assert (proved.lost, proved.found, proved.removed) == (0, 0, 0)
    assert proved.acknowledged == proved.unchecked
    assert proved.reasons in ([], ["WrongStream"])


LIMITED = "jetstream { limits { max_request_batch: 100, max_ack_pending: 1000 } }"


async def test_a_server_and_a_stream_that_allow_little_are_read(stream: str) -> None:
    with NatsServer.start(config=LIMITED) as server:
        async with jetstream(server) as js:
            await js.add_stream(
                name=stream,
                subjects=[f"{stream}.>"],
                consumer_limits=StreamConsumerLimits(5.0, 1000),
            )
            document = job(stream, {"subjects": [f"{stream}.a"]})
            document["streams"] = [{"name": stream, "useExisting": True}]
            async with loading(server, document) as load:
                result = (await load.run())["write"]
    assert errors(result) == {}
    assert proof(result) == ReadBack(acknowledged=COUNT, found=COUNT)


async def test_large_messages_are_read_without_being_cut_off(stream: str) -> None:
    with NatsServer.start(config="max_payload: 8MB\nmax_pending: 24MB") as server:
        document = job(stream, {"payloadBytes": 8_000_000, "window": 2})
        document["workloads"][0] |= {"messages": 16, "clients": 1}
        async with loading(server, document) as load:
            result = (await load.run())["write"]
            slow_consumers = server.monitor("/varz")["slow_consumers"]
    assert errors(result) == {}
    assert proof(result) == ReadBack(acknowledged=16, found=16)
    assert slow_consumers == 0


def queue(stream: str, consumed: int, **spec: object) -> Document:
    document = job(stream, retention="WorkQueue", **spec)
    document["workloads"].append(
        {"name": "read", "stream": stream, "clients": 2, "messages": consumed, "consume": {}}
    )
    return document


@pytest.mark.parametrize("left", [0, 300])
async def test_a_work_queue_is_proved_by_what_was_consumed_and_what_is_left(
    server: NatsServer, stream: str, left: int
) -> None:
    async with loading(server, queue(stream, COUNT - left), processes=2, slices=2) as load:
        results = await load.run()
    assert errors(results["write"]) == errors(results["read"]) == {}
    assert proof(results["write"]) == ReadBack(
        acknowledged=COUNT, found=COUNT, consumed=COUNT - left
    )


async def test_a_message_that_is_refused_and_comes_again_is_consumed(
    server: NatsServer, stream: str
) -> None:
    document = queue(stream, COUNT)
    document["workloads"][1]["consume"] = {"nakPercent": 20}
    async with loading(server, document) as load:
        results = await load.run()
    assert results["read"].redelivered > 0
    assert proof(results["write"]) == ReadBack(acknowledged=COUNT, found=COUNT, consumed=COUNT)


async def test_what_a_purge_takes_out_of_a_work_queue_is_noticed(
    server: NatsServer, stream: str
) -> None:
    async with loading(server, queue(stream, COUNT // 2)) as load, jetstream(server) as js:
        await load.run()
        await js.purge_stream(stream)
        proved = {t.workload: proof(t) for t in await load.read_back() if t.read_back}["write"]
    assert proved == ReadBack(
        acknowledged=COUNT,
        found=COUNT // 2,
        consumed=COUNT // 2,
        removed=COUNT // 2,
        removed_by=["NotConsumed"],
    )


async def test_a_work_queue_of_which_nobody_knows_what_was_consumed(
    server: NatsServer, stream: str
) -> None:
    document = queue(stream, COUNT)
    document["workloads"][1]["consume"] = {"verify": False}
    async with loading(server, document) as load:
        results = await load.run()
    assert proof(results["write"]) == ReadBack(
        acknowledged=COUNT, removed=COUNT, removed_by=["Retention"]
    )


async def test_what_a_stream_stores_of_core_messages_is_counted(
    server: NatsServer, stream: str
) -> None:
    document: Document = {
        "streams": [{"name": stream, "storage": "Memory", "maxMessages": 400, "discard": "New"}],
        "workloads": [
            {
                "name": "write",
                "clients": 2,
                "messages": COUNT,
                "core": {"operation": "Publish", "subject": f"{stream}.a"},
            }
        ],
    }
    async with loading(server, document) as load:
        result = (await load.run())["write"]
    assert (result.messages, errors(result)) == (COUNT, {})
    assert proof(result) == ReadBack(recovered=400, reasons=["Unacknowledged"])
    assert words(result) == (
        f"{stream} takes these messages and acknowledges none: it stored 400 meanwhile,"
        f" of {COUNT} that were sent"
    )


async def test_what_several_streams_store_of_core_messages_is_counted(
    server: NatsServer, stream: str
) -> None:
    # Of ten subjects one stream has one, another one three.
    taken = {"A": [f"{stream}.0"], "B": [f"{stream}.{n}" for n in (3, 5, 7)]}
    core = {"operation": "Publish", "subject": stream, "subjectCount": 10}
    document: Document = {
        "streams": [
            {"name": f"{stream}-{name}", "storage": "Memory", "subjects": subjects}
            for name, subjects in taken.items()
        ],
        "workloads": [{"name": "write", "clients": 2, "messages": COUNT, "core": core}],
    }
    async with loading(server, document) as load:
        result = (await load.run())["write"]
    assert proof(result) == ReadBack(recovered=4 * COUNT // 10, reasons=["Unacknowledged"])
    assert words(result) == (
        "these streams take the messages and acknowledge none; meanwhile they stored, of"
        f" {COUNT} that were sent: {stream}-A {COUNT // 10}, {stream}-B {3 * COUNT // 10}"
    )


async def test_read_back__of_a_stream_with_sources__does_not_take_copies_for_its_own_messages(
    server: NatsServer, stream: str
) -> None:
    document = job(stream)
    merged = {"name": f"{stream}-ALL", "sources": [{"name": stream}], "subjects": [f"{stream}-ALL"]}
    document["streams"].append({**merged, "storage": "Memory"})
    document["workloads"].append(
        {**document["workloads"][0], "name": "own", "stream": merged["name"]}
    )
    async with loading(server, document) as load:
        results = await load.run()
    assert [errors(result) for result in results.values()] == [{}, {}]
    assert proof(results["write"]) == ReadBack(acknowledged=COUNT, found=COUNT)
    assert proof(results["own"]) == ReadBack(
        acknowledged=COUNT, unchecked=COUNT, reasons=["Sourced"]
    )


FEW_RIGHTS = """
authorization {
  users: [
    {user: all, password: all}
    {user: few, password: few, permissions: {publish: {deny: "$JS.API.CONSUMER.CREATE.>"}}}
  ]
}
no_auth_user: all
"""


async def test_why_a_stream_cannot_be_read_is_said_in_the_servers_words(stream: str) -> None:
    with NatsServer.start(config=FEW_RIGHTS) as server:
        async with loading(server, job(stream), user="few", password="few") as load:
            result = (await load.run())["write"]
    assert proof(result) == ReadBack(acknowledged=COUNT, unchecked=COUNT, reasons=["ReadFailed"])
    denied = f'Permissions Violation for Publish to "$JS.API.CONSUMER.CREATE.{stream}'
    assert denied in words(result)


async def test_report__of_very_many_streams__names_those_with_findings(
    server: NatsServer, stream: str
) -> None:
    document = job(stream, count=80)
    document["workloads"][0]["clients"] = 1
    async with loading(server, document) as load, jetstream(server) as js:
        await load.run()
        await js.purge_stream(f"{stream}-7")
        await js.delete_stream(f"{stream}-9")
        (tally,) = await load.read_back()
    each = COUNT // 80
    proved = removed(2 * each, "Purged", "StreamDeleted")
    assert proof(tally) == proved


async def test_messages_that_expire_while_they_are_looked_for_are_not_lost(
    server: NatsServer, stream: str
) -> None:
    async with loading(server, slow(job(stream, maxAgeSeconds=1)), slices=3) as load:
        result = (await load.run())["write"]
    proved = proof(result)
    assert errors(result) == {}
    assert proved.removed_by == ["MaxAge"]
    assert proved.removed > COUNT // 2
    assert proved.found + proved.removed == COUNT
