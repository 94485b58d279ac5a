"""Settings of a consumer that the job creates, as the server has them, and what they deliver."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from nats.aio.client import Client

from tests.nats.modes.running import Runner, errors
from tests.nats.modes.test_modes import existing, kept, publish, stream_name

Document = dict[str, Any]
STORED = 1000


async def filled(runner: Runner, **how: Any) -> str:
    name = stream_name()
    await runner.run({"streams": kept(name), "workloads": [publish(name, STORED, **how)]})
    return name


def reading(name: str, messages: int, **consume: Any) -> Document:
    workload = {"name": "read", "stream": name, "messages": messages, "consume": consume}
    return {"streams": existing(name), "workloads": [workload]}


async def test_consumer__settings__are_those_of_the_server(runner: Runner) -> None:
    name = await filled(runner)
    found: Document = {}

    async def look(client: Client) -> None:
        names = await client.request(f"$JS.API.CONSUMER.NAMES.{name}")
        (consumer,) = json.loads(names.data)["consumers"]
        info = await client.request(f"$JS.API.CONSUMER.INFO.{name}.{consumer}")
        found.update(json.loads(info.data)["config"])

    settings = {
        "deliver": "ByStartSequence",
        "startSequence": 901,
        "replay": "Original",
        "headersOnly": True,
        "verify": False,
        "samplePercent": 100,
        "replicas": 1,
        "storage": "Memory",
        "inactiveThresholdSeconds": 60,
    }
    done = await runner.run(reading(name, 100, **settings), look=look)
    assert (done["read"].messages, errors(done["read"])) == (100, {})
    # Only headers come.
    assert done["read"].bytes == 0
    wanted = {
        "deliver_policy": "by_start_sequence",
        "opt_start_seq": 901,
        "replay_policy": "original",
        "headers_only": True,
        "sample_freq": "100",
        "num_replicas": 1,
        "mem_storage": True,
        "inactive_threshold": 60 * 10**9,
    }
    assert {key: found.get(key) for key in wanted} == wanted


@pytest.mark.parametrize("mode", ["Pull", "Fetch", "Push", "Ordered"])
@pytest.mark.parametrize(
    ("deliver", "messages"),
    [
        ({"deliver": "ByStartSequence", "startSequence": 801}, 200),
        ({"deliver": "Last"}, 1),
        ({"deliver": "LastPerSubject"}, 10),
        ({"deliver": "ByStartTime", "startTime": "2020-01-01T00:00:00.5Z"}, STORED),
    ],
    ids=["sequence", "last", "last per subject", "time"],
)
async def test_consumer__begins_where_it_is_told(
    runner: Runner, mode: str, deliver: Document, messages: int
) -> None:
    name = await filled(runner, subjectCount=10)
    found: list[int] = []

    async def look(client: Client) -> None:
        found.append((await client.jetstream().stream_info(name)).state.consumer_count)

    job = reading(name, messages, mode=mode, idleTimeoutSeconds=60, **deliver)
    done = await runner.run(job, look=look)
    assert (done["read"].messages, errors(done["read"])) == (messages, {})


async def test_consumer__of_a_start_time_to_come__receives_nothing(runner: Runner) -> None:
    name = await filled(runner)
    later = datetime(2099, 1, 1, tzinfo=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    job = reading(name, 5, deliver="ByStartTime", startTime=later, idleTimeoutSeconds=1)
    done = await runner.run(job)
    assert done["read"].messages == 0


async def test_consumer__with_a_rate_limit__is_pushed_no_faster(runner: Runner) -> None:
    name = await filled(runner, payloadBytes=4000)
    bytes_per_s = 1_000_000
    how = {"mode": "Push", "rateLimitBitsPerSecond": 8 * bytes_per_s, "idleTimeoutSeconds": 60}
    done = await runner.run(reading(name, STORED, **how))
    assert (done["read"].messages, errors(done["read"])) == (STORED, {})
    # The server lets its max_payload, 1 MiB, through at once.
    assert done["read"].elapsed_us / 1e6 >= (STORED * 4000 - 2**20) / bytes_per_s * 0.9
