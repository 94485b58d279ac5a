"""Ways to consume against a real server, whose own books of each consumer say the same."""

import asyncio
import json
import secrets
from typing import Any

import pytest
from nats.aio.client import Client

from njst.contract.results.tallies import ErrorClass
from tests.nats.modes.running import Runner, errors

Document = dict[str, Any]
MESSAGES = 2000
LIMIT_S = 60.0


def stream_name() -> str:
    return f"S{secrets.token_hex(4)}"


class Books:
    """What the server says of a stream's consumers at the end of a load."""

    def __init__(self, stream: str) -> None:
        self._stream = stream
        self.consumers: list[Document] = []

    async def look(self, client: Client) -> None:
        """Read the books, once the server has taken the last acknowledgements into them."""
        async with asyncio.timeout(LIMIT_S):
            while True:
                subject = f"$JS.API.CONSUMER.LIST.{self._stream}"
                answer = await client.request(subject, b"", timeout=LIMIT_S)
                self.consumers = json.loads(answer.data)["consumers"]
                if not self.unacknowledged:
                    return
                await asyncio.sleep(0.01)

    @property
    def one(self) -> Document:
        (consumer,) = self.consumers
        return consumer

    @property
    def deliveries(self) -> int:
        return sum(consumer["delivered"]["consumer_seq"] for consumer in self.consumers)

    @property
    def unacknowledged(self) -> int:
        return sum(consumer["num_ack_pending"] for consumer in self.consumers)


_FILLED: dict[tuple[str, int, str], str] = {}


async def filled(runner: Runner, messages: int = MESSAGES, **how: Any) -> str:
    """Return a stream with so many messages of 64 bytes; jobs that only read share one."""
    key = (runner.url, messages, str(how))
    if key not in _FILLED:
        _FILLED[key] = await _fill(runner, messages, how)
    return _FILLED[key]


async def _fill(runner: Runner, messages: int, how: Document) -> str:
    name = stream_name()
    write = {"name": "write", "stream": name, "messages": messages}
    publish = {"publish": {"payloadBytes": 64, **how}}
    stream = {"name": name, "retain": "Keep", "storage": "Memory"}
    await runner.run({"streams": [stream], "workloads": [{**write, **publish}]})
    return name


def reading(stream: str, *, clients: int = 2, **how: Any) -> Document:
    """A job that takes all messages once, or goes on for `durationSeconds`."""
    length = {"durationSeconds": how.pop("durationSeconds")} if "durationSeconds" in how else None
    workload = {"name": "read", "stream": stream, "clients": clients}
    workload |= length or {"messages": how.pop("messages", MESSAGES)}
    consume = {"idleTimeoutSeconds": 30, **how}
    return {
        "streams": [{"name": stream, "useExisting": True}],
        "workloads": [{**workload, "consume": consume}],
    }


def flowing(stream: str, **how: Any) -> Document:
    """A job that reads while messages come; both for longer than it takes."""
    write = {
        "name": "write",
        "stream": stream,
        # Not before the readers have asked, also where one of them is slow to begin.
        "startSeconds": 2,
        "messages": MESSAGES,
        "messagesPerSecond": MESSAGES,
        "publish": {"payloadBytes": 64},
    }
    (read,) = reading(stream, clients=1, durationSeconds=8, **how)["workloads"]
    return {"streams": [{"name": stream}], "workloads": [write, read]}


@pytest.mark.parametrize(
    "how",
    [
        {"pulls": 1},
        {"pulls": 5, "batch": 7},
        {"maxBytes": 3000},
        {"maxBytes": 3000, "ack": "None", "clients": 1},
        {"expiresSeconds": 1, "batch": 10},
        {"mode": "Fetch", "maxBytes": 5000, "batch": 100},
        {"heartbeatSeconds": 1, "batch": 100},
    ],
    ids=str,
)
async def test_pulls_of_every_shape_bring_each_message_once(runner: Runner, how: Document) -> None:
    name = await filled(runner)
    books = Books(name)
    read = (await runner.run(reading(name, **how), look=books.look))["read"]
    assert (read.messages, read.bytes, errors(read)) == (MESSAGES, MESSAGES * 64, {})
    assert (books.deliveries, books.unacknowledged) == (MESSAGES, 0)


