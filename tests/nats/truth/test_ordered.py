"""An ordered consumer outlives its server: every message comes, and each of them once."""

from njst.contract.results.tallies import ErrorClass
from njst.local.nats_cluster import NatsCluster
from njst.local.nats_server import NatsServer
from tests.nats.truth.loading import Document, errors, events, jetstream, loading

COUNT = 4_000


def job(stream: str, **settings: object) -> Document:
    """A writer that takes five seconds, and a reader behind it."""
    length = {"stream": stream, "messages": COUNT}
    write = {"name": "write", "messagesPerSecond": COUNT // 5, "publish": {"payloadBytes": 64}}
    read = {"name": "read", "consume": {"mode": "Ordered", "idleTimeoutSeconds": 30}}
    return {
        "streams": [{"name": stream, "storage": "Memory", **settings}],
        "workloads": [{**length, **write}, {**length, **read}],
    }


async def test_a_consumer_that_is_deleted_is_made_again(server: NatsServer, stream: str) -> None:
    async with loading(server, job(stream)) as load, jetstream(server) as js:
        load.start()
        await load.until(lambda: load.done("read") > 0)
        (consumer,) = await js.consumers_info(stream)
        await js.delete_consumer(stream, consumer.name)
        results = await load.end()
    assert errors(results["write"]) == {}
    assert results["read"].messages == COUNT
    assert errors(results["read"]) == {}
    assert events(results["read"]) == {ErrorClass.NO_CONSUMER: 1}


async def test_a_consumer_whose_server_dies_is_made_again(
    nats_cluster: NatsCluster, stream: str
) -> None:
    async with loading(nats_cluster, job(stream, replicas=3)) as load:
        load.start()
        await load.until(lambda: load.done("read") > 0)
        async with jetstream(nats_cluster) as js:
            (consumer,) = await js.consumers_info(stream)
        assert consumer.cluster is not None
        home = next(s for s in nats_cluster.servers if s.name == consumer.cluster.leader)
        home.kill()
        try:
            results = await load.end()
        finally:
            home.restart()
    read = results["read"]
    # What was not acknowledged to the writer may not be there; all that is there has come once.
    acknowledged = results["write"].messages
    assert read.messages >= acknowledged
    assert ErrorClass.DUPLICATED not in errors(read)
    assert events(read)[ErrorClass.NO_CONSUMER] >= 1
