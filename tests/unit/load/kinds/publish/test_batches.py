"""Publishers of batches: one answer of the server for many messages is taken exactly."""

import re

from hypothesis import given
from hypothesis import strategies as st

from njst.contract.kinds.publish import PublishMode
from njst.contract.payload import PayloadPlan
from njst.contract.plan import ClientPlan
from njst.contract.results.tallies import ErrorClass
from njst.load.kinds.publish.clients import atomic_batch_client
from njst.load.kinds.publish.fast_batch import FastBatchClient
from njst.load.load_client import StartTime
from njst.load.recording.recorder import Recorder
from njst.stats.histogram import Histogram
from tests.unit.load.builders import INBOX, feed, feed_exactly, publish_plan, started

GROUP = 20
_REPLY = re.compile(rb"_INBOX\.test\.([0-9a-f]{16})\.20\.fail\.(\d{1,10})\.([013])\.\$FI")

_REPLY_OF_END = re.compile(rb"_INBOX\.test\.[0-9a-f]{16}\.20\.fail\.\d{1,10}\.3\.\$FI")


def plan(mode: PublishMode, messages: int, batch: int) -> ClientPlan:
    size = PayloadPlan(bytes_min=10, bytes_max=50)
    how = {"mode": mode, "window": batch, "batch": batch, "payload": size}
    return publish_plan(messages, client={"index": 3, "siblings": 1_000}, **how)


def fast(messages: int) -> FastBatchClient:
    client = plan(PublishMode.FAST_BATCH, messages, GROUP)
    return started(FastBatchClient(client, INBOX, Recorder("w", None), "job"))


def message(subject: bytes, body: bytes) -> bytes:
    return b"MSG %s 1 %d\r\n%s\r\n" % (subject, len(body), body)


def group_ack(subject: bytes, place: int, group: int = GROUP) -> bytes:
    return message(subject, b'{"type":"ack","seq":%d,"msgs":%d}' % (place, group))


def replies(data: bytes) -> list[tuple[bytes, int, bytes]]:
    """The reply, the place in its batch and the operation of each message."""
    return [(m[0], int(m[2]), m[3]) for m in _REPLY.finditer(data) if m[3] != b"3"]


@given(st.lists(st.integers(1, 40), min_size=1, max_size=12), st.booleans())
def test_fast_batch_acks_scan_and_exact_parser_agree(steps: list[int], spoiled: bool) -> None:
    both = fast(200), fast(200)
    places = []
    for workload, give in zip(both, (feed, feed_exactly), strict=True):
        now, sent, acked = 1, 0, 0
        reply = b""
        for step in [0, *steps]:
            for _ in range(3):
                new = replies(workload.next_bytes(now))
                if new:
                    reply, sent = new[-1][0], new[-1][1]
                    places += [place for _, place, _ in new]
            acked = min(sent, acked + step)
            now += 1_000_000
            data = group_ack(reply, acked) + group_ack(reply, acked)
            if spoiled and step == 7:
                data = b"PING\r\n" + data
            give(workload, data, now)
        assert workload.recorder.messages == acked
    assert both[0].recorder.tally() == both[1].recorder.tally()
    half = len(places) // 2
    assert places[:half] == places[half:] == list(range(1, half + 1))


def test_each_message_has_the_latency_of_its_chunk() -> None:
    workload = fast(100)
    first = replies(workload.next_bytes(1_000_000))
    assert [operation for _, _, operation in first] == [b"0"], "one, to begin a batch"
    feed(workload, group_ack(first[0][0], 1), 3_000_000)
    second = replies(workload.next_bytes(5_000_000))
    assert len(second) == 2 * GROUP
    feed(workload, group_ack(second[0][0], 11), 15_000_000)
    third = replies(workload.next_bytes(15_000_000))
    assert [place for _, place, _ in third] == list(range(42, 52))
    feed(workload, group_ack(third[0][0], 51), 35_000_000)
    tally = workload.recorder.tally()
    assert tally.messages == 51
    latencies_us = [2_000] + 10 * [10_000] + 30 * [30_000] + 10 * [20_000]
    assert Histogram.decode(tally.latency) == Histogram.of(latencies_us)


def test_fast_batch__that_is_full__is_followed_by_another() -> None:
    workload = fast(100)
    workload.most_in_batch = 45
    places: list[int] = []
    while not workload.done:
        out = workload.next_bytes(1)
        new = replies(out)
        places += [place for _, place, _ in new]
        if new:
            feed(workload, group_ack(new[-1][0], new[-1][1]))
        if b".3.$FI" in out:
            end = next(m[0] for m in _REPLY_OF_END.finditer(out))
            feed(
                workload,
                message(end, b'{"stream":"S","seq":9,"batch":"b","count":%d}' % places[-1]),
            )
    assert places == [*range(1, 46), *range(1, 46), *range(1, 11)]
    assert (workload.recorder.messages, workload.recorder.tally().errors) == (100, [])


