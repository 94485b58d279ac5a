"""A consumer that is there already is loaded as it is, and stays as it was."""

import json
import secrets
from typing import Any

import pytest
from nats.aio.client import Client

from njst.contract.results.outcome import SetupError
from tests.nats.modes.running import Runner, adjusted, errors

Document = dict[str, Any]
MESSAGES = 2000
S = 1_000_000_000


async def fill(runner: Runner, stream: str) -> None:
    await runner.run(
        {
            "streams": [{"name": stream, "retain": "Keep", "storage": "Memory"}],
            "workloads": [
                {
                    "name": subject,
                    "stream": stream,
                    "messages": MESSAGES,
                    # Which are ignored goes by their sequence: one subject after the other.
                    "after": after,
                    "publish": {"payloadBytes": 64, "subjects": [f"{stream}.{subject}"]},
                }
                for subject, after in (("mine", []), ("others", ["mine"]))
            ],
        }
    )


async def add(runner: Runner, stream: str, name: str, **config: Any) -> Document:
    """Make a consumer of the stream's `mine`; return what the server says that it is."""
    usual = {
        "durable_name": name,
        "ack_policy": "explicit",
        "ack_wait": 5 * S,
        "filter_subject": f"{stream}.mine",
        "metadata": {"team": "orders"},
    }
    request = {"stream_name": stream, "config": usual | config}
    answer: Document = {}

    async def ask(client: Client) -> None:
        subject = f"$JS.API.CONSUMER.DURABLE.CREATE.{stream}.{name}"
        said = await client.request(subject, json.dumps(request).encode(), timeout=30)
        answer.update(json.loads(said.data))

    await runner.ask(ask)
    config_of_it: Document = answer["config"]
    return config_of_it


async def look(runner: Runner, stream: str, name: str) -> Document:
    answer: Document = {}

    async def ask(client: Client) -> None:
        said = await client.request(f"$JS.API.CONSUMER.INFO.{stream}.{name}", b"", timeout=30)
        answer.update(json.loads(said.data))

    await runner.ask(ask)
    return answer


def reading(stream: str, consumer: str, messages: int = MESSAGES, **how: Any) -> Document:
    consume = {"existingConsumer": consumer, "idleTimeoutSeconds": 30, **how}
    workload = {"name": "read", "stream": stream, "clients": 3, "messages": messages}
    return {
        "streams": [{"name": stream, "useExisting": True}],
        "workloads": [{**workload, "consume": consume}],
    }


def lasting(job: Document, seconds: int) -> Document:
    """The job with a duration in place of its messages."""
    (workload,) = job["workloads"]
    del workload["messages"]
    return {**job, "workloads": [{**workload, "durationSeconds": seconds}]}


@pytest.mark.parametrize(
    ("config", "how", "redelivered"),
    [
        ({}, {}, 0),
        ({"ack_policy": "none"}, {"ack": "None", "mode": "Fetch"}, 0),
        ({"max_batch": 10, "max_waiting": 9}, {"batch": 10, "pulls": 3}, 0),
        # Its ack wait is what an ignored message waits for; the default would be too long.
        ({}, {"ignorePercent": 10, "idleTimeoutSeconds": 20}, 200),
    ],
    ids=str,
)
async def test_a_consumer_that_is_there_is_loaded_and_stays(
    runner: Runner, config: Document, how: Document, redelivered: int
) -> None:
    stream = f"E{secrets.token_hex(4)}"
    await fill(runner, stream)
    before = await add(runner, stream, "worker", **config)
    read = (await runner.run(reading(stream, "worker", **how)))["read"]
    assert (read.messages, read.redelivered, errors(read)) == (MESSAGES, redelivered, {})
    after = await look(runner, stream, "worker")
    assert after["config"] == before
    assert after["delivered"]["consumer_seq"] == MESSAGES + redelivered