async def test_a_pull_whose_bytes_are_used_to_the_last_one_goes_on(runner: Runner) -> None:
    """The server ends such a pull without a word: the client has to count as the server does."""
    name = await filled(runner, messages=9)
    # Subject and ACK subject of one message with its 64 bytes, all numbers of one digit but time.
    ack = f"$JS.ACK.{name}.njst-j-read.1.1.1.1700000000000000000.8"
    one = len(f"{name}.write") + len(ack) + 64
    how = {"maxBytes": 3 * one, "clients": 1, "messages": 9, "batch": 9, "expiresSeconds": 300}
    read = (await runner.run(reading(name, **how), "j"))["read"]
    assert (read.messages, errors(read)) == (9, {})


async def test_a_message_that_no_pull_has_room_for_is_said(runner: Runner) -> None:
    name = await filled(runner)
    read = (await runner.run(reading(name, maxBytes=50, clients=1, idleTimeoutSeconds=5)))["read"]
    assert (read.messages, errors(read)) == (0, {ErrorClass.PAYLOAD_TOO_LARGE: MESSAGES})


async def test_heartbeats_of_an_idle_consumer_are_heard(runner: Runner) -> None:
    name = await filled(runner)
    how = {"durationSeconds": 4, "heartbeatSeconds": 1, "expiresSeconds": 60, "clients": 1}
    read = (await runner.run(reading(name, **how)))["read"]
    assert (read.messages, errors(read)) == (MESSAGES, {})


@pytest.mark.parametrize(
    ("how", "redelivered", "terminated"),
    [
        ({"nakPercent": 10}, 200, 0),
        ({"nakPercent": 20, "ack": "Double"}, 400, 0),
        ({"terminatePercent": 25}, 0, 500),
        ({"nakPercent": 5, "terminatePercent": 5, "slowPercent": 10}, 100, 100),
        ({"ignorePercent": 10, "ackWaitSeconds": 5}, 200, 0),
        ({"ignorePercent": 10, "backoffSeconds": [5, 6], "maxDeliver": 3}, 200, 0),
    ],
    ids=str,
)
async def test_each_share_of_the_messages_is_answered_as_planned(
    runner: Runner, how: Document, redelivered: int, terminated: int
) -> None:
    name = await filled(runner)
    books = Books(name)
    heard = Terminations(name)
    await heard.begin(runner.url)
    read = (await runner.run(reading(name, **how), look=books.look))["read"]
    assert (read.messages, errors(read)) == (MESSAGES, {})
    assert (read.redelivered, read.terminated) == (redelivered, terminated)
    assert (books.deliveries, books.unacknowledged) == (MESSAGES + redelivered, 0)
    assert await heard.end(terminated) == terminated


class Terminations:
    """Counts the server's advisories on terminated messages of a stream."""

    def __init__(self, stream: str) -> None:
        self._subject = f"$JS.EVENT.ADVISORY.CONSUMER.MSG_TERMINATED.{stream}.>"
        self._client = Client()

    async def begin(self, url: str) -> None:
        await self._client.connect(url)
        self._messages = await self._client.subscribe(self._subject)
        await self._client.flush()

    async def end(self, wanted: int) -> int:
        """Return how many there were; the server says them after the load has its answers."""
        async with asyncio.timeout(LIMIT_S):
            while self._messages.pending_msgs < wanted:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        await self._client.flush()
        count = self._messages.pending_msgs
        await self._client.close()
        return count


async def test_a_refused_message_stays_away_for_its_delay(runner: Runner) -> None:
    name = await filled(runner)
    how = {"nakPercent": 10, "nakDelaySeconds": 2, "batch": 5000}
    read = (await runner.run(reading(name, **how)))["read"]
    assert (read.messages, read.redelivered, errors(read)) == (MESSAGES, 200, {})
    assert read.elapsed_us > 2_000_000


