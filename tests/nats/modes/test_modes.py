"""Every mode against a real server: counts are exact, and equal to what the server has."""

import secrets
from collections import Counter
from itertools import accumulate
from typing import Any

import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg

from njst.contract.results.tallies import ErrorClass
from tests.nats.modes.running import Runner, adjusted, errors

Document = dict[str, Any]


def stream_name() -> str:
    return f"S{secrets.token_hex(4)}"


def publish(stream: str, messages: int, **how: Any) -> Document:
    return {
        "name": "write",
        "stream": stream,
        "clients": 2,
        "messages": messages,
        "publish": {"payloadBytes": 64, **how},
    }


def consume(stream: str, messages: int, **how: Any) -> Document:
    return {
        "name": "read",
        "stream": stream,
        "clients": 2,
        "messages": messages,
        "consume": {"idleTimeoutSeconds": 60, **how},
    }


def kept(stream: str) -> list[Document]:
    return [{"name": stream, "retain": "Keep", "storage": "Memory"}]


def existing(stream: str) -> list[Document]:
    return [{"name": stream, "useExisting": True}]


@pytest.mark.parametrize(
    "how",
    [
        {"mode": "Synchronous"},
        {"mode": "Asynchronous", "window": 100},
        {"mode": "Asynchronous", "payloadBytes": 0},
        {"mode": "Asynchronous", "payloadBytes": 10, "payloadBytesMax": 3000},
        {"mode": "Asynchronous", "subjectCount": 7, "subjectOrder": "Zipf"},
        {"mode": "Asynchronous", "messageIds": "Unique"},
        {"mode": "Asynchronous", "headers": [{"name": "A", "value": "b"}], "ttlSeconds": 60},
        {"mode": "AtomicBatch", "batch": 100},
        {"mode": "AtomicBatch", "batch": 100, "window": 300, "payloadBytesMax": 500},
        {"mode": "AtomicBatch", "batch": 1000},
        {"mode": "FastBatch", "batch": 50},
        {"mode": "FastBatch", "subjectCount": 3, "payloadBytesMax": 90},
    ],
    ids=str,
)
async def test_what_is_acknowledged_is_stored(runner: Runner, how: Document) -> None:
    name = stream_name()
    job = {"streams": kept(name), "workloads": [publish(name, 2345, **how)]}
    done = (await runner.run(job))["write"]
    assert errors(done) == {}
    assert (done.messages, done.attempted, done.planned) == (2345, 2345, 2345)
    assert await runner.stored(name) == 2345
    assert done.latency_microseconds is not None
    assert done.latency_microseconds.p50 > 0


async def test_duplicates_are_acknowledged_and_not_stored(runner: Runner) -> None:
    name = stream_name()
    job = publish(name, 2000, messageIds="Unique", duplicatePercent=20)
    done = (await runner.run({"streams": kept(name), "workloads": [job]}))["write"]
    assert (done.messages, errors(done)) == (2000, {})
    assert await runner.stored(name) == 1600


@pytest.mark.parametrize(
    "how",
    [
        {"ack": "None"},
        {"ack": "Explicit", "batch": 37},
        {"ack": "Double"},
        {"ack": "Explicit", "nakPercent": 10},
        {"mode": "Fetch", "batch": 100},
        {"mode": "Push", "ack": "Explicit"},
        {"mode": "Push", "ack": "All"},
        {"mode": "Push", "ack": "None"},
        {"mode": "Ordered"},
        {"ack": "None", "verify": False},
    ],
    ids=str,
)
async def test_each_way_to_consume_takes_its_part_and_finds_no_fault(
    runner: Runner, how: Document
) -> None:
    name = stream_name()
    own = how.get("mode") in ("Push", "Ordered")
    # Clients with consumers of their own each take the stream from its beginning.
    wanted = 2 * 3000 if own else 3000
    both = [publish(name, 3000, messageIds="Unique"), consume(name, wanted, **how)]
    done = await runner.run({"streams": [{"name": name}], "workloads": both})
    read = done["read"]
    assert errors(read) == {}
    assert read.messages == wanted
    assert read.bytes == wanted * 64
    assert read.redelivered == (300 if how.get("nakPercent") else 0)
    assert (read.latency_microseconds is None) is (how.get("verify") is False)


