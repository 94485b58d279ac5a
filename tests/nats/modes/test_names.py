"""Loads whose names and subjects are not ASCII, or have characters of other syntaxes."""

import json
from typing import Any

import pytest
from nats.aio.client import Client

from tests.nats.modes.running import Runner, errors
from tests.nats.modes.test_modes import stream_name
from tests.unit.contract.parsing.names import GOOD_NAMES, GOOD_SUBJECTS

Document = dict[str, Any]


async def test_names__that_njst_takes__are_those_that_a_server_takes(runner: Runner) -> None:
    refused: list[str] = []

    async def make(client: Client) -> None:
        for number, name in enumerate([*GOOD_NAMES, *(None for _ in GOOD_SUBJECTS)]):
            place = number - len(GOOD_NAMES)
            stream = name or f"SUBJECT-{place}"
            subject = f"subjects.{number}" if name else GOOD_SUBJECTS[place]
            config = {"name": stream, "subjects": [subject], "storage": "memory"}
            for call, body in (("CREATE", json.dumps(config)), ("DELETE", "")):
                subject = f"$JS.API.STREAM.{call}.{stream}"
                answer = await client.request(subject, body.encode())
                if "error" in json.loads(answer.data):
                    refused.append(stream)

    await runner.ask(make)
    assert refused == []


@pytest.mark.parametrize("mode", ["Asynchronous", "AtomicBatch", "FastBatch"])
async def test_load__with_names_of_any_letters__is_exact(runner: Runner, mode: str) -> None:
    name = f'$Mü~"&%{stream_name()}'
    subject = f"{name}.temperatür.日本"
    stream = {"name": name, "subjects": [f"{name}.>"], "storage": "Memory"}

    def work(kind: str, **more: Any) -> Document:
        return {"name": kind.lower(), "stream": name, "messages": 600, kind: more}

    def core(operation: str, which: str, **more: Any) -> Document:
        how = {"operation": operation, "subject": which, **more}
        return {"name": operation.lower(), "messages": 600, "core": how}

    filters = {"filterSubjects": [f"{name}.*.日本.>"], "idleTimeoutSeconds": 30}
    subjects = {"subjects": [subject], "subjectCount": 3}
    workloads = [
        work("publish", mode=mode, batch=100, payloadBytes=64, expectStream=True, **subjects),
        work("consume", ack="Double", **filters),
        {**work("get", mode="LastBySubject", **subjects), "after": ["publish"]},
        core("Publish", f"ü.{name}", payloadBytes=40),
        core("Subscribe", "ü.*", queueGroup="größe"),
    ]
    workloads[3]["name"] = "send"
    done = await runner.run({"streams": [stream], "workloads": workloads})
    assert {name: (r.messages, errors(r)) for name, r in done.items()} == {
        name: (600, {}) for name in ("publish", "consume", "get", "send", "subscribe")
    }
