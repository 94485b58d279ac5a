"""An existing stream that does not suit the job is refused before the load, and stores nothing."""

import json
import secrets
from typing import Any

import pytest
from nats.aio.client import Client

from njst.contract.connection import Connection
from njst.contract.parsing.document import parse_spec
from njst.contract.results.outcome import SetupError
from njst.local.nats_server import NatsServer
from njst.provisioning.provision import provision
from tests.nats.modes.running import Runner, errors


async def make_stream(runner: Runner, **config: Any) -> str:
    name = f"X{secrets.token_hex(4)}"
    whole = {"name": name, "subjects": [f"{name}.>"], "storage": "memory", **config}

    async def ask(client: Client) -> None:
        subject = f"$JS.API.STREAM.CREATE.{name}"
        answer = json.loads((await client.request(subject, json.dumps(whole).encode())).data)
        assert "error" not in answer, answer

    await runner.ask(ask)
    return name


def job(name: str, subject: str, **publish: Any) -> dict[str, Any]:
    return {
        "streams": [{"name": name, "useExisting": True}],
        "workloads": [
            {
                "name": "w",
                "stream": name,
                "messages": 20,
                "publish": {"subjects": [subject], "payloadBytes": 64, **publish},
            }
        ],
    }


@pytest.mark.parametrize(
    ("config", "subject", "publish", "reason", "words"),
    [
        ({"no_ack": True}, "{}.a", {}, "StreamUnsuitable", "no_ack"),
        ({"max_msg_size": 63}, "{}.a", {}, "PayloadTooLarge", "at most 63"),
        ({}, "nobody.{}", {}, "SubjectNotTaken", "no stream takes nobody."),
        ({}, "nobody.{}", {"subjectCount": 9}, "SubjectNotTaken", "no stream takes nobody."),
    ],
)
async def test_existing_stream__that_does_not_suit__is_refused_before_the_load(
    runner: Runner,
    config: dict[str, Any],
    subject: str,
    publish: dict[str, Any],
    reason: str,
    words: str,
) -> None:
    name = await make_stream(runner, **config)
    with pytest.raises(SetupError) as refused:
        await runner.run(job(name, subject.format(name), **publish))
    assert refused.value.reason == reason
    assert refused.value.message.startswith("spec.workloads[0] (w).publish")
    assert words in refused.value.message
    assert await runner.stored(name) == 0


async def test_subject_of_another_stream__names_the_stream_that_takes_it(runner: Runner) -> None:
    name, other = await make_stream(runner), await make_stream(runner)
    with pytest.raises(SetupError) as refused:
        await runner.run(job(name, f"{other}.a"))
    assert refused.value.reason == "SubjectNotTaken"
    assert refused.value.message.endswith(
        f"{other}.a is taken by the stream {other}, not by {name}"
    )
    assert [await runner.stored(stream) for stream in (name, other)] == [0, 0]


@pytest.mark.parametrize("mode", ["Synchronous", "Asynchronous"])
async def test_existing_stream__that_suits__gets_exactly_the_load(
    runner: Runner, mode: str
) -> None:
    name = await make_stream(runner)
    done = (await runner.run(job(name, f"{name}.a", mode=mode)))["w"]
    assert (done.messages, errors(done)) == (20, {})
    assert await runner.stored(name) == 20


async def test_mapped_subject__that_leads_to_the_stream__is_accepted() -> None:
    config = 'mappings = {"orders.>": "X.orders.>"}\njetstream {}'
    with NatsServer.start(config=config) as server:
        runner = Runner(server.url)
        connection = Connection(servers=[server.url])

        async def ask(client: Client) -> None:
            await client.request("$JS.API.STREAM.CREATE.X", b'{"name":"X","subjects":["X.>"]}')

        await runner.ask(ask)
        spec = parse_spec(job("X", "orders.a"))
        (plan,) = (await provision("j", spec, connection, ["w"], "w")).clients
        assert plan.publish is not None
        assert plan.publish.subjects == ["orders.a"]
        assert await runner.stored("X") == 0