async def test_direct_gets_and_what_is_not_there(runner: Runner) -> None:
    name = stream_name()
    await runner.run({"streams": kept(name), "workloads": [publish(name, 1000)]})

    def get(messages: int, **how: Any) -> Document:
        workload = {"name": "get", "stream": name, "messages": messages, "get": how}
        return {"streams": existing(name), "workloads": [workload]}

    for how in (
        {"mode": "Sequence"},
        {"mode": "Sequence", "order": "Random", "window": 20},
        {"mode": "Batch", "batch": 100},
        {"mode": "LastBySubject", "subjects": [f"{name}.write"]},
    ):
        done = (await runner.run(get(777, **how)))["get"]
        assert (done.messages, done.bytes, errors(done)) == (777, 777 * 64, {}), how
    one = get(77, mode="MultiLast", subjects=[f"{name}.*", f"{name}.other"], window=3)
    done = (await runner.run(one))["get"]
    assert (done.messages, done.bytes, errors(done)) == (77, 77 * 64, {})
    page = get(777, mode="Batch", batch=30, subjects=[f"{name}.*"])
    done = (await runner.run(page))["get"]
    assert (done.messages, done.bytes, errors(done)) == (777, 777 * 64, {})
    nothing = get(5, mode="LastBySubject", subjects=[f"{name}.other"])
    done = (await runner.run(nothing))["get"]
    assert (done.messages, errors(done)) == (0, {ErrorClass.NOT_FOUND: 5})


async def test_leader__of_a_stream_without_direct_gets__is_read_and_it_is_noted(
    runner: Runner,
) -> None:
    name = stream_name()
    workloads = [publish(name, 500)]
    for number, how in enumerate(
        (
            {"order": "Random", "window": 20},
            {"mode": "LastBySubject", "subjects": [f"{name}.write"]},
        )
    ):
        get = {"name": f"get{number}", "stream": name, "messages": 777, "get": how}
        workloads.append({**get, "after": ["write"]})
    done = await runner.run(
        {"streams": [{"name": name, "allowDirect": False}], "workloads": workloads}
    )
    for get in ("get0", "get1"):
        assert (done[get].messages, done[get].bytes, errors(done[get])) == (777, 777 * 64, {})
    assert adjusted(runner) == {"get.readFrom": "Leader"}


async def test_get__of_a_purged_stream__begins_at_its_first_message(runner: Runner) -> None:
    name = stream_name()
    await runner.run({"streams": kept(name), "workloads": [publish(name, 1000)]})

    async def purge(client: Client) -> None:
        await client.jetstream().purge_stream(name, seq=701)

    await runner.ask(purge)
    for how in ({"mode": "Sequence"}, {"mode": "Sequence", "order": "Random"}, {"mode": "Batch"}):
        workload = {"name": "get", "stream": name, "messages": 600, "get": how}
        done = (await runner.run({"streams": existing(name), "workloads": [workload]}))["get"]
        assert (done.messages, errors(done)) == (600, {}), how


async def test_the_last_messages_of_many_subjects_are_one_answer(runner: Runner) -> None:
    name = stream_name()
    write = publish(name, 900, subjects=[f"{name}.a", f"{name}.b"], subjectCount=30)
    await runner.run({"streams": kept(name), "workloads": [write]})

    async def got(**how: Any) -> tuple[int, int, dict[ErrorClass, int]]:
        get = {"mode": "MultiLast", "window": 4, **how}
        workload = {"name": "get", "stream": name, "clients": 2, "messages": 50, "get": get}
        done = (await runner.run({"streams": existing(name), "workloads": [workload]}))["get"]
        assert (done.latency_microseconds is None) == (done.messages == 0)
        return done.messages, done.bytes, errors(done)

    both = [f"{name}.a", f"{name}.b"]
    assert await got(subjects=both, subjectCount=30) == (50, 50 * 60 * 64, {})
    assert await got(subjects=both, subjectCount=30, batch=7) == (50, 50 * 7 * 64, {})
    assert await got(subjects=[f"{name}.a.*"]) == (50, 50 * 30 * 64, {})
    assert await got(subjects=[f"{name}.>"], batch=1) == (50, 50 * 60 * 64, {})
    missing = await got(subjects=both, subjectCount=31, batch=62)
    assert missing == (0, 0, {ErrorClass.NOT_FOUND: 50}), "two of 62 are not there"
    zipf = await got(subjects=both, subjectCount=30, batch=20, order="Zipf")
    assert zipf[0] == 50
    assert 50 * 64 < zipf[1] <= 50 * 20 * 64, "what is drawn twice is asked for once"


async def test_a_subject_is_read_page_by_page_again_and_again(runner: Runner) -> None:
    name = stream_name()
    write = publish(name, 700, subjects=[f"{name}.a", f"{name}.b"], payloadBytes=40)
    await runner.run({"streams": kept(name), "workloads": [write]})
    # Of the last three requests only one, for what is left of 1,000, is for less than there is.
    missing = {ErrorClass.NOT_FOUND: 702}
    for batch, found, faults in ((100, 1000, {}), (350, 1000, {}), (351, 298, missing)):
        get = {"mode": "Batch", "batch": batch, "subjects": [f"{name}.b"]}
        workload = {"name": "get", "stream": name, "messages": 1000, "get": get}
        done = (await runner.run({"streams": existing(name), "workloads": [workload]}))["get"]
        assert (done.messages, done.bytes, errors(done)) == (found, 40 * found, faults), batch