async def test_defaults_above_what_a_consumer_allows_are_lowered(runner: Runner) -> None:
    await fill(runner, "ELIMITS")
    await add(runner, "ELIMITS", "worker", max_batch=10, max_expires=S)
    read = (await runner.run(reading("ELIMITS", "worker")))["read"]
    assert (read.messages, errors(read)) == (MESSAGES, {})
    assert adjusted(runner) == {"consume.batch": "10", "consume.expiresSeconds": "1"}


async def test_two_jobs_go_on_where_the_one_before_ended(runner: Runner) -> None:
    await fill(runner, "EHALVES")
    await add(runner, "EHALVES", "worker")
    for _ in range(2):
        read = (await runner.run(reading("EHALVES", "worker", MESSAGES // 2)))["read"]
        assert (read.messages, errors(read)) == (MESSAGES // 2, {})
    assert (await look(runner, "EHALVES", "worker"))["num_pending"] == 0


async def test_beside_a_consumer_of_the_job_which_alone_is_removed(runner: Runner) -> None:
    await fill(runner, "EBESIDE")
    await add(runner, "EBESIDE", "worker")
    job = reading("EBESIDE", "worker")
    own = {"name": "own", "stream": "EBESIDE", "messages": 2 * MESSAGES, "consume": {}}
    job["workloads"].append(own)
    done = await runner.run(job)
    assert (done["read"].messages, done["own"].messages) == (MESSAGES, 2 * MESSAGES)
    names: list[str] = []

    async def ask(client: Client) -> None:
        answer = await client.request("$JS.API.CONSUMER.NAMES.EBESIDE", b"", timeout=30)
        names.extend(json.loads(answer.data)["consumers"])

    await runner.ask(ask)
    assert names == ["worker"]


async def test_one_that_is_not_there_is_said(runner: Runner) -> None:
    await fill(runner, "ENONE")
    with pytest.raises(SetupError) as caught:
        await runner.run(reading("ENONE", "worker"))
    assert caught.value.reason == "ConsumerNotFound"
    assert caught.value.message == (
        "spec.workloads[0] (read).consume.existingConsumer (worker of ENONE): consumer not found;"
        " the consumer does not exist; leave out existingConsumer to create one"
    )


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"deliver_subject": "push.here"}, "it pushes to 'push.here'"),
        ({"ack_policy": "all"}, "its ack policy is all"),
        ({"max_waiting": 5}, "the clients would have 6"),
        ({"pause_until": "2100-01-01T00:00:00Z"}, "it is paused until 2100-01-01T00:00:00Z"),
        ({"priority_groups": ["g"], "priority_policy": "overflow"}, "must be Overflow"),
    ],
    ids=str,
)
async def test_one_that_does_not_suit_is_left_alone_and_said(
    runner: Runner, config: Document, words: str
) -> None:
    stream = f"U{secrets.token_hex(4)}"
    await fill(runner, stream)
    before = await add(runner, stream, "worker", **config)
    with pytest.raises(SetupError, match="worker of U") as caught:
        await runner.run(reading(stream, "worker"))
    assert caught.value.reason == "ConsumerUnsuitable"
    assert words in caught.value.message
    after = await look(runner, stream, "worker")
    assert (after["config"], after["delivered"]["consumer_seq"]) == (before, 0)


async def test_what_is_under_work_is_said_to_be_before_its_own_ack_wait_is_over(
    runner: Runner,
) -> None:
    await fill(runner, "EWORK")
    await add(runner, "EWORK", "worker", ack_wait=4 * S)
    job = lasting(reading("EWORK", "worker", slowPercent=5, processingMilliseconds=6000), 9)
    read = (await runner.run(job))["read"]
    assert (read.messages, read.redelivered, errors(read)) == (MESSAGES, 0, {})


async def test_priorities_of_a_consumer_that_is_there(runner: Runner) -> None:
    """Its group has a name of its own, which pulls have to say."""
    await fill(runner, "EGROUP")
    await add(runner, "EGROUP", "worker", priority_groups=["theirs"], priority_policy="overflow")
    job = reading("EGROUP", "worker", priority={"policy": "Overflow", "minPending": 1})
    read = (await runner.run(lasting(job, 3)))["read"]
    assert (read.messages, errors(read)) == (MESSAGES, {})
