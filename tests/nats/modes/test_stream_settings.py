"""Settings of a stream, as the server has them, and what they do to a load."""

import json
from typing import Any

import pytest
from nats.aio.client import Client

from njst.contract.results.outcome import SetupError
from njst.contract.results.tallies import ErrorClass
from tests.nats.modes.running import Runner, errors
from tests.nats.modes.test_modes import stream_name

S = 10**9
Document = dict[str, Any]


def writing(stream: Document, messages: int = 100, **publish: Any) -> Document:
    workload = {"name": "w", "stream": stream["name"], "messages": messages, "publish": publish}
    return {"streams": [stream], "workloads": [workload]}


async def test_stream__settings__are_those_of_the_server(runner: Runner) -> None:
    name = stream_name()
    inside = f"{name}.in.{{{{wildcard(1)}}}}"
    stream = {
        "name": name,
        "discard": "New",
        "maxMessagesPerSubject": 500,
        "discardNewPerSubject": True,
        "maxMessageBytes": 1000,
        "duplicateWindowSeconds": 7,
        "persistMode": "Async",
        "firstSequence": 1001,
        "denyDelete": True,
        "denyPurge": True,
        "allowDirect": False,
        "republish": {
            "source": f"{name}.>",
            "destination": f"copies.{name}.>",
            "headersOnly": True,
        },
        "subjectTransform": {
            "source": f"{name}.*",
            "destination": f"{name}.in.{{{{wildcard(1)}}}}",
        },
        "consumerLimits": {"inactiveThresholdSeconds": 60, "maxAckPending": 50},
    }
    found: Document = {}

    async def look(client: Client) -> None:
        answer = await client.request(f"$JS.API.STREAM.INFO.{name}")
        found.update(json.loads(answer.data))

    done = await runner.run(writing(stream, subjects=[f"{name}.a"], payloadBytes=64), look=look)
    assert (done["w"].messages, errors(done["w"])) == (100, {})
    config = found["config"]
    assert config["discard_new_per_subject"] is True
    assert config["max_msg_size"] == 1000
    assert config["duplicate_window"] == 7 * S
    assert config["persist_mode"] == "async"
    assert config["first_seq"] == 1001
    assert (config["deny_delete"], config["deny_purge"]) == (True, True)
    assert config["allow_direct"] is False
    assert config["republish"]["dest"] == f"copies.{name}.>"
    assert config["subject_transform"]["dest"] == inside
    assert config["consumer_limits"] == {"inactive_threshold": 60 * S, "max_ack_pending": 50}
    assert (found["state"]["first_seq"], found["state"]["last_seq"]) == (1001, 1100)


@pytest.mark.parametrize(
    ("setting", "refused"), [({"discardNewPerSubject": True}, 950), ({}, 0)], ids=["new", "old"]
)
async def test_subjects__that_are_full__refuse_the_new_or_drop_the_old(
    runner: Runner, setting: Document, refused: int
) -> None:
    name = stream_name()
    stream = {"name": name, "discard": "New", "maxMessagesPerSubject": 5, **setting}
    stored: list[int] = []

    async def look(client: Client) -> None:
        stored.append((await client.jetstream().stream_info(name)).state.messages)

    job = writing(stream, 1000, subjects=[f"{name}.a"], subjectCount=10)
    done = await runner.run(job, look=look)
    assert sum(errors(done["w"]).values()) == refused
    assert set(errors(done["w"])) <= {ErrorClass.LIMIT_EXCEEDED}
    assert stored == [50]


@pytest.mark.parametrize(
    ("stream", "workload", "words"),
    [
        (
            {"maxMessageBytes": 100},
            {"publish": {"payloadBytes": 101}},
            r"publish\.payloadBytes: 101 bytes.*at most 100",
        ),
        ({"allowDirect": False}, {"get": {"mode": "Batch"}}, r"get: .*allows no direct gets"),
        (
            {"allowDirect": False},
            {"get": {"readFrom": "AnyReplica"}},
            r"get: .*allows no direct gets.*readFrom: Leader",
        ),
    ],
)
async def test_stream__that_a_workload_cannot_use__is_refused(
    runner: Runner, stream: Document, workload: Document, words: str
) -> None:
    name = stream_name()
    work = {"name": "w", "stream": name, "messages": 10, **workload}
    with pytest.raises(SetupError, match=words):
        await runner.run({"streams": [{"name": name, **stream}], "workloads": [work]})