async def test_a_message_under_work_longer_than_the_ack_wait_does_not_come_again(
    runner: Runner,
) -> None:
    name = await filled(runner)
    books = Books(name)
    how = {"slowPercent": 5, "processingMilliseconds": 9000, "ackWaitSeconds": 4}
    # Pulls are under way to the end: the server could deliver again.
    how["durationSeconds"] = 11
    read = (await runner.run(reading(name, **how), look=books.look))["read"]
    assert (read.messages, read.redelivered, errors(read)) == (MESSAGES, 0, {})
    assert (books.deliveries, books.unacknowledged) == (MESSAGES, 0)


async def test_slow_messages_hold_the_consumer_back(runner: Runner) -> None:
    name = await filled(runner, messages=50)
    how = {"slowPercent": 100, "processingMilliseconds": 200, "maxAckPending": 10, "messages": 50}
    books = Books(name)
    read = (await runner.run(reading(name, **how), look=books.look))["read"]
    assert (read.messages, read.redelivered, errors(read)) == (50, 0, {})
    # Ten at a time are under work: the last ten come after four times 200 ms.
    assert read.elapsed_us >= 800_000
    assert books.unacknowledged == 0


async def test_unacknowledged_messages_are_acknowledged_at_the_end_of_the_duration(
    runner: Runner,
) -> None:
    name = await filled(runner)
    books = Books(name)
    how = {"slowPercent": 10, "processingMilliseconds": 600_000, "durationSeconds": 5}
    read = (await runner.run(reading(name, **how), look=books.look))["read"]
    assert (read.messages, errors(read)) == (MESSAGES, {})
    assert (books.deliveries, books.unacknowledged) == (MESSAGES, 0)


@pytest.mark.parametrize(
    ("how", "consumers"),
    [
        ({"mode": "Pull", "consumers": "Own"}, 2),
        ({"mode": "Fetch", "consumers": "Own", "ack": "All"}, 2),
        ({"mode": "Pull", "consumers": "Shared"}, 1),
    ],
    ids=str,
)
async def test_clients_share_a_consumer_or_have_their_own(
    runner: Runner, how: Document, consumers: int
) -> None:
    name = await filled(runner)
    books = Books(name)
    wanted = consumers * MESSAGES
    read = (await runner.run(reading(name, messages=wanted, **how), look=books.look))["read"]
    assert (read.messages, errors(read)) == (wanted, {})
    assert len(books.consumers) == consumers
    assert [c["delivered"]["stream_seq"] for c in books.consumers] == [MESSAGES] * consumers
    assert (books.deliveries, books.unacknowledged) == (wanted, 0)


async def test_a_shared_push_consumer_deals_out_each_message_once(runner: Runner) -> None:
    name = stream_name()
    books = Books(name)
    job = flowing(name, mode="Push", consumers="Shared")
    first, second = await runner.run_each(job, ["a", "b"], look=books.look)
    assert errors(first["read"]) == errors(second["read"]) == {}
    assert first["read"].messages + second["read"].messages == MESSAGES
    assert min(first["read"].messages, second["read"].messages) > 0
    assert (books.deliveries, books.unacknowledged) == (MESSAGES, 0)
    assert books.one["config"]["deliver_group"] == "njst"


async def test_only_the_filtered_parts_are_taken(runner: Runner) -> None:
    name = await filled(runner, subjectCount=4)
    subjects = [f"{name}.write.1", f"{name}.write.3"]
    for filters in (subjects[:1], subjects):
        books = Books(name)
        part = MESSAGES // 4 * len(filters)
        job = reading(name, messages=part, filterSubjects=filters)
        read = (await runner.run(job, look=books.look))["read"]
        assert (read.messages, errors(read)) == (part, {})
        assert books.one["num_pending"] == 0


