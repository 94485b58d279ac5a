"""Mirrors and sourced streams of a job: published to at the origin, read from the copy."""

from typing import Any

import pytest
from nats.aio.client import Client

from njst.contract.results.outcome import SetupError
from tests.nats.modes.running import Runner, errors
from tests.nats.modes.test_modes import stream_name

Document = dict[str, Any]


def work(name: str, stream: str, messages: int, **more: Any) -> Document:
    return {"name": name, "stream": stream, "messages": messages, **more}


async def test_copies__of_streams_that_are_published_to__are_consumed_and_read(
    runner: Runner,
) -> None:
    raw, other, mirror, merged = (stream_name() for _ in range(4))
    streams: list[Document] = [
        {"name": raw},
        {"name": other, "storage": "Memory"},
        {"name": mirror, "mirror": {"name": raw}, "storage": "Memory"},
        {
            "name": merged,
            "sources": [{"name": raw, "filterSubject": f"{raw}.a"}, {"name": other}],
        },
    ]
    publish = {"payloadBytes": 64, "subjects": [f"{raw}.a", f"{raw}.b"]}
    workloads = [
        work("write", raw, 2000, clients=2, publish=publish),
        work("more", other, 500, publish={"payloadBytes": 64}),
        work("hear", mirror, 2000, clients=2, consume={"idleTimeoutSeconds": 30}),
        work("merge", merged, 1500, consume={"idleTimeoutSeconds": 30}),
        work("get", mirror, 2000, after=["write", "hear"], get={"window": 50}),
    ]
    found: Document = {}

    async def look(client: Client) -> None:
        for name in (mirror, merged):
            info = await client.jetstream().stream_info(name)
            found[name] = (info.config.subjects or [], info.state.messages)

    both = await runner.run_each(
        {"streams": streams, "workloads": workloads}, ["a", "b"], look=look
    )
    assert {name: sum(one[name].messages for one in both) for name in both[0]} == {
        "write": 2000,
        "more": 500,
        "hear": 2000,
        "merge": 1500,
        "get": 2000,
    }
    assert [errors(result) for one in both for result in one.values()] == 10 * [{}]
    assert all(one["hear"].latency_microseconds is not None for one in both)
    assert found == {mirror: ([], 2000), merged: ([], 1500)}


@pytest.mark.parametrize("how", ["mirror", "sources"])
async def test_copy__of_a_stream_that_is_not_there__is_refused(runner: Runner, how: str) -> None:
    name = stream_name()
    origin: Any = {"name": f"{name}-RAW"}
    stream = {"name": name, how: origin if how == "mirror" else [origin]}
    job = {"streams": [stream], "workloads": [work("r", name, 1, consume={})]}
    words = rf"spec\.streams\[0\] \({name}\)\.{how} {name}-RAW: stream not found"
    with pytest.raises(SetupError, match=words):
        await runner.run(job)
