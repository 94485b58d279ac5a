"""A target that says it is older than what a job wants: the rest of the job runs."""

import json
from collections.abc import AsyncIterator, Iterator

import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg

from njst.local.nats_server import NatsServer
from tests.nats.modes.running import Runner, errors
from tests.nats.modes.test_modes import consume, publish, stream_name

# The account's clients that ask for JetStream's INFO get this test's answer.
CONFIG = 'mappings = { "$JS.API.INFO": "old.info" }'


@pytest.fixture
def server() -> Iterator[NatsServer]:
    with NatsServer.start(config=CONFIG) as started:
        yield started


@pytest.fixture
async def old(server: NatsServer) -> AsyncIterator[Runner]:
    """A server that says it has API level 1."""
    client = Client()
    await client.connect(server.url)

    async def answer(message: Msg) -> None:
        await message.respond(json.dumps({"api": {"level": 1}}).encode())

    await client.subscribe("old.info", cb=answer)
    await client.flush()
    yield Runner(server.url)
    await client.close()


async def test_mode__that_the_server_lacks__is_skipped_and_the_rest_runs(
    old: Runner,
) -> None:
    name = stream_name()
    batches = {**publish(name, 700, mode="AtomicBatch"), "name": "batches"}
    job = {
        "streams": [{"name": name}],
        "workloads": [
            publish(name, 700, ttlSeconds=60),
            batches,
            {**consume(name, 700), "after": ["batches", "write"]},
        ],
    }
    done = await old.run(job)
    assert {n: (r.messages, errors(r)) for n, r in done.items()} == {
        "write": (700, {}),
        "batches": (0, {}),
        "read": (700, {}),
    }
    assert done["batches"].skipped.startswith(
        "publish.mode AtomicBatch needs nats-server 2.12 (API level 2); the target is nats-server"
    )
    assert done["batches"].skipped.endswith("(API level 1)")
    assert [r.skipped for n, r in done.items() if n != "batches"] == ["", ""]


async def test_a_job_of_which_nothing_can_run_ends_at_once(old: Runner) -> None:
    name = stream_name()
    job = publish(name, 700, mode="FastBatch")
    done = await old.run({"streams": [{"name": name}], "workloads": [job]})
    assert "needs nats-server 2.14 (API level 4)" in done["write"].skipped
