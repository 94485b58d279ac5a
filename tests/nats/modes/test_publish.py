"""What publishers can ask of a stream, against a real server: its own books say the same."""

import json
import secrets
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from nats.aio.client import Client

from njst.contract.results.outcome import SetupError
from njst.contract.results.tallies import ErrorClass
from njst.load.kinds.publish.publish_rows import PREBUILT_BYTES
from tests.nats.modes.running import Runner, errors

Document = dict[str, Any]
MESSAGES = 2000
# A frame takes 1 KB and its payload: so many do not lie ready.
MANY = PREBUILT_BYTES // 1024


def stream_name() -> str:
    return f"S{secrets.token_hex(4)}"


def publishing(stream: str, *, clients: int = 2, messages: int = MESSAGES, **how: Any) -> Document:
    """A job whose stream is there when it is looked at, and gone afterwards."""
    workload = {"name": "write", "stream": stream, "clients": clients, "messages": messages}
    return {
        "streams": [{"name": stream, "storage": "Memory"}],
        "workloads": [{**workload, "publish": {"payloadBytes": 64, **how}}],
    }


class Books:
    """What the server says of a stream at the end of a load."""

    def __init__(self, stream: str) -> None:
        self._stream = stream
        self.state: Document = {}
        self.last: dict[str, bytes] = {}

    async def look(self, client: Client) -> None:
        ask = json.dumps({"subjects_filter": ">"}).encode()
        answer = await client.request(f"$JS.API.STREAM.INFO.{self._stream}", ask, timeout=60)
        self.state = json.loads(answer.data)["state"]
        js = client.jetstream()
        for subject in self.state.get("subjects", {}):
            message = await js.get_last_msg(self._stream, subject, direct=True)
            self.last[subject] = message.data or b""


# Of the four clients' 500 messages each, over half: then duplicates follow each other.
@pytest.mark.parametrize("percent", [17, 83])
@pytest.mark.parametrize("mode", ["Synchronous", "Asynchronous"])
@pytest.mark.parametrize(
    "sizes",
    [{}, {"payloadBytesMax": 300}, {"replySubjects": "Reused"}],
    ids=["one size", "many", "replies reused"],
)
async def test_what_the_stream_had_already_is_counted_exactly(
    runner: Runner, mode: str, sizes: Document, percent: int
) -> None:
    name = stream_name()
    books = Books(name)
    how = {"mode": mode, "messageIds": "Unique", "duplicatePercent": percent, **sizes}
    done = (await runner.run(publishing(name, **how), look=books.look))["write"]
    assert (done.messages, errors(done)) == (MESSAGES, {})
    assert done.duplicates == MESSAGES * percent // 100
    assert books.state["messages"] == MESSAGES - done.duplicates


@pytest.mark.parametrize("mode", ["Asynchronous", "AtomicBatch", "FastBatch"])
async def test_subjects_too_many_to_lie_ready_are_all_there(runner: Runner, mode: str) -> None:
    name, count = stream_name(), MANY
    state: Document = {}

    async def look(client: Client) -> None:
        answer = await client.request(f"$JS.API.STREAM.INFO.{name}", timeout=60)
        state.update(json.loads(answer.data)["state"])

    how: Document = {"mode": mode, "subjectCount": count, "payloadBytes": 40}
    job = publishing(name, clients=1, messages=count, **how)
    done = (await runner.run(job, look=look))["write"]
    assert (done.messages, errors(done)) == (count, {})
    assert (state["messages"], state["num_subjects"]) == (count, count)


async def test_a_fixed_id_is_stored_once(runner: Runner) -> None:
    name = stream_name()
    books = Books(name)
    how = {"headers": [{"name": "nats-msg-id", "value": "same"}], "mode": "Asynchronous"}
    done = (await runner.run(publishing(name, **how), look=books.look))["write"]
    stored = books.state["messages"]
    assert (done.messages, done.duplicates, errors(done)) == (MESSAGES, MESSAGES - stored, {})


@pytest.mark.parametrize("replies", ["Unique", "Reused"])
@pytest.mark.parametrize("expect", ["LastSequence", "LastSubjectSequence"])
async def test_who_is_alone_is_never_refused(runner: Runner, expect: str, replies: str) -> None:
    name = stream_name()
    books = Books(name)
    how = {"mode": "Synchronous", "expect": expect, "subjectCount": 7, "expectStream": True}
    how["replySubjects"] = replies
    job = publishing(name, clients=1, **how)
    done = (await runner.run(job, look=books.look))["write"]
    assert (done.messages, errors(done)) == (MESSAGES, {})
    assert books.state["messages"] == MESSAGES


@pytest.mark.parametrize("expect", ["LastSequence", "LastSubjectSequence"])
async def test_who_is_alone_learns_what_was_there_before(runner: Runner, expect: str) -> None:
    name = stream_name()
    job = publishing(name, messages=100, subjectCount=7)
    await runner.run({**job, "streams": [{"name": name, "retain": "Keep"}]})
    how = {"mode": "Synchronous", "expect": expect, "subjectCount": 7, "messages": 100}
    how["subjects"] = [f"{name}.write"]
    job = publishing(name, clients=1, **how)
    done = (await runner.run({**job, "streams": [{"name": name, "useExisting": True}]}))["write"]
    assert (done.messages, errors(done)) == (100, {})
    assert await runner.stored(name) == 200


