"""What was acknowledged is in the stream after the load; what is gone is told exactly."""

import asyncio

import pytest

from njst.contract.results.outcome import Outcome
from njst.contract.results.report import WorkloadResult
from njst.contract.results.tallies import ErrorClass, ReadBack
from njst.local.nats_cluster import NatsCluster
from njst.local.nats_server import NatsServer
from tests.nats.truth.loading import Document, errors, events, jetstream, loading, stored
from tests.nats.truth.proxy import Proxy
from tests.nats.truth.tampering import Fault, Tampering, is_answer, is_delivery, is_publish

COUNT = 3_000
PLACES = range(10, 1000, 7)
FAULTS = len(PLACES)


def job(stream: str, how: Document | None = None, **spec: object) -> Document:
    publish = {"payloadBytes": 64, "ackTimeoutSeconds": 60, **(how or {})}
    work = {"name": "write", "stream": stream, "clients": 2, "messages": COUNT, "publish": publish}
    return {"streams": [{"name": stream, "storage": "Memory", **spec}], "workloads": [work]}


def slow(document: Document) -> Document:
    """The same at a rate, so that there is time to do something to it."""
    document["workloads"][0]["messagesPerSecond"] = COUNT // 5
    return document


def read_back(result: WorkloadResult) -> ReadBack:
    assert result.read_back is not None
    return result.read_back


def example(result: WorkloadResult, error_class: ErrorClass) -> str:
    return next(error.example for error in result.errors if error.error_class is error_class)


@pytest.mark.parametrize("mode", ["Synchronous", "Asynchronous", "AtomicBatch", "FastBatch"])
async def test_all_of_it_is_there(server: NatsServer, stream: str, mode: str) -> None:
    document = job(stream, {"mode": mode, "batch": 70, "payloadBytesMax": 300})
    async with loading(server, document, processes=2) as load:
        result = (await load.run())["write"]
    assert errors(result) == {}
    assert result.read_back == ReadBack(acknowledged=COUNT, found=COUNT)


async def test_read_back__of_a_stream_with_a_name_of_any_letters__finds_all(
    server: NatsServer, stream: str
) -> None:
    async with loading(server, job(f'$Mü~"&{stream}')) as load:
        result = (await load.run())["write"]
    assert (errors(result), result.read_back and result.read_back.found) == ({}, COUNT)


async def test_what_was_there_before_is_not_looked_at(server: NatsServer, stream: str) -> None:
    document = job(stream, retain="Keep")
    for _ in range(2):
        async with loading(server, document) as load:
            result = (await load.run())["write"]
        assert result.read_back == ReadBack(acknowledged=COUNT, found=COUNT)
        document["streams"] = [{"name": stream, "useExisting": True}]
        document["workloads"][0]["publish"]["subjects"] = [f"{stream}.write"]
    assert await stored(server, stream) == 2 * COUNT


async def test_a_server_that_forgets_everything(stream: str) -> None:
    with NatsServer.start() as server:
        async with loading(server, slow(job(stream)), processes=2) as load:
            load.start()
            await load.until(lambda: load.done("write") > 0)
            server.kill()
            # The load wants to hear of its worker meanwhile.
            await asyncio.to_thread(server.restart)
            result = (await load.end())["write"]
    proved = read_back(result)
    assert proved == ReadBack(acknowledged=result.messages, lost=result.messages)
    found = errors(result)
    assert found[ErrorClass.LOST] == result.messages > 0
    assert found.keys() <= {
        ErrorClass.LOST,
        ErrorClass.DISCONNECTED,
        ErrorClass.NO_RESPONDERS,
        ErrorClass.TIMEOUT,
    }


async def test_a_server_that_comes_back_has_all_of_it_and_nothing_is_invented(stream: str) -> None:
    with NatsServer.start() as server:
        async with loading(server, slow(job(stream, storage="File")), processes=2) as load:
            load.start()
            await load.until(lambda: load.done("write") > 0)
            server.kill()
            # The load wants to hear of its worker meanwhile.
            await asyncio.to_thread(server.restart)
            result = (await load.end())["write"]
            there = await stored(server, stream)
    proved = read_back(result)
    assert (proved.acknowledged, proved.found, proved.lost) == (result.messages,) * 2 + (0,)
    assert (proved.unchecked, proved.duplicated) == (0, 0)
    assert there == proved.found + proved.recovered
    # What was recovered had been counted as an error, and each message has one outcome at most.
    # The kill may fall between an answer and the next message: then none is missing.
    found = errors(result)
    assert events(result)[ErrorClass.DISCONNECTED] > 0
    assert result.messages <= result.attempted == COUNT
    assert proved.recovered <= result.attempted - result.messages <= sum(found.values())


async def test_a_leader_that_dies_loses_nothing(nats_cluster: NatsCluster, stream: str) -> None:
    # What is with the leader when it dies has no answer.
    document = slow(job(stream, {"ackTimeoutSeconds": 5}, replicas=3))
    async with loading(nats_cluster, document, processes=2) as load:
        async with jetstream(nats_cluster) as js:
            cluster = (await js.stream_info(stream)).cluster
        assert cluster is not None
        leader = next(s for s in nats_cluster.servers if s.name == cluster.leader)
        load.start()
        await load.until(lambda: load.done("write") > 0)
        leader.kill()
        result = (await load.end())["write"]
        leader.restart()
    proved = read_back(result)
    assert ErrorClass.LOST not in errors(result)
    assert (proved.acknowledged, proved.found) == (result.messages, result.messages)
    assert (proved.lost, proved.unchecked, proved.duplicated) == (0, 0, 0)
    assert 0 < result.messages <= result.attempted


