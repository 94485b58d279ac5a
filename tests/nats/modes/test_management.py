"""JetStream's API as the load, against a real server: what is there, and what is gone after."""

import json
import secrets
from collections.abc import AsyncIterator
from typing import Any

import pytest
from nats.aio.client import Client
from nats.js.api import StreamConfig

from njst.contract.connection import API_PREFIX
from njst.contract.names.assets import OWNER_KEY
from njst.contract.results.outcome import SetupError
from njst.contract.results.tallies import ErrorClass
from njst.provisioning.target.jetstream_api import JetStreamApi
from tests.nats.modes.running import Runner, errors

Document = dict[str, Any]


@pytest.fixture
async def client(runner: Runner) -> AsyncIterator[Client]:
    connected = Client()
    await connected.connect(runner.url)
    yield connected
    await connected.close()


@pytest.fixture
def job() -> str:
    return secrets.token_hex(4)


def workload(operation: str, messages: int, **how: Any) -> Document:
    stream = {"stream": how.pop("stream")} if "stream" in how else {}
    return {
        "name": "api",
        **stream,
        "clients": 2,
        "messages": messages,
        "management": {"operation": operation, "storage": "Memory", "window": 20, **how},
    }


async def streams(client: Client) -> list[str]:
    return await JetStreamApi(client, API_PREFIX).pages("STREAM.NAMES", "streams", {})


async def consumers(client: Client, stream: str) -> list[str]:
    return await JetStreamApi(client, API_PREFIX).pages(f"CONSUMER.NAMES.{stream}", "consumers", {})


async def calls(client: Client) -> int:
    """How many calls of the API the server has counted."""
    return (await client.jetstream().account_info()).api.total


async def test_more_consumers_than_a_server_takes_unasked(
    runner: Runner, client: Client, job: str
) -> None:
    name = f"M{job}"
    document = {
        "streams": [{"name": name, "storage": "Memory"}],
        "workloads": [workload("CreateConsumer", 1_200, stream=name)],
    }
    done = (await runner.load(document, job))["api"]
    assert (done.messages, errors(done)) == (1_200, {})
    assert len(await consumers(client, name)) == 1_200
    assert await runner.remove(document, job) == []


async def test_streams_are_made_and_removed_with_the_job(
    runner: Runner, client: Client, job: str
) -> None:
    spec = {"workloads": [workload("CreateStream", 1500, assets=5)]}
    try:
        before = await calls(client)
        done = (await runner.load(spec, job))["api"]
        # What the server counted: ours, the set-up's, and the question itself.
        assert 1500 + 10 <= await calls(client) - before <= 1500 + 10 + 3
        assert (done.messages, done.attempted, errors(done)) == (1500, 1500, {})
        assert done.bytes > 1500 * 100
        assert done.latency_microseconds is not None
        made = [name for name in await streams(client) if name.startswith(f"njst-{job}-")]
        assert len(made) == 1510, "more than a page of names"
        info = await client.jetstream().stream_info(f"njst-{job}-api-1-749")
        assert (info.config.metadata or {})[OWNER_KEY] == job
    finally:
        assert await runner.remove(spec, job) == []
    assert [name for name in await streams(client) if job in name] == []


@pytest.mark.parametrize("operation", ["StreamInfo", "DeleteStream", "CycleStream"])
async def test_every_operation_on_streams(
    runner: Runner, client: Client, job: str, operation: str
) -> None:
    spec = {"workloads": [workload(operation, 301, assets=7)]}
    try:
        done = (await runner.load(spec, job))["api"]
        assert (done.messages, errors(done)) == (301, {})
        left = [name for name in await streams(client) if job in name]
        # Two clients have cut at most `window` cycles short each; nothing else stays but assets.
        unfinished = range(1, 41) if operation == "CycleStream" else range(1)
        assert len(left) - 14 in unfinished
    finally:
        assert await runner.remove(spec, job) == []
    assert [name for name in await streams(client) if job in name] == []