async def test_more_than_1024_subjects_are_too_many_for_one_answer(runner: Runner) -> None:
    name = stream_name()
    write = publish(name, 1100, subjects=[f"{name}.s"], subjectCount=1100) | {"clients": 1}
    await runner.run({"streams": kept(name), "workloads": [write]})
    get = {"mode": "MultiLast", "subjects": [f"{name}.>"]}
    workload = {"name": "get", "stream": name, "messages": 3, "get": get}
    done = (await runner.run({"streams": existing(name), "workloads": [workload]}))["get"]
    assert (done.messages, errors(done)) == (0, {ErrorClass.LIMIT_EXCEEDED: 3})


async def test_core(runner: Runner) -> None:
    def core(name: str, operation: str, **how: Any) -> Document:
        return {"name": name, "messages": 5000, "core": {"operation": operation, **how}}

    topic = {"subject": "core.topic"}
    both = [core("send", "Publish", **topic), core("hear", "Subscribe", **topic)]
    done = await runner.run({"workloads": both})
    assert {n: (r.messages, errors(r)) for n, r in done.items()} == {
        "send": (5000, {}),
        "hear": (5000, {}),
    }
    ask = {"subject": "core.ask", "window": 5}
    done = await runner.run(
        {"workloads": [core("ask", "Request", **ask), core("answer", "Reply", **ask)]}
    )
    assert {n: (r.messages, errors(r)) for n, r in done.items()} == {
        "ask": (5000, {}),
        "answer": (5000, {}),
    }
    # Repliers share at random what comes, and yet each takes exactly its part.
    ask = {"subject": "core.many", "window": 20, "timeoutSeconds": 10}
    many = [{**core("ask", "Request", **ask), "clients": 3}]
    many += [{**core("answer", "Reply", payloadBytes=500, **ask), "clients": 7}]
    done = await runner.run({"workloads": many})
    assert {n: (r.messages, r.attempted, errors(r)) for n, r in done.items()} == {
        "ask": (5000, 5000, {}),
        "answer": (5000, 5000, {}),
    }
    assert all(r.latency_microseconds is not None for r in done.values())
    nobody = {"name": "ask", "messages": 3, "core": {"operation": "Request", "subject": "none"}}
    done = await runner.run({"workloads": [nobody]})
    assert errors(done["ask"]) == {ErrorClass.NO_RESPONDERS: 3}