async def test_one_client_is_pinned_and_gets_everything(runner: Runner) -> None:
    name = await filled(runner)
    books = Books(name)
    job = reading(name, priority={"policy": "PinnedClient"}, durationSeconds=5, clients=1)
    first, second = await runner.run_each(job, ["a", "b"], look=books.look)
    assert errors(first["read"]) == errors(second["read"]) == {}
    assert sorted([first["read"].messages, second["read"].messages]) == [0, MESSAGES]
    assert books.one["config"]["priority_timeout"] == 10_000_000_000
    assert books.one["priority_groups"][0]["pinned_client_id"]


async def test_a_client_that_is_unpinned_asks_anew(runner: Runner) -> None:
    """Each time that the server is told to unpin, all goes on, and nothing is lost."""
    name = stream_name()
    write = {
        "name": "write",
        "stream": name,
        "durationSeconds": 2,
        "messagesPerSecond": 500,
        "publish": {"payloadBytes": 64},
    }
    consume = {"priority": {"policy": "PinnedClient"}, "expiresSeconds": 1}
    read = {"name": "read", "stream": name, "clients": 3, "durationSeconds": 8, "consume": consume}
    job = {"streams": [{"name": name}], "workloads": [write, read]}
    books = Books(name)
    unpinning = Unpinning(name, "njst-pin-read")
    await unpinning.begin(runner.url)
    done = await runner.run(job, "pin", look=books.look)
    assert await unpinning.end() >= 3, "the server said so often that it had unpinned a client"
    assert (done["write"].messages, done["read"].messages) == (1000, 1000)
    assert {**errors(done["read"]), ErrorClass.REORDERED: 0} == {ErrorClass.REORDERED: 0}
    assert (books.deliveries, books.unacknowledged) == (1000, 0)


class Unpinning:
    """Unpins the client of a consumer as soon as one is pinned; three times."""

    def __init__(self, stream: str, consumer: str) -> None:
        self._pinned = f"$JS.EVENT.ADVISORY.CONSUMER.PINNED.{stream}.{consumer}"
        self._unpinned = f"$JS.EVENT.ADVISORY.CONSUMER.UNPINNED.{stream}.{consumer}"
        self._ask = f"$JS.API.CONSUMER.UNPIN.{stream}.{consumer}"
        self._client = Client()
        self._left = 3
        self._count = 0

    async def begin(self, url: str) -> None:
        await self._client.connect(url)
        await self._client.subscribe(self._pinned, cb=self._on_pinned)
        await self._client.subscribe(self._unpinned, cb=self._on_unpinned)
        await self._client.flush()

    async def _on_pinned(self, _: object) -> None:
        if self._left:
            self._left -= 1
            await self._client.publish(self._ask, b'{"group":"njst"}')

    async def _on_unpinned(self, _: object) -> None:
        self._count += 1

    async def end(self) -> int:
        await self._client.drain()
        return self._count


async def test_clients_that_stand_by_get_only_what_overflows(runner: Runner) -> None:
    name = await filled(runner)

    async def taken(**priority: Any) -> list[int]:
        how = {"priority": {"policy": "Overflow", **priority}, "durationSeconds": 5}
        done = await runner.run_each(reading(name, clients=1, **how), ["a", "b"])
        assert [errors(worker["read"]) for worker in done] == [{}, {}]
        return [worker["read"].messages for worker in done]

    assert await taken(minPending=MESSAGES + 1) == [MESSAGES, 0]
    # Nobody but clients that stand by: they leave what is less than minPending.
    everybody = await taken(minPending=500, standbyPercent=100)
    assert sum(everybody) == MESSAGES - 500 + 1
    assert await taken(minAckPending=1, standbyPercent=100) == [0, 0]


async def test_the_lower_priority_gets_what_the_higher_does_not_ask_for(runner: Runner) -> None:
    name = stream_name()
    books = Books(name)
    job = flowing(name, priority={"policy": "Prioritized"})
    first, second = await runner.run_each(job, ["a", "b"], look=books.look)
    assert errors(first["read"]) == errors(second["read"]) == {}
    assert first["read"].messages + second["read"].messages == MESSAGES
    # Whoever pulls first gets the first messages, until both have pulls under way.
    assert first["read"].messages > second["read"].messages
    assert (books.deliveries, books.unacknowledged) == (MESSAGES, 0)