async def test_cluster__whose_only_seed_died__is_read_back_and_cleaned(
    nats_cluster: NatsCluster, stream: str
) -> None:
    document = job(stream, replicas=3)
    async with loading(nats_cluster, document, processes=2, seeds=1) as load:
        load.start()
        assert await load.group.wait() is Outcome.COMPLETED
        nats_cluster.servers[0].kill()
        (tally,) = await load.read_back()
    assert tally.read_back == ReadBack(acknowledged=COUNT, found=COUNT)
    nats_cluster.servers[0].restart()
    nats_cluster.wait_ready()
    async with jetstream(nats_cluster) as js:
        assert [one.config.name for one in await js.streams_info()] == []


@pytest.mark.parametrize(
    ("fault", "proved", "found"),
    [
        (Fault.DROP, ReadBack(), {ErrorClass.TIMEOUT: FAULTS}),
        (Fault.TWICE, ReadBack(duplicated=FAULTS), {ErrorClass.DUPLICATED: FAULTS}),
        (Fault.FLIP, ReadBack(corrupted=FAULTS), {ErrorClass.CORRUPTED: FAULTS}),
    ],
)
async def test_faults_on_the_way_to_the_server(
    server: NatsServer, stream: str, fault: Fault, proved: ReadBack, found: dict[ErrorClass, int]
) -> None:
    faults = dict.fromkeys(PLACES, fault)
    with Proxy(server.port, tampering_up=lambda: Tampering(faults, which=is_publish)) as proxy:
        document = one_client(job(stream, patience(found)))
        async with loading(server, document, via=proxy.url, slices=3) as load:
            result = (await load.run())["write"]
    assert errors(result) == found
    there = COUNT - (FAULTS if fault is Fault.DROP else 0)
    assert result.messages == there
    assert read_back(result) == proved.model_copy(update={"acknowledged": there, "found": there})


def patience(found: dict[ErrorClass, int]) -> Document:
    """How long to wait for an answer, where some will not come: long enough for the others."""
    return {"ackTimeoutSeconds": 5} if ErrorClass.TIMEOUT in found else {}


async def test_what_is_stored_and_never_acknowledged_is_recovered(
    server: NatsServer, stream: str
) -> None:
    faults = dict.fromkeys(PLACES, Fault.DROP)
    found = {ErrorClass.TIMEOUT: FAULTS}
    with Proxy(server.port, tampering=lambda: Tampering(faults, which=is_answer)) as proxy:
        async with loading(server, one_client(job(stream, patience(found))), via=proxy.url) as load:
            result = (await load.run())["write"]
            assert await stored(server, stream) == COUNT
    there = COUNT - FAULTS
    assert errors(result) == found
    assert read_back(result) == ReadBack(acknowledged=there, found=there, recovered=FAULTS)


@pytest.mark.parametrize("fault", [Fault.DROP, Fault.TWICE, Fault.SWAP])
async def test_a_bad_wire_while_it_is_looked_for_makes_nothing_lost(
    server: NatsServer, stream: str, fault: Fault
) -> None:
    faults = dict.fromkeys(PLACES, fault)
    with Proxy(server.port, tampering=lambda: Tampering(faults, which=is_delivery)) as proxy:
        async with loading(server, one_client(job(stream)), via=proxy.url) as load:
            result = (await load.run())["write"]
        assert sum(len(tampering.done) for tampering in proxy.tamperings) == FAULTS
    assert errors(result) == {}
    assert read_back(result) == ReadBack(acknowledged=COUNT, found=COUNT)


def one_client(document: Document) -> Document:
    document["workloads"][0]["clients"] = 1
    return document


async def test_a_load_that_is_stopped_is_not_looked_for(server: NatsServer, stream: str) -> None:
    async with loading(server, slow(job(stream)), processes=2) as load:
        load.start()
        await load.until(lambda: load.done("write") > 0)
        await load.group.stop()
        result = (await load.end(Outcome.STOPPED))["write"]
    assert read_back(result) == ReadBack(
        acknowledged=result.messages, unchecked=result.messages, reasons=["Stopped"]
    )


async def test_a_stream_that_refuses_what_it_has_no_room_for_keeps_the_rest(
    server: NatsServer, stream: str
) -> None:
    document = job(stream, maxMessages=COUNT // 2, discard="New")
    async with loading(server, document) as load:
        result = (await load.run())["write"]
    assert errors(result) == {ErrorClass.LIMIT_EXCEEDED: COUNT // 2}
    assert read_back(result) == ReadBack(acknowledged=COUNT // 2, found=COUNT // 2)


async def test_nobody_looks_where_nobody_asked(server: NatsServer, stream: str) -> None:
    async with loading(server, job(stream, {"verify": "None"})) as load:
        assert (await load.run())["write"].read_back is None