async def test_core__with_many_subjects__what_is_published_is_received(runner: Runner) -> None:
    stem = f"core.{stream_name()}"
    count, messages = 300, 6_000
    heard: Counter[str] = Counter()

    def core(name: str, operation: str, subject: str, how: Document, **more: Any) -> Document:
        core = {"operation": operation, "subject": subject, **how}
        return {"name": name, "clients": 3, "core": core, **(more or {"messages": messages})}

    workloads = [
        core("send", "Publish", stem, {"subjectCount": count, "payloadBytes": 64}),
        core("group", "Subscribe", f"{stem}.*", {"queueGroup": "g"}),
        core("own", "Subscribe", stem, {"subjectCount": count}, durationSeconds=3),
        # Each of six clients receives all of them.
        core("all", "Subscribe", f"{stem}.>", {}, messages=6 * messages),
    ]
    client = Client()
    await client.connect(runner.url)

    async def note(message: Msg) -> None:
        heard[message.subject] += 1

    subscription = await client.subscribe(f"{stem}.>", cb=note)
    await client.flush()
    first, second = await runner.run_each({"workloads": workloads}, ["a", "b"])
    await client.flush()
    await subscription.drain()
    await client.close()
    results = {name: (one, second[name]) for name, one in first.items()}
    assert {name: sum(r.messages for r in both) for name, both in results.items()} == {
        "send": messages,
        "group": messages,
        "own": messages,
        "all": 6 * messages,
    }
    assert [errors(r) for both in results.values() for r in both] == 8 * [{}]
    assert heard == Counter({f"{stem}.{n}": messages // count for n in range(count)})


async def test_core__with_requests_to_many_subjects__each_is_answered_once(
    runner: Runner,
) -> None:
    stem = f"core.{stream_name()}"
    ask = {"subject": stem, "subjectCount": 50, "subjectOrder": "Random", "window": 5}
    groups = {"answer": (3000, None), "more": (1000, None), "listen": (4000, "listeners")}
    workloads: list[Document] = [
        {"name": "ask", "messages": 4000, "core": {"operation": "Request", **ask}}
    ]
    for name, (messages, group) in groups.items():
        how = {"operation": "Subscribe" if group else "Reply", "subject": f"{stem}.*"}
        how["queueGroup"] = group or "responders"
        workloads.append({"name": name, "messages": messages, "clients": 2, "core": how})
    done = await runner.run({"workloads": workloads})
    assert {name: (r.messages, errors(r)) for name, r in done.items()} == {
        "ask": (4000, {}),
        "answer": (3000, {}),
        "more": (1000, {}),
        "listen": (4000, {}),
    }


def never_ahead(windows: list[int], due: list[int]) -> bool:
    """Whether nothing was done before it was due; how late a busy machine was says nothing."""
    return all(
        done <= planned for done, planned in zip(accumulate(windows), accumulate(due), strict=False)
    )


async def test_an_offered_rate_is_offered_to_the_message_and_warm_up_is_left_out(
    runner: Runner,
) -> None:
    name = stream_name()
    workload = {
        "name": "write",
        "stream": name,
        "clients": 3,
        "durationSeconds": 3,
        "warmupSeconds": 1,
        "messagesPerSecond": 997,
        "publish": {"payloadBytes": 64},
    }
    done = (await runner.run({"streams": kept(name), "workloads": [workload]}))["write"]
    assert (done.attempted, done.messages, errors(done)) == (3 * 997, 3 * 997, {})
    assert await runner.stored(name) == 3 * 997
    assert 0 < done.warmup_messages <= 997
    assert done.service_microseconds is not None
    assert done.slip_microseconds is not None
    assert done.latency_microseconds is not None
    assert done.latency_microseconds.p50 >= done.service_microseconds.p50
    assert done.series is not None
    windows = [w.messages for w in done.series.windows]
    assert never_ahead(windows, [997, 997, 997])
    assert sum(windows) == 3 * 997


async def test_stages_are_offered_to_the_message_and_seen_in_the_series(runner: Runner) -> None:
    name = stream_name()
    workload = {
        "name": "write",
        "stream": name,
        "clients": 2,
        "stages": [
            {"durationSeconds": 1, "messagesPerSecond": 2001},
            {"durationSeconds": 1, "messagesPerSecond": 0, "ramp": "Step"},
            {"durationSeconds": 1, "messagesPerSecond": 400, "ramp": "Step"},
        ],
        "publish": {"payloadBytes": 64},
    }
    done = (await runner.run({"streams": kept(name), "workloads": [workload]}))["write"]
    assert (done.attempted, done.messages, errors(done)) == (1401, 1401, {})
    assert await runner.stored(name) == 1401
    assert done.slip_microseconds is not None
    assert done.series is not None
    assert never_ahead([w.messages for w in done.series.windows], [1001, 0, 400])


async def test_a_duration_ends_every_kind_of_publisher(runner: Runner) -> None:
    for mode in ("Synchronous", "Asynchronous", "AtomicBatch", "FastBatch"):
        name = stream_name()
        how = {"mode": mode, "payloadBytes": 64, "batch": 50}
        workload = {"name": "write", "stream": name, "durationSeconds": 1, "publish": how}
        done = (await runner.run({"streams": kept(name), "workloads": [workload]}))["write"]
        assert errors(done) == {}, mode
        assert 0 < done.messages == await runner.stored(name), mode
        assert 900_000 < done.elapsed_us < 10_000_000, mode


async def test_messages_of_others_are_no_fault(runner: Runner) -> None:
    name = stream_name()
    await runner.run({"streams": kept(name), "workloads": [publish(name, 500)]})
    job = {"streams": existing(name), "workloads": [consume(name, 500)]}
    read = (await runner.run(job))["read"]
    assert (read.messages, errors(read)) == (500, {})
    assert read.latency_microseconds is None, "their clocks are not this job's"


async def test_faults_that_are_really_there_are_found_and_named(runner: Runner) -> None:
    name, job = stream_name(), "job1"
    write = publish(name, 100)
    await runner.run({"streams": kept(name), "workloads": [write]}, job)
    client = Client()
    await client.connect(runner.url)
    js = client.jetstream()
    twice = await js.get_msg(name, seq=3)
    assert twice.data is not None
    changed = bytearray(twice.data)
    changed[40] ^= 1
    broken = bytearray(twice.data)
    broken[17] ^= 1
    for data in (twice.data, bytes(changed), bytes(broken)):
        await js.publish(f"{name}.write", data)
    await client.close()
    # The order of workloads gives producers their codes; a reader alone is enough for the codes.
    read = {**consume(name, 103), "clients": 1}
    done = (await runner.run({"streams": existing(name), "workloads": [read]}, job))["read"]
    assert done.messages == 103
    assert errors(done) == {ErrorClass.CORRUPTED: 2, ErrorClass.DUPLICATED: 2}