@pytest.mark.parametrize("expect", ["LastSequence", "LastSubjectSequence"])
async def test_those_who_meet_are_refused_and_go_on(runner: Runner, expect: str) -> None:
    name = stream_name()
    books = Books(name)
    job = publishing(name, clients=4, mode="Synchronous", expect=expect)
    done = (await runner.run(job, look=books.look))["write"]
    refused = errors(done)
    assert set(refused) == {ErrorClass.WRONG_SEQUENCE}
    assert done.attempted == MESSAGES == done.messages + refused[ErrorClass.WRONG_SEQUENCE]
    assert done.messages == books.state["messages"] > 0


async def test_a_message_for_another_stream_is_refused(runner: Runner) -> None:
    name = stream_name()
    headers = [{"name": "Nats-Expected-Stream", "value": "OTHER"}]
    job = publishing(name, messages=10, headers=headers)
    assert errors((await runner.run(job))["write"]) == {ErrorClass.WRONG_SEQUENCE: 10}


@pytest.mark.parametrize(
    ("increment", "how"),
    [(5, {"mode": "Asynchronous"}), (-3, {"mode": "Synchronous", "subjectCount": 4})],
    ids=str,
)
async def test_a_counter_is_the_sum_of_all_that_was_added(
    runner: Runner, increment: int, how: Document
) -> None:
    name = stream_name()
    books = Books(name)
    job = publishing(name, increment=increment, **how)
    done = (await runner.run(job, look=books.look))["write"]
    assert (done.messages, done.bytes, errors(done)) == (MESSAGES, 0, {})
    totals = [int(json.loads(last)["val"]) for last in books.last.values()]
    assert len(totals) == how.get("subjectCount", 1)
    assert sum(totals) == MESSAGES * increment


@pytest.mark.parametrize("mode", ["Synchronous", "Asynchronous"])
@pytest.mark.parametrize(
    ("count", "sent"),
    [(2, [0, 1] * 250), (MANY, [*range(250), *range(MANY // 2, MANY // 2 + 250)])],
    ids=["ready", "written"],
)
async def test_a_delayed_message_comes_when_it_is_due(
    runner: Runner, mode: str, count: int, sent: list[int]
) -> None:
    """`sent`: the numbers of the messages' subjects; two clients begin half of them apart."""
    name = stream_name()
    books = Books(name)
    job = publishing(name, mode=mode, delaySeconds=2, messages=500, subjectCount=count)
    read = {"name": "read", "stream": name, "messages": 500, "clients": 1}
    read["consume"] = {"filterSubjects": [f"{name}.write.*"], "idleTimeoutSeconds": 10}
    done = await runner.run({**job, "workloads": [*job["workloads"], read]}, look=books.look)
    assert (done["write"].messages, errors(done["write"])) == (500, {})
    assert (done["read"].messages, errors(done["read"])) == (500, {})
    assert done["read"].elapsed_us >= 2_000_000
    # What was due is stored, and the schedules are gone.
    assert books.state["subjects"] == Counter(f"{name}.write.{number}" for number in sent)
    latency = done["read"].latency_microseconds
    assert latency is not None
    assert latency.p50 < 2_000_000, "it counts from the due instant, not from the publish"


LINES = [b'{"order":1}', b'{"order":2,"name":"long enough to have room for a stamp in it"}', b"3"]


@pytest.mark.parametrize(
    ("mode", "lines"),
    [
        ("Synchronous", True),
        ("Asynchronous", False),
        ("Asynchronous", True),
        ("FastBatch", True),
        ("AtomicBatch", False),
    ],
)
async def test_a_file_is_what_messages_carry_byte_for_byte(
    runner: Runner, tmp_path: Path, mode: str, lines: bool
) -> None:
    content = b"\r\n".join(LINES) + b"\n\n"
    (tmp_path / "orders.json").write_bytes(content)
    wanted = LINES if lines else [content]
    name, messages = stream_name(), 300
    how = {"payloadFile": "orders.json", "payloadLines": lines, "batch": 50}
    job = publishing(name, messages=messages, clients=1, mode=mode, **how)
    read = {"name": "read", "stream": name, "messages": messages, "consume": {}}
    stored: list[bytes | None] = []

    async def look(client: Client) -> None:
        js = client.jetstream()
        stored.extend(
            [(await js.get_msg(name, number + 1, direct=True)).data for number in range(messages)]
        )

    runner.payloads = tmp_path
    done = await runner.run({**job, "workloads": [*job["workloads"], read]}, look=look)
    assert stored == [wanted[number % len(wanted)] for number in range(messages)]
    total = sum(len(wanted[number % len(wanted)]) for number in range(messages))
    for workload in done.values():
        assert (workload.messages, workload.bytes, errors(workload)) == (messages, total, {})
    assert done["read"].latency_microseconds is None, "there is no stamp to count from"


async def test_a_message_larger_than_the_server_takes_is_refused_before_the_load(
    runner: Runner,
) -> None:
    with pytest.raises(SetupError, match="1048577 bytes; the target takes at most 1048576"):
        await runner.run(publishing(stream_name(), payloadBytes=1_048_577))