def test_ack_of_an_abandoned_fast_batch_counts_nothing() -> None:
    workload = fast(100)
    reply = replies(workload.next_bytes(1))[0][0]
    workload.on_disconnect("gone", 2)
    workload.next_bytes(2)
    feed(workload, group_ack(reply, 1), 3)
    tally = workload.recorder.tally()
    assert tally.messages == 0
    assert [error.error_class for error in tally.errors] == [ErrorClass.DISCONNECTED]


@given(st.integers(1, 30), st.integers(1, 9), st.lists(st.booleans(), min_size=30, max_size=30))
def test_atomic_batch_acks_scan_and_exact_parser_agree(
    messages: int, batch: int, good: list[bool]
) -> None:
    recorders = []
    for give in (feed, feed_exactly):
        workload = atomic_batch_client(
            plan(PublishMode.ATOMIC_BATCH, messages, batch), INBOX, Recorder("w", None), "job"
        )
        workload.recorder.start(0)
        workload.start(StartTime(0))
        stored, frames = 0, b""
        for number in range(-(-messages // batch)):
            frames = workload.next_bytes(number + 1)
            tokens = re.findall(rb"_INBOX\.test\.[0-9a-f]{10} ", frames)
            assert len(tokens) == 1, "the last message alone has a reply"
            size = min(batch, messages - number * batch)
            assert frames.count(b"Nats-Batch-Sequence: ") == size
            body = b'{"stream":"S","seq":9,"batch":"b","count":%d}' % size
            if not good[number]:
                body = b'{"error":{"code":400,"err_code":10176},"stream":"S","seq":0}'
            stored += size * good[number]
            give(workload, message(tokens[0].strip(), body), number + 2)
        assert workload.done
        assert workload.recorder.messages == stored
        recorders.append(workload.recorder.tally())
    assert recorders[0] == recorders[1]


def test_large_atomic_batch_leaves_in_two_parts_on_one_connection() -> None:
    workload = atomic_batch_client(
        plan(PublishMode.ATOMIC_BATCH, 600, 200), INBOX, Recorder("w", None), "job"
    )
    workload.start(StartTime(0))

    def places(frames: bytes) -> list[int]:
        return [int(place) for place in re.findall(rb"Nats-Batch-Sequence: (\d+)", frames)]

    first, rest = workload.next_bytes(1), workload.next_bytes(2)
    assert places(first)[0] == 1
    assert places(first + rest) == list(range(1, 201))
    assert b"Nats-Batch-Commit" in rest
    token = re.findall(rb"_INBOX\.test\.[0-9a-f]{10} ", rest)[0].strip()
    feed(workload, message(token, b'{"stream":"S","seq":200,"batch":"b","count":200}'), 3)
    assert places(workload.next_bytes(4)) == places(first)
    workload.on_disconnect("gone", 4)
    # The beginning of the second is lost, so its rest is of no use: the third one follows.
    assert places(workload.next_bytes(5) + workload.next_bytes(6)) == list(range(1, 201))
    tally = workload.recorder.tally()
    assert tally.messages == 200
    assert [error.count for error in tally.errors] == [200]


FIRST = f"{INBOX}.first".encode()
INCOMPLETE = (
    b'{"error":{"code":400,"err_code":10176,"description":"atomic publish batch is incomplete"},'
    b'"stream":"B","seq":0}'
)
TOO_MANY = (
    b'{"error":{"code":429,"err_code":10210,"description":"atomic publish too many inflight"},'
    b'"stream":"B","seq":0}'
)


def refused_batch(first: bytes, size: int = 64) -> str:
    """What a client says of a batch whose first message the server answers so."""
    client = started(
        atomic_batch_client(
            plan(PublishMode.ATOMIC_BATCH, 2 * size, size), INBOX, Recorder("w", None), "job"
        )
    )
    sent = client.next_bytes(1)
    if size >= 64:
        assert sent.count(FIRST) == 1
        assert sent.startswith(b"HPUB a " + FIRST + b" ")
        feed(client, message(FIRST, first), 2)
    else:
        assert FIRST not in sent
    sent += client.next_bytes(2)
    (last,) = re.findall(rb" (_INBOX\.test\.[0-9a-f]{10}) ", sent)
    feed(client, message(last, INCOMPLETE), 3)
    (error,) = client.recorder.tally().errors
    assert (error.error_class, error.operations) == (ErrorClass.BATCH_REFUSED, size)
    return error.example


def test_batch__not_accepted__says_the_first_reason() -> None:
    words = "atomic publish too many inflight (10210); use fewer clients"
    assert refused_batch(TOO_MANY).startswith(words)


def test_batch__accepted_and_then_lost__says_that_it_is_incomplete() -> None:
    for size in (64, 63):
        words = "atomic publish batch is incomplete (10176); the server may have too many under way"
        assert refused_batch(b"", size).startswith(words)
