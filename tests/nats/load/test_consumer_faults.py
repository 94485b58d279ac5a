"""A consumer whose server stands still, or whose leader goes: all is noticed, nothing is lost."""

import json

import pytest
from nats.aio.client import Client

from njst.contract.results.tallies import ErrorClass
from njst.local.nats_cluster import NatsCluster
from njst.local.nats_server import NatsServer
from tests.nats.truth.loading import Load, errors, events, jetstream, loading
from tests.stopping import stopped

MESSAGES = 100


async def publish(server: NatsServer) -> None:
    client = Client()
    await client.connect(server.url)
    try:
        for _ in range(MESSAGES):
            await client.jetstream().publish("S.x", b"hello")
    finally:
        await client.close()


async def step_down(server: NatsServer) -> None:
    """Have the leader of the stream's only consumer step down."""
    client = Client()
    await client.connect(server.url)
    try:
        (consumer,) = await client.jetstream().consumers_info("S")
        subject = f"$JS.API.CONSUMER.LEADER.STEPDOWN.S.{consumer.name}"
        answer = await client.request(subject, b"", timeout=10)
        assert json.loads(answer.data)["success"]
    finally:
        await client.close()


async def pause(server: NatsServer, until: str) -> str:
    """Pause the stream's only consumer; return its name."""
    client = Client()
    await client.connect(server.url)
    try:
        (consumer,) = await client.jetstream().consumers_info("S")
        body = json.dumps({"pause_until": until}).encode()
        subject = f"$JS.API.CONSUMER.PAUSE.S.{consumer.name}"
        answer = await client.request(subject, body, timeout=10)
        assert json.loads(answer.data)["paused"]
    finally:
        await client.close()
    return consumer.name


def count(load: Load, error_class: ErrorClass) -> int:
    return sum(
        event.count
        for tally in load.group.tallies()
        for event in tally.events
        if event.error_class is error_class
    )


async def test_missed_heartbeats_are_said_and_each_message_still_comes_once(
    nats_server: NatsServer,
) -> None:
    consume = {"heartbeatSeconds": 1, "expiresSeconds": 300, "idleTimeoutSeconds": 60}
    read = {"name": "read", "stream": "S", "messages": 2 * MESSAGES, "consume": consume}
    document = {"streams": [{"name": "S"}], "workloads": [read]}
    async with loading(nats_server, document) as load:
        load.start()
        await publish(nats_server)
        await load.until(lambda: load.done("read") == MESSAGES)
        with stopped(nats_server.pid):
            await load.until(lambda: count(load, ErrorClass.PULL_LOST) > 0)
        await publish(nats_server)
        done = (await load.end())["read"]
    assert (done.messages, done.redelivered) == (2 * MESSAGES, 0)
    assert (errors(done), events(done).keys()) == ({}, {ErrorClass.PULL_LOST})


@pytest.mark.parametrize(
    "consume",
    [{}, {"mode": "Ordered"}, {"mode": "Push"}],
)
async def test_consumer__paused_while_it_is_loaded__is_reported_as_paused(
    nats_server: NatsServer, consume: dict[str, str]
) -> None:
    how = {"idleTimeoutSeconds": 3, **consume}
    read = {"name": "read", "stream": "S", "messages": 2 * MESSAGES, "consume": how}
    document = {"streams": [{"name": "S"}], "workloads": [read]}
    async with loading(nats_server, document) as load:
        await publish(nats_server)
        load.start()
        await load.until(lambda: load.done("read") == MESSAGES)
        name = await pause(nats_server, "2100-01-02T03:04:05Z")
        await publish(nats_server)
        done = (await load.end())["read"]
    assert (done.messages, errors(done)) == (MESSAGES, {ErrorClass.CONSUMER_PAUSED: MESSAGES})
    words = f"consumer {name} of S is paused until 2100-01-02T03:04:05Z"
    assert done.errors[0].example == words


async def test_deleted_shared_push_consumer_is_noticed(
    nats_server: NatsServer,
) -> None:
    consume = {"mode": "Push", "consumers": "Shared"}
    read = {"name": "read", "stream": "S", "clients": 2, "durationSeconds": 600}
    document = {"streams": [{"name": "S"}], "workloads": [{**read, "consume": consume}]}
    async with loading(nats_server, document) as load:
        load.start()
        await publish(nats_server)
        await load.until(lambda: load.done("read") == MESSAGES)
        async with jetstream(nats_server) as js:
            (consumer,) = await js.consumers_info("S")
            await js.delete_consumer("S", consumer.name)
        done = (await load.end())["read"]
    assert done.messages == MESSAGES
    assert errors(done) == {ErrorClass.NO_CONSUMER: 2}


async def test_a_consumer_whose_leader_goes_is_asked_anew() -> None:
    consume = {"idleTimeoutSeconds": 20}
    read = {"name": "read", "stream": "S", "messages": 2 * MESSAGES, "consume": consume}
    document = {"streams": [{"name": "S", "replicas": 3}], "workloads": [read]}
    with NatsCluster.start(3) as cluster:
        server = cluster.servers[0]
        async with loading(server, document) as load:
            load.start()
            await publish(server)
            await load.until(lambda: load.done("read") == MESSAGES)
            await step_down(server)
            await load.until(lambda: count(load, ErrorClass.LEADER_CHANGED) > 0)
            await publish(server)
            done = (await load.end())["read"]
    assert done.messages == 2 * MESSAGES
    assert (errors(done), events(done).keys()) == ({}, {ErrorClass.LEADER_CHANGED})