@pytest.mark.parametrize(
    "operation", ["CreateConsumer", "ConsumerInfo", "DeleteConsumer", "CycleConsumer"]
)
async def test_every_operation_on_consumers_of_a_stream_that_stays(
    runner: Runner, client: Client, job: str, operation: str
) -> None:
    name = f"S{job}"
    js = client.jetstream()
    await js.add_stream(name=name, subjects=[f"{name}.>"])
    await js.add_consumer(name, durable_name=f"njst-{job}-foreign")
    call = workload(operation, 500, assets=3, stream=name)
    spec = {"streams": [{"name": name, "useExisting": True}], "workloads": [call]}
    done = (await runner.load(spec, job))["api"]
    assert (done.messages, errors(done)) == (500, {})
    left = len(await consumers(client, name)) - 1 - 6
    expected = {"CreateConsumer": range(500, 501), "CycleConsumer": range(1, 41)}
    assert left in expected.get(operation, range(1))
    assert await runner.remove(spec, job) == []
    assert await consumers(client, name) == [f"njst-{job}-foreign"], "it does not name the job"


async def test_consumers__that_begin_within_a_stream__are_created_there(
    runner: Runner, client: Client, job: str
) -> None:
    name = f"S{job}"
    publish = {"payloadBytes": 10, "subjects": [name], "subjectCount": 5}
    fill = {"name": "w", "stream": name, "messages": 1000, "publish": publish}
    stream = {"name": name, "retain": "Keep", "storage": "Memory", "subjects": [f"{name}.*"]}
    await runner.run({"streams": [stream], "workloads": [fill]})
    two = [f"{name}.1", f"{name}.2"]
    rows: list[tuple[Document, Document, int]] = [
        (
            {"deliver": "ByStartSequence", "startSequence": 900},
            {"deliver_policy": "by_start_sequence", "opt_start_seq": 900},
            101,
        ),
        (
            {"deliver": "ByStartTime", "startTime": "2026-01-01T00:00:00Z"},
            {"deliver_policy": "by_start_time", "opt_start_time": "2026-01-01T00:00:00Z"},
            1000,
        ),
        (
            {"deliver": "LastPerSubject"},
            {"deliver_policy": "last_per_subject", "filter_subject": ">"},
            5,
        ),
        ({"filterSubjects": two}, {"deliver_policy": "all", "filter_subjects": two}, 400),
        ({}, {"deliver_policy": "all"}, 1000),
    ]
    for how, expected, pending in rows:
        call = workload("CreateConsumer", 4, stream=name, **how)
        spec = {"streams": [{"name": name, "useExisting": True}], "workloads": [call]}
        done = (await runner.load(spec, job))["api"]
        assert (done.messages, errors(done)) == (4, {}), how
        made = await consumers(client, name)
        assert len(made) == 4
        for consumer in made:
            answer = await client.request(f"$JS.API.CONSUMER.INFO.{name}.{consumer}")
            info = json.loads(answer.data)
            assert info["num_pending"] == pending, how
            assert {key: info["config"][key] for key in expected} == expected
        assert await runner.remove(spec, job) == []


async def test_what_is_not_the_jobs_own_is_never_removed(
    runner: Runner, client: Client, job: str
) -> None:
    js = client.jetstream()
    foreign = StreamConfig(name=f"F{job}", subjects=[f"njst-assets.{job}.foreign"])
    await js.add_stream(foreign)
    spec = {"workloads": [workload("CycleStream", 120, window=1)]}
    await runner.run(spec, job)
    assert [name for name in await streams(client) if job in name] == [f"F{job}"]
    # A stream that stands where one of the job's own is to be: the set-up ends there.
    taken = StreamConfig(name=f"njst-{job}-api-1-7", subjects=[f"other.{job}"])
    await js.add_stream(taken)
    with pytest.raises(SetupError) as found:
        await runner.run({"workloads": [workload("DeleteStream", 20)]}, job)
    assert found.value.reason == "StreamExists"
    # The load itself does not remove what it has not made either.
    done = (await runner.run(spec, job))["api"]
    assert errors(done) == {ErrorClass.OTHER: 1}
    left = {name for name in await streams(client) if job in name}
    assert left == {f"F{job}", f"njst-{job}-api-1-7"}


async def test_an_offered_rate_of_calls(runner: Runner, job: str) -> None:
    call = workload("CycleStream", 0) | {"durationSeconds": 1, "messagesPerSecond": 90}
    del call["messages"]
    done = (await runner.run({"workloads": [call]}, job))["api"]
    assert (done.attempted, done.messages, errors(done)) == (90, 90, {})
    assert done.service_microseconds is not None
